//! SigLIP: each pair of rows on its own, true or not, as a logistic regression on the cosine.

use burn_tensor::Tensor;
use burn_tensor::activation::log_sigmoid;
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use super::{Contrast, Objective, marks, masked};
use crate::params::{Leaves, Params};

const LOG_SCALE: &str = "log_scale";
const BIAS: &str = "sigmoid_bias";

/// The sigmoid loss of SigLIP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SigLip {
    /// What cosines are multiplied by at first.
    pub scale: f32,
    /// What is added at first: most pairs are wrong.
    pub bias: f32,
}

impl Default for SigLip {
    fn default() -> Self {
        Self {
            scale: 10.0,
            bias: -10.0,
        }
    }
}

impl Objective for SigLip {
    fn scalars(&self) -> Vec<(&'static str, f32)> {
        vec![(LOG_SCALE, self.scale.ln()), (BIAS, self.bias)]
    }

    fn loss(&self, batch: Contrast, scalars: &Leaves) -> Result<Tensor<1>> {
        let (left, right) = (batch.left.embeddings, batch.right.embeddings);
        let rows = left.dims()[0];
        let device = left.device();
        let scale = scalars.get(LOG_SCALE, [1, 1])?.exp();
        let logits = left.matmul(right.transpose()) * scale + scalars.get(BIAS, [1, 1])?;
        let signs = marks(rows, &device, |i, j| i == j) * 2.0 - 1.0;
        let known = log_sigmoid(logits * signs);
        let known = known.mask_fill(masked(&batch.same, rows, &device), 0.0);
        Ok(known.sum() * (-1.0 / rows as f32))
    }

    fn temperature(&self, params: &Params) -> f32 {
        let log = params.get(LOG_SCALE).and_then(|p| p.values.first());
        log.map_or(1.0 / self.scale, |x| (-x).exp())
    }
}
