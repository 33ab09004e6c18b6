//! Portfolios of the least variance for their mean, within bounds: a quadratic programme, solved by clarabel.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus,
    SupportedConeT::{NonnegativeConeT, ZeroConeT},
};

use super::bounds::WeightBounds;
use super::covariance::Covariance;
use crate::error::{Error, Result};

/// As many assets are tried first, and come in at a time: most portfolios hold few of many.
const FEW: usize = 40;
/// How far the condition for leaving an asset out may be missed, by the variance of the portfolio.
const MISSED: f64 = 1e-7;
/// A weight so near to a bound is at it: the solver comes near from within.
const AT_BOUND: f64 = 1e-8;

/// The weights with the least variance, or, with `means`, with the most mean return by deviation. `None` if no
/// weights within the bounds have a mean above 0.
///
/// Both are one programme: the least variance of x whose means sum to 1, where each x lies within its bounds times
/// the sum of all, and weights are x by that sum (Cornuejols and Tütüncü 2006, section 8.2). With all means alike
/// that is the least variance. Assets that are left at the lower bound are held to the condition for that, and come
/// in where they miss it, so the result is that of all of them.
pub(super) fn efficient(
    covariance: &Covariance,
    means: Option<&[f64]>,
    bounds: WeightBounds,
) -> Result<Option<Vec<f64>>> {
    let n = covariance.len();
    let means = means.map_or_else(|| vec![1.0; n], <[f64]>::to_vec);
    let largest = means.iter().fold(0.0_f64, |most, m| most.max(m.abs()));
    let means: Vec<f64> = means.iter().map(|m| m / largest).collect();
    let by_mean = descending(&means);
    if best_mean(&means, &by_mean, bounds).is_nan() {
        return Ok(None);
    }
    if bounds.most - bounds.least < AT_BOUND {
        return Ok(Some(vec![1.0 / n as f64; n]));
    }
    let programme = Programme {
        covariance,
        scale: scale(covariance),
        means,
        bounds,
    };
    let mut held = programme.first(&by_mean);
    loop {
        let (weights, missed) = programme.solve(&held)?;
        if missed.is_empty() {
            return Ok(Some(settled(weights, bounds)));
        }
        held.extend(missed);
        held.sort_unstable();
    }
}

/// The variance of a portfolio that is nearly as good as the best: covariances are divided by it, because the tolerances
/// of the solver are those of results near 1.
fn scale(covariance: &Covariance) -> f64 {
    let squares = || covariance.deviations().iter().map(|d| d * d);
    let sum: f64 = squares().map(|s| 1.0 / s).sum();
    let weights: Vec<f64> = squares().map(|s| 1.0 / s / sum).collect();
    let with = covariance.with(&weights);
    let variance: f64 = with.iter().zip(&weights).map(|(c, w)| c * w).sum();
    // Of assets that cancel one another it may be 0.
    variance.max(1e-6 * squares().sum::<f64>() / covariance.len() as f64)
}

/// The numbers of the largest values first.
fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let of = |i: usize| values.get(i).copied().unwrap_or(0.0);
    order.sort_by(|&a, &b| of(b).total_cmp(&of(a)));
    order
}

/// The most mean that weights within the bounds can have; NaN if that is not above 0.
fn best_mean(means: &[f64], by_mean: &[usize], bounds: WeightBounds) -> f64 {
    let mut left = 1.0 - bounds.least * means.len() as f64;
    let mut best = bounds.least * means.iter().sum::<f64>();
    for &i in by_mean {
        let more = (bounds.most - bounds.least).min(left).max(0.0);
        best += more * means.get(i).copied().unwrap_or(0.0);
        left -= more;
    }
    if best > 1e-12 { best } else { f64::NAN }
}

struct Programme<'a> {
    covariance: &'a Covariance,
    /// By what covariances are divided: see [`scale`].
    scale: f64,
    means: Vec<f64>,
    bounds: WeightBounds,
}

impl Programme<'_> {
    fn mean(&self, i: usize) -> f64 {
        self.means.get(i).copied().unwrap_or(0.0)
    }

    /// Assets to begin with, ascending: so many of the largest means that the money can go there, and those with the
    /// most mean by deviation.
    fn first(&self, by_mean: &[usize]) -> Vec<usize> {
        let n = self.means.len();
        let WeightBounds { least, most } = self.bounds;
        let needed = ((1.0 - least * n as f64) / (most - least)).ceil() as usize + 1;
        let deviations = self.covariance.deviations();
        let ratios: Vec<f64> = self
            .means
            .iter()
            .zip(deviations)
            .map(|(m, d)| m / d)
            .collect();
        let mut held: Vec<usize> = by_mean.iter().copied().take(needed).collect();
        for i in descending(&ratios) {
            if held.len() >= needed.max(FEW) {
                break;
            }
            if !held.contains(&i) {
                held.push(i);
            }
        }
        held.sort_unstable();
        held
    }

    /// The best weights with all others at the lower bound, and the worst of those others that should not be there.
    fn solve(&self, held: &[usize]) -> Result<(Vec<f64>, Vec<usize>)> {
        let (quadratic, linear) = (self.quadratic(held), self.linear(held));
        let (rows, inequalities) = (linear.m, linear.m - 2);
        let mut right = vec![0.0; rows];
        if let Some(first) = right.first_mut() {
            *first = 1.0;
        }
        let settings = DefaultSettingsBuilder::default()
            .verbose(false)
            .tol_gap_abs(1e-10)
            .tol_gap_rel(1e-10)
            .tol_feas(1e-10)
            .build()
            .map_err(|e| Error::internal(format!("settings of the solver: {e}")))?;
        let cones = [ZeroConeT(2), NonnegativeConeT(inequalities)];
        let zeros = vec![0.0; held.len() + 1];
        let mut solver = DefaultSolver::new(&quadratic, &zeros, &linear, &right, &cones, settings)
            .map_err(|e| Error::internal(format!("a portfolio's programme: {e}")))?;
        solver.solve();
        let found = &solver.solution;
        if !matches!(
            found.status,
            SolverStatus::Solved | SolverStatus::AlmostSolved
        ) {
            return Err(Error::internal(format!(
                "the solver of portfolios stopped with {:?} for {} assets",
                found.status,
                held.len()
            )));
        }
        let sum = found.x.last().copied().unwrap_or(f64::NAN);
        let mut all = vec![self.bounds.least * sum; self.means.len()];
        for (&i, x) in held.iter().zip(&found.x) {
            if let Some(slot) = all.get_mut(i) {
                *slot = *x;
            }
        }
        let multipliers = match found.z.as_slice() {
            [of_mean, of_sum, ..] => (*of_mean, *of_sum),
            _ => return Err(Error::internal("a portfolio's programme has no duals")),
        };
        let missed = self.missed(held, &all, multipliers);
        all.iter_mut().for_each(|x| *x /= sum);
        Ok((all, missed))
    }

    /// Those that are left out and should not be, the worst ones.
    fn missed(&self, held: &[usize], x: &[f64], (of_mean, of_sum): (f64, f64)) -> Vec<usize> {
        let with = self.covariance.with(x);
        let variance = with.iter().zip(x).map(|(c, x)| c * x).sum::<f64>() / self.scale;
        let mut missed: Vec<(f64, usize)> = Vec::new();
        for (i, c) in with.iter().enumerate() {
            let price = c / self.scale + of_mean * self.mean(i) + of_sum;
            if price < -MISSED * variance && held.binary_search(&i).is_err() {
                missed.push((price, i));
            }
        }
        missed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        missed.into_iter().take(FEW).map(|(_, i)| i).collect()
    }

    /// Half the variance, by the assets that are held and, last, the sum of all: the others are at their lower bound
    /// times that.
    fn quadratic(&self, held: &[usize]) -> CscMatrix<f64> {
        let m = held.len();
        let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        let mut with_others = vec![0.0; m];
        for (column, &j) in held.iter().enumerate() {
            let row: Vec<f64> = self.covariance.row(j).collect();
            for (i, &asset) in held.iter().enumerate().take(column + 1) {
                rows.push(i);
                values.push(row.get(asset).copied().unwrap_or(0.0) / self.scale);
            }
            starts.push(rows.len());
            if let Some(slot) = with_others.get_mut(column) {
                *slot = self.others(held, &row);
            }
        }
        if self.bounds.least > 0.0 {
            for (i, value) in with_others.iter().enumerate() {
                rows.push(i);
                values.push(*value);
            }
            let out = (0..self.means.len()).filter(|i| held.binary_search(i).is_err());
            let of_one =
                |i: usize| self.others(held, &self.covariance.row(i).collect::<Vec<f64>>());
            rows.push(m);
            values.push(self.bounds.least * out.map(of_one).sum::<f64>());
        }
        starts.push(rows.len());
        CscMatrix::new(m + 1, m + 1, starts, rows, values)
    }

    /// The covariance of one asset with those that are not held, each at the lower bound.
    fn others(&self, held: &[usize], row: &[f64]) -> f64 {
        let out = row.iter().enumerate();
        let out = out.filter(|(i, _)| held.binary_search(i).is_err());
        self.bounds.least * out.map(|(_, c)| c).sum::<f64>() / self.scale
    }

    /// The conditions: the means sum to 1, all sum to their sum, and each lies within its bounds times that sum.
    fn linear(&self, held: &[usize]) -> CscMatrix<f64> {
        let m = held.len();
        let WeightBounds { least, most } = self.bounds;
        // Nothing is above the sum of what is not below 0.
        let capped = most < 1.0;
        let count = 2 + m + if capped { m } else { 0 };
        let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
        for (i, &asset) in held.iter().enumerate() {
            rows.extend([0, 1, 2 + i]);
            values.extend([self.mean(asset), 1.0, -1.0]);
            if capped {
                rows.push(2 + m + i);
                values.push(1.0);
            }
            starts.push(rows.len());
        }
        let out = (0..self.means.len()).filter(|i| held.binary_search(i).is_err());
        let (mut mean, mut others) = (0.0, 0.0);
        for i in out {
            mean += least * self.mean(i);
            others += least;
        }
        rows.extend([0, 1]);
        values.extend([mean, others - 1.0]);
        rows.extend(2..count);
        values.extend(std::iter::repeat_n(least, m));
        values.extend(std::iter::repeat_n(-most, count - 2 - m));
        starts.push(rows.len());
        CscMatrix::new(count, m + 1, starts, rows, values)
    }
}

/// Weights that are next to a bound at it, and the others so that all sum to 1.
fn settled(mut weights: Vec<f64>, bounds: WeightBounds) -> Vec<f64> {
    for weight in &mut weights {
        if *weight < bounds.least + AT_BOUND {
            *weight = bounds.least;
        } else if *weight > bounds.most - AT_BOUND {
            *weight = bounds.most;
        }
    }
    bounds.shared(&weights)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Assets with a market in common, some of which hedge it, over fewer dimensions than there are assets.
    fn market(n: usize, seed: u64) -> Covariance {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut any = || random.random_range(-1.0..1.0_f64);
        let point = |i: usize| {
            let mut point: Vec<f64> = (0..n.min(60)).map(|_| any()).collect();
            point[0] += 2.0 - 0.5 * (i % 6) as f64;
            let length = point.iter().map(|x| x * x).sum::<f64>().sqrt();
            point.iter().map(|x| x / length).collect()
        };
        let points: Vec<Vec<f64>> = (0..n).map(point).collect();
        let deviations: Vec<f64> = (0..n).map(|_| 0.01 * (1.5 + any())).collect();
        let means: Vec<f64> = (0..n).map(|_| 0.001 * any()).collect();
        Covariance::of_parts(&deviations, &means, &points)
    }

    /// That no money can be moved from one asset to another and do good, by the slopes of what is to be small.
    fn at_the_best(weights: &[f64], slopes: &[f64], bounds: WeightBounds) -> Result<(), String> {
        let scale: f64 = weights.iter().zip(slopes).map(|(w, s)| (w * s).abs()).sum();
        let can_give = |i: &usize| weights[*i] > bounds.least + 1e-6;
        let can_take = |i: &usize| weights[*i] < bounds.most - 1e-6;
        let all = 0..weights.len();
        let dearest = all
            .clone()
            .filter(can_give)
            .map(|i| slopes[i])
            .fold(f64::MIN, f64::max);
        let cheapest = all
            .filter(can_take)
            .map(|i| slopes[i])
            .fold(f64::MAX, f64::min);
        match dearest - cheapest <= 2e-4 * scale {
            true => Ok(()),
            false => Err(format!("{dearest} {cheapest} of {scale}: {weights:?}")),
        }
    }

    fn sums_within(weights: &[f64], bounds: WeightBounds) -> bool {
        let inside = |w: &f64| (bounds.least..=bounds.most).contains(w);
        (weights.iter().sum::<f64>() - 1.0).abs() < 1e-9 && weights.iter().all(inside)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn nothing_is_better_than_the_best(
            n in 2_usize..110, seed in 0_u64..1_000_000, low in 0.0..1.0_f64, high in 0.0..1.0_f64, bounded: bool
        ) {
            let covariance = market(n, seed);
            let even = 1.0 / n as f64;
            let bounds = match bounded {
                true => WeightBounds { least: even * low, most: even * (1.05 + 8.0 * high) },
                false => WeightBounds { least: 0.0, most: 1.0 },
            };
            let least = efficient(&covariance, None, bounds).unwrap().unwrap();
            prop_assert!(sums_within(&least, bounds), "{:?}", least);
            let slopes = covariance.with(&least);
            prop_assert_eq!(at_the_best(&least, &slopes, bounds), Ok(()));
            let means = covariance.means();
            let Some(best) = efficient(&covariance, Some(means), bounds).unwrap() else {
                let order = descending(means);
                prop_assert!(best_mean(means, &order, bounds).is_nan());
                return Ok(());
            };
            prop_assert!(sums_within(&best, bounds), "{:?}", best);
            // The slopes of half the logarithm of the variance, less that of the mean.
            let with = covariance.with(&best);
            let of = |by: &[f64]| best.iter().zip(by).map(|(w, x)| w * x).sum::<f64>();
            let (variance, mean) = (of(&with), of(means));
            let slopes: Vec<f64> = with.iter().zip(means).map(|(c, m)| c / variance - m / mean).collect();
            // Slopes sum to 0 by weight; each of the two parts sums to 1.
            let scaled: Vec<f64> = slopes.iter().map(|s| s + 1.0).collect();
            prop_assert_eq!(at_the_best(&best, &scaled, bounds), Ok(()));
        }
    }

    #[test]
    fn nothing_is_held_where_nothing_gained() {
        let points = [vec![1.0, 0.0], vec![0.0, 1.0]];
        let of = |means: [f64; 2]| Covariance::of_parts(&[0.1, 0.2], &means, &points);
        let free = WeightBounds {
            least: 0.0,
            most: 1.0,
        };
        let lost = of([-0.01, 0.0]);
        assert_eq!(efficient(&lost, Some(lost.means()), free).unwrap(), None);
        let mixed = of([-0.01, 0.005]);
        let all = efficient(&mixed, Some(mixed.means()), free)
            .unwrap()
            .unwrap();
        assert_eq!(all, [0.0, 1.0]);
        let halves = WeightBounds {
            least: 0.4,
            most: 0.6,
        };
        assert_eq!(
            efficient(&mixed, Some(mixed.means()), halves).unwrap(),
            None
        );
        let even = WeightBounds {
            least: 0.5,
            most: 0.5,
        };
        assert_eq!(efficient(&mixed, Some(mixed.means()), even).unwrap(), None);
        assert_eq!(
            efficient(&of([0.1, 0.2]), None, even).unwrap(),
            Some(vec![0.5, 0.5])
        );
        // By hand: the inverse of the variances where nothing is in common.
        let least = efficient(&mixed, None, free).unwrap().unwrap();
        assert!((least[0] - 0.8).abs() < 1e-7, "{least:?}");
    }
}
