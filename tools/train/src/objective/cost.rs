//! CoST (Woo et al. 2022): two views of a window agree on its trend, and on the frequencies of its seasons.

use burn_tensor::Tensor;
use burn_tensor::activation::{log_softmax, relu};
use rhymedb::{Error, Result};
use serde::{Deserialize, Serialize};

use super::ts2vec::agree;
use super::{Contrast, NEVER, Objective, marks, masked};
use crate::net::{Needed, Op, spectrum};
use crate::params::{HEAD, Leaves};
use crate::side::Sizes;

/// What keeps amplitudes and phases from having no slope at 0.
const LEAST: f32 = 1e-6;

/// Contrast of trends in time and of seasons by frequency. For the backbone `cost`, whose first half of the channels is
/// the trend.
///
/// The public code takes the trend of a step drawn by lot, and keeps a queue of other windows and a slow copy of the
/// network; here it is the last step, which the embedding has, and the other rows of the batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// By what cosines of trends are divided.
    pub temperature: f32,
    /// What the contrast by frequency counts beside that of trends.
    pub seasonal: f32,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            temperature: 0.07,
            seasonal: 5e-4,
        }
    }
}

impl Cost {
    /// What is wrong with the settings, if anything.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        let sound = [self.temperature, self.seasonal]
            .iter()
            .all(|x| x.is_finite() && *x > 0.0);
        (!sound).then_some("objective.temperature and seasonal above 0")
    }

    fn trends(&self, left: Tensor<2>, right: Tensor<2>, same: &[bool]) -> Tensor<1> {
        let rows = left.dims()[0];
        let device = left.device();
        let logits = left.matmul(right.transpose()) / self.temperature;
        let logits = logits.mask_fill(masked(same, rows, &device), NEVER);
        let pairs = marks(rows, &device, |i, j| i == j);
        let both = log_softmax(logits.clone(), 0) + log_softmax(logits, 1);
        (both * pairs).sum() * (-0.5 / rows as f32)
    }
}

impl Objective for Cost {
    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        let half = sizes.width / 2;
        let mut all = Vec::new();
        for op in [
            Op::linear("trend.0", half, half),
            Op::linear("trend.1", half, half),
        ] {
            op.needs(&mut all);
        }
        all
    }

    fn reads_steps(&self) -> bool {
        true
    }

    fn loss(&self, batch: Contrast, head: &Leaves) -> Result<Tensor<1>> {
        let (Some(left), Some(right)) = (batch.left.steps, batch.right.steps) else {
            return Err(Error::Invalid(
                "expected the steps of two views, found embeddings alone".to_owned(),
            ));
        };
        let [_, steps, width] = left.dims();
        let half = width / 2;
        let trend = |x: &Tensor<3>| {
            let last = x.clone().narrow(1, steps - 1, 1).narrow(2, 0, half);
            project(last.reshape([x.dims()[0], half]), half, head)
        };
        let trends = self.trends(trend(&left)?, trend(&right)?, &batch.same);
        let [a, b] = [left, right].map(|x| waves(x.narrow(2, half, half)));
        let ([size_a, phase_a], [size_b, phase_b]) = (a?, b?);
        let sizes = agree(Tensor::cat(vec![size_a, size_b], 1));
        let phases = agree(Tensor::cat(vec![phase_a, phase_b], 1));
        Ok(trends + (sizes + phases) * (0.5 * self.seasonal))
    }
}

/// Two linear maps with a ReLU between them, at unit length.
fn project(x: Tensor<2>, half: usize, head: &Leaves) -> Result<Tensor<2>> {
    let linear = |x: Tensor<2>, name: &str| -> Result<Tensor<2>> {
        let weight = head.get(&format!("{HEAD}{name}.weight"), [half, half])?;
        Ok(x.matmul(weight.transpose()) + head.get(&format!("{HEAD}{name}.bias"), [1, half])?)
    };
    Ok(crate::net::unit(linear(
        relu(linear(x, "trend.0")?),
        "trend.1",
    )?))
}

/// Amplitudes and phases by frequency (frequencies, rows, channels).
fn waves(x: Tensor<3>) -> Result<[Tensor<3>; 2]> {
    let [real, imaginary] = spectrum(x)?;
    let squares = real.clone().square() + imaginary.clone().square();
    Ok([(squares + LEAST).sqrt(), imaginary.atan2(real + LEAST)])
}
