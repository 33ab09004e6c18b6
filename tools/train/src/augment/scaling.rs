use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Augment, Window};

/// Multiplies the window by one factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scaling {
    /// The factor lies within 1 plus and minus this.
    pub spread: f32,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { spread: 0.2 }
    }
}

impl Augment for Scaling {
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        let factor = 1.0 + self.spread * random.random_range(-1.0..=1.0_f32);
        window.values.iter_mut().for_each(|x| *x *= factor);
    }
}
