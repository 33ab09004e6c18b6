//! A small database with some of everything, whose files are damaged one after another.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rhymedb::admin::GraphBuilder;
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{ChartConfig, Pool, TextConfig, Weights, WeightsConfig};
use rhymedb::{
    Control, Database, Error, Filter, OpenOptions, Result, SeriesBars, Target, Timestamp,
};

use crate::oracle::{DAY, HOUR, START, crypto, equity};

/// What questions were answered.
#[derive(Debug)]
pub enum Seen {
    Answers(String),
    Error,
}

/// What came of opening a damaged database, verifying it and asking it everything.
#[derive(Debug)]
pub enum Outcome {
    Refused(Error),
    Opened { verified: Result<()>, seen: Seen },
}

/// A database to be damaged.
pub struct Patient {
    dir: tempfile::TempDir,
    catalog: Vec<u8>,
    /// All answers while it was whole.
    pub whole: String,
}

impl Patient {
    pub const CATALOG: &'static str = "catalog.redb";

    pub fn new(builder: GraphBuilder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path(), builder);
        let mut patient = Self {
            catalog: std::fs::read(dir.path().join(Self::CATALOG)).unwrap(),
            dir,
            whole: String::new(),
        };
        match patient.examine("nothing is damaged") {
            Outcome::Opened {
                verified: Ok(()),
                seen: Seen::Answers(whole),
            } => patient.whole = whole,
            other => panic!("{other:?}"),
        }
        patient
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The name of the one segment.
    pub fn segment(&self) -> String {
        let names = std::fs::read_dir(self.path("segments")).unwrap();
        let names: Vec<_> = names
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
        format!("segments/{}", names[0])
    }

    pub fn has_segment(&self) -> bool {
        std::fs::read_dir(self.path("segments")).unwrap().count() == 1
    }

    /// Changes a file, looks at what comes of it, and mends it.
    pub fn damage(&mut self, name: &str, spoil: impl FnOnce(&mut Vec<u8>)) -> Outcome {
        let whole = if name == Self::CATALOG {
            self.catalog.clone()
        } else {
            self.bytes(name)
        };
        let mut bytes = whole.clone();
        spoil(&mut bytes);
        std::fs::write(self.path(Self::CATALOG), &self.catalog).unwrap();
        std::fs::write(self.path(name), &bytes).unwrap();
        let outcome = self.examine(name);
        std::fs::write(self.path(name), &whole).unwrap();
        outcome
    }

    /// Deletes a file, looks at what comes of it, and puts it back.
    pub fn lose(&self, name: &str) -> Outcome {
        let whole = self.bytes(name);
        std::fs::remove_file(self.path(name)).unwrap();
        let outcome = self.examine(name);
        std::fs::write(self.path(name), whole).unwrap();
        outcome
    }

    pub fn flip(&mut self, name: &str, at: usize, bit: u8) -> Outcome {
        self.damage(name, |bytes| bytes[at] ^= 1 << bit)
    }

    pub fn cut(&mut self, name: &str, len: usize) -> Outcome {
        self.damage(name, |bytes| bytes.truncate(len))
    }

    pub fn lengthen(&mut self, name: &str) -> Outcome {
        self.damage(name, |bytes| bytes.push(0))
    }

    /// Where the head, the sections, the table and the tail of a segment begin and end.
    pub fn section_boundaries(&self, name: &str) -> Vec<usize> {
        let bytes = self.bytes(name);
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        let tail = bytes.len() - 40;
        let (table, sections) = (number(tail), number(tail + 8));
        let mut boundaries = vec![0, 8, 12, 64, table, tail, tail + 32];
        for entry in (0..sections).map(|i| table + i * 32) {
            boundaries.push(number(entry + 8));
            boundaries.push(number(entry + 8) + number(entry + 16));
        }
        boundaries
    }

    /// Lengths to cut a file to: beside each boundary, and beside each multiple of `page`.
    pub fn cuts(&self, name: &str, boundaries: &[usize], page: usize) -> Vec<usize> {
        let len = self.bytes(name).len();
        let pages = (0..len).step_by(page);
        let all = boundaries.iter().copied().chain(pages);
        let mut cuts: Vec<_> = all
            .flat_map(|at| [at.saturating_sub(1), at, at + 1])
            .chain([len - 1])
            .filter(|&cut| cut < len)
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// Opens the database, verifies it and asks it everything, in a minute at most.
    fn examine(&self, what: &str) -> Outcome {
        let dir = self.dir.path().to_path_buf();
        let (sender, receiver) = mpsc::channel();
        let worker = std::thread::spawn(move || {
            let done = catch_unwind(AssertUnwindSafe(|| examine(&dir)));
            let _ = sender.send(done);
        });
        let done = receiver.recv_timeout(Duration::from_secs(60));
        let done = done.unwrap_or_else(|_| panic!("{what}: no end after a minute"));
        worker.join().unwrap();
        done.unwrap_or_else(|_| panic!("{what}: a panic, see above"))
    }
}

fn examine(dir: &Path) -> Outcome {
    let db = match OpenOptions::new().create(false).open(dir) {
        Ok(db) => db,
        Err(e) => return Outcome::Refused(e),
    };
    // Asked first, so that nothing was read before.
    let seen = ask_everything(&db).map_or(Seen::Error, Seen::Answers);
    Outcome::Opened {
        verified: db.verify(&Control::new()).map(drop),
        seen,
    }
}

/// Blocks of bars and a tail, a segment with dead rows, fresh rows, headlines, a
/// space of weights with vectors of headlines.
fn build(dir: &Path, builder: GraphBuilder) {
    let db = OpenOptions::new()
        .clip_weights(None)
        .graph_builder(builder)
        .open(dir)
        .unwrap();
    let mut series = crypto("AAA", 180, 1);
    let tail = series.bars.slice(160..180);
    series.bars = series.bars.slice(0..160);
    db.ingest_bars(&[series.clone(), equity("BBB", 80, 2)])
        .unwrap();
    db.compact(&Control::new()).unwrap();
    let tail = SeriesBars {
        bars: tail,
        ..series
    };
    db.ingest_bars(&[tail]).unwrap();
    let day = Timestamp::from_millis(START + 5 * DAY);
    db.delete_bars(&crypto("AAA", 1, 1).key, Some(day..=day))
        .unwrap();
    let headlines: Vec<_> = (0..20)
        .map(|i| Headline {
            time: Timestamp::from_millis(START + i * HOUR),
            precision: TimePrecision::Minute,
            text: format!("An invented sentence, number {i}"),
            source: "test".to_owned(),
            symbols: vec!["AAA".to_owned()],
        })
        .collect();
    db.ingest_headlines(&headlines).unwrap();
    let report = db.create_space_of_weights("clip", &clip(), 8, Control::new());
    assert_eq!(report.unwrap().headlines_embedded, 20);
    let stats = db.stats().unwrap();
    assert!(stats.dead_rows > 0 && stats.segment_bytes > 0, "{stats:?}");
}

/// Encoders of charts and of headlines, as small as they can be.
fn clip() -> Weights {
    let mut chart = ChartConfig::tcn_path(16, 4);
    chart.layers.truncate(1);
    chart.layers[0].convolutions[0].width = 4;
    chart.pools = vec![Pool::Mean];
    chart.head.hidden.clear();
    let text = TextConfig {
        buckets: 32,
        ..TextConfig::new(4)
    };
    Weights::random(&WeightsConfig::clip(chart, text, 0.1), 6).unwrap()
}

/// All that can be seen of the database, in words.
fn ask_everything(db: &Database) -> Result<String> {
    let now = db.now();
    let mut said = format!("{:?}\n{:?}\n", now.series()?, now.spaces()?);
    for series in now.series()? {
        writeln!(said, "{:?}", now.bars(&series.key, None, None, None)?).unwrap();
    }
    let headlines = now.headlines(None, None, None, usize::MAX)?;
    let named = now.headlines(Some("AAA"), None, None, 3)?;
    writeln!(said, "{headlines:?}\n{named:?}").unwrap();
    let target = || "AAA".parse::<Target>().unwrap();
    let then = db.at(Timestamp::from_millis(START + 4 * DAY));
    let answers = [
        now.similar(target())
            .exact(true)
            .exclusion(0)
            .k(2000)
            .run()?,
        now.similar(target()).ef(16).run()?,
        now.similar(vec![1.0; 48])
            .filter(Filter::new().market("equity"))
            .run()?,
        now.similar(target()).space("clip").exact(true).run()?,
        then.similar(target())
            .filter(Filter::new().market("crypto"))
            .run()?,
    ];
    for answer in answers {
        writeln!(said, "{:?} {:?}", answer.query, answer.hits).unwrap();
        writeln!(said, "{} {}", answer.searched.windows, answer.searched.plan).unwrap();
    }
    let near = now.headlines_like("clip", &[0.5; 4], usize::MAX)?;
    writeln!(said, "{near:?}").unwrap();
    let stats = db.stats()?;
    writeln!(said, "{} {} {}", stats.bars, stats.windows, stats.headlines).unwrap();
    Ok(said)
}
