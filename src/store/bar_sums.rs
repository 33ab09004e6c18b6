//! What the bars of a period add up to: how much they moved and how much was traded.
//!
//! A year of minutes is half a million bars. Sums of whole blocks are kept, known by the hash of
//! the block as in [`super::bar_cache`], so that only the blocks at both ends of a period are read.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::bar_block;
use super::bar_cache::BarCache;
use super::bars::tail_bar;
use super::catalog::{CatalogUse, ReadTxn};
use super::records::SeriesId;
use crate::error::{Error, Result};
use crate::model::Bars;

/// Sums of blocks that are kept before all of them are dropped: some 5 MB.
const MOST_SUMS: usize = 1 << 16;

/// Sums over consecutive stored bars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct BarSums {
    /// How many bars.
    pub(crate) bars: u64,
    /// How many of them have a return, from the close of the bar before.
    pub(crate) returns: u64,
    /// The squared log returns.
    pub(crate) squares: f64,
    /// The squared volumes.
    pub(crate) volume_squares: f64,
    /// Open time and close of the first and of the last bar.
    ends: Option<[(i64, f64); 2]>,
}

/// The time from one bar to the next where a longer one is a gap, in milliseconds. A return across
/// a gap is not that of a bar, and does not count.
pub(crate) type Step = Option<i64>;

impl BarSums {
    fn of(bars: &Bars, range: Range<usize>, step: Step) -> Self {
        let mut sums = Self::default();
        let bars = bars.time.iter().zip(&bars.close).zip(&bars.volume);
        for ((&time, &close), &volume) in bars.skip(range.start).take(range.len()) {
            sums.push(time, close, volume, step);
        }
        sums
    }

    fn push(&mut self, time: i64, close: f64, volume: f64, step: Step) {
        let bar = Self {
            bars: 1,
            returns: 0,
            squares: 0.0,
            volume_squares: volume * volume,
            ends: Some([(time, close); 2]),
        };
        *self = self.then(&bar, step);
    }

    /// The sums of these bars and of those that come next in the series.
    fn then(&self, later: &Self, step: Step) -> Self {
        let (Some([first, last]), Some([next, end])) = (self.ends, later.ends) else {
            return if self.ends.is_some() { *self } else { *later };
        };
        let joined = step.is_none_or(|step| next.0.saturating_sub(last.0) == step);
        let square = if joined {
            (next.1 / last.1).ln().powi(2)
        } else {
            0.0
        };
        Self {
            bars: self.bars + later.bars,
            returns: self.returns + later.returns + u64::from(joined),
            squares: self.squares + square + later.squares,
            volume_squares: self.volume_squares + later.volume_squares,
            ends: Some([first, end]),
        }
    }

    /// Whether all bars open before a time.
    fn all_before(&self, time: i64) -> bool {
        self.ends.is_none_or(|[_, (last, _)]| last < time)
    }
}

/// Sums of blocks, by the hash of the block and what counts as a gap.
#[derive(Debug, Default)]
pub(super) struct KeptSums(Mutex<HashMap<(u64, Step), BarSums>>);

impl KeptSums {
    fn get(&self, key: (u64, Step), make: impl FnOnce() -> Result<BarSums>) -> Result<BarSums> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let made = make()?;
        let mut kept = lock();
        if kept.len() >= MOST_SUMS {
            kept.clear();
        }
        kept.insert(key, made);
        Ok(made)
    }
}

impl ReadTxn {
    /// The sums of the stored bars of a series that open in a range of time.
    pub(crate) fn bar_sums(
        &self,
        cache: &BarCache,
        series: SeriesId,
        opens: Range<i64>,
        step: Step,
    ) -> Result<BarSums> {
        let mut sums = BarSums::default();
        if opens.is_empty() {
            return Ok(sums);
        }
        let last = opens.end.saturating_sub(1);
        let start = self.block_start_of(series, opens.start)?;
        for item in self.blocks()?.range((series, start)..=(series, last))? {
            let (key, value) = item?;
            let bytes = value.value();
            let hash =
                bar_block::hash(bytes).map_err(|e| Error::corrupt(self.path(), "bar_blocks", e))?;
            let block = || cache.block(self.path(), bytes);
            if key.value().1 >= opens.start {
                let whole = cache.sums.get((hash, step), || {
                    let bars = block()?;
                    Ok(BarSums::of(&bars, 0..bars.len(), step))
                })?;
                if whole.all_before(opens.end) {
                    sums = sums.then(&whole, step);
                    continue;
                }
            }
            let bars = block()?;
            let from = bars.time.partition_point(|&t| t < opens.start);
            let to = bars.time.partition_point(|&t| t < opens.end);
            sums = sums.then(&BarSums::of(&bars, from..to, step), step);
        }
        let range = (series, opens.start)..=(series, last);
        for item in self.tail()?.range(range)? {
            let (key, value) = item?;
            let bar = tail_bar(key.value().1, value.value());
            sums.push(bar.time.millis(), bar.close, bar.volume, step);
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::store::{BarReads, Catalog};

    /// Bars ten milliseconds apart, with a hole after the 3,000th.
    fn bars(n: i64) -> Bars {
        let price = |i: i64| 100.0 + 10.0 * (i as f64 * 0.7).sin();
        let time = |i: i64| 10 * i + if i >= 3000 { 500 } else { 0 };
        let bar = |i: i64| tail_bar(time(i), [price(i), 200.0, 50.0, price(i), i as f64]);
        (0..n).map(bar).collect()
    }

    /// The same from the definition.
    fn plain(bars: &Bars, step: Step) -> (u64, u64, f64, f64) {
        let pairs = bars
            .time
            .array_windows::<2>()
            .zip(bars.close.array_windows::<2>());
        let joined = pairs.filter(|([a, b], _)| step.is_none_or(|step| b - a == step));
        let squares: Vec<f64> = joined.map(|(_, [a, b])| (b / a).ln().powi(2)).collect();
        let volumes = bars.volume.iter().map(|v| v * v).sum();
        (
            bars.len() as u64,
            squares.len() as u64,
            squares.iter().sum(),
            volumes,
        )
    }

    #[test]
    fn sums_of_blocks_are_those_of_their_bars() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&crate::disk::FileSystem, &path).unwrap();
        let cache = BarCache::default();
        let txn = catalog.write().unwrap();
        txn.merge_bars(1, &bars(9000), txn.bar_extent(1).unwrap())
            .unwrap();
        txn.commit().unwrap();
        let txn = catalog.read().unwrap();
        let all = txn.bars(1, 0..=i64::MAX).unwrap();
        for step in [None, Some(10)] {
            for from in [-7, 0, 5, 20_480, 29_990, 30_100, 89_000, 200_000] {
                for to in [from, from + 11, 20_480, 40_965, 90_490, i64::MAX] {
                    let start = all.time.partition_point(|&t| t < from);
                    let end = all.time.partition_point(|&t| t < to).max(start);
                    let wanted = plain(&all.slice(start..end), step);
                    // Twice: read, and as it was kept.
                    for _ in 0..2 {
                        let found = txn.bar_sums(&cache, 1, from..to, step).unwrap();
                        assert_eq!((found.bars, found.returns), (wanted.0, wanted.1));
                        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
                        assert!(near(found.squares, wanted.2), "{found:?} {wanted:?}");
                        assert!(near(found.volume_squares, wanted.3), "{found:?} {wanted:?}");
                    }
                }
            }
        }
    }
}
