//! Masked autoencoding (MAE): what stands at hidden steps?

use burn_tensor::Tensor;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rhymedb::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Asked, Question, Task, Whole, needs};
use crate::net::{Needed, Op, Pass, Start, attention_block, run_layers};
use crate::params::Leaves;
use crate::side::{Side, Sizes};
use crate::tensor::tensor;

const TOKEN: &str = "token";

/// Hides steps, and lets a small transformer tell their numbers from those that the network made of the others.
///
/// A hidden step is all zeros to the network, and attention does not read it. The decoder finds one
/// learned vector at its place, and the positions of all steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Masked {
    /// The share of the steps that is hidden.
    pub share: f32,
    /// Channels of the decoder.
    pub width: usize,
    /// Heads of the decoder's attention.
    pub heads: usize,
    /// Layers of the decoder.
    pub layers: usize,
}

impl Default for Masked {
    fn default() -> Self {
        Self {
            share: 0.5,
            width: 64,
            heads: 4,
            layers: 2,
        }
    }
}

impl Masked {
    /// What is wrong with the settings, if anything.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        if !(0.4..=0.75).contains(&self.share) {
            return Some("objective.share of 0.4 to 0.75: the share of the steps that is hidden");
        }
        let heads = self.heads > 0 && self.width.is_multiple_of(self.heads);
        let sound = heads && (1..=1024).contains(&self.width) && (1..=12).contains(&self.layers);
        (!sound).then_some(
            "objective.width of 1 to 1024 that is a multiple of objective.heads, and 1 to 12 layers",
        )
    }

    fn decoder(&self, sizes: &Sizes) -> Vec<Op> {
        let width = self.width;
        let mut ops = vec![
            Op::linear("input", sizes.width, width),
            Op::Position { width },
        ];
        for layer in 0..self.layers {
            ops.extend(attention_block(
                &format!("layers.{layer}"),
                width,
                self.heads,
            ));
        }
        ops.push(Op::norm("last.norm", width));
        ops.push(Op::linear("answer", width, sizes.inputs));
        ops
    }
}

impl Task for Masked {
    fn reads_steps(&self) -> bool {
        true
    }

    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        let mut all = needs(&self.decoder(sizes));
        all.push(Needed {
            name: TOKEN.to_owned(),
            shape: vec![1, sizes.width],
            start: Start::Uniform(0.02),
        });
        all
    }

    fn ask(&self, whole: &Whole, sizes: &Sizes, random: &mut ChaCha8Rng) -> Question {
        // Only steps for which the layers give a vector can be asked for.
        let first = sizes.steps - sizes.given;
        let mut steps: Vec<usize> = (first..sizes.steps).collect();
        steps.shuffle(random);
        let count = (self.share * sizes.given as f32).round() as usize;
        let count = count.clamp(1, sizes.given.saturating_sub(1).max(1));
        let mut hidden = vec![0.0; sizes.steps];
        for &step in steps.iter().take(count) {
            if let Some(x) = hidden.get_mut(step) {
                *x = 1.0;
            }
        }
        let mut seen = whole.window.values.clone();
        for (step, &hidden) in seen.chunks_exact_mut(sizes.inputs).zip(&hidden) {
            if hidden > 0.0 {
                step.fill(0.0);
            }
        }
        let answer = whole.window.values.iter().skip(first * sizes.inputs);
        Question {
            seen,
            hidden,
            numbers: answer.copied().collect(),
            class: 0,
        }
    }

    fn loss(&self, side: Side, asked: &Asked, sizes: &Sizes, head: &Leaves) -> Result<Tensor<1>> {
        let steps = side.steps.ok_or_else(|| {
            Error::Invalid("expected the steps of windows, found embeddings alone".to_owned())
        })?;
        let [rows, given, width] = steps.dims();
        let device = steps.device();
        let hidden = asked.hidden.chunks_exact(sizes.steps);
        let hidden: Vec<f32> = hidden
            .flat_map(|row| row.iter().skip(sizes.steps - given).copied())
            .collect();
        let count: f32 = hidden.iter().sum();
        let hidden = tensor(hidden, [rows, given, 1], &device)?;
        let token = head.get(TOKEN, [1, 1, width])?;
        let shown = steps * (hidden.clone().neg() + 1.0) + hidden.clone() * token;
        let told = run_layers(&self.decoder(sizes), head, shown, &Pass::default())?;
        let wanted = tensor(asked.numbers.clone(), [rows, given, sizes.inputs], &device)?;
        let errors = (told - wanted).square() * hidden;
        Ok(errors.sum() / (count * sizes.inputs as f32))
    }
}
