use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhymedb::{Database, OpenOptions};

use crate::answer::Answer;

/// What the shell holds for its commands: the database while one of them runs, and the last answer.
/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Session(Arc<Mutex<Held>>);

struct Held {
    path: PathBuf,
    read_only: bool,
    /// Open from when a command wants it until the command is done, so that others can write
    /// between commands; and whether for writing.
    db: Option<(Database, bool)>,
    last: Option<Answer>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(path: PathBuf, read_only: bool) -> Self {
        Self(Arc::new(Mutex::new(Held {
            path,
            read_only,
            db: None,
            last: None,
        })))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the shell's database.
    pub(crate) fn is_of(&self, path: &Path) -> bool {
        let held = self.held();
        let real = |path: &Path| path.canonicalize().ok();
        held.path == path || real(path).is_some_and(|p| Some(p) == real(&held.path))
    }

    /// The database, for reading.
    pub(crate) fn open(&self) -> rhymedb::Result<Database> {
        let mut held = self.held();
        if let Some((db, _)) = &held.db {
            return Ok(db.clone());
        }
        let db = reading().open(&held.path)?;
        held.db = Some((db.clone(), false));
        Ok(db)
    }

    /// The database, for writing if the shell may.
    pub(crate) fn open_to_write(&self, create: bool, read_only: bool) -> rhymedb::Result<Database> {
        let mut held = self.held();
        if let Some((db, true)) = &held.db {
            return Ok(db.clone());
        }
        // Not beside the writer: compaction wants the file for itself.
        held.db = None;
        let options = options().create(create);
        let db = options
            .read_only(read_only || held.read_only)
            .open(&held.path)?;
        held.db = Some((db.clone(), true));
        Ok(db)
    }

    /// Closes the database. The next command opens it again.
    pub(crate) fn close(&self) {
        self.held().db = None;
    }

    pub(crate) fn last(&self) -> Option<Answer> {
        self.held().last.clone()
    }

    pub(crate) fn remember(&self, answer: Answer) {
        self.held().last = Some(answer);
    }
}

/// How commands open a database that they ask: beside others, and nothing is made.
pub(crate) fn reading() -> OpenOptions {
    options().create(false).read_only(true)
}

/// How all commands open a database: questions in words may go to the service that the environment names.
#[cfg(feature = "http")]
pub(crate) fn options() -> OpenOptions {
    OpenOptions::new().text_service(Arc::new(rhymedb::embeddings::EmbeddingsOfEnv::new()))
}

/// How all commands open a database.
#[cfg(not(feature = "http"))]
pub(crate) fn options() -> OpenOptions {
    OpenOptions::new()
}
