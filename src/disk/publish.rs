use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Storage;
use super::storage::{list, look_up};
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
    Ok(look_up(storage, path)?.is_some_and(|f| f.is_dir))
}

/// The folder that has the name of `path`.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Bytes that are written between two calls of `progress`.
const STEP: usize = 8 << 20;

/// Writes a new file, durably. `progress` gets the number of bytes of each step, and may stop it.
///
/// # Errors
/// Those of `progress`.
pub(crate) fn write_new(
    storage: &dyn Storage,
    path: &Path,
    bytes: &[u8],
    progress: &dyn Fn(u64) -> Result<()>,
) -> Result<()> {
    let mut file = storage.create(path).map_err(Error::io("create", path))?;
    for step in bytes.chunks(STEP) {
        file.write_all(step).map_err(Error::io("write", path))?;
        progress(step.len() as u64)?;
    }
    file.sync().map_err(Error::io("sync", path))
}

/// A folder that is filled under a temporary name. Unless it is published it is removed.
#[derive(Debug)]
pub(crate) struct NewDir<'a> {
    storage: &'a dyn Storage,
    temporary: PathBuf,
    published: PathBuf,
}

impl<'a> NewDir<'a> {
    /// Makes the temporary folder beside `published`, which must not exist.
    pub(crate) fn create(storage: &'a dyn Storage, published: &Path) -> Result<Self> {
        refuse_existing(storage, published)?;
        let name = published.file_name().ok_or_else(|| {
            Error::invalid(format!(
                "expected the name of a new folder, found {}",
                published.display()
            ))
        })?;
        let mut partial = name.to_os_string();
        partial.push(".partial");
        let temporary = published.with_file_name(partial);
        let above = parent(published);
        if !is_dir(storage, above)? {
            create_dir_durably(storage, above)?;
        }
        match storage.create_dir(&temporary) {
            Ok(()) => Ok(Self {
                storage,
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
        refuse_existing(self.storage, &self.published)?;
        sync_dir(self.storage, &self.temporary)?;
        publish(self.storage, &self.temporary, &self.published)
    }
}

impl Drop for NewDir<'_> {
    fn drop(&mut self) {
        // After publication there is no such folder. What cannot be removed is never taken for a
        // whole copy, for its name.
        let _ = remove_all(self.storage, &self.temporary);
    }
}

/// Removes a folder of our own making, which holds no links, with all that is in it.
fn remove_all(storage: &dyn Storage, dir: &Path) -> Result<()> {
    for file in list(storage, dir)? {
        let path = dir.join(&file.name);
        if file.is_dir {
            remove_all(storage, &path)?;
        } else {
            storage.remove(&path).map_err(Error::io("remove", &path))?;
        }
    }
    storage.remove_dir(dir).map_err(Error::io("remove", dir))
}

fn refuse_existing(storage: &dyn Storage, path: &Path) -> Result<()> {
    match look_up(storage, path)? {
        None => Ok(()),
        Some(_) => Err(Error::invalid(format!(
            "{} is there already, and nothing is written over it; name a new folder",
            path.display()
        ))),
    }
}

/// Moves a file into a folder, which is made if it is missing. Returns where it is now.
pub(crate) fn set_aside(storage: &dyn Storage, file: &Path, folder: &Path) -> Result<PathBuf> {
    create_dir_durably(storage, folder)?;
    let name = file.file_name().unwrap_or_default();
    let mut kept = folder.join(name);
    for n in 1.. {
        if look_up(storage, &kept)?.is_none() {
            break;
        }
        kept = folder.join(format!("{}.{n}", name.to_string_lossy()));
    }
    publish(storage, file, &kept)?;
    Ok(kept)
}
