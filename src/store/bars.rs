//! Bars of a series: compressed blocks, and a tail of the newest bars one by one.
//!
//! Appending a bar to a block would cost a block's compression, so the newest bars wait in the
//! tail until they fill a block. Every bar of the tail is later than every bar of the blocks.

use std::ops::RangeInclusive;

use rayon::prelude::*;
use redb::{ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::bar_block::{self, BLOCK_BARS};
use super::catalog::{CatalogUse, WriteTxn, fault};
use super::codec;
use super::records::SeriesId;
use crate::error::{Error, Result};
use crate::model::{Bar, Bars, Timestamp};

/// Key: series, open time of the first bar.
const BLOCKS: TableDefinition<(SeriesId, i64), &[u8]> = TableDefinition::new("bar_blocks");
/// Key: series, open time. Value: open, high, low, close, volume.
const TAIL: TableDefinition<(SeriesId, i64), [f64; 5]> = TableDefinition::new("bar_tail");
const EXTENTS: TableDefinition<SeriesId, &[u8]> = TableDefinition::new("bar_extents");

pub(super) fn create_tables(txn: &WriteTxn) -> Result<()> {
    drop(txn.table_mut(BLOCKS)?);
    drop(txn.table_mut(TAIL)?);
    drop(txn.table_mut(EXTENTS)?);
    Ok(())
}

/// How many bars of a series are stored, and from when to when they open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BarExtent {
    pub(crate) count: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// What merging bars into a series did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BarChange {
    pub(crate) added: u64,
    pub(crate) replaced: u64,
    pub(crate) unchanged: u64,
    pub(crate) removed: u64,
    /// Open times from the first to the last changed bar, one range for each run of changed bars
    /// that lie beside one another in the series.
    pub(crate) ranges: Vec<(i64, i64)>,
}

impl BarChange {
    fn touch(&mut self, time: i64, continues: bool) {
        match self.ranges.last_mut() {
            Some(range) if continues => range.1 = time,
            _ => self.ranges.push((time, time)),
        }
    }
}

/// Bars of a series that are read from a transaction.
pub(crate) trait BarReads: CatalogUse + Sized {
    /// The stored bars that open in `range`.
    fn bars(&self, series: SeriesId, range: RangeInclusive<i64>) -> Result<Bars> {
        let (from, to) = (*range.start(), *range.end());
        let mut bars = Bars::default();
        if from > to {
            return Ok(bars);
        }
        let blocks = self.table(BLOCKS)?;
        let first_block = block_start(&blocks, series, from)?;
        for item in blocks
            .range((series, first_block)..=(series, to))
            .map_err(fault)?
        {
            let (_, value) = item.map_err(fault)?;
            let block = decode(self.path(), value.value())?;
            let start = block.time.partition_point(|&t| t < from);
            let end = block.time.partition_point(|&t| t <= to);
            if (start, end) == (0, block.len()) {
                bars.extend(&block);
            } else {
                bars.extend(&block.slice(start..end));
            }
        }
        let tail = self.table(TAIL)?;
        for item in tail.range((series, from)..=(series, to)).map_err(fault)? {
            let (key, value) = item.map_err(fault)?;
            bars.push(tail_bar(key.value().1, value.value()));
        }
        Ok(bars)
    }

    /// The last `n` stored bars that open at or before `last`, ascending.
    fn bars_up_to(&self, series: SeriesId, last: i64, n: usize) -> Result<Bars> {
        let tail = self.table(TAIL)?;
        let mut newest = Vec::new();
        for item in tail
            .range((series, i64::MIN)..=(series, last))
            .map_err(fault)?
            .rev()
            .take(n)
        {
            let (key, value) = item.map_err(fault)?;
            newest.push(tail_bar(key.value().1, value.value()));
        }
        let mut missing = n - newest.len();
        let mut older: Vec<Bars> = Vec::new();
        let blocks = self.table(BLOCKS)?;
        let mut range = blocks
            .range((series, i64::MIN)..=(series, last))
            .map_err(fault)?;
        while missing > 0
            && let Some(item) = range.next_back()
        {
            let (_, value) = item.map_err(fault)?;
            let block = decode(self.path(), value.value())?;
            let end = block.time.partition_point(|&t| t <= last);
            let taken = block.slice(end.saturating_sub(missing)..end);
            missing -= taken.len();
            older.push(taken);
        }
        let mut bars = Bars::with_capacity(n - missing);
        for part in older.iter().rev() {
            bars.extend(part);
        }
        for bar in newest.into_iter().rev() {
            bars.push(bar);
        }
        Ok(bars)
    }

    /// The open times of the stored bars in `range`.
    fn bar_times(&self, series: SeriesId, range: RangeInclusive<i64>) -> Result<Vec<i64>> {
        let (from, to) = (*range.start(), *range.end());
        let mut times = Vec::new();
        if from > to {
            return Ok(times);
        }
        let blocks = self.table(BLOCKS)?;
        let first_block = block_start(&blocks, series, from)?;
        for item in blocks
            .range((series, first_block)..=(series, to))
            .map_err(fault)?
        {
            let (_, value) = item.map_err(fault)?;
            let block = bar_block::decode_times(value.value())
                .map_err(|e| Error::corrupt(self.path(), "bar_blocks", e))?;
            times.extend(block.into_iter().filter(|t| (from..=to).contains(t)));
        }
        let tail = self.table(TAIL)?;
        for item in tail.range((series, from)..=(series, to)).map_err(fault)? {
            times.push(item.map_err(fault)?.0.value().1);
        }
        Ok(times)
    }

    /// The open time of the `n`-th stored bar after `time` (1 is the next), or of the last one if
    /// there are fewer; `None` if there is none.
    fn nth_bar_after(&self, series: SeriesId, time: i64, n: usize) -> Result<Option<i64>> {
        let (Some(from), true) = (time.checked_add(1), n > 0) else {
            return Ok(None);
        };
        let mut last = None;
        let mut seen = 0;
        let blocks = self.table(BLOCKS)?;
        let first_block = block_start(&blocks, series, from)?;
        for item in blocks
            .range((series, first_block)..=(series, i64::MAX))
            .map_err(fault)?
        {
            let (_, value) = item.map_err(fault)?;
            let times = bar_block::decode_times(value.value())
                .map_err(|e| Error::corrupt(self.path(), "bar_blocks", e))?;
            let later = times
                .get(times.partition_point(|&t| t < from)..)
                .unwrap_or_default();
            if let Some(found) = later.get(n - 1 - seen) {
                return Ok(Some(*found));
            }
            last = later.last().copied().or(last);
            seen += later.len();
        }
        let tail = self.table(TAIL)?;
        for item in tail
            .range((series, from)..=(series, i64::MAX))
            .map_err(fault)?
        {
            last = Some(item.map_err(fault)?.0.value().1);
            seen += 1;
            if seen == n {
                break;
            }
        }
        Ok(last)
    }

    /// The extent of a series, or `None` if it has no bars.
    fn bar_extent(&self, series: SeriesId) -> Result<Option<BarExtent>> {
        let table = self.table(EXTENTS)?;
        let value = table.get(series).map_err(fault)?;
        value
            .map(|v| codec::decode(self.path(), "bar_extents", v.value()))
            .transpose()
    }

    /// Bytes of all stored bars and their number.
    fn bar_sizes(&self) -> Result<(u64, u64)> {
        let (mut bytes, mut bars) = (0, 0);
        for item in self.table(BLOCKS)?.iter().map_err(fault)? {
            bytes += item.map_err(fault)?.1.value().len() as u64 + 12;
        }
        for item in self.table(TAIL)?.iter().map_err(fault)? {
            item.map_err(fault)?;
            bytes += 52;
        }
        for item in self.table(EXTENTS)?.iter().map_err(fault)? {
            let (_, value) = item.map_err(fault)?;
            let extent: BarExtent = codec::decode(self.path(), "bar_extents", value.value())?;
            bars += extent.count;
        }
        Ok((bytes, bars))
    }
}

impl<T: CatalogUse> BarReads for T {}

/// The first open time of the block that holds `time`, or `time` itself if no block reaches it.
fn block_start(
    blocks: &impl ReadableTable<(SeriesId, i64), &'static [u8]>,
    series: SeriesId,
    time: i64,
) -> Result<i64> {
    let mut before = blocks
        .range((series, i64::MIN)..=(series, time))
        .map_err(fault)?;
    match before.next_back() {
        Some(item) => Ok(item.map_err(fault)?.0.value().1),
        None => Ok(time),
    }
}

fn decode(path: &std::path::Path, bytes: &[u8]) -> Result<Bars> {
    bar_block::decode(bytes).map_err(|e| Error::corrupt(path, "bar_blocks", e))
}

fn tail_bar(time: i64, [open, high, low, close, volume]: [f64; 5]) -> Bar {
    Bar {
        time: Timestamp::from_millis(time),
        open,
        high,
        low,
        close,
        volume,
    }
}

impl WriteTxn {
    /// Merges `new`, ascending and unique by time, into a series: later bars are appended, bars
    /// of a stored time replace it, others are put in between.
    pub(crate) fn merge_bars(&self, series: SeriesId, new: &Bars) -> Result<BarChange> {
        let (Some(&from), Some(&to)) = (new.time.first(), new.time.last()) else {
            return Ok(BarChange::default());
        };
        let extent = self.bar_extent(series)?;
        let small = new.len() <= BLOCK_BARS / 4;
        let change = if small && from >= self.tail_start(series, extent)? {
            self.merge_into_tail(series, new, extent)?
        } else {
            self.merge_into_blocks(series, new, from, to, extent)?
        };
        if change.added > 0 {
            self.grow_extent(series, extent, change.added, from, to)?;
        }
        Ok(change)
    }

    /// Removes the bars that open in `range`.
    pub(crate) fn remove_bars(
        &self,
        series: SeriesId,
        range: RangeInclusive<i64>,
    ) -> Result<BarChange> {
        let mut change = BarChange::default();
        let times = self.bar_times(series, range.clone())?;
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
            return Ok(change);
        };
        change.removed = times.len() as u64;
        change.ranges.push((first, last));
        let (left, right) = self.take_region(series, first, last)?;
        let mut kept = left.slice(0..left.time.partition_point(|&t| t < first));
        kept.extend(&left.slice(left.time.partition_point(|&t| t <= last)..left.len()));
        kept.extend(&right);
        self.put_blocks(series, &kept)?;
        self.measure_extent(series)?;
        Ok(change)
    }

    /// From which time on a bar belongs to the tail: after the last bar of the blocks.
    fn tail_start(&self, series: SeriesId, extent: Option<BarExtent>) -> Result<i64> {
        let Some(extent) = extent else {
            return Ok(i64::MIN);
        };
        let tail = self.table(TAIL)?;
        let mut waiting = tail
            .range((series, i64::MIN)..=(series, i64::MAX))
            .map_err(fault)?;
        match waiting.next() {
            // Between the last block and the first waiting bar may lie a gap: that belongs to
            // the blocks' side, which costs a little and is rare.
            Some(item) => Ok(item.map_err(fault)?.0.value().1),
            None => Ok(extent.last.saturating_add(1)),
        }
    }

    fn merge_into_tail(
        &self,
        series: SeriesId,
        new: &Bars,
        extent: Option<BarExtent>,
    ) -> Result<BarChange> {
        let mut change = BarChange::default();
        let mut waiting = 0;
        {
            let mut tail = self.table_mut(TAIL)?;
            let mut beside = false;
            for bar in new.iter() {
                let value = [bar.open, bar.high, bar.low, bar.close, bar.volume];
                let time = bar.time.millis();
                let old = tail.insert((series, time), value).map_err(fault)?;
                let same = old.map(|v| v.value() == value);
                match same {
                    None => change.added += 1,
                    Some(false) => change.replaced += 1,
                    Some(true) => change.unchanged += 1,
                }
                if same != Some(true) {
                    // Bars that wait between two new ones make the range wider, never narrower.
                    change.touch(time, beside);
                }
                beside = same != Some(true);
            }
            let from = extent.map_or(i64::MIN, |e| e.first);
            for item in tail
                .range((series, from)..=(series, i64::MAX))
                .map_err(fault)?
            {
                item.map_err(fault)?;
                waiting += 1;
            }
        }
        if waiting >= BLOCK_BARS {
            self.flush_tail(series)?;
        }
        Ok(change)
    }

    /// Moves the tail into blocks.
    fn flush_tail(&self, series: SeriesId) -> Result<()> {
        let (all, _) = self.take_region(series, i64::MAX, i64::MAX)?;
        self.put_blocks(series, &all)
    }

    fn merge_into_blocks(
        &self,
        series: SeriesId,
        new: &Bars,
        from: i64,
        to: i64,
        extent: Option<BarExtent>,
    ) -> Result<BarChange> {
        let nothing_there = extent.is_none_or(|e| to < e.first || from > e.last);
        let (old, right) = if nothing_there && new.len() >= BLOCK_BARS {
            // A long stretch before or after everything: the blocks there stay as they are.
            (self.take_tail_before(series, from)?, Bars::default())
        } else {
            self.take_region(series, from, to)?
        };
        let (mut merged, change) = merge(&old, new);
        merged.extend(&right);
        self.put_blocks(series, &merged)?;
        Ok(change)
    }

    /// Takes out the blocks that overlap `from..=to`, one small neighbour on either side, and the
    /// tail if the region reaches it. Returns the bars up to the region's end and those after it.
    fn take_region(&self, series: SeriesId, from: i64, to: i64) -> Result<(Bars, Bars)> {
        let mut taken = Bars::default();
        let mut reaches_end = true;
        {
            let mut blocks = self.table_mut(BLOCKS)?;
            let start = block_start(&blocks, series, from)?;
            let mut keys = Vec::new();
            for item in blocks
                .range((series, start)..=(series, i64::MAX))
                .map_err(fault)?
            {
                let key = item.map_err(fault)?.0.value();
                keys.push(key);
                if key.1 > to {
                    reaches_end = false;
                    break;
                }
            }
            for key in keys {
                if let Some(value) = blocks.remove(key).map_err(fault)? {
                    taken.extend(&decode(self.path(), value.value())?);
                }
            }
        }
        if reaches_end {
            self.take_tail(series, &mut taken)?;
        }
        let cut = taken.time.partition_point(|&t| t <= to);
        let right = taken.slice(cut..taken.len());
        Ok((taken.slice(0..cut), right))
    }

    /// Only the tail, and only if `from` is after it: nothing else is near.
    fn take_tail_before(&self, series: SeriesId, from: i64) -> Result<Bars> {
        let waits_before = {
            let tail = self.table(TAIL)?;
            let mut waiting = tail
                .range((series, i64::MIN)..=(series, from))
                .map_err(fault)?;
            waiting.next().is_some()
        };
        let mut taken = Bars::default();
        if waits_before {
            self.take_tail(series, &mut taken)?;
        }
        Ok(taken)
    }

    fn take_tail(&self, series: SeriesId, into: &mut Bars) -> Result<()> {
        let mut tail = self.table_mut(TAIL)?;
        let all = (series, i64::MIN)..=(series, i64::MAX);
        let taken = tail.extract_from_if(all, |_, _| true).map_err(fault)?;
        for item in taken {
            let (key, value) = item.map_err(fault)?;
            into.push(tail_bar(key.value().1, value.value()));
        }
        Ok(())
    }

    fn put_blocks(&self, series: SeriesId, bars: &Bars) -> Result<()> {
        let starts: Vec<usize> = (0..bars.len()).step_by(BLOCK_BARS).collect();
        let encoded: Vec<(i64, Vec<u8>)> = starts
            .into_par_iter()
            .map(|start| {
                let block = bars.slice(start..start + BLOCK_BARS);
                let first = block.time.first().copied().unwrap_or_default();
                bar_block::encode(&block)
                    .map(|bytes| (first, bytes))
                    .map_err(|e| Error::Catalog(format!("bars cannot be compressed: {e}")))
            })
            .collect::<Result<_>>()?;
        let mut blocks = self.table_mut(BLOCKS)?;
        for (first, bytes) in &encoded {
            blocks
                .insert((series, *first), bytes.as_slice())
                .map_err(fault)?;
        }
        Ok(())
    }

    fn grow_extent(
        &self,
        series: SeriesId,
        extent: Option<BarExtent>,
        added: u64,
        from: i64,
        to: i64,
    ) -> Result<()> {
        let extent = extent.map_or(
            BarExtent {
                count: added,
                first: from,
                last: to,
            },
            |e| BarExtent {
                count: e.count + added,
                first: e.first.min(from),
                last: e.last.max(to),
            },
        );
        self.put_extent(series, Some(extent))
    }

    fn measure_extent(&self, series: SeriesId) -> Result<()> {
        let times = self.bar_times(series, i64::MIN..=i64::MAX)?;
        let extent = times
            .first()
            .zip(times.last())
            .map(|(&first, &last)| BarExtent {
                count: times.len() as u64,
                first,
                last,
            });
        self.put_extent(series, extent)
    }

    fn put_extent(&self, series: SeriesId, extent: Option<BarExtent>) -> Result<()> {
        let mut table = self.table_mut(EXTENTS)?;
        match extent {
            Some(extent) => {
                let value = codec::encode(&extent)?;
                table.insert(series, value.as_slice()).map_err(fault)?;
            }
            None => {
                table.remove(series).map_err(fault)?;
            }
        }
        Ok(())
    }
}

/// Merges two ascending lists; where both have a time, `new` wins.
fn merge(old: &Bars, new: &Bars) -> (Bars, BarChange) {
    let mut merged = Bars::with_capacity(old.len() + new.len());
    let mut change = BarChange::default();
    let mut olds = old.iter().peekable();
    let mut beside = false;
    for bar in new.iter() {
        while let Some(earlier) = olds.next_if(|o| o.time < bar.time) {
            merged.push(earlier);
            beside = false;
        }
        let replaced = olds.next_if(|o| o.time == bar.time);
        match replaced {
            None => change.added += 1,
            Some(same) if same == bar => change.unchanged += 1,
            Some(_) => change.replaced += 1,
        }
        let changed = replaced != Some(bar);
        if changed {
            change.touch(bar.time.millis(), beside);
        }
        beside = changed;
        merged.push(bar);
    }
    for later in olds {
        merged.push(later);
    }
    (merged, change)
}
