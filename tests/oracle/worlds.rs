//! Small markets, what is asked of them, and another future for each.

use rhymedb::{Database, Error, OpenOptions, SeriesBars, Target, Timestamp};

use super::{DAY, HOUR, START, crypto, equity};

/// An empty database in a folder that goes with the first value.
pub fn open() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    (dir, db)
}

/// A database of these series.
pub fn database(all: &[SeriesBars]) -> (tempfile::TempDir, Database) {
    let (dir, db) = open();
    db.ingest_bars(all).unwrap();
    (dir, db)
}

/// Two symbols of a market that never closes, and one of a market with sessions.
pub fn market() -> Vec<SeriesBars> {
    vec![
        crypto("AAA", 700, 1),
        crypto("BBB", 650, 2),
        equity("CCC", 500, 3),
    ]
}

/// So many hours after the first bar opens.
pub fn hours(n: i64) -> Timestamp {
    Timestamp::from_millis(START + n * HOUR)
}

pub fn days(n: i64) -> Timestamp {
    Timestamp::from_millis(START + n * DAY)
}

pub fn target(text: &str, at: Timestamp) -> Target {
    format!("{text}@{at}").parse().unwrap()
}

/// The same up to a time, and after it something else: other bars, one series more, `late`, which
/// begins later, and one, by its number, that ends there.
pub fn other_future(
    all: &[SeriesBars],
    as_of: Timestamp,
    mut late: SeriesBars,
    ends: usize,
) -> Vec<SeriesBars> {
    let mut other = all.to_vec();
    for series in &mut other {
        for i in 0..series.bars.len() {
            if close(series, i) > as_of {
                series.bars.high[i] *= 3.0;
                series.bars.close[i] *= 1.0 + 0.9 * ((i * 7) % 5) as f64 / 5.0;
            }
        }
    }
    let known = (0..other[ends].bars.len()).take_while(|&i| close(&other[ends], i) <= as_of);
    let known = known.count();
    other[ends].bars = other[ends].bars.slice(0..known);
    let begins = as_of.millis() + DAY - late.bars.time[0];
    late.bars.time.iter_mut().for_each(|t| *t += begins);
    other.push(late);
    other
}

fn close(series: &SeriesBars, bar: usize) -> Timestamp {
    let open = Timestamp::from_millis(series.bars.time[bar]);
    series.key.interval.close_of(open)
}

#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>, message: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(message), "{message:?} is not in: {error}");
}
