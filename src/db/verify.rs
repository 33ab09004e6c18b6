use std::collections::BTreeSet;

use serde::Serialize;

use super::control::{Control, Stage};
use super::database::Database;
use super::encoders::read_weights;
use super::snapshot::{Snapshot, SpaceState};
use crate::error::{Error, Result};
use crate::index::{RowSet, RowsBuilder};
use crate::store::{
    BarReads, CatalogUse, Directory, HeadlineFilter, HeadlineReads, HeadlineRowReads, ReadTxn,
    WeightReads, suspecting_damage,
};

/// What was read and found sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Segment files.
    pub segments: u64,
    /// Their bytes.
    pub segment_bytes: u64,
    /// Windows whose series, bars and place in time were found.
    pub windows: u64,
    /// Bars.
    pub bars: u64,
    /// Headlines.
    pub headlines: u64,
}

impl Database {
    /// Reads everything that is stored and checks it: the hash of every section of every segment,
    /// every block of bars, every headline, the weights of encoders, and that every window that can be found belongs to a
    /// stored series.
    ///
    /// # Errors
    /// The first defect, as [`Error::Corrupt`] with the file and its section.
    pub fn verify(&self, control: &Control) -> Result<VerifyReport> {
        let view = self.now();
        let snapshot = view.snapshot()?;
        suspecting_damage(snapshot.txn.path(), || verify(snapshot, control))
    }
}

fn verify(snapshot: &Snapshot, control: &Control) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    for hash in snapshot.txn.weights_hashes()? {
        read_weights(&snapshot.txn, hash)?;
    }
    for state in &snapshot.spaces {
        for (segment, dead) in &state.segments {
            segment.verify()?;
            report.segments += 1;
            report.segment_bytes += segment.len();
            report.windows += named_windows(snapshot, &segment.directory()?, dead)?;
        }
        check_headline_rows(&snapshot.txn, state)?;
        let none = RowSet::default();
        report.windows += named_windows(snapshot, &state.fresh.directory()?, &none)?;
    }
    let total = snapshot.series.len() as u64;
    for (done, (&id, record)) in snapshot.series.iter().enumerate() {
        control.report(Stage::Read, done as u64, total)?;
        let bars = snapshot.txn.bars(id, i64::MIN..=i64::MAX)?;
        let counted = snapshot.txn.bar_extent(id)?.map_or(0, |e| e.count);
        let ascending = bars.time.is_sorted_by(|a, b| a < b);
        if bars.len() as u64 != counted || !ascending {
            return Err(Error::corrupt(
                snapshot.txn.path(),
                "bar_blocks",
                format!(
                    "{} has {} bars in blocks, and {counted} by its extent",
                    record.key,
                    bars.len()
                ),
            ));
        }
        report.bars += counted;
    }
    let everything = HeadlineFilter {
        symbol: None,
        first: i64::MIN,
        last: i64::MAX,
        limit: usize::MAX,
    };
    report.headlines = check_headlines(&snapshot.txn, &everything)?;
    Ok(report)
}

/// Reads all headlines, and checks that the indexes of them have as many entries.
fn check_headlines(txn: &ReadTxn, everything: &HeadlineFilter) -> Result<u64> {
    let headlines = txn.headlines(everything)?;
    let count = headlines.len() as u64;
    let symbols = headlines
        .iter()
        .map(|h| h.symbols.iter().collect::<BTreeSet<_>>().len() as u64);
    let expected = (symbols.sum::<u64>(), count);
    let found = txn.headline_links()?;
    if found == expected {
        return Ok(count);
    }
    Err(Error::corrupt(
        txn.path(),
        "headlines_by_symbol",
        format!(
            "expected {} entries by symbol and {} by content, found {} and {}",
            expected.0, expected.1, found.0, found.1
        ),
    ))
}

/// Reads all rows of headlines of a space: each must be a vector of it, and of a stored headline.
fn check_headline_rows(txn: &ReadTxn, state: &SpaceState) -> Result<()> {
    let damaged = |e: Error| Error::corrupt(txn.path(), "headline_rows", e.to_string());
    let mut rows = RowsBuilder::new(state.dim())?;
    txn.each_headline_row(state.id, |id, bytes| {
        rows.push_bytes(bytes).map_err(damaged)?;
        txn.headline(id).map(drop)
    })
}

/// Live windows of a part, all of which must belong to stored series.
fn named_windows(snapshot: &Snapshot, part: &Directory<'_>, dead: &RowSet) -> Result<u64> {
    let mut windows = 0;
    for rows in part.iter() {
        let live = RowSet::from_ranges([rows.rows()]).subtract(dead).len() as u64;
        if live > 0 && !snapshot.series.contains_key(&rows.series()) {
            return Err(Error::corrupt(
                snapshot.txn.path(),
                "series",
                format!("series {} has windows and no name", rows.series()),
            ));
        }
        windows += live;
    }
    Ok(windows)
}
