//! From the pooled vector to the embedding.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use super::conv::misfit;
use super::math::{activate, mean_square, normalise};
use super::steps::Numbers;
use crate::encode::weights::{Activation, ChartConfig, Input};
use crate::error::Result;

/// The layers after the pools.
#[derive(Debug)]
pub(super) struct NetHead {
    width: usize,
    /// Whether the size of a pooled vector has no meaning.
    direction: bool,
    /// Weight and bias of the layer normalisation.
    norm: Option<(Vec<f32>, Vec<f32>)>,
    layers: Vec<Linear>,
    activation: Activation,
}

/// A linear layer.
#[derive(Debug)]
pub(super) struct Linear {
    /// As the file has it: `outputs` rows of `inputs` numbers.
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Linear {
    pub(super) fn new(
        name: &str,
        inputs: usize,
        outputs: usize,
        numbers: &Numbers<'_>,
    ) -> Result<Self> {
        Ok(Self {
            weight: numbers(&format!("{name}.weight"))?,
            bias: numbers(&format!("{name}.bias"))?,
            inputs,
            outputs,
        })
    }

    /// Applies the layer to `rows` vectors.
    pub(super) fn apply(&self, input: &[f32], rows: usize) -> Result<Vec<f32>> {
        let mut out = self.bias.repeat(rows);
        let input = ArrayView2::from_shape((rows, self.inputs), input).map_err(misfit)?;
        let weight = ArrayView2::from_shape((self.outputs, self.inputs), &self.weight);
        let mut product =
            ArrayViewMut2::from_shape((rows, self.outputs), out.as_mut_slice()).map_err(misfit)?;
        general_mat_mul(1.0, &input, &weight.map_err(misfit)?.t(), 1.0, &mut product);
        Ok(out)
    }
}

impl NetHead {
    pub(super) fn new(config: &ChartConfig, numbers: &Numbers<'_>) -> Result<Self> {
        let mut layers = Vec::new();
        for (i, pair) in config.head_widths().array_windows::<2>().enumerate() {
            let [inputs, outputs] = *pair;
            layers.push(Linear::new(&format!("head.{i}"), inputs, outputs, numbers)?);
        }
        let norm = if config.head.norm {
            Some((numbers("head.norm.weight")?, numbers("head.norm.bias")?))
        } else {
            None
        };
        Ok(Self {
            width: config.pooled(),
            direction: config.input == Input::Path,
            norm,
            layers,
            activation: config.head.activation,
        })
    }

    /// The embeddings of `rows` pooled vectors, before they are scaled to unit length. A vector of
    /// zeros without a direction gives zeros.
    pub(super) fn apply(&self, pooled: &mut [f32], rows: usize) -> Result<Vec<f32>> {
        let mut nothing = Vec::new();
        for (i, vector) in pooled.chunks_exact_mut(self.width).enumerate() {
            if self.direction {
                let size = mean_square(vector).sqrt();
                if size > 0.0 {
                    let scaled = |x: &mut f32| *x = (f64::from(*x) / size) as f32;
                    vector.iter_mut().for_each(scaled);
                } else {
                    nothing.push(i);
                }
            }
            if let Some((weight, bias)) = &self.norm {
                normalise(vector, weight, bias);
            }
        }
        let mut values = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let input = if i == 0 { &*pooled } else { &values };
            let mut out = layer.apply(input, rows)?;
            if i + 1 < self.layers.len() {
                activate(self.activation, &mut out);
            }
            values = out;
        }
        let dim = values.len() / rows.max(1);
        for i in nothing {
            if let Some(vector) = values.get_mut(i * dim..(i + 1) * dim) {
                vector.fill(0.0);
            }
        }
        Ok(values)
    }
}
