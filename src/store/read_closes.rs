//! The closes of a range of stored bars.

use std::ops::RangeInclusive;

use super::bar_cache::BarCache;
use super::catalog::{CatalogUse, ReadTxn};
use super::closes::Closes;
use super::records::SeriesId;
use crate::error::Result;

impl ReadTxn {
    /// The closes of the stored bars of a series that open in a range of time.
    pub(crate) fn closes(
        &self,
        cache: &BarCache,
        series: SeriesId,
        opens: RangeInclusive<i64>,
    ) -> Result<Closes> {
        let (from, to) = opens.into_inner();
        let mut closes = Closes::default();
        if from > to {
            return Ok(closes);
        }
        let start = self.block_start_of(series, from)?;
        for item in self.blocks()?.range((series, start)..=(series, to))? {
            let (_, value) = item?;
            let block = cache.closes.block(self.path(), value.value())?;
            let first = block.time.partition_point(|&t| t < from);
            let end = block.time.partition_point(|&t| t <= to);
            closes.extend(&block, first..end);
        }
        for item in self.tail()?.range((series, from)..=(series, to))? {
            let (key, value) = item?;
            let [_, _, _, close, _] = value.value();
            closes.push(key.1, close);
        }
        Ok(closes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Bars;
    use crate::store::bars::tail_bar;
    use crate::store::{BarReads, Catalog};

    fn bars(range: std::ops::Range<i64>, step: f64) -> Bars {
        let bar = |i: i64| tail_bar(i * 10, [100.0, 900.0, 50.0, 100.0 + step * i as f64, 1.0]);
        range.map(bar).collect()
    }

    #[test]
    fn closes_are_those_of_the_bars_also_after_a_correction() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&crate::disk::FileSystem, &path).unwrap();
        let cache = BarCache::default();
        for step in [0.001, 0.002] {
            let txn = catalog.write().unwrap();
            txn.merge_bars(1, &bars(0..5000, step), txn.bar_extent(1).unwrap())
                .unwrap();
            // A few that wait for a block.
            txn.merge_bars(1, &bars(5000..5040, step), txn.bar_extent(1).unwrap())
                .unwrap();
            txn.commit().unwrap();
            let txn = catalog.read().unwrap();
            for from in [i64::MIN, -5, 0, 3, 20_470, 20_480, 49_990, 50_100, 60_000] {
                for to in [from, 20_480, 49_999, 50_200, i64::MAX] {
                    let stored = txn.bars(1, from..=to).unwrap();
                    // Twice: decoded, and as it was kept.
                    for _ in 0..2 {
                        let found = txn.closes(&cache, 1, from..=to).unwrap();
                        assert_eq!(found.time, stored.time, "{from} to {to}");
                        assert_eq!(found.close, stored.close, "{from} to {to}");
                    }
                }
            }
            assert_eq!(txn.closes(&cache, 2, 0..=100).unwrap(), Closes::default());
        }
    }
}
