//! What the bars of a period add up to: how much they moved and how much was traded.
//!
//! A year of minutes is half a million bars. Sums of whole blocks are kept, known by the hash of
//! the block as in [`super::bar_cache`], so that only the blocks at both ends of a period are read.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
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
    pub(super) fn of(bars: &Bars, range: Range<usize>, step: Step) -> Self {
        let mut sums = Self::default();
        let bars = bars.time.iter().zip(&bars.close).zip(&bars.volume);
        for ((&time, &close), &volume) in bars.skip(range.start).take(range.len()) {
            sums.push(time, close, volume, step);
        }
        sums
    }

    pub(super) fn push(&mut self, time: i64, close: f64, volume: f64, step: Step) {
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
    pub(super) fn then(&self, later: &Self, step: Step) -> Self {
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
    pub(super) fn all_before(&self, time: i64) -> bool {
        self.ends.is_none_or(|[_, (last, _)]| last < time)
    }
}

/// Sums of blocks, by the hash of the block and what counts as a gap.
#[derive(Debug, Default)]
pub(super) struct KeptSums(Mutex<HashMap<(u64, Step), BarSums>>);

impl KeptSums {
    pub(super) fn get(
        &self,
        key: (u64, Step),
        make: impl FnOnce() -> Result<BarSums>,
    ) -> Result<BarSums> {
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
