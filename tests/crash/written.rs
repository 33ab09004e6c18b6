//! How much an append writes.

use std::sync::Arc;

use rhymedb::{Database, OpenOptions, SeriesBars};

use crate::disk::SimDisk;
use crate::operations::home;
use crate::oracle::crypto;

const SERIES: usize = 120;
const FIRST: usize = 70;

fn bars(market: &[SeriesBars], from: usize, to: usize) -> Vec<SeriesBars> {
    let part = |s: &SeriesBars| SeriesBars {
        bars: s.bars.slice(from..to),
        ..s.clone()
    };
    market.iter().map(part).collect()
}

/// A bar of each of many series is one record, not a page of some tables for each series.
#[test]
fn an_append_to_many_series_writes_one_record() {
    let all: Vec<_> = (0..SERIES)
        .map(|i| crypto(&format!("S{i:03}"), FIRST + 40, i as u64))
        .collect();
    let disk = SimDisk::new();
    let options = OpenOptions::new().clip_weights(None);
    let options = options.storage(Arc::new(disk.clone()));
    let db: Database = options.open(home()).unwrap();
    db.ingest_bars(&bars(&all, 0, FIRST)).unwrap();
    let mut written = Vec::new();
    for step in FIRST..FIRST + 34 {
        let before = disk.counts().bytes;
        let report = db.ingest_bars(&bars(&all, step, step + 1)).unwrap();
        assert_eq!(report.windows_embedded, SERIES as u64);
        written.push(disk.counts().bytes - before);
    }
    written.sort_unstable();
    println!("bytes of a commit, ascending: {written:?}");
    // A page of 4096 bytes for each series and table would be a megabyte.
    let usual = written[written.len() / 2];
    assert!(usual <= 1000 * SERIES, "{written:?}");
    // The commit that folds writes those pages, for all commits before it.
    let most = written[written.len() - 1];
    assert!(most > 4096 * SERIES, "{written:?}");
    assert!(written[written.len() - 2] <= 1000 * SERIES, "{written:?}");
}
