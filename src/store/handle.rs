//! The open file under a catalog.

use std::io::ErrorKind;
use std::path::Path;

use redb::{Builder, Database, ReadOnlyDatabase, ReadableDatabase};

use super::backend::Backend;
use super::calls::{calling, caught};
use super::catalog::fault;
use super::closing::Closing;
use super::pages::Covered;
use crate::disk::{PagesOf, Storage};
use crate::error::{Error, Result};

/// redb's page cache. Queries read few pages; bulk writes go through in order.
const CACHE_BYTES: usize = 64 << 20;
/// What is damaged where a file cannot be opened or a page cannot be read.
const SECTION: &str = "catalog";

/// A catalog's file, opened by redb.
pub(super) enum Handle {
    Writable(Closing<Database>),
    ReadOnly(ReadOnlyDatabase),
    /// Read-only on a disk that is simulated, for which redb has no such way.
    Covered(Closing<Database>),
}

impl Handle {
    /// Opens the file at `path` for reading and writing, or makes it.
    pub(super) fn open(storage: &dyn Storage, path: &Path) -> Result<Self> {
        let file = storage.open_pages(path).map_err(Error::io("open", path))?;
        let opened = caught(path, || match file {
            PagesOf::System(file) => builder().create_file(file),
            PagesOf::Simulated(file) => builder().create_with_backend(Backend(file)),
        })?;
        let database = opened.map_err(|e| open_fault(path, SECTION, e))?;
        Ok(Self::Writable(Closing::new(database)))
    }

    /// Opens the file at `path` beside others who only read, too. Changes nothing.
    pub(super) fn open_read_only(storage: &dyn Storage, path: &Path) -> Result<Self> {
        let mut builder = builder();
        // Where redb would repair, it must not: others may read the same file.
        builder.set_repair_callback(|repair| repair.abort());
        let io = || Error::io("open", path);
        let opened = match storage.open_pages_to_read(path).map_err(io())? {
            PagesOf::System(_) => {
                caught(path, || builder.open_read_only(path).map(Self::ReadOnly))?
            }
            file @ PagesOf::Simulated(_) => {
                let covered = Covered::new(file).map_err(io())?;
                caught(path, || builder.create_with_backend(covered))?
                    .map(|database| Self::Covered(Closing::new(database)))
            }
        };
        opened.map_err(|e| match e {
            redb::DatabaseError::RepairAborted => Error::Catalog(format!(
                "{} was not closed cleanly; open the database once for writing (`rhyme stats` does), and then read-only; if that fails, restore it from a backup with `rhyme restore`",
                path.display()
            )),
            other => open_fault(path, SECTION, other),
        })
    }

    pub(super) fn is_writable(&self) -> bool {
        matches!(self, Self::Writable(_))
    }

    pub(super) fn begin_read(&self, path: &Path) -> Result<Closing<redb::ReadTransaction>> {
        let begun = match self {
            Self::Writable(database) | Self::Covered(database) => {
                let database = database.get()?;
                calling(path, || database.begin_read())
            }
            Self::ReadOnly(database) => calling(path, || database.begin_read()),
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

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Why a file cannot be opened, as one of our errors; `section` is what was looked at.
pub(super) fn open_fault(path: &Path, section: &str, error: redb::DatabaseError) -> Error {
    match error {
        redb::DatabaseError::DatabaseAlreadyOpen => Error::Locked {
            path: path.to_path_buf(),
            holder: "another handle or process".to_owned(),
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
