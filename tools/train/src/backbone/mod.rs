//! Networks over bars by name: those of the library, each a [`ChartConfig`], and stacks of layers that are exported
//! as ONNX.

mod conv_next;
mod dilated;
mod reading;
mod transformer;
mod trend_season;

pub use conv_next::ConvNext;
pub use dilated::Dilated;
pub use transformer::Transformer;
pub use trend_season::TrendSeason;

use rhymedb::encode::{Activation, ChartConfig, Convolution, Head, Input, Layer, Pool};
use rhymedb::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::net::{Stack, lead};
use reading::{MEMORY, channels};

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
    /// [`Dilated`].
    Ts2vec(Dilated),
    /// [`ConvNext`].
    ConvNext(ConvNext),
    /// [`Transformer`].
    Transformer(Transformer),
    /// [`TrendSeason`].
    Cost(TrendSeason),
    /// Any other of the library's, spelt out.
    Custom {
        /// The name of the architecture in the weights file, such as `tcn/1`.
        architecture: String,
        /// The network.
        chart: ChartConfig,
    },
}

impl Backbone {
    /// The network, if the library runs it itself.
    pub fn native(&self) -> Option<ChartConfig> {
        Some(match self {
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
            Self::Ts2vec(_) | Self::ConvNext(_) | Self::Transformer(_) | Self::Cost(_) => {
                return None;
            }
        })
    }

    /// The network, if it is a stack of layers that is exported as ONNX.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a size is out of range.
    pub fn stack(&self) -> Result<Option<Stack>> {
        let wrong = |what: &str| {
            Error::Invalid(format!(
                "expected [backbone] with {what}; change the config"
            ))
        };
        Ok(Some(match self {
            Self::Ts2vec(net) => {
                net.check().map_err(wrong)?;
                net.stack()
            }
            Self::ConvNext(net) => {
                net.check().map_err(|what| wrong(&what))?;
                net.stack()
            }
            Self::Transformer(net) => {
                net.check().map_err(wrong)?;
                net.stack()
            }
            Self::Cost(net) => {
                net.check().map_err(wrong)?;
                net.stack()
            }
            _ => return Ok(None),
        }))
    }

    /// What it reads of the bars: the window, its channels and their normalisers, and the dimension.
    pub fn reading(&self) -> ChartConfig {
        let of = |window, dim, channels: &[_]| reading::Reading::new(window, dim, channels).chart();
        match self {
            Self::Ts2vec(net) => of(net.window, net.dim, &net.channels),
            Self::ConvNext(net) => of(net.window, net.dim, &net.channels),
            Self::Transformer(net) => of(net.window, net.dim, &net.channels),
            Self::Cost(net) => of(net.window, net.dim, &net.channels),
            _ => self.native().unwrap_or_else(ChartConfig::cnn),
        }
    }

    /// Steps that its layers take away: those before the first whole kernel.
    pub fn lead(&self) -> usize {
        self.native().as_ref().map_or(0, lead)
    }

    /// The name of the architecture in the weights file.
    pub fn architecture(&self) -> &str {
        match self {
            Self::Tcn { .. } | Self::TcnPath { .. } => "tcn/1",
            Self::Cnn {} => "cnn/1",
            Self::Multiscale { .. } => "multiscale/1",
            Self::Custom { architecture, .. } => architecture,
            Self::Ts2vec(_) | Self::ConvNext(_) | Self::Transformer(_) | Self::Cost(_) => "onnx/1",
        }
    }
}

fn tcn(window: u32, dim: u32, width: u32, dilations: &[u32]) -> ChartConfig {
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
            channels: channels(),
            volatility: MEMORY,
            level: MEMORY,
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
