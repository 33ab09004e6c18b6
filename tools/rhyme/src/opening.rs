//! Opens the database for a command, and says what every answer says about it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rhymedb::{Database, Error, Timestamp, View};

use crate::failure::Outcome;
use crate::global::Global;
use crate::progress;
use crate::session::{options, reading};

const DEFAULT_DB: &str = "market.rhyme";

pub(crate) fn db_path(global: &Global) -> PathBuf {
    global.db.clone().unwrap_or_else(|| DEFAULT_DB.into())
}

/// Opens the database to write into it; makes it if there is none.
pub(crate) fn open_or_create(global: &Global) -> Outcome<Database> {
    // Files are read on many threads. They would start by themselves, or panic.
    if let Err(refused) = rayon::ThreadPoolBuilder::new().build_global()
        && let Some(why) = std::error::Error::source(&refused)
    {
        return Err(Error::Invalid(format!(
            "cannot start threads: {why}; raise the limit of memory or of threads"
        ))
        .into());
    }
    open_to_write_at(global, &db_path(global), true)
}

/// Opens a database that must be there, for a command that changes nothing: beside others who read
/// and one who writes.
pub(crate) fn open(global: &Global) -> Outcome<Database> {
    Ok(open_at(global, &db_path(global))?)
}

/// Opens a database that must be there, for a command that changes something.
pub(crate) fn open_to_write(global: &Global) -> Outcome<Database> {
    open_to_write_at(global, &db_path(global), false)
}

/// Opens the database at `path` for reading: the one that the shell holds, if that is it.
pub(crate) fn open_at(global: &Global, path: &Path) -> rhymedb::Result<Database> {
    match &global.session {
        Some(session) if session.is_of(path) => session.open(),
        _ => reading().open(path),
    }
}

pub(crate) fn open_to_write_at(global: &Global, path: &Path, create: bool) -> Outcome<Database> {
    match &global.session {
        Some(session) if session.is_of(path) => {
            Ok(session.open_to_write(create, global.read_only)?)
        }
        _ => {
            let options = options().create(create);
            Ok(options.read_only(global.read_only).open(path)?)
        }
    }
}

/// The database for a request, which has its time and tells of names in its reply. It ends at `--timeout`
/// and, in the shell, at Ctrl-C.
pub(crate) fn view_of(global: &Global, db: &Database) -> View {
    db.now().controlled(&progress::question(global))
}

/// A view as of a time, if one is said.
pub(crate) fn known(view: &View, as_of: Option<Timestamp>) -> View {
    as_of.map_or_else(|| view.clone(), |time| view.at(time))
}

/// The database as of a time, or as it is. Its questions end at `--timeout` and, in the shell, at
/// Ctrl-C.
pub(crate) fn view_at(global: &Global, db: &Database, as_of: Option<Timestamp>) -> View {
    let view = known(&view_of(global, db), as_of);
    let (quiet, told) = (global.clone(), Mutex::new(HashSet::new()));
    view.on_spelling(move |spelling| {
        // A question may look a name up more than once.
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(spelling.clone()) {
            let text = format!("note: {} is taken for {}", spelling.typed, spelling.stored);
            progress::notice(&quiet, &text);
        }
    })
}

/// Refuses a period that ends before it begins.
pub(crate) fn check_period(from: Option<Timestamp>, to: Option<Timestamp>) -> Outcome {
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(Error::Invalid(format!(
            "expected a start before the end, found {from} to {to}"
        ))
        .into()),
        _ => Ok(()),
    }
}

/// What a table says that has no rows: less if not everything could be searched.
pub(crate) fn nothing_found(view: &View) -> Outcome<&'static str> {
    Ok(match is_pending(view)? {
        true => "nothing found among the windows that are searchable yet; run `rhyme compact`",
        false => "nothing found",
    })
}

pub(crate) fn is_pending(view: &View) -> Outcome<bool> {
    Ok(view.spaces()?.iter().any(|s| s.pending_ranges > 0))
}
