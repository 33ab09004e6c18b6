//! The checksums of the catalog's pages.
//!
//! redb keeps a checksum of every page and reads them only when it repairs a file. Its check works
//! on a database that is open for writing, and mends what it can. So it is given the file behind a
//! cover: what it writes stays in memory, and the file is never touched.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, StorageBackend};

use super::backend::{Head, backend_of};
use super::calls::caught;
use super::closing::Closing;
use super::handle::open_fault;
use crate::disk::Storage;
use crate::error::{Error, Result};

const CACHE_BYTES: usize = 16 << 20;
const SECTION: &str = "pages";

/// Reads every page that is in use in the catalog at `path` and checks it against its checksum.
/// Nobody of this process may commit meanwhile; with `beside_writer`, a writer elsewhere waits
/// with what it wants to commit. Pages of the newest commit are changed by nobody until then.
///
/// # Errors
/// [`Error::Corrupt`] if a page does not hold what was written to it.
pub(crate) fn check_pages(storage: &dyn Storage, path: &Path, beside_writer: bool) -> Result<()> {
    if !beside_writer {
        return check_still(storage, path);
    }
    let open = || Head::new(storage.open_pages_to_read(path)?);
    let head = open().map_err(Error::io("open", path))?;
    let checked = head.while_still(|_| Ok(check_still(storage, path)));
    checked.map_err(Error::io("lock", path))?
}

fn check_still(storage: &dyn Storage, path: &Path) -> Result<()> {
    let damaged = |detail: &str| Error::corrupt(path, SECTION, detail);
    let io = || Error::io("read", path);
    let file = storage.open_pages_to_read(path).and_then(backend_of);
    let covered = Covered::new(file.map_err(io())?).map_err(io())?;
    let mut builder = Database::builder();
    // A repair starts at 0. It comes to 0.3 when the newest commit cannot be read, and
    // would then take an older one: what was committed would be gone without a word.
    builder
        .set_cache_size(CACHE_BYTES)
        .set_repair_callback(|repair| {
            if (0.1..0.5).contains(&repair.progress()) {
                repair.abort();
            }
        });
    let opened = caught(path, || builder.create_with_backend(covered))?;
    let mut database = Closing::new(opened.map_err(|e| match e {
        redb::DatabaseError::RepairAborted => {
            damaged("a page of the newest commit does not fit its checksum")
        }
        other => open_fault(path, SECTION, other),
    })?);
    let database = database.get_mut()?;
    match caught(path, || database.check_integrity())? {
        Ok(true) => Ok(()),
        Ok(false) => Err(damaged(
            "the checksums of its pages do not fit what they hold",
        )),
        Err(e) => Err(open_fault(path, SECTION, e)),
    }
}

const BLOCK: u64 = 4096;

/// A file whose changes stay in memory, by blocks.
#[derive(Debug)]
struct Covered {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: Box<dyn StorageBackend>,
    file_len: u64,
    len: u64,
    changed: BTreeMap<u64, Vec<u8>>,
}

impl Covered {
    fn new(file: Box<dyn StorageBackend>) -> io::Result<Self> {
        let len = file.len()?;
        Ok(Self {
            state: Mutex::new(State {
                file,
                file_len: len,
                len,
                changed: BTreeMap::new(),
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Reads from the file; what lies behind its end is zero.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.file_len.saturating_sub(offset).min(out.len() as u64) as usize;
        let (inside, behind) = out.split_at_mut(there);
        behind.fill(0);
        if inside.is_empty() {
            return Ok(());
        }
        self.file.read(offset, inside)
    }

    /// The blocks that `offset..offset + len` touches: block, where it starts within the block,
    /// where in the range, how many bytes.
    fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
        let end = offset.saturating_add(len as u64);
        (offset / BLOCK..end.div_ceil(BLOCK)).map(move |block| {
            let from = offset.max(block * BLOCK);
            let to = end.min((block + 1) * BLOCK);
            let within = (from - block * BLOCK) as usize;
            (
                block,
                within,
                (from - offset) as usize,
                (to - from) as usize,
            )
        })
    }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "outside of the file")
}

impl StorageBackend for Covered {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset.saturating_add(out.len() as u64) > state.len {
            return Err(outside());
        }
        state.read_file(offset, out)?;
        for (block, within, at, len) in State::pieces(offset, out.len()) {
            let changed = state.changed.get(&block);
            let changed = changed.and_then(|b| b.get(within..within + len));
            if let (Some(from), Some(to)) = (changed, out.get_mut(at..at + len)) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.len = len;
        // What is cut off and grown again must read as zeros.
        state.file_len = state.file_len.min(len);
        state.changed.retain(|&block, _| block * BLOCK < len);
        if let Some(last) = state.changed.get_mut(&(len / BLOCK)) {
            let kept = (len % BLOCK) as usize;
            if let Some(cut) = last.get_mut(kept..) {
                cut.fill(0);
            }
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if offset.saturating_add(data.len() as u64) > state.len {
            return Err(outside());
        }
        for (block, within, at, len) in State::pieces(offset, data.len()) {
            if !state.changed.contains_key(&block) {
                let mut bytes = vec![0; BLOCK as usize];
                state.read_file(block * BLOCK, &mut bytes)?;
                state.changed.insert(block, bytes);
            }
            let to = state
                .changed
                .get_mut(&block)
                .and_then(|b| b.get_mut(within..within + len));
            if let (Some(to), Some(from)) = (to, data.get(at..at + len)) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::disk::{FileSystem, write_new};

    #[derive(Clone, Debug)]
    enum Step {
        Write(u64, Vec<u8>),
        SetLen(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = prop::collection::vec(any::<u8>(), 1..9000);
        prop_oneof![
            (0u64..20_000, bytes).prop_map(|(at, bytes)| Step::Write(at, bytes)),
            (0u64..30_000).prop_map(Step::SetLen),
        ]
    }

    proptest! {
        /// A covered file reads like a vector, and the file itself does not change.
        #[test]
        fn a_covered_file_is_a_vector(steps in prop::collection::vec(step(), 0..12)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("file");
            let original: Vec<u8> = (0..10_000u32).map(|i| (i % 251) as u8).collect();
            write_new(&FileSystem, &path, &original, &|_| Ok(())).unwrap();
            let file = FileSystem.open_pages_to_read(&path).unwrap();
            let covered = Covered::new(backend_of(file).unwrap()).unwrap();
            let mut model = original.clone();
            for step in steps {
                match step {
                    Step::Write(at, bytes) => {
                        let at = at as usize;
                        let fits = at + bytes.len() <= model.len();
                        prop_assert_eq!(covered.write(at as u64, &bytes).is_ok(), fits);
                        if fits {
                            model.splice(at..at + bytes.len(), bytes);
                        }
                    }
                    Step::SetLen(len) => {
                        covered.set_len(len).unwrap();
                        model.resize(len as usize, 0);
                    }
                }
                let mut read = vec![1; model.len()];
                covered.read(0, &mut read).unwrap();
                prop_assert_eq!(&read, &model);
                prop_assert_eq!(covered.len().unwrap(), model.len() as u64);
            }
            prop_assert!(covered.read(model.len() as u64, &mut [0]).is_err());
            let file = FileSystem.map(&path).unwrap();
            prop_assert_eq!(file.bytes(), original.as_slice());
        }
    }
}
