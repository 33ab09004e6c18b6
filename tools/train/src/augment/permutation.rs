use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Augment, Window};

/// Cuts the window into segments and joins them in another order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Permutation {
    /// How many segments.
    pub segments: usize,
}

impl Default for Permutation {
    fn default() -> Self {
        Self { segments: 5 }
    }
}

impl Augment for Permutation {
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        let each = window.steps().div_ceil(self.segments.max(1)).max(1);
        let mut segments: Vec<&[f32]> = window.values.chunks(each * window.width).collect();
        segments.shuffle(random);
        window.values = segments.concat();
    }
}
