//! Series that both a part and a database have: their bars are joined, and windows embedded.

use super::import::VectorRow;
use super::merge_check::imported;
use super::merge_part::{MergedPart, Part};
use crate::db::control::Control;
use crate::db::database::Database;
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::model::{Modality, SeriesBars, SeriesKey, Space, Timestamp};
use crate::store::{BarReads, MadeReads, SeriesId, SeriesRecord};

/// Bars that are stored in one transaction.
const BARS: usize = 500_000;

/// Joins the bars of all series of a part with those here, and embeds whatever waits. Series that came with the part
/// have these bars, so nothing becomes of them.
pub(super) fn join(
    db: &Database,
    part: &Part,
    control: &Control,
    report: &mut MergedPart,
) -> Result<()> {
    let source = part.view.snapshot()?;
    let made = source.txn.made_series()?;
    let own = source
        .series
        .iter()
        .filter(|(id, _)| !made.contains_key(id));
    let joint: Vec<(SeriesId, &SeriesRecord)> = own.map(|(id, record)| (*id, record)).collect();
    let mut ingest = db.ingest(control.clone());
    for (id, record) in &joint {
        control.check()?;
        if !is_here(db, source, (*id, record))? {
            ingest_series(&mut ingest, source, (*id, record))?;
            report.series_joined += 1;
        }
    }
    let mut done = ingest.finish()?;
    // Those of which longer ones are made come first.
    let mut longer: Vec<_> = made.into_iter().collect();
    let key = |id: SeriesId| source.record(id).map(|record| record.key.clone());
    longer.sort_by_key(|(id, _)| key(*id).map_or(i64::MAX, |k| k.interval.nominal_millis()));
    for (id, of) in longer {
        let (made, of) = (key(id)?, key(of)?);
        if db.0.snapshot()?.id_of(&made).is_none() {
            let resampled = db.resample(&of, made.interval, control)?;
            done.windows_embedded += resampled.stored.windows_embedded;
        }
    }
    report.bars_added += done.bars_added;
    report.windows_embedded += done.windows_embedded;
    report.headlines_embedded += done.headlines_embedded;
    for state in &source.spaces {
        if state.space().encoder.modality == Modality::Imported {
            // Made series have imported vectors too.
            let keys = source.series.values().map(|record| &record.key);
            report.windows_taken += import(db, part, state.space(), keys, control)?;
        }
    }
    Ok(())
}

/// Whether the bars of a series of a part are all here: they are the same, so they are counted.
fn is_here(db: &Database, source: &Snapshot, of: (SeriesId, &SeriesRecord)) -> Result<bool> {
    let Some(extent) = source.txn.bar_extent(of.0)? else {
        return Ok(true);
    };
    let here = db.0.snapshot()?;
    let Some((id, _)) = here.id_of(&of.1.key) else {
        return Ok(false);
    };
    let range = extent.first..=extent.last;
    let (mine, theirs) = (
        here.txn.bar_times(id, range.clone())?,
        source.txn.bar_times(of.0, range)?,
    );
    let there = |time: &i64| mine.binary_search(time).is_ok();
    Ok(theirs.iter().all(there))
}

fn ingest_series(
    ingest: &mut super::ingest::Ingest<'_>,
    source: &Snapshot,
    (id, record): (SeriesId, &SeriesRecord),
) -> Result<()> {
    let mut first = source.txn.bar_extent(id)?.map(|extent| extent.first);
    while let Some(from) = first {
        let bars = source.bars_from(id, Timestamp::from_millis(from), BARS)?;
        first = bars.time.last().map(|last| last.saturating_add(1));
        if !bars.is_empty() {
            ingest.bars(&[SeriesBars {
                key: record.key.clone(),
                calendar: record.calendar,
                bars,
            }])?;
        }
    }
    Ok(())
}

/// Imports vectors of series that are in both. Returns how many.
fn import<'k>(
    db: &Database,
    part: &Part,
    space: &Space,
    keys: impl Iterator<Item = &'k SeriesKey>,
    control: &Control,
) -> Result<u64> {
    let here = Part {
        name: String::new(),
        folder: db.path().to_path_buf(),
        view: db.now(),
    };
    let mut count = 0;
    for key in keys {
        let one = std::slice::from_ref(key);
        let theirs = imported(part, space, one)?;
        if theirs.is_empty() {
            continue;
        }
        let mine = imported(&here, space, one)?;
        let new = theirs.iter().filter(|(end, _)| !mine.contains_key(end));
        let rows: Vec<VectorRow<'_>> = new
            .map(|(end, vector)| VectorRow {
                series: key,
                end: *end,
                vector,
            })
            .collect();
        if !rows.is_empty() {
            count += rows.len() as u64;
            db.import_vectors(&space.name, space.encoder.window, &rows, control)?;
        }
    }
    Ok(count)
}
