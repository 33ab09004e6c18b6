//! Networks over bars by name, each a [`ChartConfig`].

use rhymedb::encode::{
    Activation, Channel, ChartConfig, Convolution, Head, Input, Layer, Memory, Pool,
};
use serde::{Deserialize, Serialize};

/// A network and its sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Backbone {
    /// Dilated convolutions over nine scale-free channels, volatility among them: the library's
    /// `tcn` with its own sizes.
    Tcn {
        /// Bars of a window.
        window: u32,
        /// The embedding's dimension.
        dim: u32,
        /// Channels of each layer.
        width: u32,
        /// Dilations of the residual layers, each of three taps.
        dilations: Vec<u32>,
    },
    /// [`ChartConfig::tcn_path`].
    TcnPath {
        /// Bars of a window.
        window: u32,
        /// The embedding's dimension.
        dim: u32,
    },
    /// [`ChartConfig::cnn`].
    // Braces, since serde lets a variant without them have any keys.
    Cnn {},
    /// [`ChartConfig::multiscale`].
    Multiscale {
        /// Bars of a window.
        window: u32,
        /// The embedding's dimension.
        dim: u32,
    },
    /// Any other, spelt out.
    Custom {
        /// The name of the architecture in the weights file, such as `tcn/1`.
        architecture: String,
        /// The network.
        chart: ChartConfig,
    },
}

impl Backbone {
    /// The network.
    pub fn chart(&self) -> ChartConfig {
        match self {
            Self::Tcn {
                window,
                dim,
                width,
                dilations,
            } => tcn(*window, *dim, *width, dilations),
            Self::TcnPath { window, dim } => ChartConfig::tcn_path(*window, *dim),
            Self::Cnn {} => ChartConfig::cnn(),
            Self::Multiscale { window, dim } => ChartConfig::multiscale(*window, *dim),
            Self::Custom { chart, .. } => chart.clone(),
        }
    }

    /// The name of the architecture in the weights file.
    pub fn architecture(&self) -> &str {
        match self {
            Self::Tcn { .. } | Self::TcnPath { .. } => "tcn/1",
            Self::Cnn {} => "cnn/1",
            Self::Multiscale { .. } => "multiscale/1",
            Self::Custom { architecture, .. } => architecture,
        }
    }
}

fn tcn(window: u32, dim: u32, width: u32, dilations: &[u32]) -> ChartConfig {
    use Channel::{Body, Gap, LowerWick, Range, Return, Trend, UpperWick, Volatility, Volume};
    let memory = Memory {
        bars: 64,
        half_life: 16.0,
        lag: 1,
    };
    let layer = |dilation: u32, residual: bool| Layer {
        convolutions: vec![Convolution {
            width,
            kernel: 3,
            dilation,
        }],
        activation: Activation::Gelu,
        bias: true,
        residual,
    };
    let residual = dilations.iter().map(|&d| layer(d, true));
    ChartConfig {
        dim,
        window,
        input: Input::Channels {
            channels: vec![
                Return, Gap, Body, Range, UpperWick, LowerWick, Volume, Trend, Volatility,
            ],
            volatility: memory,
            level: memory,
        },
        layers: std::iter::once(layer(1, false)).chain(residual).collect(),
        pools: vec![Pool::Last, Pool::Mean, Pool::Attention { heads: 2 }],
        head: Head {
            norm: true,
            hidden: vec![96],
            activation: Activation::Gelu,
        },
    }
}

/// Steps that the layers of a network take away: those before the first whole kernel.
pub fn lead(chart: &ChartConfig) -> usize {
    let layers = chart.layers.iter().map(|layer| {
        let reach = layer.convolutions.iter();
        let reach = reach.map(|c| (c.kernel as usize - 1) * c.dilation as usize);
        reach.max().unwrap_or(0)
    });
    layers.sum()
}
