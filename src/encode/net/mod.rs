//! Convolutional networks over bars, run once a series.
//!
//! ```text
//! bars -> input -> layers (valid convolutions) -> one vector a step
//!                                                  |  prefix sums
//! a window's steps -> last, mean, attention -> head -> embedding at unit length
//! ```
//!
//! Convolutions do not pad and inputs do not know where a window starts, so windows share the
//! steps that they have in common: a step costs the same whether one window reads it or all do.
//! Pools are sums over steps, and differences of prefix sums give those of any window. A single
//! window goes the same way on its own bars, which makes it the definition of the embedding.

mod conv;
mod head;
mod input;
mod math;
mod pool;
mod steps;

use super::stretch::{blocks, check_bars, check_ends, reach, span};
use super::weights::ChartConfig;
use super::{ChartEncoder, Embeddings};
use crate::error::{Error, Result};
use crate::model::{Bars, EncoderSpec};
use crate::numeric::dot::dot_wide;
use conv::ConvLayer;
use head::NetHead;
pub(super) use input::NetInput;
pub(super) use math::normalise;
use pool::NetPools;
pub(super) use steps::Numbers;

/// Windows that are encoded from one run of the layers: their steps stay in the cache of a core,
/// and the steps before the first window are few beside them.
const BLOCK: usize = 2048;
/// Windows that go through the head together.
const HEAD_ROWS: usize = 128;

/// What the first layer of a network sees of consecutive bars; for tools that train.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSteps {
    /// Numbers of a step: the input channels.
    pub width: usize,
    /// Bars before the first step; the step of bar `i` is `i - lead`.
    pub lead: usize,
    /// The steps, one after the other.
    pub values: Vec<f32>,
}

impl ChartConfig {
    /// The steps that a network of this config sees of bars without a gap: one for each bar after
    /// the warm-up, or after the first bar for [`Input::Path`](crate::encode::Input::Path). A window's steps
    /// are the last ones, [`Self::window_steps`] of them, up to the one of its last bar.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the config is wrong or if a bar cannot have happened.
    ///
    /// ```
    /// use rhymedb::encode::ChartConfig;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let bars = SyntheticMarket::new(SyntheticConfig::small(1))?.series().remove(0).bars;
    /// let steps = ChartConfig::tcn(64, 32).input_steps(&bars)?;
    /// assert_eq!(steps.width, 8);
    /// assert_eq!(steps.values.len(), (bars.len() - steps.lead) * steps.width);
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    pub fn input_steps(&self, bars: &Bars) -> Result<InputSteps> {
        self.check()?;
        let input = NetInput::new(&self.input, &self.spec("", 0));
        let read = input.read(bars, &(0..bars.len()))?;
        Ok(InputSteps {
            width: read.steps.width,
            lead: read.lead,
            values: read.steps.values,
        })
    }

    /// Steps of a window before the first layer: its bars, or the returns between them.
    pub fn window_steps(&self) -> usize {
        self.steps()
    }

    /// Numbers of a step before the first layer.
    pub fn input_width(&self) -> usize {
        self.input.width()
    }

    /// Bars before a window that its channels read.
    pub fn warm_up(&self) -> u32 {
        self.spec("", 0).warm_up
    }
}

/// A chart encoder with weights.
#[derive(Debug)]
pub(super) struct Net {
    spec: EncoderSpec,
    input: NetInput,
    layers: Vec<ConvLayer>,
    pools: NetPools,
    head: NetHead,
    /// Steps of a window, before the layers.
    steps: usize,
    /// Steps that the layers take away.
    lead: usize,
}

impl Net {
    /// A network of a checked config.
    pub(super) fn new(
        config: &ChartConfig,
        spec: EncoderSpec,
        numbers: &Numbers<'_>,
    ) -> Result<Self> {
        let mut layers = Vec::with_capacity(config.layers.len());
        let mut inputs = config.input.width();
        for (i, layer) in config.layers.iter().enumerate() {
            layers.push(ConvLayer::new(layer, inputs, &|j, part| {
                numbers(&format!("layers.{i}.{j}.{part}"))
            })?);
            inputs = layer.width();
        }
        Ok(Self {
            input: NetInput::new(&config.input, &spec),
            layers,
            pools: NetPools::new(config, numbers)?,
            head: NetHead::new(config, numbers)?,
            steps: config.steps(),
            lead: config.receptive_steps() - 1,
            spec,
        })
    }

    /// Encodes windows that lie close together.
    fn encode_block(&self, bars: &Bars, ends: &[usize], rows: &mut Embeddings) -> Result<()> {
        let Some(span) = span(&self.spec, ends) else {
            return Ok(());
        };
        let mut input = self.input.read(bars, &span)?;
        let mut steps = std::mem::take(&mut input.steps);
        for layer in &self.layers {
            steps = layer.apply(&steps)?;
        }
        let sums = self.pools.sum(&steps);
        let width = self.pools.len();
        for some in ends.chunks(HEAD_ROWS) {
            let mut pooled = Vec::with_capacity(some.len() * width);
            let mut moved = Vec::with_capacity(some.len());
            for end in some {
                let last = end - span.start - input.lead;
                let first = last + 1 - self.steps;
                sums.pool(first, last - self.lead, &mut pooled);
                moved.push(input.moves(first, last));
            }
            let embedded = self.head.apply(&mut pooled, some.len())?;
            let vectors = embedded.chunks_exact(self.spec.dim as usize);
            for (vector, moved) in vectors.zip(moved) {
                rows.push(self.unit(vector, moved)?.as_deref())?;
            }
        }
        Ok(())
    }

    /// The vector at unit length; `None` for a window whose price did not move.
    fn unit(&self, vector: &[f32], moved: bool) -> Result<Option<Vec<f32>>> {
        let squared = dot_wide(vector, vector);
        if !squared.is_finite() {
            return Err(Error::invalid(format!(
                "the weights of {} give numbers that are not finite for these bars; train them again",
                self.spec.id
            )));
        }
        if !moved || squared == 0.0 {
            return Ok(None);
        }
        let scale = 1.0 / squared.sqrt();
        let unit = vector.iter().map(|&x| (f64::from(x) * scale) as f32);
        Ok(Some(unit.collect()))
    }
}

impl ChartEncoder for Net {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        check_bars(&self.spec, bars.len())?;
        let mut rows = Embeddings::with_capacity(self.spec.dim as usize, 1);
        self.encode_block(bars, &[bars.len() - 1], &mut rows)?;
        Ok(rows.row(0).map(<[f32]>::to_vec))
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        check_ends(&self.spec, stretch.len(), ends)?;
        let mut rows = Embeddings::with_capacity(self.spec.dim as usize, ends.len());
        for block in blocks(ends, BLOCK.max(reach(&self.spec))) {
            self.encode_block(stretch, ends.get(block).unwrap_or(&[]), &mut rows)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
