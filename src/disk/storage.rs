//! The seam between a database and the disk.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::ops::Bound;
use std::path::Path;

use super::Mapped;
use crate::error::{Error, Result};

/// What a database needs of a file system. [`FileSystem`] is the one that counts; tests put a
/// simulated disk in its place, to stop it and to lose what was not synced.
///
/// What is written counts as durable only after [`NewFile::sync`] or [`PageFile::sync_data`], and
/// a name only after [`Storage::sync_dir`] of its folder.
pub trait Storage: fmt::Debug + Send + Sync {
    /// Makes a new file for writing from its start; one of that name is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;

    /// Opens a file for reading and writing in any order, and makes it if there is none.
    fn open_pages(&self, path: &Path) -> io::Result<PagesOf>;

    /// Opens a file that exists for reading only.
    fn open_pages_to_read(&self, path: &Path) -> io::Result<PagesOf>;

    /// The content of a file that nobody changes any more.
    fn map(&self, path: &Path) -> io::Result<Mapped>;

    /// The file whose lock keeps other processes out, or `None` where none can come.
    fn lock_file(&self, path: &Path) -> io::Result<Option<File>>;

    /// The same file for those who want to know who holds it, if it is there.
    fn lock_file_to_read(&self, path: &Path) -> io::Result<Option<File>>;

    /// Gives a file or a folder another name, at once: no moment has both or none.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder in one that exists.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// What is in a folder.
    fn list(&self, dir: &Path) -> io::Result<Vec<FileInfo>>;

    /// What has that name, if anything.
    fn look_up(&self, path: &Path) -> io::Result<Option<FileInfo>>;

    /// A number that tells one writer from all others: drawn at random, where nothing is simulated.
    fn draw(&self) -> u64;
}

/// A file that is written once, from its start to its end.
pub trait NewFile: Write + Send {
    /// Makes the content durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// Bytes of a file that are locked together; they may lie behind its end.
pub type LockedRange = (Bound<u64>, Bound<u64>);

/// A file of pages that a [`Storage`] other than the system's keeps; as redb's `StorageBackend`. Locks
/// belong to one opening of the file, and stand against those of the others, also in one process.
pub trait PageFile: fmt::Debug + Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether it is empty.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads exactly as many bytes as `out` has.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Cuts it, or appends zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Writes all of `bytes`.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes content and length durable.
    fn sync_data(&self) -> io::Result<()>;

    /// Locks a range, alone or with others who share it; `false` if another opening is in the way.
    fn try_lock(&self, range: LockedRange, shared: bool) -> io::Result<bool>;

    /// Locks a range as soon as no other opening is in the way.
    fn lock(&self, range: LockedRange, shared: bool) -> io::Result<()>;

    /// Gives back a range that was locked.
    fn unlock(&self, range: LockedRange) -> io::Result<()>;

    /// Whether another opening has locked something of a range.
    fn is_locked(&self, range: LockedRange) -> io::Result<bool>;

    /// Gives back all that is locked.
    fn release(&self);
}

/// A file of pages, as [`Storage::open_pages`] gives it.
#[derive(Debug)]
pub enum PagesOf {
    /// A file of the system, for which redb has its own reader, writer and locks.
    System(File),
    /// Any other.
    Simulated(Box<dyn PageFile>),
}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// The last part of its path.
    pub name: OsString,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes of a file.
    pub len: u64,
}

impl FileInfo {
    fn new(name: OsString, metadata: &fs::Metadata) -> Self {
        Self {
            name,
            is_dir: metadata.is_dir(),
            len: if metadata.is_file() {
                metadata.len()
            } else {
                0
            },
        }
    }
}

/// The system's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystem;

impl NewFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Opened for reading and writing, made if there is none, not emptied.
fn open_or_create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

impl Storage for FileSystem {
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(File::create(path)?))
    }

    fn open_pages(&self, path: &Path) -> io::Result<PagesOf> {
        open_or_create(path).map(PagesOf::System)
    }

    fn open_pages_to_read(&self, path: &Path) -> io::Result<PagesOf> {
        File::open(path).map(PagesOf::System)
    }

    fn map(&self, path: &Path) -> io::Result<Mapped> {
        Mapped::of_file(&File::open(path)?)
    }

    fn lock_file(&self, path: &Path) -> io::Result<Option<File>> {
        open_or_create(path).map(Some)
    }

    fn lock_file_to_read(&self, path: &Path) -> io::Result<Option<File>> {
        match File::open(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir(dir)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // Windows cannot open folders as files, and makes renames durable with the file itself.
        if cfg!(windows) {
            return Ok(());
        }
        File::open(dir)?.sync_all()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<FileInfo>> {
        fs::read_dir(dir)?
            .map(|entry| {
                let entry = entry?;
                Ok(FileInfo::new(entry.file_name(), &entry.metadata()?))
            })
            .collect()
    }

    fn look_up(&self, path: &Path) -> io::Result<Option<FileInfo>> {
        let name = path.file_name().unwrap_or_default().to_owned();
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(FileInfo::new(name, &metadata))),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    fn draw(&self) -> u64 {
        RandomState::new().build_hasher().finish()
    }
}

/// What has that name, if anything.
pub(crate) fn look_up(storage: &dyn Storage, path: &Path) -> Result<Option<FileInfo>> {
    storage.look_up(path).map_err(Error::io("look at", path))
}

/// What is in a folder.
pub(crate) fn list(storage: &dyn Storage, dir: &Path) -> Result<Vec<FileInfo>> {
    storage.list(dir).map_err(Error::io("list", dir))
}
