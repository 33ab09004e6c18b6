//! Between what the weights of a portfolio lie.

use crate::error::{Error, Result};

/// The least and the most of the money that one asset may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WeightBounds {
    pub(super) least: f64,
    pub(super) most: f64,
}

impl WeightBounds {
    /// What can be said before it is known how many assets there are.
    pub(super) fn check(self) -> Result<()> {
        let Self { least, most } = self;
        if (0.0..=1.0).contains(&least) && (0.0..=1.0).contains(&most) && least <= most {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "expected a least and a most weight of an asset from 0 to 1, the least not above the most (0.05 is 5 % of the money), found {least} and {most}"
        )))
    }

    /// That the weights of `n` assets can sum to 1.
    pub(super) fn check_for(self, n: usize) -> Result<()> {
        let Self { least, most } = self;
        let even = 1.0 / n as f64;
        // What is typed has a few decimals; the one that is asked for lies on the right side.
        let unit = 1e6;
        if most * (n as f64) < 1.0 - 1e-9 {
            return Err(Error::invalid(format!(
                "expected a most weight of at least 1/{n} for {n} assets, found {most}: they would hold {:.1} % of the money; `--max-weight {}` or more",
                100.0 * most * n as f64,
                (even * unit).ceil() / unit
            )));
        }
        if least * n as f64 > 1.0 + 1e-9 {
            return Err(Error::invalid(format!(
                "expected a least weight of at most 1/{n} for {n} assets, found {least}: they would hold {:.1} % of the money; `--min-weight {}` or less",
                100.0 * least * n as f64,
                (even * unit).floor() / unit
            )));
        }
        Ok(())
    }

    /// Weights in these proportions, except those that would lie beyond a bound: these are at it. They sum to 1.
    pub(super) fn shared(self, proportions: &[f64]) -> Vec<f64> {
        let at = |c: f64| proportions.iter().map(move |v| self.clipped(c * v));
        let sum = |c: f64| at(c).sum::<f64>();
        let total: f64 = proportions.iter().sum();
        let (mut low, mut high) = (0.0, 1.0 / total);
        while sum(high) < 1.0 && high < 1e300 {
            (low, high) = (high, 2.0 * high);
        }
        // Between them lies no other number after so many.
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if sum(middle) < 1.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        at(high).collect()
    }

    fn clipped(self, weight: f64) -> f64 {
        weight.max(self.least).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_lies_beyond_a_bound_is_shared_by_the_others() {
        let bounds = |least: f64, most: f64| WeightBounds { least, most };
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12);
        let free = bounds(0.0, 1.0).shared(&[6.0, 3.0, 1.0]);
        assert!(near(&free, &[0.6, 0.3, 0.1]), "{free:?}");
        // The first is cut to a half; the rest has its half as 3 to 1.
        let capped = bounds(0.0, 0.5).shared(&[6.0, 3.0, 1.0]);
        assert!(near(&capped, &[0.5, 0.375, 0.125]), "{capped:?}");
        // The last is lifted to 0.25; the others share 0.75 as 6 to 3.
        let lifted = bounds(0.25, 1.0).shared(&[6.0, 3.0, 1.0]);
        assert!(near(&lifted, &[0.5, 0.25, 0.25]), "{lifted:?}");
        let even = bounds(0.2, 0.2).shared(&[6.0, 3.0, 1.0, 1.0, 0.0]);
        assert!(near(&even, &[0.2; 5]), "{even:?}");
    }

    proptest! {
        #[test]
        fn shared_weights_sum_to_one_within_their_bounds(
            proportions in prop::collection::vec(1e-6..1.0_f64, 2..40), low in 0.0..1.0_f64, high in 0.0..1.0_f64
        ) {
            let even = 1.0 / proportions.len() as f64;
            let bounds = WeightBounds { least: even * low, most: even + (1.0 - even) * high };
            let found = bounds.shared(&proportions);
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (w, v) in found.iter().zip(&proportions) {
                prop_assert!((bounds.least..=bounds.most).contains(w));
                for (other, of) in found.iter().zip(&proportions) {
                    prop_assert!(of > v || other <= w);
                }
            }
        }
    }
}
