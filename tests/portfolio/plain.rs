//! Covariances and rules from their definitions, in the plainest form.

use rhymedb::SeriesBars;

/// Deviations, means and shrunk correlations of the latest simple returns of series without gaps.
pub(crate) struct Plain {
    deviations: Vec<f64>,
    means: Vec<f64>,
    correlations: Vec<Vec<f64>>,
    pub(crate) mean_correlation: f64,
}

impl Plain {
    pub(crate) fn of(all: &[SeriesBars], returns: usize, shrinkage: f64) -> Self {
        let column = |series: &SeriesBars| -> Vec<f64> {
            let closes = &series.bars.close;
            let last = &closes[closes.len() - returns - 1..];
            last.windows(2).map(|two| two[1] / two[0] - 1.0).collect()
        };
        let columns: Vec<Vec<f64>> = all.iter().map(column).collect();
        let n = columns.len();
        let count = returns as f64;
        let means: Vec<f64> = columns
            .iter()
            .map(|c| c.iter().sum::<f64>() / count)
            .collect();
        let covariance = |i: usize, j: usize| {
            let both = columns[i].iter().zip(&columns[j]);
            let sum: f64 = both.map(|(x, y)| (x - means[i]) * (y - means[j])).sum();
            sum / (count - 1.0)
        };
        let deviations: Vec<f64> = (0..n).map(|i| covariance(i, i).sqrt()).collect();
        let raw = |i: usize, j: usize| covariance(i, j) / deviations[i] / deviations[j];
        let mut sum = 0.0;
        for i in 0..n {
            for j in 0..n {
                sum += if i == j { 0.0 } else { raw(i, j) };
            }
        }
        let mean = sum / (n * (n - 1)) as f64;
        let shrunk = |i: usize, j: usize| match i == j {
            true => 1.0,
            false => (1.0 - shrinkage) * raw(i, j) + shrinkage * mean,
        };
        let row = |i: usize| (0..n).map(|j| shrunk(i, j)).collect();
        Self {
            correlations: (0..n).map(row).collect(),
            mean_correlation: mean,
            deviations,
            means,
        }
    }

    /// The deviation and the mean of each.
    pub(crate) fn figures(&self) -> Vec<(f64, f64)> {
        let both = self.deviations.iter().zip(&self.means);
        both.map(|(d, m)| (*d, *m)).collect()
    }

    fn covariance(&self, i: usize, j: usize) -> f64 {
        self.correlations[i][j] * self.deviations[i] * self.deviations[j]
    }

    pub(crate) fn mean(&self, weights: &[f64]) -> f64 {
        weights.iter().zip(&self.means).map(|(w, m)| w * m).sum()
    }

    /// The variance of a portfolio, and what of it comes from each asset.
    pub(crate) fn variance(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let n = weights.len();
        let with = |i: usize| {
            (0..n)
                .map(|j| self.covariance(i, j) * weights[j])
                .sum::<f64>()
        };
        let parts: Vec<f64> = (0..n).map(|i| weights[i] * with(i)).collect();
        (parts.iter().sum(), parts)
    }

    pub(crate) fn inverse_variance(&self) -> Vec<f64> {
        let all: Vec<f64> = self.deviations.iter().map(|d| 1.0 / (d * d)).collect();
        let sum: f64 = all.iter().sum();
        all.iter().map(|x| x / sum).collect()
    }

    /// The three steps of López de Prado (2016): groups by single linkage of distances of distances, the order of the
    /// tree, and halves by the inverse of their variances.
    pub(crate) fn hierarchical(&self) -> Vec<f64> {
        let n = self.deviations.len();
        let d = |i: usize, j: usize| ((1.0 - self.correlations[i][j]) / 2.0).sqrt();
        let far = |i: usize, j: usize| {
            let squares = (0..n).map(|k| (d(i, k) - d(j, k)).powi(2));
            squares.sum::<f64>().sqrt()
        };
        // Each group with its number: assets first, then groups as they are made, and its members in order.
        let mut groups: Vec<(usize, Vec<usize>)> = (0..n).map(|i| (i, vec![i])).collect();
        let mut next = n;
        while groups.len() > 1 {
            let mut best = (f64::INFINITY, 0, 0);
            for a in 0..groups.len() {
                for b in a + 1..groups.len() {
                    for &i in &groups[a].1 {
                        for &j in &groups[b].1 {
                            if far(i, j) < best.0 {
                                best = (far(i, j), a, b);
                            }
                        }
                    }
                }
            }
            let (late, early) = (groups.remove(best.2), groups.remove(best.1));
            let (mut first, mut second) = (early, late);
            if second.0 < first.0 {
                (first, second) = (second, first);
            }
            // Of two assets the less volatile stands first.
            if second.0 < n && self.deviations[second.0] < self.deviations[first.0] {
                (first, second) = (second, first);
            }
            groups.push((next, [first.1, second.1].concat()));
            next += 1;
        }
        let mut weights = vec![1.0; n];
        self.halve(&groups[0].1, &mut weights);
        weights
    }

    fn halve(&self, part: &[usize], weights: &mut [f64]) {
        if part.len() < 2 {
            return;
        }
        let (left, right) = part.split_at(part.len() / 2);
        let variance = |part: &[usize]| {
            let mut own = vec![0.0; weights.len()];
            let sum: f64 = part.iter().map(|&i| self.deviations[i].powi(-2)).sum();
            part.iter()
                .for_each(|&i| own[i] = self.deviations[i].powi(-2) / sum);
            self.variance(&own).0
        };
        let to_left = 1.0 - variance(left) / (variance(left) + variance(right));
        left.iter().for_each(|&i| weights[i] *= to_left);
        right.iter().for_each(|&i| weights[i] *= 1.0 - to_left);
        self.halve(left, weights);
        self.halve(right, weights);
    }
}

/// All mixes of three assets in so many steps, within bounds.
pub(crate) fn grid(steps: usize, least: f64, most: f64) -> Vec<[f64; 3]> {
    let mut all = Vec::new();
    for i in 0..=steps {
        for j in 0..=steps - i {
            let mix = [i, j, steps - i - j].map(|x| x as f64 / steps as f64);
            if mix.iter().all(|w| (least - 1e-9..=most + 1e-9).contains(w)) {
                all.push(mix);
            }
        }
    }
    all
}

pub(crate) fn near(a: &[f64], b: &[f64], within: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < within)
}
