//! TS2Vec: two views of each window agree at each step, more than with other windows at that step
//! and more than with other steps of that window, and so at each coarser scale of time.
//!
//! As in the official code: raw dot products, no temperature, the other steps of the same view are
//! counterexamples too, scales by max pooling. The official loss trains steps alone; here the last
//! scale is the embedding of the window, so that pools and head are trained with it.

use burn_tensor::Tensor;
use burn_tensor::activation::log_softmax;
use rhymedb::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Contrast, NEVER, Objective, marks};
use crate::params::Leaves;

/// Hierarchical contrast of two overlapping crops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ts2Vec {
    /// The share of the contrast with other windows; the rest is that with other steps.
    pub instance: f32,
    /// What the contrast of whole embeddings counts beside it.
    pub embedding: f32,
    /// What the cosines of embeddings are multiplied by.
    pub scale: f32,
}

impl Default for Ts2Vec {
    fn default() -> Self {
        Self {
            instance: 0.5,
            embedding: 1.0,
            scale: 10.0,
        }
    }
}

impl Objective for Ts2Vec {
    fn reads_steps(&self) -> bool {
        true
    }

    fn loss(&self, batch: Contrast, _scalars: &Leaves) -> Result<Tensor<1>> {
        let (Some(left), Some(right)) = (batch.left.steps, batch.right.steps) else {
            return Err(Error::Invalid(
                "expected the steps of two crops, found embeddings alone; train ts2vec without headlines".to_owned(),
            ));
        };
        let (before, common) = (left.dims()[1], batch.overlap);
        if common == 0 || common > before || common > right.dims()[1] {
            return Err(Error::Invalid(format!(
                "expected crops that have steps in common, found {common} of {before}; use longer crops"
            )));
        }
        let mut left = left.narrow(1, before - common, common);
        let mut right = right.narrow(1, 0, common);
        let mut sum = None;
        let mut scales = 0;
        loop {
            let steps = left.dims()[1];
            let windows = Tensor::cat(vec![left.clone(), right.clone()], 0).swap_dims(0, 1);
            let mut loss = agree(windows) * self.instance;
            if steps > 1 {
                let moments = Tensor::cat(vec![left.clone(), right.clone()], 1);
                loss = loss + agree(moments) * (1.0 - self.instance);
            }
            sum = Some(sum.map_or_else(|| loss.clone(), |s: Tensor<1>| s + loss.clone()));
            scales += 1;
            if steps == 1 {
                break;
            }
            (left, right) = (halved(left), halved(right));
        }
        let whole = Tensor::cat(vec![batch.left.embeddings, batch.right.embeddings], 0);
        let whole = whole * self.scale.sqrt();
        let whole = agree(whole.unsqueeze_dim::<3>(0)) * self.embedding;
        Ok(sum.map_or_else(|| whole.clone(), |s| s / scales as f32 + whole.clone()))
    }
}

/// How badly row `i` finds row `i + n` among all `2 n` rows but itself, and the other way round;
/// the mean over (groups, rows, width).
pub(super) fn agree(x: Tensor<3>) -> Tensor<1> {
    let [groups, rows, _] = x.dims();
    let half = rows / 2;
    let device = x.device();
    let itself = marks(rows, &device, |i, j| i == j) * NEVER;
    let partners = marks(rows, &device, |i, j| i.abs_diff(j) == half);
    let logits = x.clone().matmul(x.swap_dims(1, 2)) + itself.unsqueeze_dim(0);
    let found = log_softmax(logits, 2) * partners.unsqueeze_dim(0);
    found.sum() * (-1.0 / (groups * rows) as f32)
}

/// The larger of each two steps; an odd last step goes.
fn halved(x: Tensor<3>) -> Tensor<3> {
    let [windows, steps, width] = x.dims();
    let pairs = x.narrow(1, 0, steps / 2 * 2);
    let pairs = pairs.reshape([windows, steps / 2, 2, width]);
    pairs.max_dim(2).reshape([windows, steps / 2, width])
}
