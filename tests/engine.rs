//! The main job through the public interface: bars in, distinct episodes out, beside an oracle.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "engine/answers.rs"]
mod answers;
#[path = "engine/changes.rs"]
mod changes;
mod oracle;

use oracle::{HOUR, crypto, equity};
use rhymedb::{Database, Hit, OpenOptions, SeriesBars, Target, Timestamp};

fn open() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    (dir, db)
}

fn small_market() -> Vec<SeriesBars> {
    vec![
        crypto("AAA", 700, 1),
        crypto("BBB", 650, 2),
        equity("CCC", 500, 3),
        equity("DDD", 420, 4),
    ]
}

fn target(series: &SeriesBars, end: i64) -> Target {
    let text = format!("{}@{}", series.key, Timestamp::from_millis(end));
    text.parse().unwrap()
}

fn ask(db: &Database, target: Target) -> Vec<Hit> {
    db.now().similar(target).exact(true).run().unwrap().hits
}

/// Asks both databases about several moments and compares.
fn assert_same_answers(a: &Database, b: &Database, all: &[SeriesBars]) {
    for series in all {
        for part in [1, 2, 3] {
            let time = series.bars.time[series.bars.len() * part / 3 - 1];
            let end = time + HOUR;
            let (x, y) = (
                a.now().similar(target(series, end)).exact(true).run(),
                b.now().similar(target(series, end)).exact(true).run(),
            );
            match (x, y) {
                (Ok(x), Ok(y)) => {
                    assert_eq!(x.hits, y.hits);
                    assert_eq!(x.searched, y.searched);
                }
                (x, y) => assert_eq!(x.is_err(), y.is_err()),
            }
        }
    }
}

/// More windows than are kept as fresh rows: the way through segments.
fn bulk_market() -> Vec<SeriesBars> {
    vec![
        crypto("BIG", 6000, 11),
        crypto("OTHER", 4000, 12),
        equity("SHARE", 1500, 13),
    ]
}
