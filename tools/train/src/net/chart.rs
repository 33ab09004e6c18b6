//! The network over bars.

use burn_tensor::Tensor;
use rhymedb::Result;
use rhymedb::encode::{ChartConfig, Input, Layer, Pool};

use super::{LEAST_SQUARE, Network, Pass, activate, linear, normalise, unit};
use crate::params::Leaves;

/// Scores of attention lie within plus and minus this, as in the library.
const SCORE_LIMIT: f32 = 8.0;

/// The network of a config, over windows of steps.
#[derive(Clone, Debug)]
pub struct ChartNet {
    config: ChartConfig,
}

impl ChartNet {
    /// The network of a config.
    ///
    /// # Errors
    /// [`rhymedb::Error::Invalid`] if the config is wrong.
    pub fn new(config: &ChartConfig) -> Result<Self> {
        config.check()?;
        Ok(Self {
            config: config.clone(),
        })
    }

    /// The config.
    pub fn config(&self) -> &ChartConfig {
        &self.config
    }

    /// Whether the size of what the network sees has no meaning.
    fn direction(&self) -> bool {
        self.config.input == Input::Path
    }

    fn layers(&self, leaves: &Leaves, windows: Tensor<3>) -> Result<Tensor<3>> {
        let mut x = windows;
        if self.direction() {
            // Changes nothing in the embedding, and small returns do not vanish.
            let squares = x.clone().square().mean_dim(1) + LEAST_SQUARE;
            x = x / squares.sqrt();
        }
        for (i, layer) in self.config.layers.iter().enumerate() {
            x = convolve(i, layer, leaves, x)?;
        }
        Ok(x)
    }

    fn head(&self, leaves: &Leaves, features: Tensor<3>) -> Result<Tensor<2>> {
        let mut pooled = self.pool(leaves, features)?;
        if self.direction() {
            let squares = pooled.clone().square().mean_dim(1) + LEAST_SQUARE;
            pooled = pooled / squares.sqrt();
        }
        let head = &self.config.head;
        if head.norm {
            pooled = normalise(pooled, leaves, "head.norm")?;
        }
        for (i, &width) in head.hidden.iter().enumerate() {
            let hidden = linear(pooled, width as usize, leaves, &format!("head.{i}"))?;
            pooled = activate(head.activation, hidden);
        }
        let last = format!("head.{}", head.hidden.len());
        Ok(unit(linear(
            pooled,
            self.config.dim as usize,
            leaves,
            &last,
        )?))
    }

    fn pool(&self, leaves: &Leaves, features: Tensor<3>) -> Result<Tensor<2>> {
        let [windows, steps, width] = features.dims();
        let heads = self.config.pools.iter().map(heads_of).sum::<usize>();
        let mut attended = Vec::new();
        if heads > 0 {
            let attention = leaves.get("attention.weight", [heads, width])?;
            let flat = features.clone().reshape([windows * steps, width]);
            let mut scores = flat.clone().matmul(attention.transpose());
            if self.direction() {
                let size = (flat.square().mean_dim(1) + LEAST_SQUARE).sqrt();
                scores = scores / size;
            }
            let scores = ((scores / SCORE_LIMIT).tanh() * SCORE_LIMIT).exp();
            let weights = scores.reshape([windows, steps, heads]);
            let total = weights.clone().sum_dim(1);
            // (windows, heads, steps) x (windows, steps, width)
            let sums = (weights / total).swap_dims(1, 2).matmul(features.clone());
            attended = sums.split(1, 1);
        }
        let mut attended = attended.into_iter();
        let mut pooled = Vec::new();
        for pool in &self.config.pools {
            match pool {
                Pool::Last => pooled.push(features.clone().narrow(1, steps - 1, 1)),
                Pool::Mean => pooled.push(features.clone().mean_dim(1)),
                Pool::Attention { heads } => pooled.extend(attended.by_ref().take(*heads as usize)),
            }
        }
        let vectors = pooled.len();
        Ok(Tensor::cat(pooled, 1).reshape([windows, vectors * width]))
    }
}

impl Network for ChartNet {
    fn lead(&self) -> usize {
        lead(&self.config)
    }

    fn features(&self, leaves: &Leaves, windows: Tensor<3>, _pass: &Pass) -> Result<Tensor<3>> {
        self.layers(leaves, windows)
    }

    fn embed(&self, leaves: &Leaves, features: Tensor<3>) -> Result<Tensor<2>> {
        self.head(leaves, features)
    }
}

fn heads_of(pool: &Pool) -> usize {
    match pool {
        Pool::Attention { heads } => *heads as usize,
        Pool::Last | Pool::Mean => 0,
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

/// One layer: its convolutions as products of matrices over all steps of all windows.
fn convolve(i: usize, layer: &Layer, leaves: &Leaves, x: Tensor<3>) -> Result<Tensor<3>> {
    let [windows, steps, inputs] = x.dims();
    let reach = |kernel: u32, dilation: u32| (kernel as usize - 1) * dilation as usize;
    let leads = layer
        .convolutions
        .iter()
        .map(|c| reach(c.kernel, c.dilation));
    let lead = leads.max().unwrap_or(0);
    let left = steps - lead;
    let mut outputs = Vec::new();
    for (j, conv) in layer.convolutions.iter().enumerate() {
        let (width, taps) = (conv.width as usize, conv.kernel as usize);
        let skip = lead - reach(conv.kernel, conv.dilation);
        let columns = (0..taps).map(|tap| {
            let from = skip + tap * conv.dilation as usize;
            x.clone().narrow(1, from, left)
        });
        let columns = Tensor::cat(columns.collect(), 2).reshape([windows * left, taps * inputs]);
        let weight = leaves.get(&format!("layers.{i}.{j}.weight"), [width, inputs, taps])?;
        let weight = weight.permute([2, 1, 0]).reshape([taps * inputs, width]);
        let mut y = columns.matmul(weight);
        if layer.bias {
            y = y + leaves.get(&format!("layers.{i}.{j}.bias"), [1, width])?;
        }
        outputs.push(y.reshape([windows, left, width]));
    }
    let y = activate(layer.activation, Tensor::cat(outputs, 2));
    Ok(if layer.residual {
        y + x.narrow(1, lead, left)
    } else {
        y
    })
}
