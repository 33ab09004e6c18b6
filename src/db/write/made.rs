//! Series that are made of the bars of a finer one, and kept in step with it: whatever changes the finer
//! bars changes the made ones in the same transaction.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::error::{Error, Result};
use crate::model::{Bars, Coarser, MadeBars, SeriesKey};
use crate::store::{BarReads, CatalogUse, MadeReads, SeriesId, SeriesRecord, WriteTxn};

/// What became of a made series.
#[derive(Debug)]
pub(super) struct MadeChange {
    pub(super) id: SeriesId,
    pub(super) record: SeriesRecord,
    /// Bars that were added, replaced or taken out.
    pub(super) changed: u64,
    /// Ranges of their open times.
    pub(super) ranges: Vec<RangeInclusive<i64>>,
    /// The last open time that was stored before, if all changed bars are later.
    pub(super) appended_to: Option<i64>,
    /// Buckets that were looked at, have bars and are not whole.
    pub(super) left_out: u64,
}

/// A made series and its source, in a transaction.
struct MadeSeries<'a, T> {
    txn: &'a T,
    id: SeriesId,
    source: SeriesId,
    record: SeriesRecord,
    coarser: Coarser,
}

/// Made bars, and the range of open times in which there are no others.
struct Stretch {
    range: RangeInclusive<i64>,
    made: MadeBars,
}

impl<'a, T: CatalogUse> MadeSeries<'a, T> {
    fn new(txn: &'a T, id: SeriesId, source: SeriesId) -> Result<Self> {
        let (record, fine) = (record_of(txn, id)?, record_of(txn, source)?);
        let coarser = Coarser::new(fine.key.interval, record.key.interval, record.calendar)?;
        Ok(Self {
            txn,
            id,
            source,
            record,
            coarser,
        })
    }

    /// All that the source makes.
    fn whole(&self) -> Result<Stretch> {
        let all = i64::MIN..=i64::MAX;
        let bars = self.txn.bars(self.source, all.clone())?;
        Ok(Stretch {
            range: all,
            made: self.coarser.make(&bars),
        })
    }

    /// What the source makes where its bars changed.
    fn around(&self, changed: &RangeInclusive<i64>) -> Result<Stretch> {
        let mut start = self.coarser.bucket(*changed.start()).start;
        let mut end = self.coarser.bucket(*changed.end()).end;
        let (mut read_from, mut read_to) = (start, end);
        if self.coarser.asks_neighbours() {
            // The bucket before may be over now, and the one after is compared with this one. Both
            // look at their own neighbours.
            if let Some(before) = self.bucket_before(start)? {
                start = before;
                read_from = self.bucket_before(start)?.unwrap_or(start);
            }
            if let Some(after) = self.bucket_after(end)? {
                end = after;
                read_to = self.bucket_after(end)?.unwrap_or(end);
            } else {
                read_to = end;
            }
        }
        let bars = self.txn.bars(self.source, read_from..=read_to - 1)?;
        Ok(Stretch {
            range: start..=end - 1,
            made: self.coarser.make(&bars),
        })
    }

    /// Where the bucket with bars before a time begins.
    fn bucket_before(&self, time: i64) -> Result<Option<i64>> {
        let bars = self
            .txn
            .bars_up_to(self.source, time.saturating_sub(1), 1)?;
        let open = bars.time.last();
        Ok(open.map(|&open| self.coarser.bucket(open).start))
    }

    /// Where the bucket with bars after a time ends.
    fn bucket_after(&self, time: i64) -> Result<Option<i64>> {
        let next = self.txn.nth_bar_after(self.source, time - 1, 1)?;
        Ok(next.map(|open| self.coarser.bucket(open).end))
    }
}

impl MadeSeries<'_, WriteTxn> {
    /// Puts made bars in the place of those that are stored in their range.
    fn replace(self, stretches: Vec<Stretch>) -> Result<MadeChange> {
        let before = self.txn.bar_extent(self.id)?.map(|e| e.last);
        let mut change = MadeChange {
            id: self.id,
            record: self.record,
            changed: 0,
            ranges: Vec::new(),
            appended_to: None,
            left_out: 0,
        };
        for Stretch { range, made } in stretches {
            change.left_out += made.left_out;
            for stale in stale(&self.txn.bar_times(self.id, range)?, &made.bars) {
                let removed = self.txn.remove_bars(self.id, stale)?;
                change.changed += removed.removed;
                change.ranges.extend(removed.ranges);
            }
            let extent = self.txn.bar_extent(self.id)?;
            let merged = self.txn.merge_bars(self.id, &made.bars, extent)?;
            change.changed += merged.added + merged.replaced;
            change.ranges.extend(merged.ranges);
        }
        let later = |last: &i64| change.ranges.iter().all(|range| range.start() > last);
        change.appended_to = before.filter(|last| change.ranges.len() == 1 && later(last));
        Ok(change)
    }
}

/// Runs of stored open times that are not among the made ones.
fn stale(stored: &[i64], made: &Bars) -> Vec<RangeInclusive<i64>> {
    let mut runs: Vec<RangeInclusive<i64>> = Vec::new();
    let mut in_run = false;
    for &time in stored {
        let gone = made.time.binary_search(&time).is_err();
        match runs.last_mut() {
            Some(run) if gone && in_run => *run = *run.start()..=time,
            _ if gone => runs.push(time..=time),
            _ => {}
        }
        in_run = gone;
    }
    runs
}

/// Makes a series anew of all bars of its source.
pub(super) fn make_all(txn: &WriteTxn, made: SeriesId, source: SeriesId) -> Result<MadeChange> {
    let series = MadeSeries::new(txn, made, source)?;
    let whole = series.whole()?;
    series.replace(vec![whole])
}

/// Brings the series that are made of one in step with it, and those that are made of them. Its bars that
/// open in `ranges` changed, or are gone.
pub(super) fn follow(
    txn: &WriteTxn,
    made: &BTreeMap<SeriesId, SeriesId>,
    source: SeriesId,
    ranges: &[RangeInclusive<i64>],
) -> Result<Vec<MadeChange>> {
    let mut all = Vec::new();
    if ranges.is_empty() {
        return Ok(all);
    }
    for (&id, _) in made.iter().filter(|(_, of)| **of == source) {
        let series = MadeSeries::new(txn, id, source)?;
        let around: Result<Vec<Stretch>> = ranges.iter().map(|r| series.around(r)).collect();
        let change = series.replace(around?)?;
        let further = follow(txn, made, id, &change.ranges)?;
        all.push(change);
        all.extend(further);
    }
    Ok(all)
}

/// Why bars from outside cannot go into a made series.
pub(super) fn refuse_made(
    txn: &impl CatalogUse,
    made: &SeriesKey,
    source: SeriesId,
) -> Result<Error> {
    let source = record_of(txn, source)?.key;
    Ok(Error::invalid(format!(
        "{made} is made of {source} and follows it, so it takes no other bars; change {source}, or delete the made series first: rhyme delete {made}"
    )))
}

/// Refuses to delete a series while others are made of it, and a part of one that is made.
pub(super) fn check_delete(
    txn: &WriteTxn,
    (id, key): (SeriesId, &SeriesKey),
    whole: bool,
) -> Result<()> {
    let made = txn.made_series()?;
    if let (Some(&source), false) = (made.get(&id), whole) {
        return Err(refuse_made(txn, key, source)?);
    }
    let follows = made.iter().find(|(_, source)| **source == id && whole);
    if let Some((&follower, _)) = follows {
        let follower = record_of(txn, follower)?.key;
        return Err(Error::invalid(format!(
            "{follower} is made of {key}; delete that first: rhyme delete {follower}"
        )));
    }
    Ok(())
}

/// Checks that the bars of a made series are those that its source makes.
pub(in crate::db) fn check_in_step(
    txn: &impl CatalogUse,
    (id, source): (SeriesId, SeriesId),
    bars: &Bars,
) -> Result<Result<(), String>> {
    let series = MadeSeries::new(txn, id, source)?;
    let made = series.whole()?.made.bars;
    if made == *bars {
        return Ok(Ok(()));
    }
    let source = record_of(txn, source)?.key;
    let interval = series.record.key.interval;
    Ok(Err(format!(
        "{} has not the bars that {source} makes; `rhyme resample {source} {interval}` makes them anew",
        series.record.key
    )))
}

pub(super) fn record_of(txn: &impl CatalogUse, id: SeriesId) -> Result<SeriesRecord> {
    let found = txn
        .all_series()?
        .into_iter()
        .find(|(known, _)| *known == id);
    let found = found.map(|(_, record)| record);
    found.ok_or_else(|| {
        let detail = format!("it names the series {id}, which is not stored");
        Error::corrupt(txn.path(), "made_series", detail)
    })
}
