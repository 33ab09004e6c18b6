//! The networks, differentiable: the library's inference is their definition, and
//! `tests/export.rs` holds them to it.

mod chart;
mod op;
mod run;
mod stack;
mod text;
mod write;

pub use chart::{ChartNet, lead};
pub use op::{Frequencies, Needed, Op, Pass, Start, positions};
pub use run::run_layers;
pub(crate) use run::spectrum;
pub use stack::{RECORD, Stack, StepPool};
pub use text::{Bag, TextNet};

use burn_tensor::Tensor;
use burn_tensor::activation::relu;
use rhymedb::encode::Activation;
use rhymedb::{Error, Result};

use crate::params::Leaves;

/// What keeps the square root of a sum of squares from having no slope at 0.
const LEAST_SQUARE: f32 = 1e-20;

/// A network over windows of steps.
pub trait Network: Send + Sync {
    /// Steps that its layers take away: those before the first whole kernel.
    fn lead(&self) -> usize;

    /// What the layers make of windows of input steps (windows, steps, channels): perhaps fewer steps, of the last
    /// layer's width.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a tensor is missing.
    fn features(&self, leaves: &Leaves, windows: Tensor<3>, pass: &Pass) -> Result<Tensor<3>>;

    /// The embeddings of windows at unit length, from [`Self::features`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if a tensor is missing.
    fn embed(&self, leaves: &Leaves, features: Tensor<3>) -> Result<Tensor<2>>;
}

/// Attention and a two-layer perceptron of four times the width, each behind a normalisation and added to its input.
pub fn attention_block(name: &str, width: usize, heads: usize) -> [Op; 2] {
    let branch = |body: Vec<Op>| Op::Residual {
        body,
        skip: Vec::new(),
        drop: 0.0,
    };
    [
        branch(vec![
            Op::norm(format!("{name}.before.norm"), width),
            Op::Attention {
                name: format!("{name}.attention"),
                width,
                heads,
            },
        ]),
        branch(vec![
            Op::norm(format!("{name}.between.norm"), width),
            Op::linear(format!("{name}.wide"), width, 4 * width),
            Op::Gelu,
            Op::linear(format!("{name}.narrow"), 4 * width, width),
        ]),
    ]
}

fn wrong(what: &str) -> Error {
    Error::Invalid(format!(
        "the network of [backbone] does not fit together: {what}; change its sizes"
    ))
}

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
