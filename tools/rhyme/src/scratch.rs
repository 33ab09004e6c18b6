//! Folders that are thrown away, also where Ctrl-C ends the program.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rhymedb::Error;
use tempfile::TempDir;

use crate::failure::Outcome;

static LIVING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder among the system's temporary files, gone with this value.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// An empty one, whose name begins so.
    pub(crate) fn new(prefix: &str) -> Outcome<Self> {
        let made = tempfile::Builder::new().prefix(prefix).tempdir();
        let folder = made.map_err(|e| {
            Error::Invalid(format!(
                "cannot make a folder among the temporary files in {}: {e}; set TMPDIR to a folder that can be written to",
                std::env::temp_dir().display()
            ))
        })?;
        let mut living = LIVING.lock().unwrap_or_else(PoisonError::into_inner);
        living.push(folder.path().to_path_buf());
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut living = LIVING.lock().unwrap_or_else(PoisonError::into_inner);
        living.retain(|path| path != self.0.path());
    }
}

/// Throws away what is left, before the program ends at once. What cannot be removed is the system's.
pub(crate) fn sweep() {
    // A thread that holds the lock must not keep the program from ending.
    if let Ok(living) = LIVING.try_lock() {
        for path in living.iter() {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
