//! stats placeholder

mod bars;
mod features;
mod sums;

use std::ops::Range;

use super::stretch::{check_bars, check_ends, span};
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

    /// Splits `ends`, in their order, into blocks whose windows end within [`BLOCK`] bars, or
    /// within a window if that is longer, so that the bars before a block never dominate.
    fn blocks(&self, ends: &[usize]) -> Vec<Range<usize>> {
        let most = BLOCK.max(self.spec.window as usize);
        let mut blocks = Vec::new();
        let mut start = 0;
        let (mut least, mut greatest) = (usize::MAX, 0);
        for (i, &end) in ends.iter().enumerate() {
            let joined = (least.min(end), greatest.max(end));
            if joined.1 - joined.0 >= most && i > start {
                blocks.push(start..i);
                start = i;
                (least, greatest) = (end, end);
            } else {
                (least, greatest) = joined;
            }
        }
        if start < ends.len() {
            blocks.push(start..ends.len());
        }
        blocks
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
        for block in self.blocks(ends) {
            self.encode_block(stretch, ends.get(block).unwrap_or(&[]), &mut rows)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
