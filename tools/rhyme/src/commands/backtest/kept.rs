//! What an interrupted replay has asked, in a file beside the catalog, until the same command goes on.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use rhymedb::ask::ReplayRequest;
use rhymedb::decide::{AskedCloses, Rule};
use rhymedb::{Result, Timestamp, View};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::whole_file;

/// The version of the file. Another one is not read.
const FORMAT: u32 = 1;
const PREFIX: &str = "replay-";
const SUFFIX: &str = ".kept";
/// A process that is killed loses so much work at most.
const EVERY: Duration = Duration::from_secs(10);

/// What the signals of a replay follow from, but for the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Question {
    format: u32,
    program: String,
    rule: Rule,
    series: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    as_of: Option<Timestamp>,
    allow_trained: bool,
}

/// The state of a database: its last commit, and the length and the time of the catalog, because not every commit has a
/// number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    commit: String,
    bytes: u64,
    changed: u64,
}

/// The catalog's length and time. To be read before the view is made: a commit between them makes what is kept useless,
/// and not wrong.
pub(super) fn catalog_stamp(database: &Path) -> io::Result<(u64, u64)> {
    let found = fs::metadata(database.join("catalog.redb"))?;
    let since = found.modified()?.duration_since(UNIX_EPOCH);
    let nanos = since.unwrap_or_default().as_nanos();
    Ok((found.len(), u64::try_from(nanos).unwrap_or(u64::MAX)))
}

impl State {
    pub(super) fn new(view: &View, (bytes, changed): (u64, u64)) -> Result<Self> {
        Ok(Self {
            commit: view.position()?.to_string(),
            bytes,
            changed,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Content {
    question: Question,
    state: State,
    asked: AskedCloses,
}

/// The file of one replay.
pub(super) struct Kept {
    file: PathBuf,
    question: Question,
    state: State,
    last: Mutex<Saved>,
}

/// The last state, and when it was written.
struct Saved {
    when: Instant,
    asked: AskedCloses,
}

impl Kept {
    pub(super) fn new(
        database: &Path,
        state: &State,
        (series, request): (&str, &ReplayRequest),
    ) -> Self {
        let question = Question {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            rule: request.rule.clone(),
            series: series.to_owned(),
            from: request.from,
            until: request.until,
            as_of: request.as_of,
            allow_trained: request.allow_trained,
        };
        let name = serde_json::to_string(&question).unwrap_or_default();
        Self {
            file: database.join(format!("{PREFIX}{:016x}{SUFFIX}", sum_of(&name))),
            question,
            state: state.clone(),
            last: Mutex::new(Saved {
                when: Instant::now(),
                asked: AskedCloses::default(),
            }),
        }
    }

    /// What was asked before, if the file is whole, and of this replay on this state of the database.
    pub(super) fn load(&self) -> Option<AskedCloses> {
        let content = read(&self.file)?;
        let same = content.question == self.question && content.state == self.state;
        same.then_some(content.asked)
    }

    /// Notes from where the replay goes on.
    pub(super) fn begin(&self, asked: &AskedCloses) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.asked = asked.clone();
    }

    /// Notes how far the replay is, and writes it now and then, if it may.
    pub(super) fn note(&self, asked: &AskedCloses, writes: bool) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.asked = asked.clone();
        if writes && last.when.elapsed() >= EVERY {
            last.when = Instant::now();
            // Who is told that nothing can be kept is who interrupts it.
            let _ = self.write(&last.asked);
        }
    }

    /// Writes what was noted last, and says how many closes that are.
    pub(super) fn save(&self) -> io::Result<usize> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.asked.closes > 0 {
            self.write(&last.asked)?;
        }
        Ok(last.asked.closes)
    }

    /// Under another name first: a file of this name is whole.
    fn write(&self, asked: &AskedCloses) -> io::Result<()> {
        let content = Content {
            question: self.question.clone(),
            state: self.state.clone(),
            asked: asked.clone(),
        };
        let text = serde_json::to_string(&content)?;
        let sum = sum_of(&text);
        whole_file::write(&self.file, format!("{sum:016x}\n{text}").as_bytes())
    }

    /// Removes the file, if there is one.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.file) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

fn sum_of(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// The content of a file; `None` if it is not whole, or of another version.
fn read(file: &Path) -> Option<Content> {
    let all = fs::read_to_string(file).ok()?;
    let (sum, text) = all.split_once('\n')?;
    let whole = u64::from_str_radix(sum, 16) == Ok(sum_of(text));
    whole.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Removes what was kept of other states of the database: nobody can go on from it.
pub(super) fn sweep(database: &Path, state: &State) {
    let Ok(entries) = fs::read_dir(database) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let ours = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        if ours && read(&path).is_none_or(|content| content.state != *state) {
            // What cannot be removed is not read either.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn asked(closes: usize) -> AskedCloses {
        serde_json::from_value(serde_json::json!({
            "closes": closes,
            "signals": [{"at": "2021-01-05T03:00:00Z", "position": -0.1}],
        }))
        .unwrap()
    }

    fn kept(folder: &Path, bytes: u64, rule: &str) -> Kept {
        let rule = serde_json::from_str(rule).unwrap();
        let request = ReplayRequest::new("AAA:1h".parse().unwrap(), rule);
        let state = State {
            commit: "1-00c5a1f3e29b7d46".to_owned(),
            bytes,
            changed: 7,
        };
        Kept::new(folder, &state, ("crypto/x/AAA:1h", &request))
    }

    const RULE: &str = r#"{"name": "a", "when": {"kind": "anomaly"}}"#;

    #[test]
    fn what_is_kept_comes_back_for_the_same_question_and_state_alone() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let own = kept(here, 10, RULE);
        assert!(own.load().is_none());
        own.note(&asked(64), true);
        assert!(own.load().is_none(), "it is written every ten seconds");
        assert_eq!(own.save().unwrap(), 64);
        assert_eq!(kept(here, 10, RULE).load(), Some(asked(64)));
        assert!(kept(here, 11, RULE).load().is_none(), "another state");
        let other = r#"{"name": "a", "when": {"kind": "anomaly"}, "hold": 3}"#;
        assert!(kept(here, 10, other).load().is_none(), "another rule");
        sweep(here, &own.state);
        assert!(own.load().is_some());
        sweep(here, &kept(here, 11, RULE).state);
        assert!(own.load().is_none(), "nobody can go on from it");
        assert_eq!(fs::read_dir(here).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_not_whole_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let own = kept(folder.path(), 10, RULE);
        own.note(&asked(64), true);
        own.save().unwrap();
        let whole = fs::read(&own.file).unwrap();
        for cut in [0, 5, 17, whole.len() / 2, whole.len() - 1] {
            fs::write(&own.file, &whole[..cut]).unwrap();
            assert!(own.load().is_none(), "{cut}");
        }
        for at in [3, 40, whole.len() - 10] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&own.file, &flipped).unwrap();
            assert!(own.load().is_none(), "{at}");
        }
        fs::write(&own.file, &whole).unwrap();
        assert_eq!(own.load(), Some(asked(64)));
        own.remove().unwrap();
        own.remove().unwrap();
        assert!(own.load().is_none());
    }
}
