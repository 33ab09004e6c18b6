use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut};

use super::large_pages::LargePages;

/// The bytes of a whole file that nobody changes after its publication: a read-only memory map.
#[derive(Debug)]
pub struct Mapped {
    map: Mmap,
    /// Held for what it counts.
    _large: Option<LargePages>,
}

impl Mapped {
    pub(super) fn of_file(file: &File) -> io::Result<Self> {
        #[expect(
            unsafe_code,
            reason = "mapping is how segments are read without copying them"
        )]
        // SAFETY: segment files are written once under a temporary name and renamed; this crate
        // never writes to a published file, and the database's lock keeps other writers out.
        let map = unsafe { Mmap::map(file) }?;
        let _large = LargePages::ask(&map);
        Ok(Self { map, _large })
    }

    /// A copy of `bytes`, aligned as a mapped file is: for disks that are simulated.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn copy_of(bytes: &[u8]) -> io::Result<Self> {
        let mut map = MmapMut::map_anon(bytes.len())?;
        map.copy_from_slice(bytes);
        let map = map.make_read_only()?;
        Ok(Self { map, _large: None })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }
}
