//! The networks of the literature as configurations.

use super::config::{
    Activation, Channel, ChartConfig, Convolution, Head, Input, Layer, Memory, Pool,
};

/// Long enough to be steady, short enough to follow a market from quiet to wild; not the bar
/// itself, so that a shock stands out.
const VOLATILITY: Memory = Memory {
    bars: 64,
    half_life: 16.0,
    lag: 1,
};

fn scale_free(channels: &[Channel]) -> Input {
    Input::Channels {
        channels: channels.to_vec(),
        volatility: VOLATILITY,
        level: VOLATILITY,
    }
}

fn layer(width: u32, kernel: u32, dilation: u32) -> Layer {
    Layer {
        convolutions: vec![Convolution {
            width,
            kernel,
            dilation,
        }],
        activation: Activation::Relu,
        bias: true,
        residual: false,
    }
}

impl ChartConfig {
    /// `tcn/1`: dilated convolutions of 64 channels over eight scale-free channels, residual, with
    /// GELU; pooled by the last step, the mean and two attention heads. The receptive field is at
    /// most half the window and at most 63 bars.
    pub fn tcn(window: u32, dim: u32) -> Self {
        use Channel::{Body, Gap, LowerWick, Range, Return, Trend, UpperWick, Volume};
        let input = scale_free(&[
            Return, Gap, Body, Range, UpperWick, LowerWick, Volume, Trend,
        ]);
        let mut config = Self::tcn_over(input, window, dim);
        for layer in &mut config.layers {
            layer.activation = Activation::Gelu;
            layer.bias = true;
        }
        config
    }

    /// `tcn/1` over the log-price path, with ReLU and without biases: equal to the same network
    /// over each window's z-scored path.
    pub fn tcn_path(window: u32, dim: u32) -> Self {
        Self::tcn_over(Input::Path, window, dim)
    }

    fn tcn_over(input: Input, window: u32, dim: u32) -> Self {
        let mut layers = vec![Layer {
            bias: false,
            ..layer(64, 3, 1)
        }];
        let mut receptive = 3;
        for dilation in [2, 4, 8, 16] {
            receptive += 2 * dilation;
            if receptive <= window / 2 {
                layers.push(Layer {
                    residual: true,
                    bias: false,
                    ..layer(64, 3, dilation)
                });
            }
        }
        Self {
            dim,
            window,
            input,
            layers,
            pools: vec![Pool::Last, Pool::Mean, Pool::Attention { heads: 2 }],
            head: Head {
                norm: true,
                hidden: vec![96],
                activation: Activation::Gelu,
            },
        }
    }

    /// `cnn/1`: the encoder of crossmodal-contrastive, (1, 128) to 32, with a receptive field of 23
    /// prices. Its strides 2 are dilations here, and its zero padding at the window's edges and its
    /// biases under the z-score are left out, so that windows share their work.
    pub fn cnn() -> Self {
        let scale_free = |l: Layer| Layer { bias: false, ..l };
        Self {
            dim: 32,
            window: 128,
            input: Input::Path,
            // Six returns are seven prices.
            layers: [layer(32, 6, 1), layer(64, 5, 2), layer(64, 3, 4)]
                .into_iter()
                .map(scale_free)
                .collect(),
            pools: vec![Pool::Mean],
            head: Head {
                norm: false,
                hidden: vec![64],
                activation: Activation::Relu,
            },
        }
    }

    /// `multiscale/1`: the price encoder of clip-multimodal: filters of three lengths side by side
    /// over the whole candle, ReLU, mean, projection. Scale-free channels take the place of columns
    /// z-scored one by one, which forget the order of open, high, low and close.
    pub fn multiscale(window: u32, dim: u32) -> Self {
        use Channel::{Body, LowerWick, Return, UpperWick, Volume};
        let scale = |kernel| Convolution {
            width: 32,
            kernel,
            dilation: 1,
        };
        Self {
            dim,
            window,
            input: scale_free(&[Return, Body, UpperWick, LowerWick, Volume]),
            layers: vec![Layer {
                convolutions: vec![scale(3), scale(7), scale(15)],
                ..layer(32, 3, 1)
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
