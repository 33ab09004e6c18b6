//! Correlations of many assets over few bars, drawn towards their mean.

use super::similarities::Similarities;

/// Correlations that are shrunk: each times 1 - `weight`, plus `weight` times the mean of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shrinkage {
    /// The mean correlation of two different assets.
    pub(super) mean: f64,
    /// How much of the mean, 0 to 1.
    pub(super) weight: f64,
}

impl Shrinkage {
    /// The weight that Ledoit and Wolf (2004, "Honey, I shrunk the sample covariance matrix") estimate for a target
    /// with one correlation for all pairs, of returns at one variance. `points` are those returns, centred and at
    /// length 1.
    pub(super) fn of(points: &[Vec<f64>], correlations: &Similarities) -> Self {
        let n = points.len();
        let rows = points.first().map_or(0, Vec::len) as f64;
        let pairs = (n * n.saturating_sub(1)) as f64;
        let off_diagonal = |i: usize| {
            let row = correlations.row(i).iter().enumerate();
            row.filter(move |(j, _)| *j != i).map(|(_, r)| *r)
        };
        if n < 2 {
            return Self {
                mean: 0.0,
                weight: 0.0,
            };
        }
        let mean = (0..n).flat_map(off_diagonal).sum::<f64>() / pairs;
        let spread: f64 = (0..n)
            .flat_map(off_diagonal)
            .map(|r| (r - mean).powi(2))
            .sum();
        // How much estimates of single correlations vary, and how much of that the target shares.
        let (mut noise, mut shared) = (0.0, 0.0);
        for (i, x) in points.iter().enumerate() {
            for (j, y) in points.iter().enumerate() {
                if i != j {
                    let r = correlations.get(i, j);
                    let (mut square, mut with_variance) = (0.0, 0.0);
                    for (x, y) in x.iter().zip(y) {
                        let error = rows * x * y - r;
                        square += error * error;
                        with_variance += (rows * x * x - 1.0) * error;
                    }
                    noise += square / rows;
                    // Both variances of the pair, of which the other one comes with (j, i).
                    shared += mean * with_variance / rows;
                }
            }
        }
        let weight = if spread > 0.0 {
            ((noise - shared) / spread / rows).clamp(0.0, 1.0)
        } else {
            0.0
        };
        Self { mean, weight }
    }

    pub(super) fn apply(self, correlation: f64) -> f64 {
        (1.0 - self.weight) * correlation + self.weight * self.mean
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// The formulas of the paper's appendix B, for the covariances of `y`.
    fn of_the_paper(y: &[Vec<f64>]) -> f64 {
        let (n, t) = (y.len(), y[0].len() as f64);
        let s = |i: usize, j: usize| y[i].iter().zip(&y[j]).map(|(a, b)| a * b).sum::<f64>() / t;
        let r = |i: usize, j: usize| s(i, j) / (s(i, i) * s(j, j)).sqrt();
        let pairs: Vec<(usize, usize)> = (0..n)
            .flat_map(|i| (0..n).map(move |j| (i, j)))
            .filter(|(i, j)| i != j)
            .collect();
        let mean = pairs.iter().map(|&(i, j)| r(i, j)).sum::<f64>() / pairs.len() as f64;
        let f = |i: usize, j: usize| mean * (s(i, i) * s(j, j)).sqrt();
        let over = |of: &dyn Fn(usize) -> f64| (0..y[0].len()).map(of).sum::<f64>() / t;
        let (mut pi, mut rho, mut gamma) = (0.0, 0.0, 0.0);
        for i in 0..n {
            for j in 0..n {
                let one = over(&|k| (y[i][k] * y[j][k] - s(i, j)).powi(2));
                pi += one;
                if i == j {
                    rho += one;
                    continue;
                }
                let theta = |a: usize| {
                    over(&|k| (y[a][k].powi(2) - s(a, a)) * (y[i][k] * y[j][k] - s(i, j)))
                };
                let half =
                    (s(j, j) / s(i, i)).sqrt() * theta(i) + (s(i, i) / s(j, j)).sqrt() * theta(j);
                rho += mean / 2.0 * half;
                gamma += (f(i, j) - s(i, j)).powi(2);
            }
        }
        ((pi - rho) / gamma / t).clamp(0.0, 1.0)
    }

    #[test]
    fn the_weight_is_that_of_ledoit_and_wolf() {
        for (n, rows, common) in [(3, 40, 0.5), (8, 25, 0.2), (12, 60, 1.0), (5, 200, 0.0)] {
            let mut random = ChaCha8Rng::seed_from_u64(n as u64);
            let mut any = || random.random_range(-1.0..1.0) + random.random_range(-1.0..1.0);
            let market: Vec<f64> = (0..rows).map(|_| any()).collect();
            let points: Vec<Vec<f64>> = (0..n)
                .map(|i| {
                    let slope = common * (1.0 + i as f64 / n as f64);
                    let x: Vec<f64> = market.iter().map(|m| slope * m + any()).collect();
                    let mean = x.iter().sum::<f64>() / rows as f64;
                    let length = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
                    x.iter().map(|v| (v - mean) / length).collect()
                })
                .collect();
            let found = Shrinkage::of(&points, &Similarities::of(&points));
            let scale = (rows as f64).sqrt();
            let y: Vec<Vec<f64>> = points
                .iter()
                .map(|p| p.iter().map(|x| x * scale).collect())
                .collect();
            let expected = of_the_paper(&y);
            assert!(
                (found.weight - expected).abs() < 1e-9,
                "{found:?} {expected}"
            );
            assert!((found.apply(0.5) - (0.5 - found.weight * (0.5 - found.mean))).abs() < 1e-12);
        }
        let two = [vec![0.6, 0.8], vec![0.8, -0.6]];
        assert_eq!(Shrinkage::of(&two, &Similarities::of(&two)).weight, 0.0);
    }
}
