//! Augmentation prediction: what was done to a window?

use burn_tensor::Tensor;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rhymedb::Result;

use super::{Asked, Question, Task, Whole, answer, answers, cross_entropy, needs};
use crate::augment::AugmentConfig;
use crate::net::Needed;
use crate::params::Leaves;
use crate::side::{Side, Sizes};

/// Changes a window by one of the augmentations of the config, or not at all; a linear map of the
/// embedding tells which.
#[derive(Clone, Debug, PartialEq)]
pub struct WhichAugmentation {
    /// The augmentations.
    pub augment: Vec<AugmentConfig>,
}

impl Task for WhichAugmentation {
    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        needs(&answer(self.augment.len() + 1, sizes))
    }

    fn ask(&self, whole: &Whole, _sizes: &Sizes, random: &mut ChaCha8Rng) -> Question {
        let class = random.random_range(0..=self.augment.len());
        let mut window = whole.window.clone();
        if let Some(augment) = class.checked_sub(1).and_then(|i| self.augment.get(i)) {
            augment.apply(&mut window, random);
        }
        Question {
            seen: window.values,
            class,
            ..Question::default()
        }
    }

    fn loss(&self, side: Side, asked: &Asked, sizes: &Sizes, head: &Leaves) -> Result<Tensor<1>> {
        let told = answers(&answer(self.augment.len() + 1, sizes), side, head)?;
        cross_entropy(told, &asked.classes, 0.0, &[])
    }
}
