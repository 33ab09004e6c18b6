//! Reading what another process writes.
//!
//! A reader takes no lock of the folder. redb keeps the pages of a commit for as long as somebody in
//! any process reads it, and a segment that was taken out stays readable for whoever has it mapped.
//! Between reading the names of the segments and mapping them a writer may remove one; then the
//! commit that names it is not the newest any more, and the newest is read instead.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::database::{Database, Inner, OpenOptions};
use super::files::Files;
use super::snapshot::Snapshot;
use crate::disk::{DirLock, Holder, Storage};
use crate::error::{Error, Result};
use crate::store::Catalog;

/// How long a reader tries to put right what a killed writer left, while others do so too.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(5);
/// How often the newest commit is read again, because a writer took a segment of it out meanwhile.
const TRIES: usize = 100;

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
        "{} was not closed, because its writer was killed, and cannot be put right from here ({why}); let somebody who may write to it use it once (`rhyme stats` is enough); if that fails, restore it from a backup with `rhyme restore`",
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

impl Inner {
    /// Whether another process writes at the moment.
    pub(super) fn is_beside_writer(&self) -> bool {
        self.reads() && DirLock::is_held(self.files.storage.as_ref(), &self.files.dir)
    }

    /// What was committed last, by whatever process.
    pub(super) fn newest(&self, catalog: &Catalog) -> Result<Arc<Snapshot>> {
        self.shared().renewed(
            // Where nobody can write beside this handle, there is no stamp.
            |shown| catalog.stamp() == shown.stamp,
            |old| newest(&self.files, catalog, Some(old)),
        )
    }
}

/// The newest commit. What has not changed since an older one is taken from there.
fn newest(files: &Files, catalog: &Catalog, old: Option<&Snapshot>) -> Result<Snapshot> {
    let mut tries = 0;
    loop {
        tries += 1;
        let stamp = catalog.stamp();
        let loaded = catalog
            .read()
            .and_then(|txn| Snapshot::load_anew(files, txn, old));
        match loaded {
            Ok(mut snapshot) => {
                snapshot.stamp = stamp;
                return Ok(snapshot);
            }
            Err(e) if tries == TRIES || catalog.stamp() == stamp => return Err(e),
            Err(_) => {}
        }
    }
}
