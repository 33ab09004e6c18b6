//! How far a Sharpe ratio, or the difference of two over the same bars, may be from what it is of.
//!
//! The error is that of the mean of what each bar adds to the ratio (its influence: Lo 2002, "The statistics of Sharpe
//! ratios"; Ledoit and Wolf 2008, "Robust performance hypothesis testing with the Sharpe ratio"), taken by blocks of
//! neighbouring bars, because wild bars come together. Two rules over the same bars hang together; their difference
//! bar by bar has that taken account of.

use super::performance::ReturnMoments;
use crate::numeric::student::{two_sided, two_sided_quantile};

/// Fewer blocks do not say how much they vary.
const LEAST_BLOCKS: usize = 8;

/// A figure with how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SharpeEstimate {
    /// The figure, a year.
    pub value: f64,
    /// Where it truly lies, with 95 % confidence.
    pub interval: [f64; 2],
    /// How often chance lets it lie at least so far from 0, on either side, if it is truly 0.
    pub p: f64,
}

/// A Sharpe ratio a bar, and what each bar adds to it.
#[derive(Clone, Debug)]
pub(super) struct SharpeParts {
    ratio: f64,
    parts: Vec<f64>,
}

impl SharpeParts {
    /// Of the returns of bars; `None` if nothing moved.
    pub(super) fn of(returns: &[f64]) -> Option<Self> {
        let moments = ReturnMoments::of(returns);
        let ratio = moments.sharpe()?;
        let part = |r: &f64| {
            let z = (r - moments.mean) / moments.deviation;
            z - ratio / 2.0 * (z * z - 1.0)
        };
        Some(Self {
            ratio,
            parts: returns.iter().map(part).collect(),
        })
    }

    /// The ratio a year, by blocks of so many bars; `None` of fewer than eight blocks.
    pub(super) fn estimate(&self, block: usize, bars_a_year: f64) -> Option<SharpeEstimate> {
        estimate(self.ratio, &self.parts, block, bars_a_year)
    }

    /// How much higher the ratio is than another one over the same bars.
    pub(super) fn above(
        &self,
        other: &Self,
        block: usize,
        bars_a_year: f64,
    ) -> Option<SharpeEstimate> {
        let both = self.parts.iter().zip(&other.parts);
        let parts: Vec<f64> = both.map(|(a, b)| a - b).collect();
        estimate(self.ratio - other.ratio, &parts, block, bars_a_year)
    }
}

fn estimate(value: f64, parts: &[f64], block: usize, bars_a_year: f64) -> Option<SharpeEstimate> {
    let n = parts.len();
    let blocks = n / block.max(1);
    if blocks < LEAST_BLOCKS {
        return None;
    }
    // What is left over at the end belongs to the last block.
    let mut sums = vec![0.0; blocks];
    for (at, part) in parts.iter().enumerate() {
        if let Some(sum) = sums.get_mut((at / block.max(1)).min(blocks - 1)) {
            *sum += part;
        }
    }
    let count = blocks as f64;
    let mean = sums.iter().sum::<f64>() / count;
    let squares: f64 = sums.iter().map(|s| (s - mean).powi(2)).sum();
    let error = (squares * count / (count - 1.0)).sqrt() / n as f64;
    if error.is_nan() || error <= 1e-15 {
        return None;
    }
    let root = bars_a_year.sqrt();
    let far = two_sided_quantile(0.05, count - 1.0) * error;
    Some(SharpeEstimate {
        value: value * root,
        interval: [(value - far) * root, (value + far) * root],
        p: two_sided(value / error, count - 1.0),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn normal(random: &mut ChaCha8Rng) -> f64 {
        (0..12)
            .map(|_| random.random_range(0.0..1.0_f64))
            .sum::<f64>()
            - 6.0
    }

    /// Of independent normal returns the error is the root of (1 + S² / 2) / n (Lo 2002).
    #[test]
    fn the_error_is_that_of_lo() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let returns: Vec<f64> = (0..40_000).map(|_| 0.5 + normal(&mut random)).collect();
        let parts = SharpeParts::of(&returns).unwrap();
        let found = parts.estimate(20, 1.0).unwrap();
        let error = (found.interval[1] - found.interval[0]) / 2.0 / 1.96;
        let expected = ((1.0 + 0.5_f64.powi(2) / 2.0) / 40_000.0).sqrt();
        assert!((error / expected - 1.0).abs() < 0.06, "{error} {expected}");
        assert!((found.value - 0.5).abs() < 4.0 * expected && found.p < 1e-6);
        assert!(parts.estimate(20, 4.0).unwrap().value > 1.9 * found.value);
        assert!(parts.above(&parts, 20, 1.0).is_none());
        assert!(parts.estimate(6_000, 1.0).is_none());
        assert!(SharpeParts::of(&[0.1; 50]).is_none());
    }

    /// Of returns whose true ratios are equal and that hang together, one in twenty differs by chance.
    #[test]
    fn differences_by_chance_come_as_often_as_said() {
        let (mut small, mut outside) = (0, 0);
        for seed in 0..1_000 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let (mut a, mut b) = (Vec::new(), Vec::new());
            let mut size = 1.0;
            for _ in 0..500 {
                // Calm and wild times.
                size = 0.9 * size + 0.1 * (1.0 + normal(&mut random).abs());
                let common = size * normal(&mut random);
                a.push(0.1 + 2.0 * common + normal(&mut random));
                b.push(0.1 + 2.0 * common + normal(&mut random));
            }
            let (a, b) = (SharpeParts::of(&a).unwrap(), SharpeParts::of(&b).unwrap());
            let found = a.above(&b, 21, 252.0).unwrap();
            small += usize::from(found.p <= 0.05);
            outside += usize::from(found.interval[0] > 0.0 || found.interval[1] < 0.0);
        }
        // Of 1,000 at 5 %: 50, give or take 7.
        assert!((25..=75).contains(&small), "{small}");
        assert_eq!(small, outside, "the interval and p say the same");
    }
}
