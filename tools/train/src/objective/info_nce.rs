//! Symmetric InfoNCE with a learned temperature: of all rows of the batch, which is mine?

use burn_tensor::Tensor;
use burn_tensor::activation::log_softmax;
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use super::{Contrast, NEVER, Objective, marks, masked};
use crate::params::{Leaves, Params};

const LOG_SCALE: &str = "log_scale";

/// Symmetric InfoNCE (CLIP).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InfoNce {
    /// What cosines are multiplied by at first. Larger ones overfit weak signals within epochs.
    pub scale: f32,
    /// The most that training may make of it.
    pub most: f32,
}

impl Default for InfoNce {
    fn default() -> Self {
        Self {
            scale: 5.0,
            most: 100.0,
        }
    }
}

impl Objective for InfoNce {
    fn scalars(&self) -> Vec<(&'static str, f32)> {
        vec![(LOG_SCALE, self.scale.ln())]
    }

    fn loss(&self, batch: Contrast, scalars: &Leaves) -> Result<Tensor<1>> {
        let (left, right) = (batch.left.embeddings, batch.right.embeddings);
        let rows = right.dims()[0];
        let device = left.device();
        let scale = scalars.get(LOG_SCALE, [1, 1])?.exp();
        let all = left.matmul(right.transpose()) * scale;
        let logits = all.clone().narrow(0, 0, rows);
        let logits = logits.mask_fill(masked(&batch.same, rows, &device), NEVER);
        let pairs = marks(rows, &device, |i, j| i == j);
        let mut charts = logits.clone();
        if batch.others > 0 {
            charts = Tensor::cat(vec![charts, all.narrow(0, rows, batch.others)], 0);
        }
        let charts = log_softmax(charts, 0).narrow(0, 0, rows);
        let both = charts + log_softmax(logits, 1);
        Ok((both * pairs).sum() * (-0.5 / rows as f32))
    }

    fn clamp(&self, params: &mut Params) {
        if let Some(scale) = params.get_mut(LOG_SCALE) {
            for x in &mut scale.values {
                *x = x.clamp(0.0, self.most.ln());
            }
        }
    }

    fn temperature(&self, params: &Params) -> f32 {
        let log = params.get(LOG_SCALE).and_then(|p| p.values.first());
        log.map_or(1.0 / self.scale, |x| (-x).exp())
    }
}
