use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Augment, Window, normal};

/// Adds normal noise to each number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jitter {
    /// Its standard deviation.
    pub size: f32,
}

impl Default for Jitter {
    fn default() -> Self {
        Self { size: 0.01 }
    }
}

impl Augment for Jitter {
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        for x in &mut window.values {
            *x += self.size * normal(random);
        }
    }
}
