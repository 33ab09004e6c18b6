use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Augment, Window};

/// Makes time run faster at some places and slower at others; the ends stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeWarp {
    /// The speed lies within 1 plus and minus this, below 1.
    pub spread: f32,
    /// Places at which the speed changes.
    pub knots: usize,
}

impl Default for TimeWarp {
    fn default() -> Self {
        Self {
            spread: 0.2,
            knots: 4,
        }
    }
}

impl Augment for TimeWarp {
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        let steps = window.steps();
        let spread = self.spread.clamp(0.0, 0.99);
        let speeds: Vec<f32> = (0..=self.knots)
            .map(|_| 1.0 + spread * random.random_range(-1.0..=1.0_f32))
            .collect();
        let pieces = speeds.len() as f32;
        let speed = |i: usize| {
            let piece = i as f32 * pieces / steps.max(1) as f32;
            speeds.get(piece as usize).copied().unwrap_or(1.0)
        };
        let mut place = 0.0;
        let mut places = vec![0.0];
        for i in 1..steps {
            place += speed(i);
            places.push(place);
        }
        let stretch = steps.saturating_sub(1) as f32 / place.max(f32::MIN_POSITIVE);
        window.values = window.read_at(places.into_iter().map(|p| p * stretch));
    }
}
