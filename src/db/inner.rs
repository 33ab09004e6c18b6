//! An open database: what the writer may touch, and what readers see.

use std::sync::{Arc, MutexGuard};

use super::files::Files;
use super::newest_commit::newest;
use super::shared::{Loss, Shared};
use super::snapshot::Snapshot;
use super::threads::start_threads;
use crate::disk::DirLock;
use crate::error::{Error, Result};
use crate::store::{Catalog, Changes, WriteTxn};

/// What only the writer may touch.
pub(super) struct Writer {
    pub(super) catalog: Catalog,
}

pub(super) struct Inner {
    shared: Shared<Writer, Snapshot, Error>,
    pub(super) files: Files,
    /// One reference more than there are views.
    pub(super) views: Arc<()>,
    /// The catalog once more, if this handle only reads, and others may write.
    reading: Option<Catalog>,
    _lock: Option<DirLock>,
}

impl Loss for Error {
    fn by_panic() -> Self {
        Self::internal("reading what was committed panicked")
    }

    fn kept(self) -> Self {
        self.with_advice("what was committed is on disk: close the database and open it again")
    }
}

impl Inner {
    pub(super) fn new(
        files: Files,
        catalog: Catalog,
        snapshot: Snapshot,
        reading: Option<Catalog>,
        lock: Option<DirLock>,
    ) -> Self {
        Self {
            shared: Shared::new(Writer { catalog }, snapshot),
            files,
            views: Arc::default(),
            reading,
            _lock: lock,
        }
    }

    /// Whether it is open for reading only.
    pub(super) fn reads(&self) -> bool {
        self.reading.is_some()
    }

    /// What was committed last.
    ///
    /// # Errors
    /// Why the catalog could not be read after a commit.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>> {
        match &self.reading {
            Some(catalog) => self.newest(catalog),
            None => self.shared.latest(),
        }
    }

    /// Closes the catalog, and then gives the lock back.
    pub(super) fn close(self) -> Result<()> {
        drop(self.reading);
        self.shared.into_writer().catalog.close()
    }

    /// Waits for the right to write.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] if there is none, and why what was committed could not be read: then
    /// nothing is built upon it.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        let writer = self.still();
        if writer.catalog.is_read_only() {
            return Err(Error::ReadOnly {
                path: self.files.dir.clone(),
            });
        }
        self.snapshot()?;
        Ok(writer)
    }

    /// Waits until nobody writes, and lets nobody write.
    pub(super) fn still(&self) -> MutexGuard<'_, Writer> {
        self.shared.still()
    }

    /// Does work that writes, on several threads.
    ///
    /// # Errors
    /// [`Error::Io`] if the system starts no threads, and those of the work.
    pub(super) fn change<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        start_threads()?;
        work()
    }

    /// Commits and shows the result to readers that come from now on.
    pub(super) fn commit(&self, writer: &Writer, txn: WriteTxn) -> Result<()> {
        let changes = txn.commit()?;
        self.refresh(writer, &changes)
    }

    /// Shows what is committed to readers that come from now on.
    fn refresh(&self, writer: &Writer, changes: &Changes) -> Result<()> {
        let old = self.snapshot()?;
        let known = Some((old.as_ref(), changes));
        self.shared.show(writer, || self.load(writer, known))
    }

    fn load(&self, writer: &Writer, known: Option<(&Snapshot, &Changes)>) -> Result<Snapshot> {
        Snapshot::load(&self.files, writer.catalog.read()?, known)
    }

    /// Gives the catalog's free space back, for which no snapshot may be open. `false` if a view
    /// is.
    pub(super) fn compact_catalog(&self, writer: &mut Writer) -> Result<bool> {
        let compact = |writer: &mut Writer| writer.catalog.compact();
        self.shared
            .detached(writer, compact, |writer| self.load(writer, None))?
    }

    /// Whether another process writes at the moment.
    pub(super) fn is_beside_writer(&self) -> bool {
        self.reads() && DirLock::is_held(self.files.storage.as_ref(), &self.files.dir)
    }

    /// What was committed last, by whatever process.
    pub(super) fn newest(&self, catalog: &Catalog) -> Result<Arc<Snapshot>> {
        self.shared.renewed(
            // Where nobody can write beside this handle, there is no stamp.
            |shown| catalog.stamp() == shown.stamp,
            |old| newest(&self.files, catalog, Some(old)),
        )
    }
}
