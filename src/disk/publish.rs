use std::io::ErrorKind;
use std::path::Path;

use super::Storage;
use crate::error::{Error, Result};

/// Makes a file that was written and synced under `temporary` appear as `published`, durably.
pub(crate) fn publish(storage: &dyn Storage, temporary: &Path, published: &Path) -> Result<()> {
    storage
        .rename(temporary, published)
        .map_err(Error::io("rename", temporary))?;
    sync_dir(storage, parent(published))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(storage: &dyn Storage, dir: &Path) -> Result<()> {
    storage.sync_dir(dir).map_err(Error::io("sync", dir))
}

/// Creates a folder and those above it that are missing, and makes their names durable.
pub(crate) fn create_dir_durably(storage: &dyn Storage, dir: &Path) -> Result<()> {
    let mut missing = Vec::new();
    for folder in dir.ancestors().filter(|a| !a.as_os_str().is_empty()) {
        if is_dir(storage, folder)? {
            break;
        }
        missing.push(folder);
    }
    for folder in missing.iter().rev() {
        match storage.create_dir(folder) {
            // Somebody else made it meanwhile.
            Err(e) if e.kind() == ErrorKind::AlreadyExists && is_dir(storage, folder)? => {}
            made => made.map_err(Error::io("create", folder))?,
        }
        sync_dir(storage, parent(folder))?;
    }
    if missing.is_empty() {
        // Whoever made it may have been stopped before its name was durable.
        sync_dir(storage, parent(dir))?;
    }
    Ok(())
}

fn is_dir(storage: &dyn Storage, path: &Path) -> Result<bool> {
    let found = storage.look_up(path).map_err(Error::io("look at", path))?;
    Ok(found.is_some_and(|f| f.is_dir))
}

/// The folder that has the name of `path`.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}
