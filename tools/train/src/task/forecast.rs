//! Forecasting: which steps come next?

use burn_tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use super::{Asked, Question, Task, Whole, answer, answers, needs};
use crate::net::Needed;
use crate::params::Leaves;
use crate::side::{Side, Sizes};
use crate::tensor::tensor;

/// A linear map of the embedding tells all channels of the bars after the window; the loss is the
/// mean squared error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forecast {
    /// Bars after the window. No window is asked whose bars after it are not in the same part.
    pub horizon: usize,
}

impl Default for Forecast {
    fn default() -> Self {
        Self { horizon: 8 }
    }
}

impl Task for Forecast {
    fn ahead(&self) -> usize {
        self.horizon
    }

    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        needs(&answer(self.horizon * sizes.inputs, sizes))
    }

    fn ask(&self, whole: &Whole, sizes: &Sizes, _random: &mut ChaCha8Rng) -> Question {
        let (seen, next) = whole
            .window
            .values
            .split_at_checked(sizes.steps * sizes.inputs)
            .unwrap_or_default();
        Question {
            seen: seen.to_vec(),
            numbers: next.to_vec(),
            ..Question::default()
        }
    }

    fn loss(&self, side: Side, asked: &Asked, sizes: &Sizes, head: &Leaves) -> Result<Tensor<1>> {
        let outputs = self.horizon * sizes.inputs;
        let told = answers(&answer(outputs, sizes), side, head)?;
        let [rows, _] = told.dims();
        let wanted = tensor(asked.numbers.clone(), [rows, outputs], &told.device())?;
        Ok((told - wanted).square().mean())
    }
}
