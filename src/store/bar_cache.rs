//! Decoded blocks of bars, kept for questions that read a few bars here and there.
//!
//! A block is known by the hash of its bytes, which stands in its head. So what is kept can never
//! be out of date, whichever transaction asks for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::bar_block;
use super::bar_sums::KeptSums;
use super::bar_tables::{BarTables, ReadTail};
use super::bars::{block_start, decode, tail_bar};
use super::calls::ReadTable;
use super::catalog::{CatalogUse, ReadTxn};
use super::closes::KeptCloses;
use super::records::SeriesId;
use super::tables::{BLOCKS, TAIL};
use crate::error::{Error, Result};
use crate::model::Bars;

/// Bars that are kept: some 64 MB.
const MOST_BARS: usize = 640 * 2048;

/// Blocks that were decoded last, up to a number of bars.
#[derive(Debug, Default)]
pub(crate) struct BarCache {
    kept: Mutex<Kept>,
    /// What whole blocks add up to.
    pub(super) sums: KeptSums,
    /// Their times and closes alone.
    pub(super) closes: KeptCloses,
}

#[derive(Debug, Default)]
struct Kept {
    /// By the hash of the block; with the moment of its last use.
    blocks: HashMap<u64, (Arc<Bars>, u64)>,
    /// How many bars these are.
    bars: usize,
    clock: u64,
}

impl Kept {
    fn get(&mut self, hash: u64) -> Option<Arc<Bars>> {
        self.clock += 1;
        let (bars, used) = self.blocks.get_mut(&hash)?;
        *used = self.clock;
        Some(Arc::clone(bars))
    }

    fn put(&mut self, hash: u64, bars: &Arc<Bars>) {
        while self.bars + bars.len() > MOST_BARS {
            let oldest = self.blocks.iter().min_by_key(|(_, (_, used))| *used);
            let Some(hash) = oldest.map(|(&hash, _)| hash) else {
                break;
            };
            let gone = self.blocks.remove(&hash);
            self.bars -= gone.map_or(0, |(bars, _)| bars.len());
        }
        let replaced = self.blocks.insert(hash, (Arc::clone(bars), self.clock));
        self.bars += bars.len() - replaced.map_or(0, |(bars, _)| bars.len());
    }
}

impl BarCache {
    pub(super) fn block(&self, path: &std::path::Path, bytes: &[u8]) -> Result<Arc<Bars>> {
        let hash = bar_block::hash(bytes).map_err(|e| Error::corrupt(path, "bar_blocks", e))?;
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bars) = lock().get(hash) {
            return Ok(bars);
        }
        // Without the lock: others may read meanwhile.
        let bars = Arc::new(decode(path, bytes)?);
        lock().put(hash, &bars);
        Ok(bars)
    }
}

impl ReadTxn {
    fn bar_tables(&self) -> Result<&BarTables> {
        if let Some(tables) = self.bar_tables.get() {
            return Ok(tables);
        }
        let tables = BarTables {
            tail: self.overlaid(TAIL)?,
            blocks: self.table(BLOCKS)?,
        };
        Ok(self.bar_tables.get_or_init(|| tables))
    }

    /// The blocks of bars.
    pub(super) fn blocks(&self) -> Result<&ReadTable<(SeriesId, i64), &'static [u8]>> {
        Ok(&self.bar_tables()?.blocks)
    }

    /// The bars that wait for a block.
    pub(super) fn tail(&self) -> Result<&ReadTail> {
        Ok(&self.bar_tables()?.tail)
    }

    /// The first open time of the block of a series that holds `time`, or `time` itself.
    pub(super) fn block_start_of(&self, series: SeriesId, time: i64) -> Result<i64> {
        block_start(self.blocks()?, series, time)
    }

    /// The first `n` stored bars that open at or after `first`, ascending.
    pub(crate) fn bars_from(
        &self,
        cache: &BarCache,
        series: SeriesId,
        first: i64,
        n: usize,
    ) -> Result<Bars> {
        let mut bars = Bars::with_capacity(n);
        let BarTables { tail, blocks } = self.bar_tables()?;
        let start = block_start(blocks, series, first)?;
        let range = (series, start)..=(series, i64::MAX);
        for item in blocks.range(range)? {
            let missing = n - bars.len();
            if missing == 0 {
                return Ok(bars);
            }
            let (_, value) = item?;
            let block = cache.block(self.path(), value.value())?;
            let from = block.time.partition_point(|&t| t < first);
            bars.extend(&block.slice(from..from.saturating_add(missing)));
        }
        let range = (series, first)..=(series, i64::MAX);
        for item in tail.range(range)?.take(n - bars.len()) {
            let (key, value) = item?;
            bars.push(tail_bar(key.1, value.value()));
        }
        Ok(bars)
    }

    /// The last `n` stored bars that open at or before `last`, ascending.
    pub(crate) fn bars_back(
        &self,
        cache: &BarCache,
        series: SeriesId,
        last: i64,
        n: usize,
    ) -> Result<Bars> {
        let BarTables { tail, blocks } = self.bar_tables()?;
        let waiting = tail.range((series, i64::MIN)..=(series, last))?;
        let mut newest = Vec::new();
        for item in waiting.rev().take(n) {
            let (key, value) = item?;
            newest.push(tail_bar(key.1, value.value()));
        }
        let mut missing = n - newest.len();
        let mut older: Vec<Bars> = Vec::new();
        if missing > 0 {
            let mut range = blocks.range((series, i64::MIN)..=(series, last))?;
            while missing > 0
                && let Some(item) = range.next_back()
            {
                let (_, value) = item?;
                let block = cache.block(self.path(), value.value())?;
                let end = block.time.partition_point(|&t| t <= last);
                let taken = block.slice(end.saturating_sub(missing)..end);
                missing -= taken.len();
                older.push(taken);
            }
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::store::{BarReads, Catalog};

    fn bars(n: i64, step: f64) -> Bars {
        let bar = |i: i64| tail_bar(i * 10, [100.0, 200.0, 50.0, 100.0 + step * i as f64, 1.0]);
        (0..n).map(bar).collect()
    }

    #[test]
    fn bars_from_are_those_of_the_catalog_also_after_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&crate::disk::FileSystem, &path).unwrap();
        let cache = BarCache::default();
        for step in [0.001, 0.002] {
            let txn = catalog.write().unwrap();
            let all = bars(5000, step);
            txn.merge_bars(1, &all, txn.bar_extent(1).unwrap()).unwrap();
            txn.commit().unwrap();
            let txn = catalog.read().unwrap();
            for first in [-5, 0, 3, 20_470, 20_480, 49_000, 49_990, 50_000] {
                for n in [0, 1, 30, 5000] {
                    let stored = txn.bars(1, first..=i64::MAX).unwrap().slice(0..n);
                    // Twice: decoded, and as it was kept.
                    for _ in 0..2 {
                        let found = txn.bars_from(&cache, 1, first, n).unwrap();
                        assert_eq!(found, stored, "{n} from {first}");
                        let found = txn.bars_back(&cache, 1, first, n).unwrap();
                        let stored = txn.bars_up_to(1, first, n).unwrap();
                        assert_eq!(found, stored, "{n} up to {first}");
                    }
                }
            }
        }
        let kept = cache.kept.lock().unwrap();
        let bars: usize = kept.blocks.values().map(|(bars, _)| bars.len()).sum();
        assert_eq!(kept.bars, bars);
        assert!((5000..=MOST_BARS).contains(&bars), "{bars}");
    }

    #[test]
    fn the_block_that_was_used_longest_ago_goes_first() {
        let mut kept = Kept::default();
        let block = Arc::new(bars(2048, 0.0));
        for hash in 0..640 {
            kept.put(hash, &block);
            assert!(kept.get(0).is_some());
        }
        assert_eq!((kept.blocks.len(), kept.bars), (640, MOST_BARS));
        kept.put(9999, &block);
        assert_eq!((kept.blocks.len(), kept.bars), (640, MOST_BARS));
        assert!(kept.get(0).is_some() && kept.get(9999).is_some());
        assert!(kept.get(1).is_none());
    }
}
