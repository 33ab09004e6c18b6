use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhymedb::{Database, Error, OpenOptions};

use crate::answer::Answer;
use crate::failure::Outcome;

/// What the shell holds for its commands: one open database, and the last answer. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Session(Arc<Mutex<Held>>);

struct Held {
    path: PathBuf,
    read_only: bool,
    /// Open from the first command that wants it.
    db: Option<Database>,
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

    /// The database, opened if it is not open yet.
    pub(crate) fn open(&self, create: bool, read_only: bool) -> Outcome<Database> {
        let mut held = self.held();
        if read_only && !held.read_only {
            return Err(Error::Invalid(
                "the shell has its database open for writing; leave --read-only out, or start the shell with it"
                    .to_owned(),
            )
            .into());
        }
        if let Some(db) = &held.db {
            return Ok(db.clone());
        }
        let options = OpenOptions::new().create(create).read_only(held.read_only);
        let db = options.open(&held.path)?;
        held.db = Some(db.clone());
        Ok(db)
    }

    /// The database, if it is open.
    pub(crate) fn opened(&self) -> Option<Database> {
        self.held().db.clone()
    }

    /// Closes the database, for a command that needs its folder for itself. The next command opens
    /// it again.
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
