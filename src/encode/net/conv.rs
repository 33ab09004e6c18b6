//! Dilated valid convolutions as matrix products over blocks of steps.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::math::activate;
use super::steps::Steps;
use crate::encode::weights::{Activation, Layer};
use crate::error::{Error, Result};

/// Steps of one matrix product: inputs, weights and outputs stay in the nearest cache.
const ROWS: usize = 128;

/// A layer's convolutions, and what follows.
#[derive(Debug)]
pub(super) struct ConvLayer {
    convolutions: Vec<Kernel>,
    width: usize,
    /// Steps that the layer takes away.
    lead: usize,
    activation: Activation,
    residual: bool,
}

/// The weights of one convolution.
#[derive(Debug)]
struct Kernel {
    /// `taps * inputs` rows of `width` numbers: the transpose of what the file has.
    weight: Vec<f32>,
    /// `width` numbers, or none.
    bias: Vec<f32>,
    width: usize,
    inputs: usize,
    taps: usize,
    dilation: usize,
    /// Steps between the layer's first input and this convolution's.
    skip: usize,
}

pub(super) fn misfit(e: impl std::fmt::Display) -> Error {
    Error::invalid(format!("the weights' tensors do not fit together: {e}"))
}

impl ConvLayer {
    pub(super) fn new(
        layer: &Layer,
        inputs: usize,
        numbers: &dyn Fn(usize, &str) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let mut convolutions = Vec::with_capacity(layer.convolutions.len());
        for (j, conv) in layer.convolutions.iter().enumerate() {
            let (width, taps) = (conv.width as usize, conv.kernel as usize);
            let dilation = conv.dilation as usize;
            let stored = numbers(j, "weight")?;
            let mut weight = Vec::with_capacity(stored.len());
            for tap in 0..taps {
                for input in 0..inputs {
                    let rows = stored.chunks_exact(inputs * taps);
                    weight.extend(rows.filter_map(|row| row.get(input * taps + tap)));
                }
            }
            convolutions.push(Kernel {
                weight,
                bias: if layer.bias {
                    numbers(j, "bias")?
                } else {
                    Vec::new()
                },
                width,
                inputs,
                taps,
                dilation,
                skip: layer.lead() - (taps - 1) * dilation,
            });
        }
        Ok(Self {
            convolutions,
            width: layer.width(),
            lead: layer.lead(),
            activation: layer.activation,
            residual: layer.residual,
        })
    }

    /// The layer's output: one step for each step of the input but the first `lead`.
    pub(super) fn apply(&self, input: &Steps) -> Result<Steps> {
        let steps = input.len() - self.lead.min(input.len());
        let mut values = vec![0.0; steps * self.width];
        let mut columns = Vec::new();
        for (i, out) in values.chunks_mut(ROWS * self.width).enumerate() {
            let first = i * ROWS;
            let mut at = 0;
            for kernel in &self.convolutions {
                kernel.apply(input, first, at, self.width, out, &mut columns)?;
                at += kernel.width;
            }
            activate(self.activation, out);
            if self.residual {
                let same = input.values.iter().skip((first + self.lead) * input.width);
                out.iter_mut().zip(same).for_each(|(y, x)| *y += x);
            }
        }
        Ok(Steps {
            width: self.width,
            values,
        })
    }
}

impl Kernel {
    /// Writes the outputs from step `first` on into the columns from `at` on of `out`, which has
    /// `stride` columns.
    fn apply(
        &self,
        input: &Steps,
        first: usize,
        at: usize,
        stride: usize,
        out: &mut [f32],
        columns: &mut Vec<f32>,
    ) -> Result<()> {
        let rows = out.len() / stride;
        columns.clear();
        for row in first..first + rows {
            for tap in 0..self.taps {
                let step = row + self.skip + tap * self.dilation;
                let step = step * self.inputs..(step + 1) * self.inputs;
                columns.extend_from_slice(input.values.get(step).unwrap_or_default());
            }
        }
        let depth = self.taps * self.inputs;
        let columns = ArrayView2::from_shape((rows, depth), columns).map_err(misfit)?;
        let weight = ArrayView2::from_shape((depth, self.width), &self.weight).map_err(misfit)?;
        // The output is zeros so far.
        for row in out.chunks_exact_mut(stride) {
            let columns = row.iter_mut().skip(at);
            columns.zip(&self.bias).for_each(|(y, b)| *y = *b);
        }
        let mut out = ArrayViewMut2::from_shape((rows, stride), out).map_err(misfit)?;
        let mut out = out.slice_mut(s![.., at..at + self.width]);
        general_mat_mul(1.0, &columns, &weight, 1.0, &mut out);
        Ok(())
    }
}
