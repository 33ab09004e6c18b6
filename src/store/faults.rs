//! What the errors of redb become.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tables::FILE_NAME;
use crate::error::Error;

/// After an error of the disk, redb does nothing more with its file: it cannot know what was kept.
const REOPEN: &str =
    "what was synced is safe: see to the disk, close the database and open it again";

/// Any error of redb, as one of ours.
pub(super) fn fault(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Io(source) => Error::Io {
            action: "use",
            path: PathBuf::from(FILE_NAME),
            source: Arc::new(io::Error::new(source.kind(), format!("{source}; {REOPEN}"))),
        },
        redb::Error::Corrupted(detail) => Error::corrupt(Path::new(FILE_NAME), "catalog", detail),
        redb::Error::PreviousIo => Error::Catalog(format!(
            "reading or writing {} failed before; {REOPEN}",
            FILE_NAME
        )),
        other => Error::Catalog(other.to_string()),
    }
}

/// Why the table of formats cannot be opened: a file of redb's that has none is not ours.
pub(super) fn no_formats(path: &Path, error: redb::TableError) -> Error {
    match error {
        redb::TableError::Storage(failed) => fault(failed),
        other => Error::NotADatabase {
            path: path.to_path_buf(),
            reason: format!("its catalog has no table of formats ({other})"),
        },
    }
}
