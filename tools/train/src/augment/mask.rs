use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Augment, Window, happens};

/// Hides steps: all their numbers become 0, their usual value. For two views of one window this is
/// the latent mask of TS2Vec, whose first layer sees one step at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mask {
    /// The probability with which a step is hidden.
    pub share: f32,
}

impl Default for Mask {
    fn default() -> Self {
        Self { share: 0.15 }
    }
}

impl Augment for Mask {
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        for step in window.values.chunks_exact_mut(window.width) {
            if happens(self.share, random) {
                step.fill(0.0);
            }
        }
    }
}
