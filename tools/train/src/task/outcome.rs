//! Outcomes: whether, and how far, the price moved after a window. Learned with labels, not without.

use burn_tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use super::{Asked, Question, Task, Whole, answer, answers, cross_entropy, needs};
use crate::net::Needed;
use crate::params::Leaves;
use crate::side::{Side, Sizes};
use crate::tensor::tensor;

/// A fall, neither, or a rise.
const CLASSES: usize = 3;

/// Tells a fall, neither and a rise apart: classes 0, 1 and 2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Direction {
    /// Bars after the window.
    pub horizon: usize,
    /// How far the price has to move, as a share of it.
    pub threshold: f64,
    /// The share of a label that is spread over all classes.
    pub smoothing: f32,
    /// What windows of each class count.
    pub weights: [f32; CLASSES],
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            horizon: 5,
            threshold: 0.005,
            smoothing: 0.1,
            weights: [1.0; CLASSES],
        }
    }
}

impl Direction {
    /// What is wrong with the settings, if anything.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        let weights = self.weights.iter().all(|w| w.is_finite() && *w > 0.0);
        let sound = self.threshold.is_finite()
            && self.threshold >= 0.0
            && (0.0..1.0).contains(&self.smoothing);
        (!sound || !weights).then_some(
            "objective.threshold of at least 0, smoothing of 0 to less than 1 and three weights above 0",
        )
    }
}

/// The steps of the window itself.
fn seen(whole: &Whole, sizes: &Sizes) -> Vec<f32> {
    let count = sizes.steps * sizes.inputs;
    whole.window.values.iter().take(count).copied().collect()
}

impl Task for Direction {
    fn ahead(&self) -> usize {
        self.horizon
    }

    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        needs(&answer(CLASSES, sizes))
    }

    fn ask(&self, whole: &Whole, sizes: &Sizes, _random: &mut ChaCha8Rng) -> Question {
        let moved = whole.outcome.exp_m1();
        let class = if moved < -self.threshold {
            0
        } else if moved > self.threshold {
            2
        } else {
            1
        };
        Question {
            seen: seen(whole, sizes),
            class,
            ..Question::default()
        }
    }

    fn loss(&self, side: Side, asked: &Asked, sizes: &Sizes, head: &Leaves) -> Result<Tensor<1>> {
        let told = answers(&answer(CLASSES, sizes), side, head)?;
        cross_entropy(told, &asked.classes, self.smoothing, &self.weights)
    }
}

/// Tells the log return after a window, in percent, by the Huber loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outcome {
    /// Bars after the window.
    pub horizon: usize,
    /// Errors beyond so many percent count in proportion, smaller ones by their square.
    pub delta: f32,
}

impl Default for Outcome {
    fn default() -> Self {
        Self {
            horizon: 5,
            delta: 1.0,
        }
    }
}

impl Outcome {
    /// What is wrong with the settings, if anything.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        let sound = self.delta.is_finite() && self.delta > 0.0;
        (!sound).then_some("objective.delta above 0")
    }
}

impl Task for Outcome {
    fn ahead(&self) -> usize {
        self.horizon
    }

    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        needs(&answer(1, sizes))
    }

    fn ask(&self, whole: &Whole, sizes: &Sizes, _random: &mut ChaCha8Rng) -> Question {
        Question {
            seen: seen(whole, sizes),
            numbers: vec![(100.0 * whole.outcome) as f32],
            ..Question::default()
        }
    }

    fn loss(&self, side: Side, asked: &Asked, sizes: &Sizes, head: &Leaves) -> Result<Tensor<1>> {
        let told = answers(&answer(1, sizes), side, head)?;
        let [rows, _] = told.dims();
        let wanted = tensor(asked.numbers.clone(), [rows, 1], &told.device())?;
        let error = (told - wanted).abs();
        // The square up to delta, and what is beyond in proportion: e^2 / 2, and delta (e - delta / 2).
        let near = error.clone().clamp_max(self.delta);
        let far = error - near.clone();
        Ok((near.square() * 0.5 + far * self.delta).mean())
    }
}
