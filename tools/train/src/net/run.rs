//! What the layers of a stack do, differentiable.

use burn_tensor::Tensor;
use burn_tensor::activation::softmax;
use rhymedb::Result;
use rhymedb::encode::Activation;

use super::activate;
use super::op::{Op, Pass, positions};
use crate::params::Leaves;
use crate::tensor::tensor;

/// What is added to a variance before its root is taken.
pub(super) const EPSILON: f32 = 1e-6;
/// The score of a step that is hidden.
const NEVER: f32 = -1e9;

/// Runs layers one after the other over windows of steps.
///
/// # Errors
/// [`rhymedb::Error::Invalid`] if a tensor is missing.
pub fn run_layers(ops: &[Op], leaves: &Leaves, x: Tensor<3>, pass: &Pass) -> Result<Tensor<3>> {
    run(ops, leaves, x, pass, &mut 0)
}

/// Runs layers one after the other. `branch` counts the residual branches so far.
pub(super) fn run(
    ops: &[Op],
    leaves: &Leaves,
    mut x: Tensor<3>,
    pass: &Pass,
    branch: &mut u64,
) -> Result<Tensor<3>> {
    for op in ops {
        x = run_one(op, leaves, x, pass, branch)?;
    }
    Ok(x)
}

fn run_one(
    op: &Op,
    leaves: &Leaves,
    x: Tensor<3>,
    pass: &Pass,
    branch: &mut u64,
) -> Result<Tensor<3>> {
    let [windows, steps, width] = x.dims();
    match op {
        Op::Linear { name, outputs, .. } => linear(leaves, name, x, *outputs),
        Op::Conv {
            name,
            outputs,
            kernel,
            dilation,
            ..
        } => convolve(leaves, name, x, *outputs, (*kernel, *dilation)),
        Op::Depthwise {
            name,
            kernel,
            dilation,
            ..
        } => depthwise(leaves, name, x, (*kernel, *dilation)),
        Op::Patch {
            name,
            outputs,
            size,
            ..
        } => {
            let weight = leaves.get(&format!("{name}.weight"), [*outputs, width, *size])?;
            let weight = weight.permute([2, 1, 0]).reshape([size * width, *outputs]);
            let bias = leaves.get(&format!("{name}.bias"), [1, *outputs])?;
            let patches = x.reshape([windows * steps / size, size * width]);
            let y = patches.matmul(weight) + bias;
            Ok(y.reshape([windows, steps / size, *outputs]))
        }
        Op::Norm { name, .. } => {
            let around = x.clone() - x.mean_dim(2);
            let variance = around.clone().square().mean_dim(2);
            let weight = leaves.get(&format!("{name}.weight"), [1, 1, width])?;
            let bias = leaves.get(&format!("{name}.bias"), [1, 1, width])?;
            Ok(around / (variance + EPSILON).sqrt() * weight + bias)
        }
        Op::Gelu => Ok(activate(Activation::Gelu, x)),
        Op::Scale { name, .. } => Ok(x * leaves.get(&format!("{name}.factor"), [1, 1, width])?),
        Op::Position { .. } => {
            let table = tensor(positions(steps, width), [1, steps, width], &x.device())?;
            Ok(x + table)
        }
        Op::Attention { name, heads, .. } => attend(leaves, name, x, *heads, pass),
        Op::Hide => Ok(match &pass.hidden {
            Some(hidden) => x * (hidden.clone().unsqueeze_dim::<3>(2).neg() + 1.0),
            None => x,
        }),
        Op::Residual { body, skip, drop } => {
            let own = *branch;
            *branch += 1;
            let mut y = run(body, leaves, x.clone(), pass, branch)?;
            if let Some(kept) = pass.kept(own, *drop) {
                y = y * tensor(kept, [windows, 1, 1], &x.device())?;
            }
            Ok(run(skip, leaves, x, pass, branch)? + y)
        }
    }
}

fn linear(leaves: &Leaves, name: &str, x: Tensor<3>, outputs: usize) -> Result<Tensor<3>> {
    let [windows, steps, width] = x.dims();
    let weight = leaves.get(&format!("{name}.weight"), [outputs, width])?;
    let bias = leaves.get(&format!("{name}.bias"), [1, outputs])?;
    let y = x
        .reshape([windows * steps, width])
        .matmul(weight.transpose())
        + bias;
    Ok(y.reshape([windows, steps, outputs]))
}

/// The steps with zeros before them.
fn padded(x: Tensor<3>, lead: usize) -> Tensor<3> {
    let [windows, _, width] = x.dims();
    if lead == 0 {
        return x;
    }
    let zeros = Tensor::zeros([windows, lead, width], &x.device());
    Tensor::cat(vec![zeros, x], 1)
}

fn convolve(
    leaves: &Leaves,
    name: &str,
    x: Tensor<3>,
    outputs: usize,
    (kernel, dilation): (usize, usize),
) -> Result<Tensor<3>> {
    let [windows, steps, width] = x.dims();
    let x = padded(x, (kernel - 1) * dilation);
    let columns = (0..kernel).map(|tap| x.clone().narrow(1, tap * dilation, steps));
    let columns = Tensor::cat(columns.collect(), 2);
    let columns = columns.reshape([windows * steps, kernel * width]);
    let weight = leaves.get(&format!("{name}.weight"), [outputs, width, kernel])?;
    let weight = weight.permute([2, 1, 0]).reshape([kernel * width, outputs]);
    let bias = leaves.get(&format!("{name}.bias"), [1, outputs])?;
    Ok((columns.matmul(weight) + bias).reshape([windows, steps, outputs]))
}

fn depthwise(
    leaves: &Leaves,
    name: &str,
    x: Tensor<3>,
    (kernel, dilation): (usize, usize),
) -> Result<Tensor<3>> {
    let [_, steps, width] = x.dims();
    let x = padded(x, (kernel - 1) * dilation);
    let weight = leaves.get(&format!("{name}.weight"), [width, kernel])?;
    let mut y = leaves.get(&format!("{name}.bias"), [1, 1, width])?;
    for tap in 0..kernel {
        let column = weight.clone().narrow(1, tap, 1).reshape([1, 1, width]);
        y = x.clone().narrow(1, tap * dilation, steps) * column + y;
    }
    Ok(y)
}

fn attend(
    leaves: &Leaves,
    name: &str,
    x: Tensor<3>,
    heads: usize,
    pass: &Pass,
) -> Result<Tensor<3>> {
    let [windows, steps, width] = x.dims();
    let each = width / heads;
    let read = linear(leaves, &format!("{name}.read"), x, 3 * width)?;
    let part = |i: usize| {
        let part = read.clone().narrow(2, i * width, width);
        part.reshape([windows, steps, heads, each]).swap_dims(1, 2)
    };
    let (asks, keys, values) = (part(0), part(1), part(2));
    let mut scores = asks.matmul(keys.swap_dims(2, 3)) / (each as f32).sqrt();
    if let Some(hidden) = &pass.hidden {
        scores = scores + hidden.clone().reshape([windows, 1, 1, steps]) * NEVER;
    }
    let read = softmax(scores, 3).matmul(values).swap_dims(1, 2);
    let read = read.reshape([windows, steps, width]);
    linear(leaves, &format!("{name}.give"), read, width)
}
