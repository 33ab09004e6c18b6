//! The linear algebra of small dense matrices, in f64: tens of dimensions, so plain loops do.

use super::vectors::Vectors;
use crate::numeric::matrix;

/// A symmetric matrix, row by row.
#[derive(Clone, Debug)]
pub(super) struct Symmetric {
    pub(super) dim: usize,
    pub(super) values: Vec<f64>,
}

#[allow(
    clippy::indexing_slicing,
    reason = "indices are below the dimension, which is the side of every matrix here"
)]
impl Symmetric {
    /// The mean of the rows and their covariance around it, over the number of rows.
    pub(super) fn covariance(rows: &Vectors) -> (Vec<f64>, Self) {
        let dim = rows.dim();
        let count = rows.len().max(1) as f64;
        let mut mean = vec![0.0; dim];
        for row in rows.iter() {
            for (m, &x) in mean.iter_mut().zip(row) {
                *m += f64::from(x) / count;
            }
        }
        let mut values = vec![0.0; dim * dim];
        let mut around = vec![0.0; dim];
        for row in rows.iter() {
            for ((a, &x), m) in around.iter_mut().zip(row).zip(&mean) {
                *a = f64::from(x) - m;
            }
            for (i, &a) in around.iter().enumerate() {
                for (v, &b) in values[i * dim..].iter_mut().zip(&around) {
                    *v += a * b / count;
                }
            }
        }
        (mean, Self { dim, values })
    }

    /// Adds a number to the diagonal.
    pub(super) fn plus_diagonal(mut self, number: f64) -> Self {
        for i in 0..self.dim {
            self.values[i * self.dim + i] += number;
        }
        self
    }

    /// The mean of the diagonal.
    pub(super) fn level(&self) -> f64 {
        let diagonal = self.values.iter().step_by(self.dim + 1);
        diagonal.sum::<f64>() / self.dim.max(1) as f64
    }

    /// The lower triangle `L` with `L L' = self`; `None` unless the matrix is positive definite.
    pub(super) fn cholesky(&self) -> Option<Triangle> {
        let lower = matrix::cholesky(&self.values, self.dim)?;
        Some(Triangle {
            dim: self.dim,
            lower,
        })
    }

    /// Eigenvectors, those of the largest eigenvalues first, by Jacobi's rotations.
    pub(super) fn eigenvectors(&self) -> Vec<Vec<f64>> {
        let (values, vectors) = matrix::eigen(&self.values, self.dim, 1e-24);
        let mut order: Vec<_> = values
            .iter()
            .zip(vectors.chunks_exact(self.dim.max(1)))
            .collect();
        order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        order.into_iter().map(|(_, v)| v.to_vec()).collect()
    }
}

/// A lower triangle.
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    dim: usize,
    lower: Vec<f64>,
}

#[allow(clippy::indexing_slicing, reason = "indices are below the dimension")]
impl Triangle {
    /// `x` with `L x = b`. Its squared length is `b' A^-1 b`.
    pub(super) fn forward(&self, b: &[f64]) -> Vec<f64> {
        let n = self.dim;
        let mut x: Vec<f64> = Vec::with_capacity(n);
        for (i, &b) in b.iter().enumerate().take(n) {
            let sum: f64 = x.iter().zip(&self.lower[i * n..]).map(|(x, l)| x * l).sum();
            x.push((b - sum) / self.lower[i * n + i]);
        }
        x
    }

    /// `L x`.
    pub(super) fn times(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.lower.chunks_exact(self.dim);
        rows.map(|row| row.iter().zip(x).map(|(l, x)| l * x).sum())
            .collect()
    }

    /// `x` with `L' x = b`.
    fn backward(&self, b: &[f64]) -> Vec<f64> {
        let n = self.dim;
        let mut x = b.to_vec();
        for i in (0..n).rev() {
            let sum: f64 = (i + 1..n).map(|k| x[k] * self.lower[k * n + i]).sum();
            x[i] = (x[i] - sum) / self.lower[i * n + i];
        }
        x
    }
}

/// A linear map with its centres, fitted by least squares with a penalty on its size.
#[derive(Clone, Debug)]
pub(super) struct Ridge {
    mean: Vec<f64>,
    spread: Vec<f64>,
    /// For each output its level and its weights.
    outputs: Vec<(f64, Vec<f64>)>,
}

impl Ridge {
    /// Fits `targets` (one vector each) to `rows`. Inputs are scaled to variance 1; the penalty
    /// counts like `penalty` observations a row, and keeps constant inputs at 0.
    pub(super) fn fit(rows: &Vectors, targets: &Vectors, penalty: f64) -> Option<Self> {
        let (mean, covariance) = Symmetric::covariance(rows);
        let diagonal = covariance.values.iter().step_by(rows.dim() + 1);
        let spread: Vec<f64> = diagonal.map(|v| v.sqrt().max(1e-9)).collect();
        let scaled = Self::scaled(rows, &mean, &spread);
        let (_, square) = Symmetric::covariance(&scaled);
        let solver = square.plus_diagonal(penalty).cholesky()?;
        let (levels, _) = Symmetric::covariance(targets);
        let count = rows.len().max(1) as f64;
        let mut outputs = Vec::with_capacity(targets.dim());
        for (output, &level) in levels.iter().enumerate() {
            let mut product = vec![0.0; rows.dim()];
            for (row, target) in scaled.iter().zip(targets.iter()) {
                let off = f64::from(target.get(output).copied().unwrap_or_default()) - level;
                for (p, &x) in product.iter_mut().zip(row) {
                    *p += f64::from(x) * off / count;
                }
            }
            outputs.push((level, solver.backward(&solver.forward(&product))));
        }
        Some(Self {
            mean,
            spread,
            outputs,
        })
    }

    fn scaled(rows: &Vectors, mean: &[f64], spread: &[f64]) -> Vectors {
        let mut scaled = Vectors::new(rows.dim());
        for row in rows.iter() {
            let parts = row.iter().zip(mean).zip(spread);
            scaled.push_all(parts.map(|((&x, m), s)| ((f64::from(x) - m) / s) as f32));
        }
        scaled
    }

    /// What the map says of each row, less the targets' mean.
    pub(super) fn apply(&self, rows: &Vectors) -> Vectors {
        let mut found = Vectors::new(self.outputs.len());
        for row in Self::scaled(rows, &self.mean, &self.spread).iter() {
            let dot = |weights: &[f64]| -> f64 {
                let parts = weights.iter().zip(row);
                parts.map(|(w, &x)| w * f64::from(x)).sum()
            };
            found.push_all(self.outputs.iter().map(|(_, w)| dot(w) as f32));
        }
        found
    }

    /// The mean of the targets.
    pub(super) fn levels(&self) -> impl Iterator<Item = f64> + '_ {
        self.outputs.iter().map(|(level, _)| *level)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn matrix() -> Symmetric {
        Symmetric {
            dim: 3,
            values: vec![4.0, 2.0, 0.6, 2.0, 5.0, 1.5, 0.6, 1.5, 3.0],
        }
    }

    #[test]
    fn equations_are_solved() {
        let a = matrix();
        let solver = a.cholesky().unwrap();
        let b = [1.0, -2.0, 0.5];
        let x = solver.backward(&solver.forward(&b));
        for (i, expected) in b.iter().enumerate() {
            let found: f64 = (0..3).map(|j| a.values[i * 3 + j] * x[j]).sum();
            assert!((found - expected).abs() < 1e-12, "{x:?}");
        }
        let wrong = Symmetric {
            dim: 2,
            values: vec![1.0, 2.0, 2.0, 1.0],
        };
        assert!(wrong.cholesky().is_none());
    }

    #[test]
    fn eigenvectors_are_those_of_the_matrix() {
        let a = matrix();
        let vectors = a.eigenvectors();
        let mut before = f64::INFINITY;
        for v in &vectors {
            let image: Vec<f64> = (0..3)
                .map(|i| (0..3).map(|j| a.values[i * 3 + j] * v[j]).sum())
                .collect();
            let value: f64 = image.iter().zip(v).map(|(x, y)| x * y).sum();
            assert!(value < before);
            before = value;
            for (x, y) in image.iter().zip(v) {
                assert!((x - value * y).abs() < 1e-9, "{vectors:?}");
            }
        }
    }

    #[test]
    fn a_linear_map_is_found_again() {
        let mut rows = Vectors::new(3);
        let mut targets = Vectors::new(2);
        for i in 0..200_i32 {
            let x = [
                (i % 7) as f32,
                (i % 11) as f32 * 0.1,
                // A constant input says nothing and breaks nothing.
                5.0,
            ];
            rows.push_all(x.into_iter());
            targets.push_all([2.0 * x[0] - 3.0 * x[1] + 1.0, x[1]].into_iter());
        }
        let map = Ridge::fit(&rows, &targets, 1e-9).unwrap();
        let levels: Vec<f64> = map.levels().collect();
        for (found, expected) in map.apply(&rows).iter().zip(targets.iter()) {
            for ((f, e), level) in found.iter().zip(expected).zip(&levels) {
                assert!((f64::from(*f) + level - f64::from(*e)).abs() < 1e-3);
            }
        }
    }
}
