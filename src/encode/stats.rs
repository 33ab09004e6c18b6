//! `stats/1`: what a window's bars are like, whatever their path: 32 statistics of returns,
//! volatility, ranges, wicks and volume, without weights and without training.
//!
//! Each is measured on nested scales, the last `W`, `W/2`, `W/4` or `W/8` bars (rounded down),
//! within which `n` counts the returns `r = ln(close / close before)`. Returns lie within the
//! window: its first bar has none, so the longest scale has `n = W-1`, the others one return a
//! bar. `vol = sqrt(sum(r^2) / n)` is around 0, not around the mean, which keeps it exact for a
//! steady drift. `a <> b = (a-b) / (a+b)` is a log ratio, bounded: `tanh(ln(a/b) / 2)`.
//!
//! | # | measure | scales | formula, without unit |
//! |---|---|---|---|
//! | 0-3 | drift | W, W/2, W/4, W/8 | `sum(r) / sqrt(sum(r^2))`: mean return over `vol`, times `sqrt(n)` |
//! | 4-6 | volatility | W/2, W/4, W/8 | `vol` of the scale <> `vol` of the next longer scale |
//! | 7-8 | tails | W, W/4 | `mean(abs(r)) / vol`: 0.80 for normal returns, less with fat tails |
//! | 9-10 | range of a bar | W, W/4 | `mean(ln(high/low))` <> `vol` |
//! | 11-13 | range of the path | W, W/2, W/4 | `ln(highest high / lowest low) / (vol sqrt(n))`: large in trends |
//! | 14-16 | position | W, W/2, W/4 | last close above the lowest low <> below the highest high, in logs |
//! | 17-18 | bodies | W, W/4 | `sum(abs(ln(close/open))) / sum(ln(high/low))` |
//! | 19-20 | wicks | W, W/4 | `sqrt(bars) sum(lower wick - upper wick) / sum(ln(high/low))` |
//! | 21 | up share | W | `(rising - falling bars) / sqrt(n)` |
//! | 22-23 | echo | W, W/2 | `sqrt(n) sum(r * r before) / sum(r^2)`: autocorrelation at lag 1 |
//! | 24 | skew | W | `sum(r^3) / n / vol^3` |
//! | 25-27 | volume | W/2, W/4, W/8 | mean volume of the scale <> that of the next longer scale |
//! | 28-29 | volume on moves | W, W/4 | `mean(volume * abs(r))` <> `mean(volume) * mean(abs(r))` over the scale's bars |
//! | 30-31 | volume on rises | W, W/4 | `sqrt(n) sum(volume * r) / sum(volume * abs(r))` |
//!
//! Bodies and wicks add up to the range, so their sum and difference say all three. Each value is
//! centred and scaled by constants to `z`, bounded to -1..1 by `z / sqrt(1 + z^2)`, and the 32
//! numbers are scaled to unit length. Prices and volumes enter by their ratios only. A measure
//! that has no value, because a scale did not move or was not traded, is 0, the middle. A window
//! whose close never changes has no volatility and no embedding.

mod bars;
mod features;
mod sums;

use super::stretch::{blocks, check_bars, check_ends, span};
use super::{ChartEncoder, Embeddings, MAX_WINDOW};
use crate::error::{Error, Result};
use crate::model::{Bars, EncoderSpec, Modality, Sharing};
use bars::BarTerms;
use features::{FEATURES, embed};
use sums::{SlidingSums, WindowSums};

/// The fewest bars of a window: the shortest scale then has 2.
const MIN_WINDOW: usize = 16;
/// Bars that are summed at once: the sums of a block stay in the cache of a core.
const BLOCK: usize = 2048;

/// The encoder `stats/1`: 32 bounded statistics of a window, at unit length.
#[derive(Clone, Debug)]
pub struct Stats {
    spec: EncoderSpec,
}

impl Stats {
    /// The dimension of every `stats/1` vector.
    pub const DIM: usize = FEATURES;

    /// The encoder of windows of `window` bars.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `16 <= window <= 16384`.
    pub fn new(window: usize) -> Result<Self> {
        if !(MIN_WINDOW..=MAX_WINDOW).contains(&window) {
            return Err(Error::invalid(format!(
                "expected a window of {MIN_WINDOW} to {MAX_WINDOW} bars for stats, found {window}"
            )));
        }
        Ok(Self {
            spec: EncoderSpec {
                id: "stats/1".to_owned(),
                modality: Modality::Chart,
                dim: FEATURES as u32,
                channels: 5,
                window: window as u32,
                receptive_field: 3,
                warm_up: 0,
                sharing: Sharing::Pooled,
                causal: true,
                normaliser: "scale-free".to_owned(),
                weights_hash: 0,
            },
        })
    }

    /// Encodes windows that lie close together, with sums over the bars that they cover.
    fn encode_block(&self, bars: &Bars, ends: &[usize], rows: &mut Embeddings) -> Result<()> {
        let Some(span) = span(&self.spec, ends) else {
            return Ok(());
        };
        let terms = BarTerms::new(bars, &span)?;
        let sums = SlidingSums::new(&terms, self.spec.window as usize);
        for end in ends {
            let row = embed(&sums.at(end - span.start));
            rows.push(row.as_ref().map(<[f32; FEATURES]>::as_slice))?;
        }
        Ok(())
    }
}

impl ChartEncoder for Stats {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        let first = check_bars(&self.spec, bars.len())?;
        let terms = BarTerms::new(bars, &(first..bars.len()))?;
        let sums = WindowSums::of_last(&terms, self.spec.window as usize);
        Ok(embed(&sums).map(|row| row.to_vec()))
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        check_ends(&self.spec, stretch.len(), ends)?;
        let mut rows = Embeddings::with_capacity(FEATURES, ends.len());
        for block in blocks(ends, BLOCK.max(self.spec.window as usize)) {
            self.encode_block(stretch, ends.get(block).unwrap_or(&[]), &mut rows)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
