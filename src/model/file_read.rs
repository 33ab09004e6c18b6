use serde::{Deserialize, Serialize};

/// What tells whether a file is the one that was read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileStamp {
    /// Its length in bytes.
    pub size: u64,
    /// When it was written last, in nanoseconds since 1970.
    pub modified: i64,
    /// When it was looked at, in nanoseconds since 1970.
    pub stamped: i64,
    /// xxh3 of its content, if its length and time alone may not tell.
    pub hash: Option<u64>,
}

/// The bars of a series that a file held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSpan {
    /// The name of the series.
    pub series: String,
    /// The open time of the first bar, in milliseconds.
    pub first: i64,
    /// The open time of the last bar, in milliseconds.
    pub last: i64,
    /// How many bars the file gave.
    pub bars: u64,
}

/// A file whose bars are stored, so that it need not be read again before it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRead {
    /// Its path, with no link and no `..` in it.
    pub path: String,
    /// What it was like.
    pub stamp: FileStamp,
    /// A hash of how it was read: of the options and the version of the program.
    pub options: u64,
    /// What it held.
    pub series: Vec<ReadSpan>,
}
