//! The sums of a range of stored bars.

use std::ops::Range;

use super::bar_block;
use super::bar_cache::BarCache;
use super::bar_sums::{BarSums, Step};
use super::bars::tail_bar;
use super::catalog::{CatalogUse, ReadTxn};
use super::records::SeriesId;
use crate::error::{Error, Result};

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
            let bar = tail_bar(key.1, value.value());
            sums.push(bar.time.millis(), bar.close, bar.volume, step);
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Bars;
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
