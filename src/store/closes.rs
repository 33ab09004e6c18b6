//! Closes of bars, for tables of many series.
//!
//! Such a table reads two of six columns, of far more bars than other questions. They are kept by themselves, a
//! third of the size, known by the hash of their block as in [`super::bar_cache`].

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::bar_block;
use crate::error::{Error, Result};

/// Closes that are kept before all of them are dropped: some 32 MB, 800 series of ten years of days.
const MOST_CLOSES: usize = 1 << 21;

/// Bars of one series, ascending: when each opens, and its last price.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Closes {
    /// Open times in milliseconds UTC.
    pub(crate) time: Vec<i64>,
    pub(crate) close: Vec<f64>,
}

impl Closes {
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    pub(super) fn push(&mut self, time: i64, close: f64) {
        self.time.push(time);
        self.close.push(close);
    }

    /// Adds a part of others at the end.
    pub(super) fn extend(&mut self, other: &Self, range: Range<usize>) {
        self.time
            .extend_from_slice(other.time.get(range.clone()).unwrap_or_default());
        self.close
            .extend_from_slice(other.close.get(range).unwrap_or_default());
    }
}

/// Closes of whole blocks, by the hash of the block.
#[derive(Debug, Default)]
pub(super) struct KeptCloses(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    blocks: HashMap<u64, Arc<Closes>>,
    /// How many closes these are.
    closes: usize,
}

impl KeptCloses {
    /// The closes of a block, decoded if they are not kept.
    pub(super) fn block(&self, path: &Path, bytes: &[u8]) -> Result<Arc<Closes>> {
        let corrupt = |e| Error::corrupt(path, "bar_blocks", e);
        let hash = bar_block::hash(bytes).map_err(corrupt)?;
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().blocks.get(&hash).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        // Without the lock: others may read meanwhile.
        let (time, close) = bar_block::decode_closes(bytes).map_err(corrupt)?;
        let made = Arc::new(Closes { time, close });
        let mut kept = lock();
        if kept.closes + made.len() > MOST_CLOSES {
            *kept = Kept::default();
        }
        let replaced = kept.blocks.insert(hash, Arc::clone(&made));
        kept.closes += made.len() - replaced.map_or(0, |old| old.len());
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Bars;
    use crate::store::bars::tail_bar;

    #[test]
    fn what_is_kept_stays_within_its_limit() {
        let kept = KeptCloses::default();
        let block = |seed: i64| {
            let bar = |i: i64| tail_bar(i, [1.0, 2.0, 0.5, 1.0 + (seed + i) as f64 * 1e-6, 1.0]);
            let bars: Bars = (0..bar_block::BLOCK_BARS as i64).map(bar).collect();
            bar_block::encode(&bars).unwrap()
        };
        let most = MOST_CLOSES / bar_block::BLOCK_BARS;
        for seed in 0..most as i64 + 3 {
            let bytes = block(seed);
            let made = kept.block(Path::new("c"), &bytes).unwrap();
            assert_eq!(made, kept.block(Path::new("c"), &bytes).unwrap());
            let now = kept.0.lock().unwrap();
            let counted: usize = now.blocks.values().map(|closes| closes.len()).sum();
            assert_eq!(now.closes, counted);
            assert!(counted <= MOST_CLOSES);
        }
        assert_eq!(kept.0.lock().unwrap().blocks.len(), 3);
    }
}
