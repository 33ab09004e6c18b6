//! Distillation: the encoder of headlines learns to say of a text what a teacher says of it.
//!
//! ```text
//! text -> table -> norm -> linear -> embedding -> teacher.weight -> unit length --+
//! teacher's vector ---------------------------------------------------------------+-> loss
//! ```
//!
//! The last layer serves this alone and is not in the weights file. A run with a teacher starts with
//! lessons alone, so that words never seen beside a chart stand near those that were, and goes on
//! giving them beside each step on charts, so that it stays so.

use std::collections::BTreeSet;

use burn_tensor::Tensor;
use burn_tensor::activation::log_softmax;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use crate::batch::bag;
use crate::config::{TextTraining, Training};
use crate::net::{Bag, unit};
use crate::objective::marks;
use crate::params::{Leaves, Params};
use crate::random::seeded;
use crate::teacher::Teacher;
use crate::tensor::tensor;

/// What the names of the last layer's tensors start with.
pub const PREFIX: &str = "teacher.";
/// The purposes of these random numbers.
const HEAD: u32 = 12;
const ORDER: u32 = 13;
const VIEWS: u32 = 14;
/// Texts of a lesson whose random numbers differ.
const ROWS: u64 = 1 << 20;

/// How a teacher is listened to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Distillation {
    /// How often each of the teacher's texts is seen before any chart is.
    pub epochs: u64,
    /// Texts of a lesson.
    pub batch: usize,
    /// The rate of learning then.
    pub rate: f32,
    /// That of the text's table.
    pub table_rate: f32,
    /// How much telling the texts of a lesson apart (InfoNCE) counts beside the cosine.
    pub nce: f32,
    /// What cosines are multiplied by for it.
    pub scale: f32,
    /// How much a lesson counts beside each step on charts. 0 for none.
    pub keep: f32,
}

impl Default for Distillation {
    fn default() -> Self {
        Self {
            epochs: 8,
            batch: 512,
            rate: 2e-3,
            table_rate: 5e-3,
            nce: 0.2,
            scale: 20.0,
            keep: 0.3,
        }
    }
}

impl Distillation {
    /// Whether the numbers are within their ranges.
    pub fn is_sound(&self) -> bool {
        let positive = [self.rate, self.table_rate, self.scale];
        self.batch >= 2
            && positive.iter().all(|x| x.is_finite() && *x > 0.0)
            && [self.nce, self.keep]
                .iter()
                .all(|x| (0.0..=10.0).contains(x))
    }

    /// The steps of a lesson's training, apart from its length.
    pub fn training(&self, run: &Training) -> Training {
        Training {
            rate: self.rate,
            table_rate: self.table_rate,
            ..run.clone()
        }
    }

    /// Lessons before any chart is seen.
    pub fn steps(&self, teacher: &Teacher) -> u64 {
        self.epochs * self.each(teacher)
    }

    /// Lessons in which all texts are seen once; what fills no lesson is left out.
    fn each(&self, teacher: &Teacher) -> u64 {
        (teacher.texts.len() / self.batch.max(1)) as u64
    }

    /// Lesson `number`, counted from 0.
    pub fn lesson(
        &self,
        teacher: &Teacher,
        text: &TextTraining,
        names: &BTreeSet<String>,
        seed: u64,
        number: u64,
    ) -> Lesson {
        let each = self.each(teacher).max(1);
        let mut order: Vec<usize> = (0..teacher.texts.len()).collect();
        order.shuffle(&mut seeded(seed, ORDER, number / each));
        let from = (number % each) as usize * self.batch;
        let chosen = order.get(from..).unwrap_or_default();
        let chosen = chosen.get(..self.batch).unwrap_or(chosen);
        let bags = chosen.par_iter().enumerate().map(|(row, &i)| {
            let mut random = seeded(seed, VIEWS, number * ROWS + row as u64);
            let words = teacher.texts.get(i).map_or("", String::as_str);
            bag(words, text, names, false, &mut random)
        });
        Lesson {
            bags: bags.collect(),
            wanted: chosen
                .iter()
                .flat_map(|&i| teacher.vector(i).to_vec())
                .collect(),
            nce: self.nce,
            scale: self.scale,
        }
    }
}

/// Some texts with what the teacher says of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The texts' features.
    pub bags: Vec<Bag>,
    /// The teacher's vectors at unit length, one after the other.
    pub wanted: Vec<f32>,
    /// As [`Distillation::nce`].
    pub nce: f32,
    /// As [`Distillation::scale`].
    pub scale: f32,
}

/// Adds the last layer, from embeddings of `dim` to a teacher's `width`, to parameters.
pub fn add_head(params: &mut Params, dim: usize, width: usize, seed: u64) {
    let mut random = seeded(seed, HEAD, 0);
    params.add(&format!("{PREFIX}weight"), &[width, dim], &mut random);
    params.add(&format!("{PREFIX}bias"), &[width], &mut random);
}

/// The loss of embeddings: 1 - cosine with the teacher's vectors, and `nce` times the symmetric
/// InfoNCE over the lesson.
pub(crate) fn loss(embeddings: Tensor<2>, lesson: &Lesson, head: &Leaves) -> Result<Tensor<1>> {
    let [rows, dim] = embeddings.dims();
    let device = embeddings.device();
    let width = lesson.wanted.len() / rows.max(1);
    let wanted = tensor(lesson.wanted.clone(), [rows, width], &device)?;
    let weight = head.get("weight", [width, dim])?;
    let bias = head.get("bias", [1, width])?;
    let found = unit(embeddings.matmul(weight.transpose()) + bias);
    let cosines = found.matmul(wanted.transpose());
    let pairs = marks(rows, &device, |i, j| i == j);
    let logits = cosines.clone() * lesson.scale;
    let both = log_softmax(logits.clone(), 0) + log_softmax(logits, 1);
    let apart = both * (-0.5 * lesson.nce);
    let near = cosines.neg() + 1.0;
    Ok(((near + apart) * pairs).sum() / rows as f32)
}
