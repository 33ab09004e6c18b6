//! What the layers of a stack do, differentiable.

use burn_tensor::Tensor;
use burn_tensor::activation::softmax;
use rhymedb::Result;
use rhymedb::encode::Activation;

use super::activate;
use super::op::{Frequencies, Op, Pass, positions};
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
        Op::Norm { name, .. } => normalise(leaves, name, x),
        Op::Gelu => Ok(activate(Activation::Gelu, x)),
        Op::Scale { name, .. } => Ok(x * leaves.get(&format!("{name}.factor"), [1, 1, width])?),
        Op::Position { .. } => {
            let table = tensor(positions(steps, width), [1, steps, width], &x.device())?;
            Ok(x + table)
        }
        Op::Attention { name, heads, .. } => attend(leaves, name, x, *heads, pass),
        Op::Fourier { name, outputs, .. } => filter(leaves, name, x, *outputs),
        Op::Average(ops) => {
            let mut sum = None;
            for op in ops {
                let y = run_one(op, leaves, x.clone(), pass, branch)?;
                sum = Some(sum.map_or_else(|| y.clone(), |s: Tensor<3>| s + y.clone()));
            }
            Ok(sum.map_or(x, |sum| sum / ops.len() as f32))
        }
        Op::Beside(ops) => {
            let parts = ops
                .iter()
                .map(|op| run_one(op, leaves, x.clone(), pass, branch));
            Ok(Tensor::cat(parts.collect::<Result<Vec<_>>>()?, 2))
        }
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

/// Layer normalisation over the channels of each step.
fn normalise(leaves: &Leaves, name: &str, x: Tensor<3>) -> Result<Tensor<3>> {
    let width = x.dims()[2];
    let around = x.clone() - x.mean_dim(2);
    let variance = around.clone().square().mean_dim(2);
    let weight = leaves.get(&format!("{name}.weight"), [1, 1, width])?;
    let bias = leaves.get(&format!("{name}.bias"), [1, 1, width])?;
    Ok(around / (variance + EPSILON).sqrt() * weight + bias)
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

/// The real and the imaginary parts of the frequencies of windows (frequencies, windows, channels).
pub(crate) fn spectrum(x: Tensor<3>) -> Result<[Tensor<3>; 2]> {
    let [windows, steps, width] = x.dims();
    let (device, count) = (x.device(), steps / 2 + 1);
    let Frequencies {
        real, imaginary, ..
    } = Frequencies::new(steps);
    let flat = x.swap_dims(0, 1).reshape([steps, windows * width]);
    let part = |matrix: Vec<f32>| -> Result<Tensor<3>> {
        let product = tensor(matrix, [count, steps], &device)?.matmul(flat.clone());
        Ok(product.reshape([count, windows, width]))
    };
    Ok([part(real)?, part(imaginary)?])
}

fn filter(leaves: &Leaves, name: &str, x: Tensor<3>, outputs: usize) -> Result<Tensor<3>> {
    let [windows, steps, width] = x.dims();
    let (device, count) = (x.device(), steps / 2 + 1);
    let [real, imaginary] = spectrum(x)?;
    let weight = |part: &str| leaves.get(&format!("{name}.{part}"), [count, width, outputs]);
    let bias = |part: &str| leaves.get(&format!("{name}.{part}_bias"), [count, 1, outputs]);
    let (a, b) = (weight("real")?, weight("imaginary")?);
    let told = real.clone().matmul(a.clone()) - imaginary.clone().matmul(b.clone()) + bias("real")?;
    let turned = real.matmul(b) + imaginary.matmul(a) + bias("imaginary")?;
    let Frequencies {
        of_real,
        of_imaginary,
        ..
    } = Frequencies::new(steps);
    let back = |matrix: Vec<f32>, part: Tensor<3>| -> Result<Tensor<2>> {
        let matrix = tensor(matrix, [steps, count], &device)?;
        Ok(matrix.matmul(part.reshape([count, windows * outputs])))
    };
    let y = back(of_real, told)? + back(of_imaginary, turned)?;
    Ok(y.reshape([steps, windows, outputs]).swap_dims(0, 1))
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
