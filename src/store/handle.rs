//! The open file under a catalog.

use std::io::ErrorKind;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadableDatabase,
    StorageError,
};

use super::backend::{Backend, Head, Stamp};
use super::calls::{calling, caught};
use super::closing::Closing;
use super::faults::fault;
use crate::disk::{PagesOf, Storage};
use crate::error::{Error, Result};

/// redb's page cache. Queries read few pages; bulk writes go through in order.
const CACHE_BYTES: usize = 64 << 20;
/// What is damaged where a file cannot be opened or a page cannot be read.
const SECTION: &str = "catalog";

/// A catalog's file, opened by redb.
pub(super) enum Handle {
    Writable(Closing<Database>),
    ReadOnly(ReadOnlyDatabase, Beside),
}

/// Whom a reader may have beside it.
pub(super) enum Beside {
    Readers,
    /// One who writes, too.
    Writer(Head),
}

/// One process writes while others read. Needs locks of parts of files.
const SHARED: ConcurrencyMode = ConcurrencyMode::SingleWriter;
/// Nobody reads while one process writes.
const ALONE: ConcurrencyMode = ConcurrencyMode::ExclusiveWriter;

impl Handle {
    /// Opens the file at `path` for reading and writing, or makes it. Others can read beside it,
    /// unless it is to be `alone` or the file system cannot lock parts of a file.
    pub(super) fn open(storage: &dyn Storage, path: &Path, alone: bool) -> Result<Self> {
        let mode = if alone { ALONE } else { SHARED };
        let open = |mode| {
            let file = storage.open_pages(path)?;
            match file {
                PagesOf::System(file) => builder(mode).create_with_backend(FileBackend::new(file)?),
                PagesOf::Simulated(file) => builder(mode).create_with_backend(Backend(file)),
            }
        };
        let opened = match caught(path, || open(mode))? {
            Err(e) if locks_no_ranges(&e) => caught(path, || open(ALONE))?,
            opened => opened,
        };
        let database = opened.map_err(|e| open_fault(path, SECTION, e))?;
        Ok(Self::Writable(Closing::new(database)))
    }

    /// Opens the file at `path` beside others who read, and one who writes. Changes nothing. `None`
    /// if a writer did not close it: the next writer has to put it right.
    pub(super) fn open_read_only(storage: &dyn Storage, path: &Path) -> Result<Option<Self>> {
        let open = |mode| {
            let file = storage.open_pages_to_read(path)?;
            let builder = builder(mode);
            match file {
                PagesOf::System(file) => {
                    builder.open_read_only_with_backend(FileBackend::new(file)?)
                }
                PagesOf::Simulated(file) => builder.open_read_only_with_backend(Backend(file)),
            }
        };
        let opened = match caught(path, || open(SHARED))? {
            Err(e) if locks_no_ranges(&e) => {
                caught(path, || open(ALONE))?.map(|db| (db, Beside::Readers))
            }
            opened => opened.and_then(|db| {
                let head = Head::new(storage.open_pages_to_read(path)?)?;
                check_length(&head)?;
                Ok((db, Beside::Writer(head)))
            }),
        };
        match opened {
            Ok((database, beside)) => Ok(Some(Self::ReadOnly(database, beside))),
            Err(DatabaseError::RepairAborted) => Ok(None),
            Err(e) => Err(open_fault(path, SECTION, e)),
        }
    }

    /// What changes with each commit of a writer elsewhere; `None` if there can be none, or if it
    /// cannot be read.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::ReadOnly(_, Beside::Writer(head)) => head.stamp(),
            _ => None,
        }
    }

    /// Whether another process may write meanwhile.
    pub(super) fn is_beside_writer(&self) -> bool {
        matches!(self, Self::ReadOnly(_, Beside::Writer(_)))
    }

    /// Closes the file, and says what went wrong.
    pub(super) fn close(self, path: &Path) -> Result<()> {
        match self {
            Self::Writable(mut closing) => {
                let database = closing.take()?;
                calling(path, || database.close())
            }
            Self::ReadOnly(database, _) => calling(path, || database.close()),
        }
    }

    pub(super) fn is_writable(&self) -> bool {
        matches!(self, Self::Writable(_))
    }

    pub(super) fn begin_read(&self, path: &Path) -> Result<Closing<redb::ReadTransaction>> {
        let begun = match self {
            Self::Writable(database) => {
                let database = database.get()?;
                calling(path, || database.begin_read())
            }
            Self::ReadOnly(database, _) => calling(path, || database.begin_read()),
        };
        begun.map(Closing::new)
    }

    /// Begins to write; `None` if the file is open for reading only.
    pub(super) fn begin_write(
        &self,
        path: &Path,
    ) -> Option<Result<Closing<redb::WriteTransaction>>> {
        let Self::Writable(database) = self else {
            return None;
        };
        let begun = database
            .get()
            .and_then(|d| calling(path, || d.begin_write()));
        Some(begun.map(Closing::new))
    }

    /// Gives free pages back to the file system. `false` if a reader is still open.
    pub(super) fn compact(&mut self, path: &Path) -> Result<bool> {
        let Self::Writable(database) = self else {
            return Ok(false);
        };
        let database = database.get_mut()?;
        match caught(path, || database.compact())? {
            Ok(_) => Ok(true),
            Err(redb::CompactionError::TransactionInProgress) => Ok(false),
            Err(e) => Err(fault(e)),
        }
    }
}

fn builder(mode: ConcurrencyMode) -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder.set_concurrency_mode(mode);
    builder
}

/// Who opens a file beside a writer does not look at its length, which may grow; where there is none,
/// this does.
fn check_length(head: &Head) -> Result<(), DatabaseError> {
    match head.lengths()? {
        (found, Some(stated)) if found < stated => {
            let detail = format!("expected {stated} bytes, found {found}");
            Err(StorageError::Corrupted(detail).into())
        }
        (found, Some(stated)) if found > stated => Err(DatabaseError::RepairAborted),
        _ => Ok(()),
    }
}

/// Whether a system or a file system cannot lock parts of a file.
fn locks_no_ranges(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::Storage(StorageError::Unsupported) => true,
        DatabaseError::Storage(StorageError::Io(e)) => e.kind() == ErrorKind::Unsupported,
        _ => false,
    }
}

/// Why a file cannot be opened, as one of our errors; `section` is what was looked at.
pub(super) fn open_fault(path: &Path, section: &str, error: redb::DatabaseError) -> Error {
    match error {
        redb::DatabaseError::DatabaseAlreadyOpen => Error::Locked {
            path: path.to_path_buf(),
            holder: "another handle or process".to_owned(),
        },
        redb::DatabaseError::LockProtocolMismatch => Error::Locked {
            path: path.to_path_buf(),
            holder: "another version of this program".to_owned(),
        },
        redb::DatabaseError::Storage(redb::StorageError::Io(source)) => match source.kind() {
            // What it says of itself does not fit its length.
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                Error::corrupt(path, section, source.to_string())
            }
            _ => Error::io("open", path)(source),
        },
        redb::DatabaseError::Storage(failed @ redb::StorageError::PreviousIo) => fault(failed),
        other => Error::corrupt(path, section, other.to_string()),
    }
}
