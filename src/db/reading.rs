//! Reading what another process writes.
//!
//! A reader takes no lock of the folder. redb keeps the pages of a commit for as long as somebody in
//! any process reads it, and a segment that was taken out stays readable for whoever has it mapped.
//! Between reading the names of the segments and mapping them a writer may remove one; then the
//! commit that names it is not the newest any more, and the newest is read instead.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::database::{Database, OpenOptions};
use super::files::Files;
use super::inner::Inner;
use super::newest_commit::newest;
use crate::disk::{DirLock, Holder, Storage};
use crate::error::{Error, Result};
use crate::store::Catalog;

/// How long a reader tries to put right what a killed writer left, while others do so too.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(5);

impl OpenOptions {
    /// Opens the database in `dir` beside others who read and one who writes.
    pub(super) fn open_to_read(&self, dir: &Path) -> Result<Database> {
        let storage = self.storage.as_ref();
        let path = dir.join(Catalog::FILE_NAME);
        let until = Instant::now() + PATIENCE;
        loop {
            let opened = Catalog::open_read_only(storage, &path);
            if let Some(catalog) = opened.map_err(|e| with_holder(e, storage, dir))? {
                return Database::to_read(self.files(dir), catalog);
            }
            match self.put_right(dir, &path) {
                Err(Error::Locked { .. }) | Ok(()) if Instant::now() < until => {
                    std::thread::sleep(STEP);
                }
                Ok(()) => return Err(unclean(&path, "it was put right, and is so again")),
                Err(e) => return Err(e),
            }
        }
    }

    /// Opens the catalog for writing and closes it: what a writer does who finds that the one before
    /// was killed. Nothing that is stored is changed.
    fn put_right(&self, dir: &Path, path: &Path) -> Result<()> {
        let storage = self.storage.as_ref();
        let refused = |e: Error| match e {
            Error::Io { action, source, .. } if action == Error::OPEN_TO_WRITE => {
                unclean(path, &source.to_string())
            }
            other => other,
        };
        let lock = DirLock::acquire(storage, dir, Holder::ForAMoment).map_err(refused)?;
        Catalog::open_or_create(storage, path)?.close()?;
        drop(lock);
        Ok(())
    }
}

fn unclean(path: &Path, why: &str) -> Error {
    Error::Catalog(format!(
        "{} was not closed, because its writer was killed, and cannot be repaired from here ({why}); let a user who may write to it open it once (`rhyme stats` is enough); if that fails, restore it from a backup with `rhyme restore`",
        path.display()
    ))
}

/// The error with the name of who has the database.
fn with_holder(error: Error, storage: &dyn Storage, dir: &Path) -> Error {
    match error {
        Error::Locked { .. } => Error::Locked {
            path: dir.to_path_buf(),
            holder: DirLock::last_holder(storage, dir),
        },
        other => other,
    }
}

impl Database {
    /// From a catalog that is open for reading.
    pub(super) fn to_read(files: Files, catalog: Catalog) -> Result<Self> {
        let snapshot = newest(&files, &catalog, None)?;
        let reading = Some(catalog.clone());
        let inner = Inner::new(files, catalog, snapshot, reading, None);
        Ok(Self(Arc::new(inner)))
    }
}
