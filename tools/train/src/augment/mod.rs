//! Changes to a window that should not change what it means. One file an augmentation.
//!
//! They change what the first layer sees, scale-free steps, and never a price.

mod crop;
mod dropout;
mod jitter;
mod mask;
mod permutation;
mod scaling;
mod warp;

pub use crop::{Crop, Overlap};
pub use dropout::ChannelDropout;
pub use jitter::Jitter;
pub use mask::Mask;
pub use permutation::Permutation;
pub use scaling::Scaling;
pub use warp::TimeWarp;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The steps of one window, `width` numbers each.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Numbers of a step.
    pub width: usize,
    /// The steps one after the other.
    pub values: Vec<f32>,
}

impl Window {
    /// How many steps there are.
    pub fn steps(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// The steps read at positions between 0 and the last step, in between by interpolation.
    fn read_at(&self, positions: impl Iterator<Item = f32>) -> Vec<f32> {
        let last = self.steps().saturating_sub(1);
        let step = |i: usize| self.values.chunks_exact(self.width).nth(i.min(last));
        let mut values = Vec::with_capacity(self.values.len());
        for position in positions {
            let position = position.clamp(0.0, last as f32);
            let share = position.fract();
            let before = step(position as usize).unwrap_or_default();
            let after = step(position as usize + 1).unwrap_or_default();
            let between = before.iter().zip(after);
            values.extend(between.map(|(a, b)| a + (b - a) * share));
        }
        values
    }
}

/// A change to a window.
pub trait Augment {
    /// Changes the window, which keeps its number of steps.
    fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng);
}

/// An augmentation and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AugmentConfig {
    /// [`Jitter`].
    Jitter(Jitter),
    /// [`Scaling`].
    Scaling(Scaling),
    /// [`TimeWarp`].
    TimeWarp(TimeWarp),
    /// [`Crop`].
    Crop(Crop),
    /// [`Mask`].
    Mask(Mask),
    /// [`Permutation`].
    Permutation(Permutation),
    /// [`ChannelDropout`].
    ChannelDropout(ChannelDropout),
}

impl AugmentConfig {
    /// Changes the window.
    pub fn apply(&self, window: &mut Window, random: &mut ChaCha8Rng) {
        match self {
            Self::Jitter(a) => a.apply(window, random),
            Self::Scaling(a) => a.apply(window, random),
            Self::TimeWarp(a) => a.apply(window, random),
            Self::Crop(a) => a.apply(window, random),
            Self::Mask(a) => a.apply(window, random),
            Self::Permutation(a) => a.apply(window, random),
            Self::ChannelDropout(a) => a.apply(window, random),
        }
    }
}

/// A number of the normal distribution.
pub(crate) fn normal(random: &mut ChaCha8Rng) -> f32 {
    let radius: f32 = random.random_range(f32::MIN_POSITIVE..1.0);
    let angle: f32 = random.random_range(0.0..std::f32::consts::TAU);
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}

/// Whether something of this probability happens.
fn happens(probability: f32, random: &mut ChaCha8Rng) -> bool {
    random.random_range(0.0..1.0_f32) < probability
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::random::seeded;

    fn wave() -> Window {
        let values = (0..40).map(|i| (i as f32 * 0.7).sin() + 2.0).collect();
        Window { width: 2, values }
    }

    fn applied(augment: &impl Augment, step: u64) -> Window {
        let mut window = wave();
        augment.apply(&mut window, &mut seeded(3, 9, step));
        window
    }

    #[test]
    fn sizes_stay_and_seeds_decide() {
        let all = [
            AugmentConfig::Jitter(Jitter::default()),
            AugmentConfig::Scaling(Scaling::default()),
            AugmentConfig::TimeWarp(TimeWarp::default()),
            AugmentConfig::Crop(Crop::default()),
            AugmentConfig::Mask(Mask { share: 0.5 }),
            AugmentConfig::Permutation(Permutation::default()),
            AugmentConfig::ChannelDropout(ChannelDropout { probability: 0.5 }),
        ];
        for augment in &all {
            let run = |step: u64| {
                let mut window = wave();
                augment.apply(&mut window, &mut seeded(3, 9, step));
                window
            };
            assert_eq!(run(1).values.len(), 40, "{augment:?}");
            assert_eq!(run(1), run(1), "{augment:?}");
            let changed = (0..20).filter(|&step| run(step) != wave()).count();
            assert!(changed > 5, "{augment:?} changed {changed} of 20");
        }
    }

    #[test]
    fn permutations_keep_every_step() {
        let mut sorted = applied(&Permutation::default(), 4).values;
        let mut before = wave().values;
        sorted.sort_by(f32::total_cmp);
        before.sort_by(f32::total_cmp);
        assert_eq!(sorted, before);
    }

    #[test]
    fn scaling_is_one_factor_a_window() {
        let scaled = applied(&Scaling::default(), 1).values;
        let factor = scaled[0] / wave().values[0];
        assert!((0.8..=1.2).contains(&factor));
        for (x, y) in wave().values.iter().zip(scaled) {
            assert!((x * factor - y).abs() < 1e-5);
        }
    }

    #[test]
    fn dropped_channels_are_0_and_one_is_left() {
        for step in 0..50 {
            let window = applied(&ChannelDropout { probability: 0.9 }, step);
            let zero = |c: usize| window.values.iter().skip(c).step_by(2).all(|&x| x == 0.0);
            assert!(!(zero(0) && zero(1)), "step {step}");
        }
    }

    #[test]
    fn masks_hide_whole_steps() {
        let window = applied(&Mask { share: 0.5 }, 2);
        let hidden = window.values.chunks(2).filter(|s| *s == [0.0, 0.0]).count();
        assert!((3..=17).contains(&hidden), "{hidden} of 20");
        let touched = window.values.chunks(2).filter(|s| s.contains(&0.0)).count();
        assert_eq!(touched, hidden);
    }

    #[test]
    fn crops_overlap_by_what_they_say() {
        for step in 0..100 {
            let overlap = Overlap::draw(30, 8, &mut seeded(1, 2, step));
            assert!(overlap.left >= 8 && overlap.right >= 8);
            assert!(overlap.left <= 30 && overlap.right <= 30);
            let common = overlap.left + overlap.right - 30;
            assert!(common >= 8, "{overlap:?}");
        }
    }
}
