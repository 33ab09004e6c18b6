//! TNC (Tonekaboni et al. 2021): a discriminator tells neighbours from distant windows.

use burn_tensor::Tensor;
use burn_tensor::activation::{log_sigmoid, relu};
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use super::{Contrast, Objective};
use crate::net::{Needed, Op};
use crate::params::{HEAD, Leaves};
use crate::side::Sizes;
use crate::tensor::tensor;

/// Temporal neighbourhood coding. The partner of a window is one of its neighbours: near enough for its series to be
/// stationary in between ([`crate::stationary`]). The windows of the next rows of the batch are distant ones, each of
/// which may mean the same after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tnc {
    /// The probability that a distant window means the same after all.
    pub weight: f32,
    /// Distant windows for each window.
    pub distant: usize,
    /// How far neighbours reach at most, in windows.
    pub most: usize,
}

impl Default for Tnc {
    fn default() -> Self {
        Self {
            weight: 0.05,
            distant: 4,
            most: 4,
        }
    }
}

impl Tnc {
    /// What is wrong with the settings, if anything.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        let sound = (0.0..1.0).contains(&self.weight)
            && (1..=64).contains(&self.distant)
            && (1..=64).contains(&self.most);
        (!sound).then_some("objective.weight of 0 to less than 1, and distant and most of 1 to 64")
    }
}

impl Objective for Tnc {
    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        let (reads, hidden) = (2 * sizes.dim, 4 * sizes.dim);
        let mut all = Vec::new();
        for op in [
            Op::linear("pair", reads, hidden),
            Op::linear("answer", hidden, 1),
        ] {
            op.needs(&mut all);
        }
        all
    }

    fn loss(&self, batch: Contrast, head: &Leaves) -> Result<Tensor<1>> {
        let (left, right) = (batch.left.embeddings, batch.right.embeddings);
        let [rows, dim] = left.dims();
        // Numbers of an embedding at unit length are small; a discriminator begins with numbers around 1.
        let size = (dim as f32).sqrt();
        let (left, right) = (left * size, right * size);
        let near = log_sigmoid(told(left.clone(), right, head)?).mean();
        let mut sum = Tensor::zeros([1], &left.device());
        let mut count = 0.0;
        for by in 1..=self.distant.min(rows - 1) {
            let apart = (0..rows).map(|i| {
                let j = (i + by) % rows;
                f32::from(u8::from(
                    !batch.same.get(i * rows + j).copied().unwrap_or(false),
                ))
            });
            let apart: Vec<f32> = apart.collect();
            count += apart.iter().sum::<f32>();
            let turned = vec![
                left.clone().narrow(0, by, rows - by),
                left.clone().narrow(0, 0, by),
            ];
            let logits = told(left.clone(), Tensor::cat(turned, 0), head)?;
            let other = log_sigmoid(logits.clone()) * self.weight
                + log_sigmoid(logits.neg()) * (1.0 - self.weight);
            let apart = tensor(apart, [rows, 1], &left.device())?;
            sum = sum + (other * apart).sum();
        }
        Ok((near + sum / count.max(1.0)) * -0.5)
    }
}

/// What the discriminator says of pairs (rows, 1).
fn told(left: Tensor<2>, right: Tensor<2>, head: &Leaves) -> Result<Tensor<2>> {
    let dim = left.dims()[1];
    let (reads, hidden) = (2 * dim, 4 * dim);
    let tensor = |name: &str, shape: [usize; 2]| head.get(&format!("{HEAD}{name}"), shape);
    let pairs = Tensor::cat(vec![left, right], 1);
    let first = tensor("pair.weight", [hidden, reads])?;
    let hidden_units = relu(pairs.matmul(first.transpose()) + tensor("pair.bias", [1, hidden])?);
    let last = tensor("answer.weight", [1, hidden])?;
    Ok(hidden_units.matmul(last.transpose()) + tensor("answer.bias", [1, 1])?)
}
