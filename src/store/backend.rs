//! Files of pages, as redb reaches them.

use std::io;
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use crate::disk::{PageFile, PagesOf};

/// A simulated file of pages under redb.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Box<dyn PageFile>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.release();
        Ok(())
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        Ok(self.0.try_lock((start, end), false)?)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        Ok(self.0.try_lock((start, end), true)?)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        Ok(self.0.lock((start, end), false)?)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        Ok(self.0.lock((start, end), true)?)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        Ok(self.0.unlock((start, end))?)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        Ok(self.0.is_locked((start, end))?)
    }
}

/// Any file of pages.
pub(super) fn backend_of(file: PagesOf) -> io::Result<Box<dyn StorageBackend>> {
    Ok(match file {
        PagesOf::System(file) => {
            Box::new(FileBackend::new(file).map_err(|e| io::Error::other(e.to_string()))?)
        }
        PagesOf::Simulated(file) => Box::new(Backend(file)),
    })
}

/// The bytes that say which commit is the newest. Whoever writes to them locks them, and by redb's
/// rules for files that several processes have open, whoever reads them shares that lock.
const HEAD_BYTES: usize = 320;
const HEAD: (Bound<u64>, Bound<u64>) = (Bound::Included(0), Bound::Excluded(HEAD_BYTES as u64));

/// The beginning of a catalog that another process may write to.
#[derive(Debug)]
pub(super) struct Head {
    /// One thread at a time: the lock belongs to the open file, not to the thread.
    file: Mutex<Box<dyn StorageBackend>>,
}

/// What stands there while one commit is the newest: another commit makes it another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stamp([u8; HEAD_BYTES]);

impl Head {
    pub(super) fn new(file: PagesOf) -> io::Result<Self> {
        let file = Mutex::new(backend_of(file)?);
        Ok(Self { file })
    }

    /// What stands there; `None` if it cannot be read.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.while_still(|file| {
            let mut bytes = [0; HEAD_BYTES];
            file.read(0, &mut bytes)?;
            Ok(Stamp(bytes))
        })
        .ok()
    }

    /// How long the file is, and how long it says that it is, which it does not while somebody writes,
    /// or after a writer was killed.
    pub(super) fn lengths(&self) -> io::Result<(u64, Option<u64>)> {
        self.while_still(|file| {
            let mut bytes = [0; HEAD_BYTES];
            file.read(0, &mut bytes)?;
            Ok((file.len()?, stated_len(&bytes)))
        })
    }

    /// Does work while nobody commits. Writers wait with it.
    pub(super) fn while_still<T>(
        &self,
        work: impl FnOnce(&dyn StorageBackend) -> io::Result<T>,
    ) -> io::Result<T> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let io = |e: BackendError| io::Error::other(e.to_string());
        file.lock_shared_range(HEAD.0, HEAD.1).map_err(io)?;
        let done = work(file.as_ref());
        file.unlock_range(HEAD.0, HEAD.1).map_err(io)?;
        done
    }
}

/// The length that follows from redb's header: a page for itself, then regions of equal size and one
/// that may be smaller.
fn stated_len(head: &[u8; HEAD_BYTES]) -> Option<u64> {
    const RECOVERY_REQUIRED: u8 = 2;
    let [flags, _, _, numbers @ ..] = head.get(9..32)? else {
        return None;
    };
    if flags & RECOVERY_REQUIRED != 0 {
        return None;
    }
    let (numbers, _) = numbers.as_chunks::<4>();
    let numbers: Vec<u64> = numbers
        .iter()
        .map(|n| u64::from(u32::from_le_bytes(*n)))
        .collect();
    let [page, before, most, full, last] = numbers.try_into().ok()?;
    let pages = |data: u64| before.checked_add(data)?.checked_mul(page);
    let regions = pages(most)?.checked_mul(full)?;
    let last = if last == 0 { 0 } else { pages(last)? };
    page.checked_add(regions)?.checked_add(last)
}
