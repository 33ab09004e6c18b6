//! The one error type. A variant exists for each thing that a caller can do about it, and each
//! message says what was expected, what came and what to do.

#[cfg(any(feature = "onnx", feature = "parquet"))]
mod panics;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[cfg(any(feature = "onnx", feature = "parquet"))]
pub(crate) use panics::unpanicked;

/// The result of every fallible call in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, grouped by what the caller can do about it. A clone is the same error: a failure
/// that is kept is told to everybody alike.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {source}{}", path.display(), advice(action, source))]
    Io {
        /// What was tried, as a verb: `open`, `write`, `sync`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// Another process or handle holds the database.
    #[error("the database {} is in use by {holder}; wait until it is done, or close it there", path.display())]
    Locked {
        /// The database folder.
        path: PathBuf,
        /// Who holds it, as far as it is known.
        holder: String,
    },
    /// A database that was to be closed is still needed. It closes with the last who needs it.
    #[error("the database {} stays open: {views} views and {handles} other handles of it live; drop them to close it", path.display())]
    StillOpen {
        /// The database folder.
        path: PathBuf,
        /// Views that live.
        views: usize,
        /// Clones of the handle that live.
        handles: usize,
    },
    /// The database is open for reading only.
    #[error("the database {} is open read-only, so nothing can be changed; open it for writing", path.display())]
    ReadOnly {
        /// The database folder.
        path: PathBuf,
    },
    /// The folder holds no database, or something else.
    #[error("{} is not a RhymeDB database: {reason}", path.display())]
    NotADatabase {
        /// The folder.
        path: PathBuf,
        /// What was expected and what came.
        reason: String,
    },
    /// A stored file does not hold what was written to it.
    #[error("{} is damaged in its section {section}: {detail}{}", file.display(), remedy(file, section))]
    Corrupt {
        /// The damaged file.
        file: PathBuf,
        /// The part of the file.
        section: String,
        /// What was expected and what came.
        detail: String,
    },
    /// A stored file was written by a version of this crate that this one cannot read.
    #[error("{} has format version {found}, and this program reads {supported}; use a newer program", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The versions that can be read.
        supported: String,
    },
    /// The catalog's storage engine failed.
    #[error("the catalog failed: {0}")]
    Catalog(String),
    /// An encoder of the caller's own failed or panicked, or gave what cannot be stored.
    #[error(
        "the encoder {encoder} failed{}: {source}; correct the encoder, or use another one",
        encoding(at)
    )]
    Encoder {
        /// The id of the encoder.
        encoder: String,
        /// What it encoded, as far as it is known: the space, the series and the window.
        at: Vec<String>,
        /// What it said.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// This crate contradicts itself. What is stored is not damaged by it.
    #[error(
        "internal error: {0}; this is a fault of the program and not of your data: please report it, with what you did and what `rhyme doctor` prints"
    )]
    Internal(String),
    /// An argument is out of its range or does not fit the others.
    #[error("{0}")]
    Invalid(String),
    /// A row or a file of input does not have the form that was expected.
    #[error("{}{}: {message}", file.display(), line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Input {
        /// The input file.
        file: PathBuf,
        /// The line, counted from 1, where it is known.
        line: Option<u64>,
        /// What was expected, what came and what to do.
        message: String,
    },
    /// Nothing of that name is stored.
    #[error("no {what} {name}{}", hint(hint_text))]
    NotFound {
        /// The kind of thing: `series`, `space`, `window`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What to do, or an empty string.
        hint_text: String,
    },
    /// A name fits several things.
    #[error("{what} {name} is ambiguous; use one of: {}", choices.join(", "))]
    Ambiguous {
        /// The kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The full names that fit.
        choices: Vec<String>,
    },
    /// A remote server answered with an error, or not at all.
    #[error("{0}")]
    Remote(String),
    /// What changed since a commit is not kept any more, or is of another database.
    #[error(
        "the changes since commit {commit} are not kept, {}; read everything again in one view, and go on from the position of that view",
        kept(*commit, *oldest, *newest, *lost)
    )]
    ChangesNotKept {
        /// The commit that was asked for.
        commit: u64,
        /// The oldest commit from which the changes are kept.
        oldest: u64,
        /// The last commit.
        newest: u64,
        /// The commit was lost, and another one has its number: a backup was restored, or the power failed
        /// before a sync.
        lost: bool,
    },
    /// The caller asked to stop. What was committed before stays.
    #[error("interrupted; everything that was committed is kept, and the same command continues")]
    Interrupted,
    /// The work took longer than the caller allowed. What was committed before stays.
    #[error(
        "not finished within {limit:?}, the time limit; give it more time, or ask for less: a narrower filter, a shorter period, a smaller sample"
    )]
    TimedOut {
        /// The time that it was given.
        limit: Duration,
    },
}

/// What helps against damage: segments and vectors of headlines are made of what the catalog
/// holds, weights come from a file, and the rest of the catalog is made of nothing.
fn remedy(file: &Path, section: &str) -> &'static str {
    match (file.extension().and_then(|e| e.to_str()), section) {
        (Some("seg"), _) => "; `rhyme repair` rebuilds what can be rebuilt from the stored bars",
        (Some("redb"), "weights") => {
            "; make the space again from the same file of weights, or restore the database from a backup with `rhyme restore`"
        }
        (Some("redb"), "headline_rows" | "headline_marks") => {
            "; drop the space and make it again, or restore the database from a backup with `rhyme restore`"
        }
        // Its message says how the series is made anew.
        (Some("redb"), "made_series") => "",
        (Some("redb"), _) => "; restore the database from a backup with `rhyme restore`",
        _ => "",
    }
}

/// Since which commits changes are kept, as a part of a sentence.
fn kept(commit: u64, oldest: u64, newest: u64, lost: bool) -> String {
    match newest {
        _ if lost => format!(
            "because that commit was lost, and another one is number {commit} now, as after restoring a backup"
        ),
        0 => "and no commit has a number yet".to_owned(),
        _ if oldest == newest => format!("only those since commit {newest}, the last one"),
        _ => format!("only those since commits {oldest} to {newest}"),
    }
}

/// What an encoder was at, as a part of a sentence.
fn encoding(at: &[String]) -> String {
    if at.is_empty() {
        String::new()
    } else {
        format!(" on {}", at.join(", "))
    }
}

/// What to do where the system's own words do not say it.
fn advice(action: &str, source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::{
        AlreadyExists, FileTooLarge, Interrupted, IsADirectory, NotADirectory, NotFound,
        NotSeekable, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match source.kind() {
        NotSeekable => {
            "; a pipe gives its bytes once, and this format is read from its end: save it to a file and name that"
        }
        StorageFull | QuotaExceeded => "; make room there and repeat it",
        PermissionDenied | ReadOnlyFilesystem if action == Error::OPEN_TO_WRITE => {
            "; commands that only read work without it"
        }
        NotFound | PermissionDenied | AlreadyExists | NotADirectory | IsADirectory
        | ReadOnlyFilesystem | FileTooLarge | Interrupted => "",
        _ if source.raw_os_error().is_some() => "; see to the disk and repeat it",
        _ => "",
    }
}

/// The beginning of a name from outside, fit for a message: what is no printable character is
/// written as an escape, and what is wider than 80 characters is cut.
pub(crate) fn shortened(text: &str) -> String {
    const WIDTH: usize = 80;
    let mut out = String::new();
    let mut width = 0;
    for c in text.chars() {
        let escaped = c.escape_debug();
        width += escaped.len();
        if width > WIDTH {
            out.push_str("...");
            break;
        }
        match c {
            '\'' => out.push(c),
            _ => out.extend(escaped),
        }
    }
    out
}

/// As [`shortened`], in quotes.
pub(crate) fn excerpt(text: &str) -> String {
    format!("\"{}\"", shortened(text))
}

fn hint(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("; {text}")
    }
}

impl Error {
    /// The action of an [`Error::Io`] that a reader of the same would not meet.
    pub(crate) const OPEN_TO_WRITE: &'static str = "open for writing";

    /// An [`Error::Io`] as a closure for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io {
            action,
            path,
            source: Arc::new(source),
        }
    }

    /// An [`Error::Invalid`] from any text.
    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::Invalid(message.into())
    }

    /// An [`Error::Internal`] from any text.
    pub(crate) fn internal(message: impl Into<String>) -> Error {
        Error::Internal(message.into())
    }

    /// An [`Error::Encoder`] that says what was encoded; others stay as they are.
    #[must_use]
    pub(crate) fn at(mut self, what: impl FnOnce() -> String) -> Error {
        if let Self::Encoder { at, .. } = &mut self {
            at.push(what());
        }
        self
    }

    /// The same, with more to do about it where its kind has room for that.
    #[must_use]
    pub(crate) fn with_advice(mut self, advice: &str) -> Error {
        match &mut self {
            Self::Io { source, .. } => {
                *source = Arc::new(std::io::Error::new(
                    source.kind(),
                    format!("{source}; {advice}"),
                ));
            }
            Self::Corrupt { detail: text, .. }
            | Self::Catalog(text)
            | Self::Internal(text)
            | Self::Invalid(text) => *text = format!("{text}; {advice}"),
            _ => {}
        }
        self
    }

    /// An [`Error::Corrupt`] of one section of a file.
    pub(crate) fn corrupt(file: &Path, section: &str, detail: impl Into<String>) -> Error {
        Error::Corrupt {
            file: file.to_path_buf(),
            section: section.to_owned(),
            detail: detail.into(),
        }
    }

    /// An [`Error::Input`] of one line of a file.
    pub(crate) fn input(file: &Path, line: Option<u64>, message: impl Into<String>) -> Error {
        Error::Input {
            file: file.to_path_buf(),
            line,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{advice, excerpt, shortened};

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_taken_for_a_broken_disk() {
        const ESPIPE: i32 = 29;
        const EIO: i32 = 5;
        let said = |code| advice("read", &std::io::Error::from_raw_os_error(code));
        assert!(said(ESPIPE).ends_with("save it to a file and name that"));
        assert!(said(EIO).contains("see to the disk"));
    }

    #[test]
    fn names_from_outside_are_short_and_printable() {
        assert_eq!(excerpt("BTC \"x\""), r#""BTC \"x\"""#);
        assert_eq!(shortened("a/b's.csv"), "a/b's.csv");
        assert_eq!(shortened("a\n\u{1b}[2J\u{202e}é"), r"a\n\u{1b}[2J\u{202e}é");
        assert_eq!(shortened(&"x".repeat(81)), format!("{}...", "x".repeat(80)));
        assert_eq!(shortened(&"é".repeat(80)), "é".repeat(80));
    }
}
