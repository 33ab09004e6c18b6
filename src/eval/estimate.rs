//! Figures with their 95 % intervals, by drawing whole stretches of time anew.
//!
//! Windows that overlap and stocks that fall on one day are no independent observations. So not
//! single observations are drawn with replacement but clusters of them: all windows that end in one
//! stretch of time together, as often as there are stretches (cluster bootstrap, 1,000 draws). A
//! stretch is a week for pairs of charts and headlines. Where what is judged lies in the window and
//! in the bars after it, a stretch is as long as both, since windows of two weeks would share most
//! of their bars and the interval would be too narrow.
//!
//! The interval is that of the 2.5 % and 97.5 % quantiles of the draws. Of fewer than 30 clusters
//! their quantiles are too narrow: there it is the figure and Student's t times the deviation of the
//! draws. A rate of events that lie in fewer than ten clusters has none.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::model::Timestamp;
use crate::numeric::student::two_sided_quantile;

/// Draws of all clusters.
const DRAWS: u64 = 1000;
/// From so many clusters on the quantiles of the draws are good enough.
const MANY: usize = 30;
/// Events in fewer clusters give no interval.
const FEWEST_EVENTS: usize = 10;
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

    fn of(value: f64, mut drawn: Vec<f64>, clusters: usize) -> Self {
        drawn.retain(|x| x.is_finite());
        if clusters < MANY && drawn.len() > 1 {
            let count = drawn.len() as f64;
            let mean = drawn.iter().sum::<f64>() / count;
            let squares: f64 = drawn.iter().map(|x| (x - mean).powi(2)).sum();
            // Drawn from G clusters the variance is (G - 1) / G of what it should be.
            let freedom = (clusters.max(2) - 1) as f64;
            let error = (squares / count * (freedom + 1.0) / freedom).sqrt();
            let reach = two_sided_quantile(0.05, freedom) * error;
            return Self {
                value,
                low: value - reach,
                high: value + reach,
            };
        }
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
        Self::stretches(ends, WEEK_MS, seed)
    }

    /// Observations that end at these times, a cluster for each stretch of so many milliseconds.
    pub(super) fn stretches(ends: &[Timestamp], millis: i64, seed: u64) -> Self {
        let millis = millis.max(1);
        Self::new(ends.iter().map(|t| t.millis().div_euclid(millis)), seed)
    }

    /// The estimate of a rate, without its interval if the events that it counts lie in too few
    /// clusters.
    pub(super) fn of_events(&self, events: &[bool], estimate: Estimate) -> Estimate {
        let with = self.of.iter().zip(events).filter(|(_, event)| **event);
        let clusters: BTreeSet<usize> = with.map(|(&cluster, _)| cluster).collect();
        if clusters.len() < FEWEST_EVENTS {
            return Estimate::known(estimate.value);
        }
        estimate
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
        Estimate::of(ratio(&vec![1.0; self.count]), self.drawn(ratio), self.count)
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
        Estimate::of(
            median(&vec![1.0; self.count]),
            self.drawn(median),
            self.count,
        )
    }

    /// Any figure, as a function of how often each observation counts.
    pub(super) fn figure(&self, figure: impl Fn(&[f64]) -> f64 + Sync) -> Estimate {
        let drawn = self.drawn(|clusters| {
            let weights = self.of.iter().map(|&c| clusters.get(c).copied());
            let weights: Vec<f64> = weights.map(Option::unwrap_or_default).collect();
            figure(&weights)
        });
        Estimate::of(figure(&vec![1.0; self.of.len()]), drawn, self.count)
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
    #![allow(clippy::indexing_slicing, reason = "tests")]

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
        // Of three clusters the interval is that of Student's t with two degrees of freedom.
        assert!(found.low < 1.0 && found.high > 9.0, "{found:?}");
        assert!((found.low + found.high - 10.0).abs() < 1e-9);
    }

    /// The figure of a year's scores that last a window and of outcomes over eight bars, none of which
    /// has anything to do with another.
    #[test]
    fn stretches_of_a_window_cover_where_weeks_do_not() {
        const DAY_MS: i64 = 24 * 3_600_000;
        let days: Vec<Timestamp> = (0..1000)
            .map(|i| Timestamp::from_millis(i * DAY_MS))
            .collect();
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let mut smooth = |bars: usize| -> Vec<f64> {
            let steps: Vec<f64> = (0..days.len() + bars)
                .map(|_| random.random_range(-1.0..1.0))
                .collect();
            steps.windows(bars).map(|w| w.iter().sum()).collect()
        };
        let covers = |found: Estimate| f64::from(found.low <= 0.0 && 0.0 <= found.high);
        let (mut long, mut short) = (0.0, 0.0);
        for seed in 0..200 {
            let values: Vec<f64> = smooth(64)
                .iter()
                .zip(smooth(8))
                .map(|(a, b)| a * b)
                .collect();
            let values = &values[..days.len()];
            long += covers(Clusters::stretches(&days, 72 * DAY_MS, seed).mean(values)) / 200.0;
            short += covers(Clusters::weeks(&days, seed).mean(values)) / 200.0;
        }
        assert!(long >= 0.91, "{long}");
        assert!(
            short <= 0.88,
            "{short}: with weeks it would not have to be so long"
        );
    }

    #[test]
    fn events_of_few_clusters_have_no_interval() {
        let clusters = Clusters::new((0..400).map(|i| i / 10), 1);
        let rate = |events: usize| {
            let events: Vec<bool> = (0..400).map(|i| i % 10 == 0 && i / 10 < events).collect();
            let values: Vec<f64> = events.iter().map(|&e| f64::from(u8::from(e))).collect();
            clusters.of_events(&events, clusters.mean(&values))
        };
        assert!(rate(9).low.is_nan() && rate(10).low.is_finite());
        assert!((rate(9).value - 0.0225).abs() < 1e-12);
    }

    #[test]
    fn one_cluster_has_no_interval() {
        let week = [Timestamp::from_millis(5), Timestamp::from_millis(6)];
        let found = Clusters::weeks(&week, 0).mean(&[1.0, 3.0]);
        assert!(found.low.is_nan() && found.high.is_nan());
        assert!((found.value - 2.0).abs() < 1e-12);
    }
}
