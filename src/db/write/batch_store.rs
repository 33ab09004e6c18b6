//! One batch of bars on its way into the catalog, and what it makes of other series.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::chart_space::ChartSpace;
use super::check::check_beside_stored;
use super::embed_batch::Touched;
use super::ingest_report::IngestReport;
use super::made::{MadeChange, follow, refuse_made};
use super::removal::{remove_all_rows, rows_of, touched_windows};
use super::seal;
use crate::db::inner::Inner;
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::model::{Bars, SeriesBars, SeriesKey};
use crate::store::{
    BarReads, EndingRows, MadeReads, Pending, SeriesId, SeriesRecord, SpaceId, WriteTxn,
};

/// Bars that are merged in one transaction.
pub(super) struct BatchStore<'t, 'a> {
    txn: &'t WriteTxn,
    spaces: &'a [ChartSpace],
    /// Whether files are read again when they come, if bars in their spans change.
    pub(super) forgets_files: bool,
    /// The made series, each with its source.
    made: BTreeMap<SeriesId, SeriesId>,
    /// The series that were merged, with the ranges of open times that changed.
    merged: BTreeMap<SeriesId, Vec<RangeInclusive<i64>>>,
    /// Rows that are no longer true, by space.
    gone: BTreeMap<SpaceId, Vec<EndingRows>>,
    /// The changed ranges by name, of bars from outside.
    changed: Vec<(&'a SeriesKey, RangeInclusive<i64>)>,
    stored: StoredBatch<'a>,
}

/// What a batch changed.
pub(super) struct StoredBatch<'a> {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) touched: Vec<Touched<'a>>,
    /// Windows to embed, at most.
    pub(super) new_windows: u64,
    /// Bars of made series that were added, replaced or taken out.
    pub(super) bars_made: u64,
    pub(super) report: IngestReport,
}

/// Changed bars of a series.
struct ChangedBars<'a> {
    id: SeriesId,
    record: Arc<SeriesRecord>,
    /// Ranges of their open times.
    ranges: Vec<RangeInclusive<i64>>,
    /// Whether they are later than all that was stored.
    appended: bool,
    /// The bars with which the series ends now, from the first changed one on or from before it, if these are
    /// the first of the series in the batch.
    ending: Option<&'a Bars>,
    /// The last open time that was stored before, if all changed bars are later.
    stored_to: Option<i64>,
    /// How many, at most.
    count: u64,
}

impl<'t, 'a> BatchStore<'t, 'a> {
    pub(super) fn new(inner: &Inner, txn: &'t WriteTxn, spaces: &'a [ChartSpace]) -> Result<Self> {
        Ok(Self {
            txn,
            spaces,
            forgets_files: true,
            made: txn.made_series()?,
            merged: BTreeMap::new(),
            gone: BTreeMap::new(),
            changed: Vec::new(),
            stored: StoredBatch {
                snapshot: inner.snapshot()?,
                touched: Vec::new(),
                new_windows: 0,
                bars_made: 0,
                report: IngestReport::default(),
            },
        })
    }

    /// Takes out the rows that are no longer true, and says what is to be embedded.
    pub(super) fn done(mut self) -> Result<StoredBatch<'a>> {
        for (&space, gone) in &self.gone {
            let removed = remove_all_rows(self.txn, &self.stored.snapshot, space, gone)?;
            self.stored.report.windows_removed += removed;
        }
        self.stored.touched = once_each(self.stored.touched);
        Ok(self.stored)
    }

    /// The number of a series, which gets one if it is new.
    fn id_of(&self, series: &SeriesBars) -> Result<SeriesId> {
        match self.stored.snapshot.id_of(&series.key) {
            Some((id, record)) if record.calendar == series.calendar => Ok(id),
            _ => self.txn.ensure_series(&series.key, series.calendar),
        }
    }

    /// Merges bars from outside.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if they cannot stand beside those that are stored, or if the series is
    /// made of another.
    pub(super) fn merge(&mut self, series: &'a SeriesBars) -> Result<()> {
        if series.bars.is_empty() {
            return Ok(()); // A name alone is not worth a series.
        }
        let id = self.id_of(series)?;
        if let Some(&source) = self.made.get(&id) {
            return Err(refuse_made(self.txn, &series.key, source)?);
        }
        let stored = self.txn.bar_extent(id)?;
        check_beside_stored(self.txn, id, series, stored)?;
        let change = self.txn.merge_bars(id, &series.bars, stored)?;
        let ranges = change.ranges.iter();
        self.changed
            .extend(ranges.map(|range| (&series.key, range.clone())));
        self.stored.report.bars_added += change.added;
        self.stored.report.bars_replaced += change.replaced;
        self.stored.report.bars_unchanged += change.unchanged;
        let first = !self.merged.contains_key(&id);
        let one = first && change.ranges.len() == 1;
        let appended = one && change.appended;
        // All that is stored from the first of these bars on is among them.
        let ends = one && stored.is_none_or(|e| series.bars.time.first() >= Some(&e.last));
        let known = self.merged.entry(id).or_default();
        known.extend_from_slice(&change.ranges);
        self.touch(ChangedBars {
            id,
            record: Arc::new(SeriesRecord {
                key: series.key.clone(),
                calendar: series.calendar,
            }),
            ranges: change.ranges,
            appended: change.appended,
            ending: ends.then_some(&series.bars),
            stored_to: stored.filter(|_| appended).map(|e| e.last),
            count: series.bars.len() as u64,
        })
    }

    /// Makes a series anew of all bars of its source. Returns how many buckets are not whole.
    pub(super) fn make_all(&mut self, made: SeriesId, source: SeriesId) -> Result<u64> {
        self.made.insert(made, source);
        self.txn.put_made(made, source)?;
        let change = super::made::make_all(self.txn, made, source)?;
        let left_out = change.left_out;
        self.note_made(change)?;
        Ok(left_out)
    }

    /// Brings the series that are made of merged ones in step, and the list of files that were read.
    pub(super) fn follow(&mut self) -> Result<()> {
        let changed = std::mem::take(&mut self.changed);
        if self.forgets_files {
            self.txn.forget_files_of(changed)?;
        }
        let sources: BTreeSet<SeriesId> = self.made.values().copied().collect();
        let merged = std::mem::take(&mut self.merged);
        for (id, ranges) in merged.iter().filter(|(id, _)| sources.contains(id)) {
            for change in follow(self.txn, &self.made, *id, ranges)? {
                self.note_made(change)?;
            }
        }
        self.merged = merged;
        Ok(())
    }

    fn note_made(&mut self, change: MadeChange) -> Result<()> {
        self.stored.bars_made += change.changed;
        self.touch(ChangedBars {
            id: change.id,
            record: Arc::new(change.record),
            ranges: change.ranges,
            appended: change.appended_to.is_some(),
            ending: None,
            stored_to: change.appended_to,
            count: change.changed,
        })
    }

    /// Notes which windows changed bars make untrue, and those to embed.
    fn touch(&mut self, changed: ChangedBars<'a>) -> Result<()> {
        let ChangedBars { id, record, .. } = changed;
        for space in self.spaces {
            let mut touched = Vec::with_capacity(changed.ranges.len());
            for range in &changed.ranges {
                touched.push(if changed.appended {
                    Pending {
                        series: id,
                        first: *range.start(),
                        last: *range.end(),
                    }
                } else {
                    touched_windows(self.txn, space, id, range)?
                });
            }
            // Ranges that lie close together touch the same windows.
            for pending in seal::union(touched) {
                let mut bars = changed.count;
                if !changed.appended {
                    if changed.ending.is_none() {
                        let times = self.txn.bar_times(id, pending.first..=pending.last)?;
                        bars = times.len() as u64;
                    }
                    let gone = self.gone.entry(space.id).or_default();
                    gone.push(rows_of(&record, pending));
                }
                if space.can_encode() {
                    self.stored.new_windows += bars;
                }
                self.stored.touched.push(Touched {
                    space,
                    series: Arc::clone(&record),
                    windows: pending,
                    ending: changed.ending,
                    stored_to: changed.stored_to,
                });
            }
        }
        Ok(())
    }
}

/// The windows of a series that several parts of a batch changed are embedded once, of the bars after all
/// parts: a later part may correct a bar of windows that an earlier one appended.
fn once_each(touched: Vec<Touched<'_>>) -> Vec<Touched<'_>> {
    let key = |one: &Touched<'_>| (one.windows.series, one.space.id);
    if touched.is_sorted_by(|a, b| key(a) < key(b)) {
        return touched;
    }
    let mut by_series: BTreeMap<(SeriesId, SpaceId), Vec<Touched<'_>>> = BTreeMap::new();
    for one in touched {
        by_series.entry(key(&one)).or_default().push(one);
    }
    let joined = by_series
        .into_values()
        .flat_map(|of_one| match &of_one[..] {
            [first, _, ..] => {
                let (space, series) = (first.space, Arc::clone(&first.series));
                let windows = of_one.iter().map(|one| one.windows).collect();
                let anew = |windows| Touched {
                    space,
                    series: Arc::clone(&series),
                    windows,
                    ending: None,
                    stored_to: None,
                };
                seal::union(windows).into_iter().map(anew).collect()
            }
            _ => of_one,
        });
    joined.collect()
}
