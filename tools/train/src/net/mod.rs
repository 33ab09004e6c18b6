//! The networks, differentiable: the library's inference is their definition, and
//! `tests/export.rs` holds them to it.

mod chart;
mod text;

pub use chart::ChartNet;
pub use text::{Bag, TextNet};

use burn_tensor::Tensor;
use burn_tensor::activation::relu;
use rhymedb::Result;
use rhymedb::encode::Activation;

use crate::params::Leaves;

/// What keeps the square root of a sum of squares from having no slope at 0.
const LEAST_SQUARE: f32 = 1e-20;

/// Applies an activation.
fn activate<const D: usize>(activation: Activation, x: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Identity => x,
        Activation::Relu => relu(x),
        // Not burn's own: its gradient is that of the approximation by tanh.
        Activation::Gelu => {
            let probability = (x.clone() * std::f32::consts::FRAC_1_SQRT_2).erf() + 1.0;
            x * probability * 0.5
        }
    }
}

/// Rows at unit length.
pub(crate) fn unit(x: Tensor<2>) -> Tensor<2> {
    let squared = x.clone().square().sum_dim(1) + LEAST_SQUARE;
    x / squared.sqrt()
}

/// Layer normalisation of rows, epsilon 1e-5.
fn normalise(x: Tensor<2>, leaves: &Leaves, name: &str) -> Result<Tensor<2>> {
    let width = x.dims()[1];
    let around = x.clone() - x.mean_dim(1);
    let variance = around.clone().square().mean_dim(1);
    let weight = leaves.get(&format!("{name}.weight"), [1, width])?;
    let bias = leaves.get(&format!("{name}.bias"), [1, width])?;
    Ok(around / (variance + 1e-5).sqrt() * weight + bias)
}

/// A linear layer over rows.
fn linear(x: Tensor<2>, outputs: usize, leaves: &Leaves, name: &str) -> Result<Tensor<2>> {
    let inputs = x.dims()[1];
    let weight = leaves.get(&format!("{name}.weight"), [outputs, inputs])?;
    let bias = leaves.get(&format!("{name}.bias"), [1, outputs])?;
    Ok(x.matmul(weight.transpose()) + bias)
}
