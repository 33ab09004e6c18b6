//! Which closes are decided, and which alerts are delivered: what a watch knows after it was killed.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhymedb::decide::{Rule, WatchedRule};
use rhymedb::{Error, SeriesKey};

use super::records::{self, Queued, Record};
use crate::whole_file;

/// The name of the file in the folder of the database.
const NAME: &str = "watch.journal";
/// A file of more bytes is made shorter, once it is twice as long as what it says.
const LONG: u64 = 4 << 20;

/// The journal of a database. Who holds the database for writing holds it too.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// From how many bytes on the file is made shorter.
    long: u64,
    known: Known,
}

/// What the records say together.
#[derive(Default)]
struct Known {
    /// By fingerprint and series.
    watched: BTreeMap<(String, String), WatchedRule>,
    /// Alerts that are to be delivered, by outlet.
    queues: BTreeMap<String, VecDeque<(u64, Arc<str>)>>,
    /// The number of the next alert.
    next: u64,
}

fn fault(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io {
        action,
        path,
        source: Arc::new(source),
    }
}

impl Journal {
    /// Reads the journal of a database, and makes it if there is none.
    pub(super) fn open(database: &Path) -> Result<Self, Error> {
        let path = database.join(NAME);
        let mut known = Known::default();
        match std::fs::read(&path) {
            Ok(bytes) => {
                for record in records::read(&path, &bytes)?.0 {
                    known.apply(&record)?;
                }
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(fault("read", &path)(e)),
        }
        let (file, bytes) = replace(&path, &known)?;
        Ok(Self {
            path,
            file,
            bytes,
            long: LONG.max(2 * bytes),
            known,
        })
    }

    /// What is known of a rule on a series.
    pub(super) fn watched(&self, rule: &str, series: &SeriesKey) -> Option<&WatchedRule> {
        self.known
            .watched
            .get(&(rule.to_owned(), series.to_string()))
    }

    /// The number of the next alert.
    pub(super) fn next(&self) -> u64 {
        self.known.next
    }

    /// Notes records, all of them or, after a crash, the first of them.
    pub(super) fn note(&mut self, records: &[Record]) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for record in records {
            text += &records::line(record)?;
        }
        let written = self.file.write_all(text.as_bytes());
        written.map_err(fault("write", &self.path))?;
        self.file.sync_data().map_err(fault("sync", &self.path))?;
        self.bytes += text.len() as u64;
        for record in records {
            self.known.apply(record)?;
        }
        if self.bytes > self.long {
            (self.file, self.bytes) = replace(&self.path, &self.known)?;
            self.long = LONG.max(2 * self.bytes);
        }
        Ok(())
    }

    /// What an outlet is still to get, in order.
    pub(super) fn queue(&self, outlet: &str) -> Vec<(u64, Arc<str>)> {
        let queue = self.known.queues.get(outlet);
        queue.into_iter().flatten().cloned().collect()
    }

    /// Outlets that are still to get alerts, and how many.
    pub(super) fn queues(&self) -> impl Iterator<Item = (&str, usize)> {
        let queues = self.known.queues.iter();
        queues.map(|(name, queue)| (name.as_str(), queue.len()))
    }

    /// Notes that an outlet got all alerts up to a number.
    pub(super) fn sent(&mut self, outlet: &str, number: u64) -> Result<(), Error> {
        self.note(&[Record::Sent {
            to: outlet.to_owned(),
            number,
        }])
    }

    /// A record that a rule is watched from here on.
    pub(super) fn begin(rule: &Rule, series: &SeriesKey, base: rhymedb::Timestamp) -> Record {
        Record::Begin {
            rule: rule.fingerprint(),
            series: series.to_string(),
            base,
        }
    }
}

/// Writes what is known into a new file in the place of the old one.
fn replace(path: &Path, known: &Known) -> Result<(File, u64), Error> {
    let mut text = records::title();
    for record in known.records() {
        text += &records::line(&record)?;
    }
    whole_file::write(path, text.as_bytes()).map_err(fault("write", path))?;
    let file = OpenOptions::new().append(true).open(path);
    Ok((file.map_err(fault("open", path))?, text.len() as u64))
}

impl Known {
    fn apply(&mut self, record: &Record) -> Result<(), Error> {
        match record {
            Record::Begin { rule, series, base } => {
                let watched = WatchedRule::stored(rule.clone(), series.parse()?, *base);
                self.watched.insert((rule.clone(), series.clone()), watched);
            }
            Record::Decided {
                rule,
                series,
                close,
                said,
                alert,
            } => {
                let of = (rule.clone(), series.clone());
                if let Some(watched) = self.watched.get_mut(&of) {
                    watched.note(*close, *said);
                }
                alert.iter().for_each(|alert| self.queue(alert));
            }
            Record::Queued(alert) => self.queue(alert),
            Record::Sent { to, number } => {
                let Some(queue) = self.queues.get_mut(to) else {
                    return Ok(());
                };
                queue.retain(|(n, _)| n > number);
                if queue.is_empty() {
                    self.queues.remove(to);
                }
            }
            Record::Next { number } => self.next = self.next.max(*number),
        }
        Ok(())
    }

    fn queue(&mut self, alert: &Queued) {
        let line: Arc<str> = alert.line.as_str().into();
        for outlet in &alert.to {
            let queue = self.queues.entry(outlet.clone()).or_default();
            queue.push_back((alert.number, Arc::clone(&line)));
        }
        self.next = self.next.max(alert.number + 1);
    }

    /// Records that say the same.
    fn records(&self) -> Vec<Record> {
        let mut all = vec![Record::Next { number: self.next }];
        for ((rule, series), watched) in &self.watched {
            all.push(Record::Begin {
                rule: rule.clone(),
                series: series.clone(),
                base: watched.base(),
            });
            all.extend(watched.decided().map(|(close, said)| Record::Decided {
                rule: rule.clone(),
                series: series.clone(),
                close,
                said: *said,
                alert: None,
            }));
        }
        let mut waiting: BTreeMap<u64, Queued> = BTreeMap::new();
        for (outlet, queue) in &self.queues {
            for (number, line) in queue {
                let alert = waiting.entry(*number).or_insert_with(|| Queued {
                    number: *number,
                    line: line.to_string(),
                    to: Vec::new(),
                });
                alert.to.push(outlet.clone());
            }
        }
        all.extend(waiting.into_values().map(Record::Queued));
        all
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rhymedb::Timestamp;
    use rhymedb::decide::{Call, DecidedClose, Verdict};

    use super::*;

    fn decided(hour: i64, alert: Option<Queued>) -> Record {
        Record::Decided {
            rule: "aa".to_owned(),
            series: "crypto/x/AAAUSDT:1h".to_owned(),
            close: Timestamp::from_millis(hour * 3_600_000),
            said: DecidedClose {
                verdict: Verdict {
                    call: Call::Wait,
                    side: None,
                    size: 0.1,
                },
                bars: u64::MAX - 1,
                corrections: 0,
            },
            alert,
        }
    }

    fn alert(number: u64) -> Option<Queued> {
        let to = vec!["stdout".to_owned(), "exec x".to_owned()];
        let line = format!("{{\"id\":{number}}}");
        Some(Queued { number, line, to })
    }

    #[test]
    fn what_was_noted_is_known_again_and_a_torn_line_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let series: SeriesKey = "crypto/x/AAAUSDT:1h".parse().unwrap();
        let begin = Record::Begin {
            rule: "aa".to_owned(),
            series: series.to_string(),
            base: Timestamp::from_millis(0),
        };
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.note(&[begin]).unwrap();
        for hour in 1..=80 {
            let (hour, number) = (hour, hour as u64 - 1);
            journal.note(&[decided(hour, alert(number))]).unwrap();
        }
        journal.sent("stdout", 77).unwrap();
        journal.sent("exec x", 78).unwrap();
        let before = journal.watched("aa", &series).cloned();
        assert_eq!(before.as_ref().unwrap().decided().count(), 64);
        drop(journal);
        // Half of a record more.
        let path = dir.path().join(NAME);
        let half = &records::line(&decided(81, alert(80))).unwrap()[..40];
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(half.as_bytes()).unwrap();
        for _ in 0..2 {
            let journal = Journal::open(dir.path()).unwrap();
            assert_eq!(journal.watched("aa", &series).cloned(), before);
            assert_eq!(journal.next(), 80);
            let numbers = |outlet| journal.queue(outlet).iter().map(|(n, _)| *n).collect();
            let (out, exec): (Vec<u64>, Vec<u64>) = (numbers("stdout"), numbers("exec x"));
            assert_eq!((out, exec), (vec![78, 79], vec![79]));
        }
        assert!(
            !std::fs::read_to_string(&path)
                .unwrap()
                .contains(&half[..30])
        );
    }
}
