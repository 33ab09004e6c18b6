use std::fs::{self, File};
use std::path::Path;

use crate::error::{Error, Result};

/// Makes a file that was written and synced under `temporary` appear as `published`, durably.
pub(crate) fn publish(temporary: &Path, published: &Path) -> Result<()> {
    fs::rename(temporary, published).map_err(Error::io("rename", temporary))?;
    match published.parent() {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    // Windows cannot open folders as files, and makes renames durable with the file itself.
    if cfg!(windows) {
        return Ok(());
    }
    File::open(dir)
        .and_then(|d| d.sync_all())
        .map_err(Error::io("sync", dir))
}

/// Creates a folder, its parents too, and makes its name durable.
pub(crate) fn create_dir_durably(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => Ok(()),
    }
}
