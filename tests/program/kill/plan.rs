//! What the killed process does, operation by operation. An operation follows from its number
//! alone, so the process that kills and the one that is killed agree on it; and to do one again
//! that was done already changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use rhymedb::data::Calendar;
use rhymedb::{Bar, Control, Database, Interval, SeriesBars, SeriesKey, Timestamp};

use crate::oracle::{HOUR, START};

pub const W: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each operation adds a bar to each series; some correct a few bars, some delete a few.
    Append,
    /// The same, and every fourth operation is a compaction.
    Compact,
    /// Each operation adds so many bars that their windows are embedded into segments.
    Bulk,
}

impl Kind {
    pub fn parse(name: &str) -> Self {
        let all = [Self::Append, Self::Compact, Self::Bulk];
        *all.iter().find(|k| format!("{k:?}") == name).unwrap()
    }
}

pub enum Op {
    Ingest(Vec<SeriesBars>),
    Delete(SeriesKey, [i64; 2]),
    Compact,
}

fn key(name: &str) -> SeriesKey {
    name.parse().unwrap()
}

/// The bar of a moment as the `version`th correction has it.
fn bar(series: usize, time: i64, version: u64) -> Bar {
    let t = (time - START) as f64 / HOUR as f64;
    let wave = (t * 0.13 + series as f64).sin() * 5.0 + (t * 1.7).cos() * (1.0 + series as f64);
    let close = 100.0 + wave + (version as f64 * 0.7).sin() * (1.0 + (t * 2.3).sin());
    Bar {
        time: Timestamp::from_millis(time),
        open: close * 1.001,
        high: close * 1.01,
        low: close * 0.99,
        close,
        volume: version as f64,
    }
}

fn bars(series: usize, times: impl Iterator<Item = i64>, version: u64) -> SeriesBars {
    let names = ["crypto/x/AAA:1h", "crypto/y/BBB:1h", "equity/z/CCC:1h"];
    SeriesBars {
        key: key(names[series]),
        calendar: [
            Calendar::Continuous,
            Calendar::Continuous,
            Calendar::Session,
        ][series],
        bars: times.map(|time| bar(series, time, version)).collect(),
    }
}

/// The `n`th operation.
pub fn operation(kind: Kind, n: u64) -> Op {
    match kind {
        Kind::Compact if n % 4 == 3 => Op::Compact,
        Kind::Compact => append(n - n / 4),
        Kind::Append => append(n),
        Kind::Bulk => {
            let minute = HOUR / 60;
            let first = START + n as i64 * 4200 * minute;
            let all = [0, 1].map(|series| SeriesBars {
                key: key(["crypto/x/AAA:1m", "crypto/y/BBB:1m"][series]),
                ..bars(series, (0..4200).map(|i| first + i * minute), 0)
            });
            Op::Ingest(all.to_vec())
        }
    }
}

fn append(n: u64) -> Op {
    // The first operation brings enough for windows.
    let hour = |i: u64| START + (i as i64 + 80) * HOUR;
    let (now, deletes) = (n - n / 17, n % 17 == 16);
    if deletes {
        return Op::Delete(
            key("equity/z/CCC:1h"),
            [hour(now) - 40 * HOUR, hour(now) - 38 * HOUR],
        );
    }
    let mut batch: Vec<_> = (0..3)
        .map(|series| {
            let first = if n == 0 { START } else { hour(now) };
            bars(series, (first..=hour(now)).step_by(HOUR as usize), 0)
        })
        .collect();
    if n % 5 == 4 {
        let series = (n % 3) as usize;
        let corrected = (20..25).rev().map(|back| hour(now) - back * HOUR);
        batch.push(bars(series, corrected, n));
    }
    Op::Ingest(batch)
}

impl Op {
    pub fn run(&self, db: &Database) -> rhymedb::Result<()> {
        match self {
            Self::Ingest(batch) => db.ingest_bars(batch).map(drop),
            Self::Delete(series, [first, last]) => {
                let range = Timestamp::from_millis(*first)..=Timestamp::from_millis(*last);
                db.delete_bars(series, Some(range)).map(drop)
            }
            Self::Compact => db.compact(&Control::new()).map(drop),
        }
    }
}

/// What is stored, as maps.
#[derive(Clone, Default, PartialEq)]
pub struct Mirror(pub BTreeMap<String, BTreeMap<i64, Bar>>);

impl Mirror {
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Ingest(batch) => {
                for series in batch {
                    let stored = self.0.entry(series.key.to_string()).or_default();
                    stored.extend(series.bars.iter().map(|b| (b.time.millis(), b)));
                }
            }
            Op::Delete(series, [first, last]) => {
                let stored = self.0.entry(series.to_string()).or_default();
                stored.retain(|t, _| !(first..=last).contains(&t));
            }
            Op::Compact => {}
        }
    }

    /// The bars that a database holds.
    pub fn of(db: &Database) -> Self {
        let now = db.now();
        let mut mirror = Self::default();
        for series in now.series().unwrap() {
            let bars = now.bars(&series.key, None, None, None).unwrap().bars;
            let times: BTreeSet<i64> = bars.time.iter().copied().collect();
            assert_eq!(
                times.len(),
                bars.len(),
                "{}: a bar is there twice",
                series.key
            );
            assert_eq!(bars.len() as u64, series.bars, "{}", series.key);
            let bars = bars.iter().map(|b| (b.time.millis(), b)).collect();
            mirror.0.insert(series.key.to_string(), bars);
        }
        mirror
    }

    /// The ends of the windows that these bars make, by series.
    pub fn windows(&self) -> Vec<(SeriesKey, Vec<i64>)> {
        let ends = |name: &String, bars: &BTreeMap<i64, Bar>| {
            let key = key(name);
            let Interval::Fixed(step) = key.interval else {
                panic!("{key} has no fixed interval");
            };
            let times: Vec<i64> = bars.keys().copied().collect();
            let gaps = key.market == "equity";
            let whole = |w: &&[i64]| gaps || w[W - 1] - w[0] == step * (W as i64 - 1);
            let ends = times
                .windows(W)
                .filter(whole)
                .map(|w| w[W - 1] + step)
                .collect();
            (key, ends)
        };
        self.0.iter().map(|(name, bars)| ends(name, bars)).collect()
    }
}
