//! What a weights file says about its networks, and whether that makes sense.

use serde::{Deserialize, Serialize};

use crate::encode::MAX_WINDOW;
use crate::error::{Error, Result};
use crate::model::Space;

/// The most channels of one layer.
const MAX_WIDTH: usize = 4096;
/// The most pooled numbers of one window.
const MAX_POOLED: usize = 8192;

/// A convolutional network over bars: input, layers, pools, head.
///
/// The window's steps go through the layers, valid convolutions without padding; what is left of
/// them is pooled to one vector, which the head turns into the embedding at unit length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartConfig {
    /// The dimension D of the embedding.
    pub dim: u32,
    /// The window W in bars.
    pub window: u32,
    /// What the first layer sees of a bar.
    pub input: Input,
    /// The convolutions, first to last.
    pub layers: Vec<Layer>,
    /// How the last layer's steps become one vector; their results are concatenated in this order.
    pub pools: Vec<Pool>,
    /// From the pooled vector to the embedding.
    pub head: Head,
}

/// What the first layer sees of a bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// The log-price path, whatever its level and its scale: one channel, the log returns inside
    /// the window, `W - 1` steps. A kernel of `k` returns is a zero-sum kernel of `k + 1` prices,
    /// its weights being the partial sums of that one; without biases and with ReLU the embedding
    /// equals the one of the path z-scored over the window.
    Path,
    /// Scale-free channels, `W` steps. Their normalisers read the bars before each bar, and
    /// know nothing of where a window starts.
    Channels {
        /// Which, in the order of the first layer's inputs.
        channels: Vec<Channel>,
        /// Over what the volatility `s` is taken: the root of the mean squared log return.
        volatility: Memory,
        /// Over what the usual `ln(1 + volume)` is taken.
        level: Memory,
    },
}

/// A property of one bar in units of the volatility `s` before it, clipped to -10..10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// `ln(close / close before) / s`.
    Return,
    /// `ln(open / close before) / s`.
    Gap,
    /// `ln(close / open) / s`.
    Body,
    /// `ln(high / low) / s`.
    Range,
    /// `ln(high / larger of open and close) / s`.
    UpperWick,
    /// `ln(smaller of open and close / low) / s`.
    LowerWick,
    /// `ln(1 + volume)` less its usual value.
    Volume,
    /// `(ln(close) - mean of it) / (s sqrt(n))`, the mean over the `n` bars of the volatility.
    Trend,
    /// `ln(s / 0.01)`.
    Volatility,
}

/// A mean over past bars whose weights halve every `half_life` bars, cut off after `bars` bars so
/// that it is the same wherever a series starts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// How many values it reads.
    pub bars: u32,
    /// After how many bars a value counts half, at least `bars / 16`.
    pub half_life: f64,
    /// How far back it starts: 0 includes the bar itself, 1 starts with the bar before.
    pub lag: u32,
}

/// Convolutions side by side over the same steps; their outputs are concatenated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// One, or several scales.
    pub convolutions: Vec<Convolution>,
    /// What follows.
    pub activation: Activation,
    /// Whether each convolution has a bias. A trained batch normalisation is folded into both.
    pub bias: bool,
    /// Whether the layer's input at the same step is added to its output.
    pub residual: bool,
}

/// One valid convolution: output `t` reads the steps `t, t - dilation, ...`, `kernel` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    /// Output channels.
    pub width: u32,
    /// Taps.
    pub kernel: u32,
    /// Steps between two taps.
    pub dilation: u32,
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// None.
    Identity,
    /// `max(0, x)`.
    Relu,
    /// `x * P(normal < x)`, by the error function.
    Gelu,
}

/// How the steps of a window become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Pool {
    /// The last step.
    Last,
    /// The mean of all steps.
    Mean,
    /// For each head the mean weighted by `exp(8 tanh(a . h / 8))`, `a` being the head's weights and
    /// `h` the step; with the input [`Input::Path`] `h` is first scaled to a mean square of 1.
    Attention {
        /// How many.
        heads: u32,
    },
}

/// From the pooled vector to the embedding: layer normalisation, linear layers, unit length. With
/// the input [`Input::Path`] the pooled vector is first scaled to a mean square of 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Whether layer normalisation (epsilon 1e-5) comes first.
    pub norm: bool,
    /// Widths of the linear layers before the last, each followed by the activation.
    pub hidden: Vec<u32>,
    /// What follows each hidden layer.
    pub activation: Activation,
}

impl Pool {
    /// Vectors of one step's width that it gives.
    pub(crate) fn vectors(self) -> usize {
        match self {
            Self::Last | Self::Mean => 1,
            Self::Attention { heads } => heads as usize,
        }
    }
}

impl Layer {
    /// Output channels.
    pub(crate) fn width(&self) -> usize {
        self.convolutions.iter().map(|c| c.width as usize).sum()
    }

    /// Steps that it takes away: those before the first whole kernel.
    pub(crate) fn lead(&self) -> usize {
        self.convolutions
            .iter()
            .map(|c| (c.kernel as usize - 1) * c.dilation as usize)
            .max()
            .unwrap_or(0)
    }
}

impl Memory {
    /// Bars before its own that a value of it reads, if each value reads `own` bars before its own.
    fn reach(self, own: u32) -> u32 {
        self.lag + self.bars - 1 + own
    }

    fn check(self, name: &str) -> Result<()> {
        let bars = f64::from(self.bars);
        if !(1..=4096).contains(&self.bars) || self.lag > 4096 {
            return Err(wrong(
                name,
                format!(
                    "1 to 4096 bars and a lag of at most 4096, found {} and {}",
                    self.bars, self.lag
                ),
            ));
        }
        // Below this the oldest bars would be read and make no difference.
        if !(self.half_life.is_finite() && self.half_life >= bars / 16.0) {
            return Err(wrong(
                name,
                format!(
                    "a half-life of at least {} bars, a sixteenth of what it reads, found {}",
                    bars / 16.0,
                    self.half_life
                ),
            ));
        }
        Ok(())
    }
}

fn wrong(part: &str, detail: impl std::fmt::Display) -> Error {
    Error::invalid(format!(
        "the weights' config is wrong in {part}: expected {detail}"
    ))
}

impl Input {
    /// Input channels.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Path => 1,
            Self::Channels { channels, .. } => channels.len(),
        }
    }

    /// Bars before the window that are read.
    pub(in crate::encode) fn warm_up(&self) -> u32 {
        let Self::Channels {
            channels,
            volatility,
            level,
        } = self
        else {
            return 0;
        };
        let before = |channel: &Channel| match channel {
            Channel::Volume => level.reach(0),
            _ => volatility.reach(1).max(1),
        };
        channels.iter().map(before).max().unwrap_or(0)
    }

    /// Bars of a window that are no step of their own.
    pub(super) fn lost(&self) -> usize {
        usize::from(*self == Self::Path)
    }

    pub(in crate::encode) fn normaliser(&self) -> String {
        match self {
            Self::Path => "level-free and scale-free path".to_owned(),
            Self::Channels {
                volatility, level, ..
            } => format!(
                "volatility of {} bars, half-life {}, lag {}; volume level of {} bars, half-life {}, lag {}",
                volatility.bars,
                volatility.half_life,
                volatility.lag,
                level.bars,
                level.half_life,
                level.lag
            ),
        }
    }

    pub(in crate::encode) fn check(&self) -> Result<()> {
        let Self::Channels {
            channels,
            volatility,
            level,
        } = self
        else {
            return Ok(());
        };
        if channels.is_empty() || channels.len() > 64 {
            let found = channels.len();
            return Err(wrong("input", format!("1 to 64 channels, found {found}")));
        }
        volatility.check("input.volatility")?;
        level.check("input.level")
    }
}

impl ChartConfig {
    /// Checks everything that the network relies on.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the part.
    pub fn check(&self) -> Result<()> {
        let window = self.window as usize;
        if !(2..=MAX_WINDOW).contains(&window) {
            let expected = format!("2 to {MAX_WINDOW} bars, found {window}");
            return Err(wrong("window", expected));
        }
        if !(1..=Space::MAX_DIM).contains(&self.dim) {
            let expected = format!("1 to {}, found {}", Space::MAX_DIM, self.dim);
            return Err(wrong("dim", expected));
        }
        self.input.check()?;
        self.check_layers()?;
        self.check_pools()?;
        let hidden = self.head.hidden.iter();
        if hidden.clone().any(|&w| !widths().contains(&(w as usize))) || hidden.len() > 16 {
            let expected = format!("at most 16 widths of 1 to {MAX_WIDTH}");
            return Err(wrong("head.hidden", expected));
        }
        Ok(())
    }

    fn check_layers(&self) -> Result<()> {
        if !(1..=64).contains(&self.layers.len()) {
            let found = self.layers.len();
            return Err(wrong("layers", format!("1 to 64, found {found}")));
        }
        let mut before = self.input.width();
        let path = self.input == Input::Path;
        for (i, layer) in self.layers.iter().enumerate() {
            let part = format!("layers[{i}]");
            let count = layer.convolutions.len();
            let sound = layer.convolutions.iter().all(|c| {
                widths().contains(&(c.width as usize))
                    && (1..=1024).contains(&c.kernel)
                    && (1..=MAX_WINDOW).contains(&(c.dilation as usize))
            });
            if !(1..=16).contains(&count) || !sound || layer.width() > MAX_WIDTH {
                let expected = format!(
                    "1 to 16 convolutions of 1 to 1024 taps, a dilation of 1 to {MAX_WINDOW} and at most {MAX_WIDTH} channels in all"
                );
                return Err(wrong(&part, expected));
            }
            if path && (layer.bias || layer.activation == Activation::Gelu) {
                let expected =
                    "no bias and no GELU with the input path, which has to stay scale-free";
                return Err(wrong(&part, expected));
            }
            if layer.residual && layer.width() != before {
                let width = layer.width();
                let expected =
                    format!("the width {before} of its input, which it adds, found {width}");
                return Err(wrong(&part, expected));
            }
            before = layer.width();
        }
        let (reads, has) = (self.receptive_steps(), self.steps());
        if reads > has {
            let expected = format!(
                "a receptive field within the {has} steps of a window of {} bars, found {reads}",
                self.window
            );
            return Err(wrong("layers", expected));
        }
        Ok(())
    }

    fn check_pools(&self) -> Result<()> {
        let whole = self.receptive_steps() == self.steps();
        let heads_sound = self.pools.iter().all(|p| (1..=64).contains(&p.vectors()));
        if self.pools.is_empty() || self.pools.len() > 16 || !heads_sound {
            return Err(wrong("pools", "1 to 16, attention with 1 to 64 heads"));
        }
        if self.pooled() > MAX_POOLED {
            let expected = format!("at most {MAX_POOLED} numbers, found {}", self.pooled());
            return Err(wrong("pools", expected));
        }
        if self.pools.iter().all(|p| *p == Pool::Last) && !whole {
            let expected =
                "mean or attention too: the last step alone does not read the whole window";
            return Err(wrong("pools", expected));
        }
        Ok(())
    }
}

fn widths() -> std::ops::RangeInclusive<usize> {
    1..=MAX_WIDTH
}
