use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Makes a file that was written and synced under `temporary` appear as `published`, durably.
pub(crate) fn publish(temporary: &Path, published: &Path) -> Result<()> {
    fs::rename(temporary, published).map_err(Error::io("rename", temporary))?;
    sync_parent(published)
}

/// Makes the name of a file or folder durable.
fn sync_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(dir) if dir.as_os_str().is_empty() => sync_dir(Path::new(".")),
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// Bytes of a file.
pub(crate) fn file_len(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).map_err(Error::io("look at", path))?;
    Ok(metadata.len())
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
    sync_parent(dir)
}

/// Bytes that are written between two calls of `progress`.
const STEP: usize = 8 << 20;

/// Writes a new file, durably. `progress` gets the number of bytes of each step, and may stop it.
///
/// # Errors
/// Those of `progress`, and [`Error::Io`] if there is such a file already.
pub(crate) fn write_new(
    path: &Path,
    bytes: &[u8],
    progress: &dyn Fn(u64) -> Result<()>,
) -> Result<()> {
    let mut file = File::create_new(path).map_err(Error::io("create", path))?;
    for step in bytes.chunks(STEP) {
        file.write_all(step).map_err(Error::io("write", path))?;
        progress(step.len() as u64)?;
    }
    file.sync_all().map_err(Error::io("sync", path))
}

/// A folder that is filled under a temporary name. Unless it is published it is removed.
#[derive(Debug)]
pub(crate) struct NewDir {
    temporary: PathBuf,
    published: PathBuf,
}

impl NewDir {
    /// Makes the temporary folder beside `published`, which must not exist.
    pub(crate) fn create(published: &Path) -> Result<Self> {
        refuse_existing(published)?;
        let name = published.file_name().ok_or_else(|| {
            Error::invalid(format!(
                "expected the name of a new folder, found {}",
                published.display()
            ))
        })?;
        let mut partial = name.to_os_string();
        partial.push(".partial");
        let temporary = published.with_file_name(partial);
        if let Some(parent) = published.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        match fs::create_dir(&temporary) {
            Ok(()) => Ok(Self {
                temporary,
                published: published.to_path_buf(),
            }),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(Error::invalid(format!(
                "{} is there already: another copy is being written, or one was cut off; if none is, delete that folder and run again",
                temporary.display()
            ))),
            Err(e) => Err(Error::io("create", &temporary)(e)),
        }
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.temporary
    }

    /// Gives the folder its name, durably. What is in it must be durable.
    pub(crate) fn publish(self) -> Result<()> {
        refuse_existing(&self.published)?;
        sync_dir(&self.temporary)?;
        publish(&self.temporary, &self.published)
    }
}

impl Drop for NewDir {
    fn drop(&mut self) {
        // After publication there is no such folder. What cannot be removed is never taken for a
        // whole copy, for its name.
        let _ = fs::remove_dir_all(&self.temporary);
    }
}

fn refuse_existing(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::io("look at", path)(e)),
        Ok(_) => Err(Error::invalid(format!(
            "{} is there already, and nothing is written over it; name a new folder",
            path.display()
        ))),
    }
}

/// Moves a file into a folder, which is made if it is missing. Returns where it is now.
pub(crate) fn set_aside(file: &Path, folder: &Path) -> Result<PathBuf> {
    create_dir_durably(folder)?;
    let name = file.file_name().unwrap_or_default();
    let mut kept = folder.join(name);
    for n in 1.. {
        if !kept.exists() {
            break;
        }
        kept = folder.join(format!("{}.{n}", name.to_string_lossy()));
    }
    publish(file, &kept)?;
    Ok(kept)
}
