use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::Path;

use super::Storage;
use crate::error::{Error, Result};

/// Holds a database folder for one process. The lock is the operating system's, so it ends with
/// the process, however that ends; the file's text only tells others who holds it.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: Option<File>,
}

impl DirLock {
    const NAME: &'static str = "lock";

    /// Takes the lock of `dir`.
    ///
    /// # Errors
    /// [`Error::Locked`] with the holder's process number if somebody else has it.
    pub(crate) fn acquire(storage: &dyn Storage, dir: &Path) -> Result<Self> {
        let path = dir.join(Self::NAME);
        let opened = storage.lock_file(&path);
        let file = opened.map_err(Error::io(Error::OPEN_TO_WRITE, &path))?;
        let Some(mut file) = file else {
            return Ok(Self { _file: None });
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Readers share it, and leave the name of the last writer there.
                let holder = match file.try_lock_shared() {
                    Ok(()) => "one or more readers".to_owned(),
                    Err(_) => holder(&mut file),
                };
                return Err(Error::Locked {
                    path: dir.to_path_buf(),
                    holder,
                });
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path)(e)),
        }
        record_holder(&mut file, &path)?;
        Ok(Self { _file: Some(file) })
    }

    /// Takes the lock of `dir` beside others who only read. Where there is no lock and none can be
    /// made, in a folder that this process may not write to, none is held: writers elsewhere are
    /// kept out by the catalog's own lock.
    ///
    /// # Errors
    /// [`Error::Locked`] with the holder's process number if a writer has it.
    pub(crate) fn share(storage: &dyn Storage, dir: &Path) -> Result<Self> {
        let path = dir.join(Self::NAME);
        let mut file = match storage.shared_lock_file(&path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Self { _file: None }),
            Err(e) if refused(e.kind()) => return Ok(Self { _file: None }),
            Err(e) => return Err(Error::io("open", &path)(e)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                path: dir.to_path_buf(),
                holder: holder(&mut file),
            }),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", &path)(e)),
        }
    }
}

fn refused(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

fn record_holder(file: &mut File, path: &Path) -> Result<()> {
    let program = std::env::args_os()
        .next()
        .map(|a| a.to_string_lossy().into_owned())
        .unwrap_or_default();
    let text = format!("process {} ({program})\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(Error::io("write", path))
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let known = file.read_to_string(&mut text).is_ok() && text.starts_with("process ");
    if known {
        text.trim().to_owned()
    } else {
        "another process".to_owned()
    }
}
