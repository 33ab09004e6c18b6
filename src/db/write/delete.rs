use std::ops::RangeInclusive;

use serde::Serialize;

use super::chart_space::ChartSpace;
use super::embed_batch::embed_fresh;
use super::made::{check_delete, follow};
use super::removal::{remove_rows, remove_windows, touched_windows};
use crate::db::control::Control;
use crate::db::database::Database;
use crate::db::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Timestamp};
use crate::store::{BarReads, CatalogUse, MadeReads, SeriesId, SeriesRecord, WriteTxn};

/// What deletion took out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeleteReport {
    /// Bars.
    pub bars: u64,
    /// Bars of series that are made of it, which were taken out or made anew.
    pub bars_made: u64,
    /// Embeddings of windows that had one of those bars.
    pub windows: u64,
    /// Headlines.
    pub headlines: u64,
}

impl Database {
    /// Deletes the bars of a series that open in `range` (`None`: all of them), and the windows
    /// that contain one; with all of them the series itself is forgotten, and vectors that were
    /// imported for it go too. The space is given back by [`Database::compact`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such series, [`Error::Invalid`] if the range ends before
    /// it starts, if a part is asked for of a series that is made of another, or all of one that others
    /// are made of.
    pub fn delete_bars(
        &self,
        series: &SeriesKey,
        range: Option<RangeInclusive<Timestamp>>,
    ) -> Result<DeleteReport> {
        let whole = range.is_none();
        let range = range.map_or(i64::MIN..=i64::MAX, |r| {
            r.start().millis()..=r.end().millis()
        });
        if range.is_empty() {
            return Err(Error::invalid(format!(
                "expected a range of time that starts before it ends, found {} to {}",
                Timestamp::from_millis(*range.start()),
                Timestamp::from_millis(*range.end())
            )));
        }
        let report = self.0.change(|| self.delete_range(series, range, whole))?;
        self.ingest(Control::new()).finish()?;
        Ok(report)
    }

    fn delete_range(
        &self,
        series: &SeriesKey,
        range: RangeInclusive<i64>,
        whole: bool,
    ) -> Result<DeleteReport> {
        let inner = &self.0;
        let writer = inner.writer()?;
        let txn = writer.catalog.write()?;
        let Some((id, record)) = txn.series_by_name(series)? else {
            return Err(Error::NotFound {
                what: "series",
                name: series.to_string(),
                hint_text: "`rhyme series` lists those that are stored".to_owned(),
            });
        };
        let snapshot = inner.snapshot()?;
        let charts = ChartSpace::all(inner, &txn)?;
        let mut report = DeleteReport::default();
        check_delete(&txn, (id, series), whole)?;
        let change = txn.remove_bars(id, range.clone())?;
        report.bars = change.removed;
        let mut changed = vec![(id, record.clone(), change.ranges.clone())];
        for made in follow(&txn, &txn.made_series()?, id, &change.ranges)? {
            report.bars_made += made.changed;
            changed.push((made.id, made.record, made.ranges));
        }
        for (id, record, ranges) in &changed {
            for space in &charts {
                for range in ranges {
                    let one = (*id, record);
                    report.windows += self.embed_around(&txn, &snapshot, space, one, range)?;
                }
            }
        }
        report.windows += remove_imported(&txn, &snapshot, &charts, id, &record, &range)?;
        if whole {
            for space in &charts {
                txn.clear_pending(space.id, id)?;
            }
            txn.remove_series(id, series)?;
        }
        // Files that held these bars are read again when they come.
        txn.forget_files_of([(series, range)])?;
        inner.commit(&writer, txn)?;
        Ok(report)
    }

    /// Takes out the windows that a change of bars makes untrue, and embeds what is left there. Returns how many
    /// were taken out.
    fn embed_around(
        &self,
        txn: &WriteTxn,
        snapshot: &Snapshot,
        space: &ChartSpace,
        (id, record): (SeriesId, &SeriesRecord),
        changed: &RangeInclusive<i64>,
    ) -> Result<u64> {
        let touched = touched_windows(txn, space, id, changed)?;
        let removed = remove_windows(txn, snapshot, space.id, record, touched)?;
        let windows = txn.bar_times(id, touched.first..=touched.last)?.len() as u64;
        if windows > self.0.files.sizes.fresh_batch || !space.can_encode() {
            txn.add_pending(space.id, touched)?;
        } else {
            match embed_fresh(txn, space, record, touched) {
                Err(Error::Encoder { .. }) => txn.add_pending(space.id, touched)?,
                done => drop(done?),
            }
        }
        Ok(removed)
    }

    /// Deletes the headlines that were published in `range`.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn delete_headlines(&self, range: RangeInclusive<Timestamp>) -> Result<DeleteReport> {
        let (first, last) = (range.start().millis(), range.end().millis());
        let headlines = self.0.change(|| {
            let writer = self.0.writer()?;
            let txn = writer.catalog.write()?;
            let headlines = txn.remove_headlines(first, last)?;
            self.0.commit(&writer, txn)?;
            Ok(headlines)
        })?;
        Ok(DeleteReport {
            headlines,
            ..DeleteReport::default()
        })
    }
}

/// Takes out the vectors that a user imported for windows whose last bars open in `range`.
fn remove_imported(
    txn: &WriteTxn,
    snapshot: &Snapshot,
    charts: &[ChartSpace],
    id: SeriesId,
    record: &SeriesRecord,
    range: &RangeInclusive<i64>,
) -> Result<u64> {
    let close = |open: i64| match open {
        i64::MIN | i64::MAX => open,
        _ => {
            let open = Timestamp::from_millis(open);
            record.key.interval.close_of(open).millis()
        }
    };
    let (first, last) = (close(*range.start()), close(*range.end()));
    let mut removed = 0;
    for (space, _) in txn.all_spaces()? {
        if !charts.iter().any(|c| c.id == space) {
            removed += remove_rows(txn, snapshot, space, id, first, last)?;
        }
    }
    Ok(removed)
}
