//! Bars of a series: compressed blocks, and a tail of the newest bars one by one.
//!
//! Appending a bar to a block would cost a block's compression, so the newest bars wait in the
//! tail until they fill a block. Every bar of the tail is later than every bar of the blocks.

use std::ops::RangeInclusive;

use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::calls::CheckedTable;
use super::catalog::CatalogUse;
use super::overlaid::OverlaidTable;
use super::records::SeriesId;
use super::tables::{BLOCKS, EXTENTS, TAIL};
use super::{bar_block, codec};
use crate::error::{Error, Result};
use crate::model::{Bar, Bars, Timestamp};

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
    /// Whether all of them are later than everything that was stored before.
    pub(crate) appended: bool,
    /// Open times from the first to the last changed bar, one range for each run of changed bars
    /// that lie beside one another in the series.
    pub(crate) ranges: Vec<RangeInclusive<i64>>,
}

impl BarChange {
    pub(super) fn touch(&mut self, time: i64, continues: bool) {
        match self.ranges.last_mut() {
            Some(range) if continues => *range = *range.start()..=time,
            _ => self.ranges.push(time..=time),
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
        let tail = self.overlaid(TAIL)?;
        if !waits_by(&tail, series, from)? {
            let blocks = self.table(BLOCKS)?;
            let first_block = block_start(&blocks, series, from)?;
            for item in blocks.range((series, first_block)..=(series, to))? {
                let (_, value) = item?;
                let block = decode(self.path(), value.value())?;
                let start = block.time.partition_point(|&t| t < from);
                let end = block.time.partition_point(|&t| t <= to);
                if (start, end) == (0, block.len()) {
                    bars.extend(&block);
                } else {
                    bars.extend(&block.slice(start..end));
                }
            }
        }
        for item in tail.range((series, from)..=(series, to))? {
            let (key, value) = item?;
            bars.push(tail_bar(key.1, value.value()));
        }
        Ok(bars)
    }

    /// The last `n` stored bars that open at or before `last`, ascending.
    fn bars_up_to(&self, series: SeriesId, last: i64, n: usize) -> Result<Bars> {
        let tail = self.overlaid(TAIL)?;
        let mut newest = Vec::new();
        for item in tail
            .range((series, i64::MIN)..=(series, last))?
            .rev()
            .take(n)
        {
            let (key, value) = item?;
            newest.push(tail_bar(key.1, value.value()));
        }
        let mut missing = n - newest.len();
        let mut older: Vec<Bars> = Vec::new();
        if missing == 0 {
            return Ok(newest.into_iter().rev().collect());
        }
        let blocks = self.table(BLOCKS)?;
        let mut range = blocks.range((series, i64::MIN)..=(series, last))?;
        while missing > 0
            && let Some(item) = range.next_back()
        {
            let (_, value) = item?;
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
        for item in blocks.range((series, first_block)..=(series, to))? {
            let (_, value) = item?;
            let block = bar_block::decode_times(value.value())
                .map_err(|e| Error::corrupt(self.path(), "bar_blocks", e))?;
            times.extend(block.into_iter().filter(|t| (from..=to).contains(t)));
        }
        let tail = self.overlaid(TAIL)?;
        for item in tail.range((series, from)..=(series, to))? {
            times.push(item?.0.1);
        }
        Ok(times)
    }

    /// The open time of the `n`-th stored bar after `time` (1 is the next), or of the last one if
    /// there are fewer; `None` if there is none.
    fn nth_bar_after(&self, series: SeriesId, time: i64, n: usize) -> Result<Option<i64>> {
        let (Some(from), true) = (time.checked_add(1), n > 0) else {
            return Ok(None);
        };
        if self.bar_extent(series)?.is_none_or(|e| time >= e.last) {
            return Ok(None);
        }
        let mut last = None;
        let mut seen = 0;
        let blocks = self.table(BLOCKS)?;
        let first_block = block_start(&blocks, series, from)?;
        for item in blocks.range((series, first_block)..=(series, i64::MAX))? {
            let (_, value) = item?;
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
        let tail = self.overlaid(TAIL)?;
        for item in tail.range((series, from)..=(series, i64::MAX))? {
            last = Some(item?.0.1);
            seen += 1;
            if seen == n {
                break;
            }
        }
        Ok(last)
    }

    /// The extent of a series, or `None` if it has no bars.
    fn bar_extent(&self, series: SeriesId) -> Result<Option<BarExtent>> {
        let decode = |value: &[u8]| codec::decode(self.path(), "bar_extents", value);
        self.overlaid_value(EXTENTS, series, decode)?.transpose()
    }

    /// Bytes of all stored bars and their number.
    fn bar_sizes(&self) -> Result<(u64, u64)> {
        let (mut bytes, mut bars) = (0, 0);
        for item in self.table(BLOCKS)?.iter()? {
            bytes += item?.1.value().len() as u64 + 12;
        }
        for item in self.overlaid(TAIL)?.iter()? {
            item?;
            bytes += 52;
        }
        for item in self.overlaid(EXTENTS)?.iter()? {
            let (_, value) = item?;
            let extent: BarExtent = codec::decode(self.path(), "bar_extents", value.value())?;
            bars = extent.count.saturating_add(bars);
        }
        Ok((bytes, bars))
    }
}

impl<T: CatalogUse> BarReads for T {}

/// Whether a bar of the tail opens at or before `time`: then no block has one at or after it.
fn waits_by(
    tail: &OverlaidTable<impl ReadableTable<(SeriesId, i64), [f64; 5]>, (SeriesId, i64), [f64; 5]>,
    series: SeriesId,
    time: i64,
) -> Result<bool> {
    let mut waiting = tail.range((series, i64::MIN)..=(series, time))?;
    Ok(waiting.next().transpose()?.is_some())
}

/// The first open time of the block that holds `time`, or `time` itself if no block reaches it.
pub(super) fn block_start(
    blocks: &CheckedTable<
        impl ReadableTable<(SeriesId, i64), &'static [u8]>,
        (SeriesId, i64),
        &'static [u8],
    >,
    series: SeriesId,
    time: i64,
) -> Result<i64> {
    let mut before = blocks.range((series, i64::MIN)..=(series, time))?;
    match before.next_back() {
        Some(item) => Ok(item?.0.value().1),
        None => Ok(time),
    }
}

pub(super) fn decode(path: &std::path::Path, bytes: &[u8]) -> Result<Bars> {
    bar_block::decode(bytes).map_err(|e| Error::corrupt(path, "bar_blocks", e))
}

pub(super) fn tail_bar(time: i64, [open, high, low, close, volume]: [f64; 5]) -> Bar {
    Bar {
        time: Timestamp::from_millis(time),
        open,
        high,
        low,
        close,
        volume,
    }
}
