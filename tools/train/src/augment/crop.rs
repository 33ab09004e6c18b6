use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Augment, Window};

/// Keeps a part of the window, stretched to its length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crop {
    /// The share of the steps that is kept.
    pub share: f32,
}

impl Default for Crop {
    fn default() -> Self {
        Self { share: 0.9 }
    }
}

impl Augment for Crop {
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        let steps = window.steps();
        let last = steps.saturating_sub(1) as f32;
        let kept = last * self.share.clamp(0.0, 1.0);
        let first = (last - kept) * random.random_range(0.0..=1.0_f32);
        let stretch = kept / last.max(1.0);
        window.values = window.read_at((0..steps).map(|i| first + i as f32 * stretch));
    }
}

/// Two crops of a window that have its middle in common: its first `left` steps and its last
/// `right` ones. All windows of a batch are cut alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Steps of the crop that starts with the window.
    pub left: usize,
    /// Steps of the crop that ends with it.
    pub right: usize,
}

impl Overlap {
    /// Crops of a window of `steps` steps with at least `least` in common.
    pub fn draw(steps: usize, least: usize, random: &mut ChaCha8Rng) -> Self {
        let least = least.min(steps);
        let first = random.random_range(0..=steps - least);
        let end = random.random_range(first + least..=steps);
        Self {
            left: end,
            right: steps - first,
        }
    }
}
