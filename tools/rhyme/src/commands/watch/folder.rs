//! Candles from a folder of files that grows.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Parser;
use rhymedb::files::find_inputs;
use rhymedb::{Control, Database, Error, SeriesKey, Target, Timestamp};

use super::barrier::{self, Progress};
use super::options::Args;
use super::source::{Round, Source};
use crate::commands::ingest_bars::{self, IngestBars};
use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::progress::say;
use crate::sink;

/// How often to look, if it was not said.
const EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Parser)]
#[command(name = "rhyme ingest bars", no_binary_name = true)]
struct Line {
    #[command(flatten)]
    bars: IngestBars,
}

/// A file as it was: its path, its length and when it changed.
type Seen = (PathBuf, u64, Option<SystemTime>);

pub(super) struct Folder<'a> {
    global: &'a Global,
    control: &'a Control,
    ingest: IngestBars,
    paths: Vec<String>,
    every: Duration,
    patience: Duration,
    series: Vec<SeriesKey>,
    /// The files as they were when all of them were read.
    seen: Option<Vec<Seen>>,
    /// What was said about them.
    said: BTreeSet<String>,
    /// Whether some of them could not be read.
    failing: bool,
}

impl<'a> Folder<'a> {
    pub(super) fn new(global: &'a Global, args: &Args, control: &'a Control) -> Outcome<Self> {
        let path = args.from.to_str().map(str::to_owned).ok_or_else(|| {
            Error::Invalid(format!(
                "expected a folder whose name is text, found {}",
                args.from.display()
            ))
        })?;
        if !args.from.exists() && !path.contains(['*', '?', '[']) {
            return Err(Error::NotFound {
                what: "folder",
                name: path,
                hint_text:
                    "--from takes bybit, or a folder of files like those of `rhyme ingest bars`"
                        .to_owned(),
            }
            .into());
        }
        let mut words = args.options.clone();
        words.extend(["--".to_owned(), path.clone()]);
        let line = Line::try_parse_from(words);
        let line = line.map_err(|e| Failure::Usage(e.render().to_string()))?;
        Ok(Self {
            global,
            control,
            ingest: line.bars,
            paths: vec![path],
            every: args.every.unwrap_or(EVERY),
            patience: args.patience,
            series: Vec::new(),
            seen: None,
            said: BTreeSet::new(),
            failing: false,
        })
    }

    fn look(&self) -> Result<Vec<Seen>, Error> {
        let files = find_inputs(&self.paths)?.into_iter();
        // Who reads a file says what is wrong with it.
        let seen = files.map(|path| {
            let about = path.metadata().ok();
            let length = about.as_ref().map_or(0, std::fs::Metadata::len);
            (path, length, about.and_then(|m| m.modified().ok()))
        });
        Ok(seen.collect())
    }

    /// Reads what changed, and says what is to be said about it once. Whether anything was read.
    fn read(&mut self, db: &Database, control: &Control) -> Outcome<bool> {
        let now = self.look()?;
        if self.seen.as_ref() == Some(&now) {
            return Ok(false);
        }
        let (done, _, said) =
            sink::heard(|| ingest_bars::bring_in(self.global, &self.ingest, db, control));
        let said: BTreeSet<String> = said.into_iter().collect();
        for text in said.difference(&self.said) {
            say(text);
        }
        self.said = said;
        match done {
            // It says which files it did not take.
            Ok(()) | Err(Failure::Partly(_)) => self.seen = Some(now),
            Err(other) => return Err(other),
        }
        self.failing = done.is_err();
        Ok(true)
    }
}

impl Source for Folder<'_> {
    fn begin(&mut self, db: &Database, control: &Control) -> Outcome {
        self.read(db, control).map(drop)
    }

    fn follow(&mut self, _: &Database, series: &[SeriesKey]) -> Outcome {
        self.series = series.to_vec();
        Ok(())
    }

    fn round(&mut self, db: &Database) -> Outcome<Round> {
        let changed = match self.read(db, self.control) {
            Ok(changed) => changed,
            Err(Failure::Library(
                error
                @ (Error::Invalid(_) | Error::Input { .. } | Error::Io { action: "read", .. }),
            )) => {
                let text = format!("{error}; it is tried again");
                if self.said.insert(text.clone()) {
                    say(&text);
                }
                self.failing = true;
                false
            }
            Err(other) => return Err(other),
        };
        let stored = db.now().series()?;
        let followed = stored.iter().filter(|info| self.series.contains(&info.key));
        let series: Vec<Progress> = followed.map(|info| Progress::of(info, None)).collect();
        let now = Timestamp::now();
        let horizon = barrier::horizon(&series, now, self.patience);
        Ok(Round {
            changed,
            horizon,
            late: horizon <= now,
            wait: self.every,
            failing: usize::from(self.failing),
        })
    }

    fn missing(&self, _: &Target) -> Option<String> {
        None
    }
}
