//! Cosine embedding loss over explicit pairs: true ones together, others apart up to a margin.

use burn_tensor::Tensor;
use burn_tensor::activation::relu;
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use super::{Contrast, Objective, marks};
use crate::params::Leaves;

/// Cosine embedding loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    /// Cosines of wrong pairs below this cost nothing.
    pub margin: f32,
    /// Wrong pairs for each true one: the next rows of the batch.
    pub negatives: usize,
}

impl Default for Cosine {
    fn default() -> Self {
        Self {
            margin: 0.2,
            negatives: 1,
        }
    }
}

impl Objective for Cosine {
    fn loss(&self, batch: Contrast, _scalars: &Leaves) -> Result<Tensor<1>> {
        let (left, right) = (batch.left.embeddings, batch.right.embeddings);
        let rows = left.dims()[0];
        let device = left.device();
        let same = |i: usize, j: usize| batch.same.get(i * rows + j).copied().unwrap_or(false);
        let next = |i: usize, j: usize| (1..=self.negatives).contains(&((j + rows - i) % rows));
        let true_pairs = marks(rows, &device, |i, j| i == j);
        let wrong_pairs = marks(rows, &device, |i, j| i != j && next(i, j) && !same(i, j));
        let cosines = left.matmul(right.transpose());
        let together = (cosines.clone().neg() + 1.0) * true_pairs;
        let apart = relu(cosines - self.margin) * wrong_pairs;
        let pairs = rows * (1 + self.negatives);
        Ok((together + apart).sum() / pairs as f32)
    }
}
