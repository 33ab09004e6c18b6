//! The container of every immutable file.
//!
//! ```text
//! offset 0    magic        8 bytes, names the kind of file
//!        8    version      u32, of that kind's layout
//!       12    zero         52 bytes
//!       64    section      64-byte aligned, padded with zeros
//!        ..   section
//!        ..   table        per section: id [u8; 8], offset u64, length u64, xxh3 u64
//! end - 40    table offset u64, section count u64, xxh3 of the table u64,
//!             length of the file u64, magic again 8 bytes
//! ```
//!
//! All numbers are little-endian. Opening checks head, tail and table, which costs the same for
//! every size of file; [`SectionFile::verify`] reads and checks the sections themselves.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{Mapped, NewFile, Storage};
use crate::error::{Error, Result};

const ALIGN: u64 = 64;
const HEAD_LEN: u64 = 64;
/// The magic and the version; the rest of the head is zero.
const HEAD_USED: u64 = 12;
const TAIL_LEN: usize = 40;
const ENTRY_LEN: usize = 32;
const MAX_SECTIONS: u64 = 1024;

/// Length and hash of a published file: what the catalog knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    pub(crate) len: u64,
    /// xxh3 of the section table, which holds the hashes of all sections.
    pub(crate) hash: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: [u8; 8],
    offset: u64,
    len: u64,
    hash: u64,
}

impl Entry {
    fn encode(&self) -> [u8; ENTRY_LEN] {
        let mut out = [0; ENTRY_LEN];
        let fields = [
            self.id,
            self.offset.to_le_bytes(),
            self.len.to_le_bytes(),
            self.hash.to_le_bytes(),
        ];
        for (slot, field) in out.chunks_exact_mut(8).zip(fields) {
            slot.copy_from_slice(&field);
        }
        out
    }

    fn decode(bytes: &[u8; ENTRY_LEN]) -> Self {
        let mut fields = [[0u8; 8]; 4];
        for (field, chunk) in fields.iter_mut().zip(bytes.chunks_exact(8)) {
            field.copy_from_slice(chunk);
        }
        let [id, offset, len, hash] = fields;
        Self {
            id,
            offset: u64::from_le_bytes(offset),
            len: u64::from_le_bytes(len),
            hash: u64::from_le_bytes(hash),
        }
    }
}

fn section_id(name: &str) -> [u8; 8] {
    let mut id = [0; 8];
    for (slot, byte) in id.iter_mut().zip(name.bytes()) {
        *slot = byte;
    }
    id
}

fn section_name(id: [u8; 8]) -> String {
    String::from_utf8_lossy(&id)
        .trim_end_matches('\0')
        .to_owned()
}

/// Bytes of a write, and where it begins is a multiple of it. Some file systems (ext4 from Linux 6.16
/// on) then keep the file in pages of that size, which a map takes over; of smaller writes they make
/// small pages.
const WRITE: usize = 2 << 20;

/// Writes the sections of a new file one after another.
pub(crate) struct SectionWriter {
    out: Box<dyn NewFile>,
    /// What follows the last whole write; never as long as one.
    waiting: Vec<u8>,
    path: PathBuf,
    magic: [u8; 8],
    position: u64,
    entries: Vec<Entry>,
}

impl SectionWriter {
    /// Starts a file; an older one of that name is replaced.
    pub(crate) fn create(
        storage: &dyn Storage,
        path: &Path,
        magic: [u8; 8],
        version: u32,
    ) -> Result<Self> {
        let file = storage.create(path).map_err(Error::io("create", path))?;
        let mut writer = Self {
            out: file,
            waiting: Vec::with_capacity(WRITE),
            path: path.to_path_buf(),
            magic,
            position: 0,
            entries: Vec::new(),
        };
        writer.put(&magic)?;
        writer.put(&version.to_le_bytes())?;
        writer.pad()?;
        Ok(writer)
    }

    /// Appends a section. `name` has at most 8 bytes.
    pub(crate) fn section(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.section_of(name, [bytes])
    }

    /// Appends a section that is the concatenation of `parts`.
    pub(crate) fn section_of<'a>(
        &mut self,
        name: &str,
        parts: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<()> {
        debug_assert!(name.len() <= 8, "section names have at most 8 bytes");
        self.pad()?;
        let offset = self.position;
        let mut hasher = Xxh3::new();
        for part in parts {
            hasher.update(part);
            self.put(part)?;
        }
        self.entries.push(Entry {
            id: section_id(name),
            offset,
            len: self.position - offset,
            hash: hasher.digest(),
        });
        Ok(())
    }

    /// Writes the table and makes the file's content durable.
    pub(crate) fn finish(mut self) -> Result<FileStamp> {
        self.pad()?;
        let table_offset = self.position;
        let table: Vec<u8> = self.entries.iter().flat_map(Entry::encode).collect();
        let hash = xxh3_64(&table);
        self.put(&table)?;
        let len = self.position + TAIL_LEN as u64;
        for number in [table_offset, self.entries.len() as u64, hash, len] {
            self.put(&number.to_le_bytes())?;
        }
        self.put(&self.magic.clone())?;
        self.write()?;
        self.out.sync().map_err(Error::io("sync", &self.path))?;
        Ok(FileStamp { len, hash })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = WRITE.saturating_sub(self.waiting.len()).min(rest.len());
            let (some, later) = rest.split_at(room);
            self.waiting.extend_from_slice(some);
            if self.waiting.len() >= WRITE {
                self.write()?;
            }
            rest = later;
        }
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let written = self.out.write_all(&self.waiting);
        self.waiting.clear();
        written.map_err(Error::io("write", &self.path))
    }

    fn pad(&mut self) -> Result<()> {
        let zeros = [0; ALIGN as usize];
        let missing = (self.position.next_multiple_of(ALIGN) - self.position) as usize;
        self.put(zeros.get(..missing).unwrap_or_default())
    }
}

/// A published file, mapped, with its table checked.
#[derive(Debug)]
pub(crate) struct SectionFile {
    path: PathBuf,
    map: Mapped,
    entries: Vec<Entry>,
    stamp: FileStamp,
}

impl SectionFile {
    /// Maps a file and checks its head, tail and table.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is not whole, [`Error::Version`] if it is newer than `supported`.
    pub(crate) fn open(
        storage: &dyn Storage,
        path: &Path,
        magic: [u8; 8],
        supported: u32,
    ) -> Result<Self> {
        let map = storage.map(path).map_err(Error::io("map", path))?;
        let bytes = map.bytes();
        let tail = read_tail(path, bytes, magic)?;
        let version = bytes
            .get(8..12)
            .and_then(|b| b.try_into().ok())
            .map(u32::from_le_bytes)
            .unwrap_or_default();
        if version == 0 {
            return Err(Error::corrupt(path, "head", "its version is 0"));
        }
        if version > supported {
            return Err(Error::Version {
                file: path.to_path_buf(),
                found: version,
                supported: format!("1 to {supported}"),
            });
        }
        let entries = read_table(path, bytes, &tail)?;
        let stamp = FileStamp {
            len: bytes.len() as u64,
            hash: tail.hash,
        };
        Ok(Self {
            path: path.to_path_buf(),
            map,
            entries,
            stamp,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.map.bytes()
    }

    pub(crate) fn stamp(&self) -> FileStamp {
        self.stamp
    }

    /// The bytes of a section.
    pub(crate) fn section(&self, name: &str) -> Result<&[u8]> {
        self.section_if_there(name)?
            .ok_or_else(|| Error::corrupt(&self.path, name, "the section is missing"))
    }

    /// The bytes of a section that not every file has.
    pub(crate) fn section_if_there(&self, name: &str) -> Result<Option<&[u8]>> {
        let id = section_id(name);
        let Some(entry) = self.entries.iter().find(|e| e.id == id) else {
            return Ok(None);
        };
        let bytes = self.bytes_of(entry);
        bytes
            .map(Some)
            .ok_or_else(|| Error::corrupt(&self.path, name, "out of the file's range"))
    }

    /// Reads the whole file: checks the hash of every section, and that all between them is zero.
    pub(crate) fn verify(&self) -> Result<()> {
        self.verify_padding()?;
        self.entries.iter().try_for_each(|e| self.verify_entry(e))
    }

    /// Reads one section and checks its hash.
    pub(crate) fn verify_section(&self, name: &str) -> Result<()> {
        let id = section_id(name);
        match self.entries.iter().find(|e| e.id == id) {
            Some(entry) => self.verify_entry(entry),
            None => Err(Error::corrupt(&self.path, name, "the section is missing")),
        }
    }

    fn verify_entry(&self, entry: &Entry) -> Result<()> {
        let name = section_name(entry.id);
        let bytes = self
            .bytes_of(entry)
            .ok_or_else(|| Error::corrupt(&self.path, &name, "out of the file's range"))?;
        let found = xxh3_64(bytes);
        if found == entry.hash {
            return Ok(());
        }
        Err(Error::corrupt(
            &self.path,
            &name,
            format!("expected the hash {:016x}, found {found:016x}", entry.hash),
        ))
    }

    fn verify_padding(&self) -> Result<()> {
        let bytes = self.map.bytes();
        let table_len = self.entries.len() * ENTRY_LEN + TAIL_LEN;
        let table = (bytes.len().saturating_sub(table_len) as u64, 0);
        let mut places: Vec<_> = self.entries.iter().map(|e| (e.offset, e.len)).collect();
        places.push(table);
        places.sort_unstable();
        let mut end = HEAD_USED;
        for (offset, len) in places {
            let gap = bytes.get(end as usize..offset as usize).unwrap_or_default();
            if let Some(at) = gap.iter().position(|&byte| byte != 0) {
                return Err(Error::corrupt(
                    &self.path,
                    "padding",
                    format!("expected a zero at byte {}, found another", end + at as u64),
                ));
            }
            end = end.max(offset.saturating_add(len));
        }
        Ok(())
    }

    fn bytes_of(&self, entry: &Entry) -> Option<&[u8]> {
        let start = usize::try_from(entry.offset).ok()?;
        let len = usize::try_from(entry.len).ok()?;
        self.map.bytes().get(start..start.checked_add(len)?)
    }
}

struct Tail {
    table_offset: u64,
    count: u64,
    hash: u64,
}

fn read_tail(path: &Path, bytes: &[u8], magic: [u8; 8]) -> Result<Tail> {
    let bad = |section: &str, detail: String| Error::corrupt(path, section, detail);
    if bytes.len() < HEAD_LEN as usize + TAIL_LEN {
        return Err(bad(
            "head",
            format!("the file has only {} bytes", bytes.len()),
        ));
    }
    if !bytes.starts_with(&magic) {
        return Err(bad(
            "head",
            format!("expected a file of kind {}", section_name(magic)),
        ));
    }
    let tail = bytes.get(bytes.len() - TAIL_LEN..).unwrap_or_default();
    let number = |i: usize| {
        tail.get(i * 8..i * 8 + 8)
            .and_then(|b| b.try_into().ok())
            .map(u64::from_le_bytes)
            .unwrap_or_default()
    };
    if !tail.ends_with(&magic) {
        return Err(bad(
            "tail",
            "the file's end is missing; it was cut short".into(),
        ));
    }
    let written = number(3);
    if written != bytes.len() as u64 {
        return Err(bad(
            "tail",
            format!(
                "expected a length of {written} bytes, found {}",
                bytes.len()
            ),
        ));
    }
    Ok(Tail {
        table_offset: number(0),
        count: number(1),
        hash: number(2),
    })
}

fn read_table(path: &Path, bytes: &[u8], tail: &Tail) -> Result<Vec<Entry>> {
    let bad = |detail: &str| Error::corrupt(path, "table", detail);
    if tail.count > MAX_SECTIONS {
        return Err(bad("it names too many sections"));
    }
    let start = usize::try_from(tail.table_offset).map_err(|_| bad("it lies out of range"))?;
    let table_len = tail.count as usize * ENTRY_LEN;
    let table = start
        .checked_add(table_len)
        .filter(|end| bytes.len().checked_sub(TAIL_LEN) == Some(*end))
        .and_then(|end| bytes.get(start..end))
        .ok_or_else(|| bad("it lies out of range"))?;
    if xxh3_64(table) != tail.hash {
        return Err(bad("its hash does not fit"));
    }
    let (chunks, _) = table.as_chunks::<ENTRY_LEN>();
    let entries: Vec<Entry> = chunks.iter().map(Entry::decode).collect();
    let fits = |e: &Entry| {
        e.offset.is_multiple_of(ALIGN)
            && e.offset
                .checked_add(e.len)
                .is_some_and(|end| end <= tail.table_offset)
    };
    if !entries.iter().all(fits) {
        return Err(bad("a section lies out of range"));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::disk::FileSystem;

    const MAGIC: [u8; 8] = *b"RHYMETST";

    fn sample(dir: &Path) -> PathBuf {
        let path = dir.join("sample");
        let mut writer = SectionWriter::create(&FileSystem, &path, MAGIC, 1).unwrap();
        writer.section("first", b"hello").unwrap();
        writer.section("empty", b"").unwrap();
        writer
            .section_of("parts", [&b"ab"[..], &b"cd"[..]])
            .unwrap();
        writer.finish().unwrap();
        path
    }

    #[test]
    fn sections_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = sample(dir.path());
        let file = SectionFile::open(&FileSystem, &path, MAGIC, 1).unwrap();
        assert_eq!(file.section("first").unwrap(), b"hello");
        assert_eq!(file.section("empty").unwrap(), b"");
        assert_eq!(file.section("parts").unwrap(), b"abcd");
        assert!(file.section("absent").is_err());
        file.verify().unwrap();
        assert_eq!(file.stamp().len, std::fs::metadata(&path).unwrap().len());
    }

    #[test]
    fn every_cut_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let whole = std::fs::read(sample(dir.path())).unwrap();
        let path = dir.path().join("cut");
        for len in 0..whole.len() {
            std::fs::write(&path, &whole[..len]).unwrap();
            assert!(
                SectionFile::open(&FileSystem, &path, MAGIC, 1).is_err(),
                "cut at {len}"
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let whole = std::fs::read(sample(dir.path())).unwrap();
        let path = dir.path().join("flipped");
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            let checked = SectionFile::open(&FileSystem, &path, MAGIC, 1).and_then(|f| f.verify());
            assert!(checked.is_err(), "bit {} of byte {}", bit % 8, bit / 8);
        }
    }

    #[test]
    fn a_newer_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("newer");
        SectionWriter::create(&FileSystem, &path, MAGIC, 2)
            .unwrap()
            .finish()
            .unwrap();
        let error = SectionFile::open(&FileSystem, &path, MAGIC, 1).unwrap_err();
        assert!(matches!(error, Error::Version { found: 2, .. }), "{error}");
    }
}
