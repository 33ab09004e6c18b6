//! Changing the bars of a series: appending to its tail, rewriting the blocks that are touched.

use std::ops::{Range, RangeInclusive};

use rayon::prelude::*;

use super::bar_block::{self, BLOCK_BARS};
use super::bars::{BarChange, BarExtent, BarReads, block_start, decode, tail_bar};
use super::catalog::{CatalogUse, WriteTxn};
use super::codec;
use super::overlay_key::OverlayKey;
use super::records::SeriesId;
use super::tables::{BLOCKS, EXTENTS, TAIL};
use crate::error::{Error, Result};
use crate::model::Bars;

/// The tail is counted when the number of bars passes a multiple of this, since counting reads it.
const COUNT_EVERY: u64 = 256;

/// Bars of the newest block of a series: some windows of usual length.
const NEWEST_BARS: usize = 256;

impl WriteTxn {
    /// Merges `new`, ascending and unique by time, into a series: later bars are appended, bars
    /// of a stored time replace it, others are put in between. `extent` is what
    /// [`BarReads::bar_extent`] says.
    pub(crate) fn merge_bars(
        &self,
        series: SeriesId,
        new: &Bars,
        extent: Option<BarExtent>,
    ) -> Result<BarChange> {
        let (Some(&from), Some(&to)) = (new.time.first(), new.time.last()) else {
            return Ok(BarChange::default());
        };
        let small = new.len() <= BLOCK_BARS / 4;
        let appended = extent.is_some_and(|e| from > e.last);
        let mut change = if small && (appended || self.is_in_tail(series, from, extent)?) {
            self.merge_into_tail(series, new, extent)?
        } else {
            self.merge_into_blocks(series, new, from, to, extent)?
        };
        if change.added > 0 {
            self.grow_extent(series, extent, change.added, from, to)?;
        }
        change.appended = appended;
        if let Some(range) = change.ranges.first() {
            // A bar that opens at a time closes after it.
            self.note_changed_after(*range.start());
            self.note_bars_changed(series);
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
        change.ranges.push(first..=last);
        self.note_changed_after(first);
        self.note_bars_changed(series);
        let (left, right) = self.take_region(series, first, last)?;
        let mut kept = left.slice(0..left.time.partition_point(|&t| t < first));
        kept.extend(&left.slice(left.time.partition_point(|&t| t <= last)..left.len()));
        kept.extend(&right);
        self.put_blocks(series, &kept)?;
        self.measure_extent(series)?;
        Ok(change)
    }

    /// Whether a bar of a time belongs to the tail.
    fn is_in_tail(&self, series: SeriesId, time: i64, extent: Option<BarExtent>) -> Result<bool> {
        let laid = self.laid_over(TAIL.place)?;
        // The last bar of a series that is followed is laid over the tail, so nothing has to be read.
        let waits = laid.get((series, time).entry()).flatten().is_some();
        Ok(waits || time >= self.tail_start(series, extent)?)
    }

    /// From which time on a bar belongs to the tail: after the last bar of the blocks.
    fn tail_start(&self, series: SeriesId, extent: Option<BarExtent>) -> Result<i64> {
        let Some(extent) = extent else {
            return Ok(i64::MIN);
        };
        let tail = self.overlaid(TAIL)?;
        let mut waiting = tail.range((series, i64::MIN)..=(series, i64::MAX))?;
        match waiting.next() {
            // Between the last block and the first waiting bar may lie a gap: that belongs to
            // the blocks' side, which costs a little and is rare.
            Some(item) => Ok(item?.0.1),
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
        {
            let mut tail = self.overlaid_mut(TAIL)?;
            let mut beside = false;
            // Nothing is stored at or after the first of appended bars, so nobody looks for it.
            let appended = extent.is_none_or(|e| new.time.first() > Some(&e.last));
            for bar in new.iter() {
                let value = [bar.open, bar.high, bar.low, bar.close, bar.volume];
                let time = bar.time.millis();
                let same = if appended {
                    tail.insert((series, time), value)?;
                    None
                } else {
                    tail.replace((series, time), value, |old| old == value)?
                };
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
        }
        let before = extent.map_or(0, |e| e.count);
        let counted = |bars: u64| bars / COUNT_EVERY;
        if counted(before) != counted(before + change.added) && self.waiting(series)? >= BLOCK_BARS
        {
            self.flush_tail(series)?;
        }
        Ok(change)
    }

    /// How many bars the tail of a series has.
    fn waiting(&self, series: SeriesId) -> Result<usize> {
        let tail = self.overlaid(TAIL)?;
        let all = (series, i64::MIN)..=(series, i64::MAX);
        Ok(tail.range(all)?.count())
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
            for item in blocks.range((series, start)..=(series, i64::MAX))? {
                let key = item?.0.value();
                keys.push(key);
                if key.1 > to {
                    reaches_end = false;
                    break;
                }
            }
            for key in keys {
                if let Some(block) = blocks.take(key, <[u8]>::to_vec)? {
                    taken.extend(&decode(self.path(), &block)?);
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
            let tail = self.overlaid(TAIL)?;
            let mut waiting = tail.range((series, i64::MIN)..=(series, from))?;
            waiting.next().is_some()
        };
        let mut taken = Bars::default();
        if waits_before {
            self.take_tail(series, &mut taken)?;
        }
        Ok(taken)
    }

    fn take_tail(&self, series: SeriesId, into: &mut Bars) -> Result<()> {
        let mut tail = self.overlaid_mut(TAIL)?;
        let all = (series, i64::MIN)..=(series, i64::MAX);
        for bar in tail.drain(all, |(_, time), value| tail_bar(time, value))? {
            into.push(bar);
        }
        Ok(())
    }

    fn put_blocks(&self, series: SeriesId, bars: &Bars) -> Result<()> {
        let newest = self.is_newest(series, bars)?;
        let encoded: Vec<(i64, Vec<u8>)> = block_ranges(bars.len(), newest)
            .into_par_iter()
            .map(|range| {
                let block = bars.slice(range);
                let first = block.time.first().copied();
                let first = first.ok_or_else(|| Error::internal("a block to write has no bars"))?;
                bar_block::encode(&block)
                    .map(|bytes| (first, bytes))
                    .map_err(|e| Error::internal(format!("bars cannot be compressed: {e}")))
            })
            .collect::<Result<_>>()?;
        let mut blocks = self.table_mut(BLOCKS)?;
        for (first, bytes) in &encoded {
            blocks.insert((series, *first), bytes.as_slice())?;
        }
        Ok(())
    }

    /// Whether nothing of the series is stored that is later than these bars.
    fn is_newest(&self, series: SeriesId, bars: &Bars) -> Result<bool> {
        let Some(after) = bars.time.last().and_then(|t| t.checked_add(1)) else {
            return Ok(false);
        };
        let later = (series, after)..=(series, i64::MAX);
        let blocks = self.table(BLOCKS)?;
        if blocks.range(later.clone())?.next().is_some() {
            return Ok(false);
        }
        let tail = self.overlaid(TAIL)?;
        Ok(tail.range(later)?.next().is_none())
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
        let mut table = self.overlaid_mut(EXTENTS)?;
        match extent {
            Some(extent) => {
                let value = codec::encode(&extent)?;
                table.insert(series, value.as_slice())?;
            }
            None => {
                table.remove(series)?;
            }
        }
        Ok(())
    }
}

/// How `n` bars are cut into blocks. The newest ones of a series get a small block of their own,
/// because every bar that is appended later asks for them.
fn block_ranges(n: usize, newest: bool) -> Vec<Range<usize>> {
    let whole = if newest {
        n.saturating_sub(NEWEST_BARS)
    } else {
        n
    };
    let starts = (0..whole).step_by(BLOCK_BARS);
    let mut ranges: Vec<_> = starts
        .map(|start| start..whole.min(start + BLOCK_BARS))
        .collect();
    if whole < n {
        ranges.push(whole..n);
    }
    ranges
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
