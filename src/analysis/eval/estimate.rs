//! Figures with their 95 % intervals, by drawing whole weeks anew.
//!
//! Windows that overlap and stocks that fall on one day are no independent observations. So not
//! single observations are drawn with replacement but clusters of them, the weeks in which the
//! windows end: all of a week together, as often as there are weeks (cluster bootstrap, with the
//! 2.5 % and 97.5 % quantiles of the figure over 1,000 draws).

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::model::Timestamp;

/// Draws of all weeks.
const DRAWS: u64 = 1000;
const WEEK_MS: i64 = 7 * 24 * 3_600_000;

/// A figure and its 95 % interval. The interval is NaN where there is none: below two clusters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Estimate {
    /// A figure that is known, such as that of chance.
    pub(super) fn known(value: f64) -> Self {
        Self {
            value,
            low: f64::NAN,
            high: f64::NAN,
        }
    }

    fn of(value: f64, mut drawn: Vec<f64>) -> Self {
        drawn.retain(|x| x.is_finite());
        drawn.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * (drawn.len().max(1) - 1) as f64).round() as usize;
            drawn.get(place).copied().unwrap_or(f64::NAN)
        };
        Self {
            value,
            low: at(0.025),
            high: at(0.975),
        }
    }
}

/// Which cluster each observation belongs to, and the seed of the draws.
#[derive(Clone, Debug)]
pub(super) struct Clusters {
    of: Vec<usize>,
    count: usize,
    seed: u64,
}

impl Clusters {
    /// Observations that end at these times, a cluster a week.
    pub(super) fn weeks(ends: &[Timestamp], seed: u64) -> Self {
        let weeks = ends.iter().map(|t| t.millis().div_euclid(WEEK_MS));
        Self::new(weeks, seed)
    }

    pub(super) fn new(keys: impl Iterator<Item = i64>, seed: u64) -> Self {
        let keys: Vec<i64> = keys.collect();
        let mut numbers: BTreeMap<i64, usize> = keys.iter().map(|&k| (k, 0)).collect();
        for (number, (_, of)) in numbers.iter_mut().enumerate() {
            *of = number;
        }
        let of = keys.iter().filter_map(|k| numbers.get(k).copied());
        Self {
            of: of.collect(),
            count: numbers.len(),
            seed,
        }
    }

    /// The clusters of some of the observations, in their order.
    pub(super) fn select(&self, of: &[usize]) -> Self {
        let keys = of.iter().filter_map(|&i| self.of.get(i).map(|&c| c as i64));
        Self::new(keys, self.seed)
    }

    /// The sum of `values` over that of `counts`: a mean, if the counts are 1.
    pub(super) fn ratio(&self, values: &[f64], counts: &[f64]) -> Estimate {
        let mut sums = vec![(0.0, 0.0); self.count];
        for ((&of, value), count) in self.of.iter().zip(values).zip(counts) {
            if let Some(sum) = sums.get_mut(of) {
                *sum = (sum.0 + value, sum.1 + count);
            }
        }
        let ratio = |weights: &[f64]| {
            let weighed = sums.iter().zip(weights);
            let (a, b) = weighed.fold((0.0, 0.0), |(a, b), (s, w)| (a + w * s.0, b + w * s.1));
            a / b
        };
        Estimate::of(ratio(&vec![1.0; self.count]), self.drawn(ratio))
    }

    /// The mean of `values`.
    pub(super) fn mean(&self, values: &[f64]) -> Estimate {
        self.ratio(values, &vec![1.0; values.len()])
    }

    /// The median of values, each of one of the observations: the least that half of them do not
    /// exceed.
    pub(super) fn median(&self, values: &[(f64, usize)]) -> Estimate {
        let of = |&(value, i): &(f64, usize)| Some((value, *self.of.get(i)?));
        let mut sorted: Vec<(f64, usize)> = values.iter().filter_map(of).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // Equal values of a cluster are drawn together.
        let runs: Vec<(f64, usize, f64)> = sorted
            .chunk_by(|a, b| a == b)
            .filter_map(|run| run.first().map(|r| (r.0, r.1, run.len() as f64)))
            .collect();
        let median = |weights: &[f64]| {
            let weight = |run: &(f64, usize, f64)| weights.get(run.1).map_or(0.0, |w| w * run.2);
            let half = runs.iter().map(weight).sum::<f64>() / 2.0;
            let mut below = 0.0;
            let found = runs.iter().find(|&run| {
                below += weight(run);
                below >= half && half > 0.0
            });
            found.map_or(f64::NAN, |run| run.0)
        };
        Estimate::of(median(&vec![1.0; self.count]), self.drawn(median))
    }

    /// Any figure, as a function of how often each observation counts.
    pub(super) fn figure(&self, figure: impl Fn(&[f64]) -> f64 + Sync) -> Estimate {
        let drawn = self.drawn(|clusters| {
            let weights = self.of.iter().map(|&c| clusters.get(c).copied());
            let weights: Vec<f64> = weights.map(Option::unwrap_or_default).collect();
            figure(&weights)
        });
        Estimate::of(figure(&vec![1.0; self.of.len()]), drawn)
    }

    /// `figure` of each draw, given how often each cluster was drawn. Each draw has random numbers
    /// of its own, so the threads do not matter.
    fn drawn(&self, figure: impl Fn(&[f64]) -> f64 + Sync) -> Vec<f64> {
        if self.count < 2 {
            return Vec::new();
        }
        let draw = |number: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(self.seed);
            random.set_stream(number);
            let mut weights = vec![0.0; self.count];
            for _ in 0..self.count {
                if let Some(weight) = weights.get_mut(random.random_range(0..self.count)) {
                    *weight += 1.0;
                }
            }
            figure(&weights)
        };
        (0..DRAWS).into_par_iter().map(draw).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_that_of_its_clusters() {
        // 400 clusters of 5 equal values: the error is that of 400 observations, not of 2,000.
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let clusters: Vec<f64> = (0..400).map(|_| random.random_range(-1.0..1.0)).collect();
        let keys = (0..2000).map(|i| i / 5);
        let values: Vec<f64> = clusters.iter().flat_map(|&x| [x; 5]).collect();
        let found = Clusters::new(keys, 1).mean(&values);
        let mean = clusters.iter().sum::<f64>() / 400.0;
        let variance = clusters.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 400.0;
        let error = (variance / 400.0).sqrt();
        assert!((found.value - mean).abs() < 1e-12);
        for (end, expected) in [
            (found.low, mean - 1.96 * error),
            (found.high, mean + 1.96 * error),
        ] {
            assert!(
                (end - expected).abs() < 0.25 * error,
                "{found:?} and {error}"
            );
        }
        // A mean as a general figure has the same interval: the same draws.
        let figure = |weights: &[f64]| {
            let sum: f64 = weights.iter().zip(&values).map(|(w, x)| w * x).sum();
            sum / weights.iter().sum::<f64>()
        };
        let again = Clusters::new((0..2000).map(|i| i / 5), 1).figure(figure);
        assert!((again.low - found.low).abs() < 1e-9 && (again.high - found.high).abs() < 1e-9);
    }

    #[test]
    fn medians_are_those_of_the_values() {
        let values = [(1.0, 0), (2.0, 1), (5.0, 0), (9.0, 2), (9.0, 2)];
        let found = Clusters::new(0..3, 7).median(&values);
        assert!((found.value - 5.0).abs() < 1e-12);
        // Any cluster may be drawn alone: the interval is all that its values can be.
        assert!((found.low - 1.0).abs() < 1e-12 && (found.high - 9.0).abs() < 1e-12);
    }

    #[test]
    fn one_cluster_has_no_interval() {
        let week = [Timestamp::from_millis(5), Timestamp::from_millis(6)];
        let found = Clusters::weeks(&week, 0).mean(&[1.0, 3.0]);
        assert!(found.low.is_nan() && found.high.is_nan());
        assert!((found.value - 2.0).abs() < 1e-12);
    }
}
