//! What the networks that the library does not know read of the bars.

use rhymedb::encode::{
    Activation, Channel, ChartConfig, Convolution, Head, Input, Layer, Memory, Pool,
};

/// Over what channels are made comparable.
pub(super) const MEMORY: Memory = Memory {
    bars: 64,
    half_life: 16.0,
    lag: 1,
};

/// The channels of the library's own networks, volatility among them.
pub(super) fn channels() -> Vec<Channel> {
    use Channel::{Body, Gap, LowerWick, Range, Return, Trend, UpperWick, Volatility, Volume};
    vec![
        Return, Gap, Body, Range, UpperWick, LowerWick, Volume, Trend, Volatility,
    ]
}

/// A window, a dimension and channels.
pub(super) struct Reading<'a> {
    window: u32,
    dim: u32,
    channels: &'a [Channel],
}

impl<'a> Reading<'a> {
    pub(super) fn new(window: u32, dim: u32, channels: &'a [Channel]) -> Self {
        Self {
            window,
            dim,
            channels,
        }
    }

    /// As the library reads bars. It does so for whole networks, so a network of one tap stands here
    /// for the layers, and is never run.
    pub(super) fn chart(&self) -> ChartConfig {
        ChartConfig {
            dim: self.dim,
            window: self.window,
            input: Input::Channels {
                channels: self.channels.to_vec(),
                volatility: MEMORY,
                level: MEMORY,
            },
            layers: vec![Layer {
                convolutions: vec![Convolution {
                    width: 1,
                    kernel: 1,
                    dilation: 1,
                }],
                activation: Activation::Identity,
                bias: false,
                residual: false,
            }],
            pools: vec![Pool::Mean],
            head: Head {
                norm: false,
                hidden: Vec::new(),
                activation: Activation::Identity,
            },
        }
    }
}
