//! Whether the pages of the catalog hold what was written to them.
//!
//! redb keeps a checksum of every page in the page above it, and reads none of them unless it is
//! asked to check them all, which it does on a database that nobody reads. So a second one is
//! opened on the same file, whose changes stay in memory: views stay open, and a check writes
//! nothing to a file that may be damaged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, StorageBackend};

use super::catalog::{CACHE_BYTES, Catalog, Closing, open_fault};
use crate::error::{Error, Result};

const BLOCK: usize = 4096;

/// A file as it is, with changes kept in memory.
#[derive(Debug)]
struct Overlay(Mutex<Layers>);

#[derive(Debug)]
struct Layers {
    file: File,
    /// Up to here the file shows through where no block was changed; after it are zeros.
    shown: u64,
    len: u64,
    changed: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self(Mutex::new(Layers {
            file,
            shown: len,
            len,
            changed: BTreeMap::new(),
        })))
    }

    fn layers(&self) -> MutexGuard<'_, Layers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Layers {
    /// The bytes of the file from `offset` on, and zeros after its end.
    fn read_file(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.shown.saturating_sub(offset).min(out.len() as u64);
        let (there, missing) = out.split_at_mut(there as usize);
        missing.fill(0);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(there)
    }

    fn check_range(&self, offset: u64, len: usize) -> io::Result<()> {
        match offset.checked_add(len as u64) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "expected {len} bytes at {offset}, and the file has {}",
                    self.len
                ),
            )),
        }
    }

    fn read(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.check_range(offset, out.len())?;
        self.read_file(offset, out)?;
        let end = offset + out.len() as u64;
        let first = offset - offset % BLOCK as u64;
        for (&start, block) in self.changed.range(first..end) {
            let from = offset.max(start);
            let bytes = block.iter().skip((from - start) as usize);
            for (slot, byte) in out.iter_mut().skip((from - offset) as usize).zip(bytes) {
                *slot = *byte;
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check_range(offset, data.len())?;
        let mut start = offset - offset % BLOCK as u64;
        while start < offset + data.len() as u64 {
            let mut block = match self.changed.remove(&start) {
                Some(block) => block,
                None => {
                    let mut block = vec![0; BLOCK].into_boxed_slice();
                    self.read_file(start, &mut block)?;
                    block
                }
            };
            let from = offset.max(start);
            let bytes = data.iter().skip((from - offset) as usize);
            for (slot, byte) in block.iter_mut().skip((from - start) as usize).zip(bytes) {
                *slot = *byte;
            }
            self.changed.insert(start, block);
            start += BLOCK as u64;
        }
        Ok(())
    }

    fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.shown = self.shown.min(len);
            drop(self.changed.split_off(&len.next_multiple_of(BLOCK as u64)));
            let cut = (len % BLOCK as u64) as usize;
            if let Some(block) = self.changed.get_mut(&(len - cut as u64)) {
                block.iter_mut().skip(cut).for_each(|byte| *byte = 0);
            }
        }
        self.len = len;
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.layers().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.layers().read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.layers().set_len(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.layers().write(offset, data)
    }
}

impl Catalog {
    /// Reads every page of the catalog and checks it against its checksum. The caller holds the
    /// right to write, so that nobody commits meanwhile.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a page does not hold what was written to it.
    pub(crate) fn check_pages(&self) -> Result<()> {
        let path = self.path();
        let damaged = |detail: &str| Error::corrupt(path, "catalog", detail);
        let overlay = Overlay::open(path).map_err(Error::io("read", path))?;
        let copy = Database::builder()
            .set_cache_size(CACHE_BYTES)
            // A repair starts at 0. It comes to 0.3 when the newest commit cannot be read, and
            // would then take an older one: what was committed would be gone without a word.
            .set_repair_callback(|repair| {
                if (0.1..0.5).contains(&repair.progress()) {
                    repair.abort();
                }
            })
            .create_with_backend(overlay)
            .map_err(|e| match e {
                redb::DatabaseError::RepairAborted => {
                    damaged("a page of the newest commit does not fit its checksum")
                }
                other => open_fault(path, other),
            })?;
        match Closing::new(copy).get_mut()?.check_integrity() {
            Ok(true) => Ok(()),
            Ok(false) => Err(damaged(
                "a page or the list of free pages does not fit the rest",
            )),
            Err(e) => Err(open_fault(path, e)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Write(u64, Vec<u8>),
        SetLen(u64),
    }

    fn op() -> impl Strategy<Value = Op> {
        let bytes = prop::collection::vec(any::<u8>(), 0..9000);
        prop_oneof![
            3 => (0u64..20_000, bytes).prop_map(|(at, bytes)| Op::Write(at, bytes)),
            1 => (0u64..25_000).prop_map(Op::SetLen),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn an_overlay_reads_like_a_file_and_leaves_the_file_alone(
            content in prop::collection::vec(any::<u8>(), 0..15_000),
            ops in prop::collection::vec(op(), 0..12),
        ) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &content).unwrap();
            let overlay = Overlay::open(file.path()).unwrap();
            let mut expected = content.clone();
            for op in ops {
                match op {
                    Op::Write(at, bytes) => {
                        let end = at as usize + bytes.len();
                        prop_assert_eq!(overlay.write(at, &bytes).is_ok(), end <= expected.len());
                        if end <= expected.len() {
                            expected[at as usize..end].copy_from_slice(&bytes);
                        }
                    }
                    Op::SetLen(len) => {
                        overlay.set_len(len).unwrap();
                        expected.resize(len as usize, 0);
                    }
                }
                prop_assert_eq!(overlay.len().unwrap(), expected.len() as u64);
                for (from, to) in [(0, expected.len()), (expected.len() / 3, expected.len() / 2)] {
                    let mut read = vec![7; to - from];
                    overlay.read(from as u64, &mut read).unwrap();
                    prop_assert!(read == expected[from..to]);
                }
            }
            prop_assert!(overlay.read(expected.len() as u64, &mut [0]).is_err());
            prop_assert!(std::fs::read(file.path()).unwrap() == content);
        }
    }
}
