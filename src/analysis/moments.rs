//! Mean and covariance of the vectors of a sample of windows.

use std::ops::Range;
use std::sync::Arc;

use crate::db::{Past, Place, RowFilter, Sample};
use crate::error::{Error, Result};
use crate::numeric::matrix::{cholesky, squared_after_solving};

/// Fewer vectors say nothing of a covariance.
const LEAST: usize = 30;

/// Mean and covariance of vectors.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    pub(super) mean: Vec<f64>,
    /// The covariance, shrunk towards a multiple of the identity by the weight that Ledoit and Wolf
    /// (2004, "A well-conditioned estimator for large-dimensional covariance matrices", lemma 3.2)
    /// estimate.
    pub(super) covariance: Vec<f64>,
    /// The standard deviation of each number of a vector, not shrunk.
    deviations: Vec<f64>,
    /// L with L L' the covariance.
    root: Vec<f64>,
}

impl Moments {
    /// `None` of too few vectors, or of vectors that are all the same.
    pub(super) fn fit(vectors: &[Vec<f32>]) -> Option<Self> {
        let d = vectors.first().map(Vec::len)?;
        if vectors.len() < LEAST {
            return None;
        }
        let n = vectors.len() as f64;
        let mut mean = vec![0.0; d];
        for vector in vectors {
            for (m, &x) in mean.iter_mut().zip(vector) {
                *m += f64::from(x) / n;
            }
        }
        let mut s = vec![0.0; d * d];
        let mut fourth = 0.0;
        for vector in vectors {
            let x = centred(vector, &mean);
            fourth += x.iter().map(|v| v * v).sum::<f64>().powi(2);
            for (row, &a) in s.chunks_exact_mut(d).zip(&x) {
                for (slot, b) in row.iter_mut().zip(&x) {
                    *slot += a * b / n;
                }
            }
        }
        let diagonal: Vec<f64> = s.iter().step_by(d + 1).copied().collect();
        let level = diagonal.iter().sum::<f64>() / d as f64;
        if level < 1e-12 {
            return None;
        }
        let squares: f64 = s.iter().map(|v| v * v).sum();
        let spread = squares - level * level * d as f64;
        let noise = ((fourth - n * squares) / (n * n)).clamp(0.0, spread.max(0.0));
        let shrinkage = if spread > 0.0 { noise / spread } else { 1.0 };
        let mut covariance = s;
        covariance.iter_mut().for_each(|v| *v *= 1.0 - shrinkage);
        for v in covariance.iter_mut().step_by(d + 1) {
            *v += shrinkage * level;
        }
        let root = cholesky(&covariance, d)?;
        Some(Self {
            mean,
            covariance,
            deviations: diagonal.iter().map(|v| v.sqrt()).collect(),
            root,
        })
    }

    /// The Mahalanobis distance of a vector from the mean.
    pub(super) fn mahalanobis(&self, vector: &[f32]) -> f64 {
        squared_after_solving(&self.root, &centred(vector, &self.mean)).sqrt()
    }

    /// The largest number of standard deviations that one number of a vector lies from its mean.
    pub(super) fn largest_z(&self, vector: &[f32]) -> f64 {
        let x = centred(vector, &self.mean);
        let z = x.iter().zip(&self.deviations);
        z.filter(|(_, sd)| **sd > 0.0)
            .map(|(x, sd)| (x / sd).abs())
            .fold(0.0, f64::max)
    }
}

/// A vector less a mean.
pub(super) fn centred(vector: &[f32], mean: &[f64]) -> Vec<f64> {
    vector
        .iter()
        .zip(mean)
        .map(|(&x, m)| f64::from(x) - m)
        .collect()
}

/// The stored vectors of windows.
pub(super) fn vectors(past: &Past<'_>, places: &[Place]) -> Result<Vec<Vec<f32>>> {
    let vector = |&place: &Place| {
        past.vector(place)?
            .ok_or_else(|| Error::internal("a sampled window has no vector"))
    };
    places.iter().map(vector).collect()
}

/// A part of the windows of a filter, and what it is known by.
pub(super) struct Drawn {
    sample: Sample,
    used: Range<usize>,
    pub(super) key: Vec<u64>,
    /// When the last of them ended.
    pub(super) until: i64,
}

impl Drawn {
    /// A sample of at least `wanted` of these windows. Of its last windows up to a sixteenth may be left
    /// out, so that views of many times share what follows from it.
    pub(super) fn new(
        past: &Past<'_>,
        rows: &RowFilter,
        (wanted, seed): (usize, u64),
    ) -> Result<Self> {
        let sample = past.sample(rows, wanted, seed)?;
        let (table, range) = sample.table();
        let unit = 1usize << (range.len() / 16).max(1).ilog2();
        let used = range.start..range.start + range.len() / unit * unit;
        let places = table.get(used.clone()).unwrap_or_default();
        let from = places.first().map_or(i64::MIN, |p| p.end);
        let until = places.last().map_or(i64::MIN, |p| p.end);
        // These say which windows they are, whatever else there is.
        let [from_key, until_key] = [from, until].map(i64::cast_unsigned);
        let (stride, n) = (u64::from(sample.stride), places.len() as u64);
        let key = past.key(rows, &[stride, seed, from_key, until_key, n]);
        Ok(Self {
            sample,
            used,
            key,
            until,
        })
    }

    pub(super) fn places(&self) -> &[Place] {
        let (table, _) = self.sample.table();
        table.get(self.used.clone()).unwrap_or_default()
    }

    /// Their moments; `None` if they are too few.
    pub(super) fn moments(&self, past: &Past<'_>) -> Result<Arc<Option<Moments>>> {
        past.memo().get(self.key.clone(), || {
            Ok((Moments::fit(&vectors(past, self.places())?), self.until))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn noise(n: usize, scales: &[f32]) -> Vec<Vec<f32>> {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut one = |s: &f32| {
            s * (0..12)
                .map(|_| random.random_range(-0.5f32..0.5))
                .sum::<f32>()
        };
        (0..n)
            .map(|_| scales.iter().map(&mut one).collect())
            .collect()
    }

    #[test]
    fn many_vectors_give_their_own_covariance() {
        let moments = Moments::fit(&noise(20_000, &[1.0, 2.0, 0.5])).unwrap();
        for (i, expected) in [1.0, 4.0, 0.25].into_iter().enumerate() {
            let found = moments.covariance[i * 4];
            assert!((found / expected - 1.0).abs() < 0.05, "{found}");
        }
        let at = |x: [f32; 3]| moments.mahalanobis(&x);
        assert!((at([2.0, 0.0, 0.0]) - 2.0).abs() < 0.1);
        assert!((at([0.0, 2.0, 0.5]) - 2f64.sqrt()).abs() < 0.1);
        assert!((moments.largest_z(&[1.0, 6.0, 0.5]) - 3.0).abs() < 0.1);
    }

    /// Few vectors of many equal numbers: the truth is the identity, and the estimate knows it.
    #[test]
    fn few_vectors_are_shrunk() {
        let moments = Moments::fit(&noise(40, &[1.0; 60])).unwrap();
        let beside = moments
            .covariance
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 61 != 0);
        let squares: f64 = beside.map(|(_, v)| v * v).sum();
        assert!(
            (squares / 3540.0).sqrt() < 0.05,
            "without shrinking it is 0.16"
        );
        assert!((0.5..2.0).contains(&moments.covariance[0]));
        assert!(Moments::fit(&noise(29, &[1.0; 3])).is_none());
        assert!(Moments::fit(&vec![vec![0.5f32; 3]; 50]).is_none());
    }

    /// sklearn.covariance.ledoit_wolf's formula, written out for one number: nothing to shrink.
    #[test]
    fn one_number_has_its_variance() {
        let vectors: Vec<Vec<f32>> = (0..40)
            .map(|i| vec![if i % 2 == 0 { 1.0 } else { -1.0 }])
            .collect();
        let moments = Moments::fit(&vectors).unwrap();
        assert!((moments.covariance[0] - 1.0).abs() < 1e-12);
        assert!((moments.mahalanobis(&[3.0]) - 3.0).abs() < 1e-12);
    }
}
