//! What is asked of each window alone: of one view of it, or of what comes after it. One file a task.
//!
//! A task makes a question of a window, and has a head of its own, layers that answer it and are not part of the
//! weights file.

mod augmentation;
mod forecast;
mod masked;
mod order;
mod outcome;

pub use augmentation::WhichAugmentation;
pub use forecast::Forecast;
pub use masked::Masked;
pub use order::Order;
pub use outcome::{Direction, Outcome};

use burn_tensor::Tensor;
use burn_tensor::activation::log_softmax;
use rand_chacha::ChaCha8Rng;
use rhymedb::Result;

use crate::augment::Window;
use crate::net::{Needed, Op, Pass, run_layers};
use crate::params::Leaves;
use crate::side::{Side, Sizes};
use crate::tensor::tensor;

/// A window, with what came after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// Its steps, and then those of [`Task::ahead`] bars more.
    pub window: Window,
    /// The log return over the bars after it.
    pub outcome: f64,
}

/// What is asked of a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// The steps that the network sees.
    pub seen: Vec<f32>,
    /// 1 for the steps that it does not see, empty if it sees all.
    pub hidden: Vec<f32>,
    /// The numbers that are the answer, if they are numbers.
    pub numbers: Vec<f32>,
    /// The class that is the answer, if it is one.
    pub class: usize,
}

/// The questions of a batch, without what the network sees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// As [`Question::hidden`], row after row.
    pub hidden: Vec<f32>,
    /// As [`Question::numbers`], row after row.
    pub numbers: Vec<f32>,
    /// As [`Question::class`], one a row.
    pub classes: Vec<usize>,
}

/// Something that is asked of windows.
pub trait Task: Send + Sync {
    /// Bars after a window that a question needs.
    fn ahead(&self) -> usize {
        0
    }

    /// Whether the head reads [`Side::steps`].
    fn reads_steps(&self) -> bool {
        false
    }

    /// The tensors of the head.
    fn head(&self, sizes: &Sizes) -> Vec<Needed>;

    /// The question about a window.
    fn ask(&self, whole: &Whole, sizes: &Sizes, random: &mut ChaCha8Rng) -> Question;

    /// The loss, one number.
    ///
    /// # Errors
    /// [`rhymedb::Error::Invalid`] if the parts do not fit.
    fn loss(&self, side: Side, asked: &Asked, sizes: &Sizes, head: &Leaves) -> Result<Tensor<1>>;
}

/// The tensors of layers.
fn needs(ops: &[Op]) -> Vec<Needed> {
    let mut all = Vec::new();
    ops.iter().for_each(|op| op.needs(&mut all));
    all
}

/// A linear map of embeddings to `outputs` numbers.
fn answer(outputs: usize, sizes: &Sizes) -> [Op; 1] {
    [Op::linear("answer", sizes.dim, outputs)]
}

/// What a head over embeddings gives (rows, outputs).
fn answers(ops: &[Op], side: Side, head: &Leaves) -> Result<Tensor<2>> {
    let given = run_layers(
        ops,
        head,
        side.embeddings.unsqueeze_dim(1),
        &Pass::default(),
    )?;
    let [rows, _, outputs] = given.dims();
    Ok(given.reshape([rows, outputs]))
}

/// Cross-entropy with a share of `smoothing` spread over all classes; a row counts as its class does.
fn cross_entropy(
    scores: Tensor<2>,
    classes: &[usize],
    smoothing: f32,
    weights: &[f32],
) -> Result<Tensor<1>> {
    let [rows, count] = scores.dims();
    let mut wanted = vec![smoothing / count as f32; rows * count];
    let mut total = 0.0;
    for (row, &class) in wanted.chunks_exact_mut(count).zip(classes) {
        if let Some(x) = row.get_mut(class) {
            *x += 1.0 - smoothing;
        }
        let weight = weights.get(class).copied().unwrap_or(1.0);
        row.iter_mut().for_each(|x| *x *= weight);
        total += weight;
    }
    let wanted = tensor(wanted, [rows, count], &scores.device())?;
    Ok((log_softmax(scores, 1) * wanted).sum() * (-1.0 / total.max(f32::MIN_POSITIVE)))
}
