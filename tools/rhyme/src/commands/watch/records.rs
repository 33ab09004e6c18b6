//! Lines of the journal of `rhyme watch`: `watch.journal` in the folder of the database.
//!
//! ```text
//! rhyme watch journal 1
//! <xxh3 of what follows the blank, 16 digits> <a record as JSON>
//! ...
//! ```
//!
//! Lines are appended, each batch in one write, and synced before anything is done that they note. The whole file is
//! replaced now and then by a shorter one of the same meaning, under a temporary name that is renamed. What a crash tore
//! off at the end was never acted upon, and is cut off.

use std::path::Path;

use rhymedb::decide::DecidedClose;
use rhymedb::{Error, Timestamp};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// The first line without its version.
const TITLE: &str = "rhyme watch journal ";
const VERSION: u32 = 1;

/// What the journal notes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub(super) enum Record {
    /// A rule is watched on a series; closes up to `base` are done.
    Begin {
        /// The fingerprint of the rule.
        rule: String,
        /// The series, in full.
        series: String,
        base: Timestamp,
    },
    /// A close is decided, with the alert that is to be delivered, if it is worth one.
    Decided {
        rule: String,
        series: String,
        close: Timestamp,
        said: DecidedClose,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alert: Option<Queued>,
    },
    /// An alert that is still to be delivered, in a file that was made shorter.
    Queued(Queued),
    /// All alerts up to a number are delivered to an outlet.
    Sent { to: String, number: u64 },
    /// The number of the next alert, in a file that was made shorter.
    Next { number: u64 },
}

/// An alert that is to be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Queued {
    /// Alerts are counted, and delivered in this order.
    pub(super) number: u64,
    /// The alert as a line of JSON, without its end.
    pub(super) line: String,
    /// The outlets that are to get it.
    pub(super) to: Vec<String>,
}

/// The first line.
pub(super) fn title() -> String {
    format!("{TITLE}{VERSION}\n")
}

/// The line of a record.
pub(super) fn line(record: &Record) -> Result<String, Error> {
    let json = serde_json::to_string(record)
        .map_err(|e| Error::Invalid(format!("a record of the journal cannot be written: {e}")))?;
    Ok(format!("{:016x} {json}\n", xxh3_64(json.as_bytes())))
}

/// The records of a file, and how many of its bytes are whole.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<(Vec<Record>, usize), Error> {
    let damaged = |line: usize, detail: String| Error::Corrupt {
        file: path.to_path_buf(),
        section: format!("line {line}"),
        detail: format!(
            "{detail}; to begin anew, remove the file: then alerts that were not delivered are lost, and watching begins with the latest close"
        ),
    };
    let mut records = Vec::new();
    let (mut whole, mut torn) = (0, None);
    for (i, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let text = line
            .strip_suffix(b"\n")
            .and_then(|l| str::from_utf8(l).ok());
        if i == 0 {
            check_title(path, text, damaged)?;
            whole = line.len();
            continue;
        }
        match (text.and_then(record), torn) {
            (Some(record), None) => {
                records.push(record);
                whole += line.len();
            }
            // Behind what is torn off nothing was written.
            (Some(_), Some(line)) => {
                return Err(damaged(
                    line,
                    "expected a record that fits its hash".to_owned(),
                ));
            }
            (None, torn_before) => torn = torn_before.or(Some(i + 1)),
        }
    }
    Ok((records, whole))
}

fn check_title(
    path: &Path,
    text: Option<&str>,
    damaged: impl Fn(usize, String) -> Error,
) -> Result<(), Error> {
    let version = text.and_then(|t| t.strip_prefix(TITLE)?.parse::<u32>().ok());
    match version {
        Some(VERSION) => Ok(()),
        Some(found) => Err(Error::Version {
            file: path.to_path_buf(),
            found,
            supported: VERSION.to_string(),
        }),
        None => Err(damaged(
            1,
            format!("expected {TITLE}{VERSION}, found something else"),
        )),
    }
}

/// A record, if its hash fits.
fn record(line: &str) -> Option<Record> {
    let (hash, json) = line.split_once(' ')?;
    let fits = u64::from_str_radix(hash, 16).ok()? == xxh3_64(json.as_bytes());
    fits.then(|| serde_json::from_str(json).ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn file() -> Vec<u8> {
        let mut text = title();
        for number in 0..3 {
            text += &line(&Record::Next { number }).unwrap();
        }
        text.into_bytes()
    }

    #[test]
    fn every_torn_end_gives_the_records_before_it() {
        let bytes = file();
        let first = title().len();
        let each = (bytes.len() - first) / 3;
        for cut in first..=bytes.len() {
            let (records, whole) = read(Path::new("j"), &bytes[..cut]).unwrap();
            assert_eq!(records.len(), (cut - first) / each, "{cut}");
            assert_eq!(whole, first + records.len() * each);
        }
    }

    #[test]
    fn a_flipped_bit_before_the_end_is_told() {
        let bytes = file();
        let each = (bytes.len() - title().len()) / 3;
        for at in title().len()..bytes.len() - each {
            if bytes[at] == b'\n' {
                continue; // Two lines become one, which is torn.
            }
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            let error = read(Path::new("j"), &bad).unwrap_err().to_string();
            assert!(
                error.contains("j is damaged in its section line"),
                "{error}"
            );
        }
        let mut newer = bytes;
        newer[title().len() - 2] = b'9';
        let error = read(Path::new("j"), &newer).unwrap_err().to_string();
        assert!(error.contains("format version 9"), "{error}");
    }
}
