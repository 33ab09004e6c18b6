use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Augment, Window, happens};

/// Hides channels over the whole window: their numbers become 0. One channel is always left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelDropout {
    /// The probability with which a channel is hidden.
    pub probability: f32,
}

impl Default for ChannelDropout {
    fn default() -> Self {
        Self { probability: 0.1 }
    }
}

impl Augment for ChannelDropout {
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        let left = random.random_range(0..window.width.max(1));
        let hidden: Vec<bool> = (0..window.width)
            .map(|channel| happens(self.probability, random) && channel != left)
            .collect();
        for step in window.values.chunks_exact_mut(window.width) {
            for (x, _) in step.iter_mut().zip(&hidden).filter(|(_, h)| **h) {
                *x = 0.0;
            }
        }
    }
}
