//! From the vectors of one group of windows to those of another: the shift between the two is
//! removed, and windows that are near to everything are held back.

use std::sync::Arc;

use super::moments::{Drawn, Moments, centred, vectors};
use crate::db::Past;
use crate::error::{Error, Result};
use crate::numeric::dot::dot;
use crate::numeric::matrix::{apply, function_of, product};

/// Windows of the group that is asked from, to tell which windows are near to everything.
const BANK: usize = 512;
/// Neighbours that make the mean similarity of a neighbourhood; 10 in Conneau et al.
pub(super) const NEIGHBOURHOOD: usize = 10;

/// The way from one group to another.
pub(super) struct Bridge {
    from: Vec<f64>,
    to: Vec<f64>,
    /// `C_to^(1/2) C_from^(-1/2)`: gives vectors of the one group the covariance of the other
    /// (CORAL, Sun, Feng and Saenko 2016).
    map: Vec<f64>,
    /// Vectors of the group that is asked from on the other side, less the mean there, unit
    /// length, one after another.
    bank: Vec<f32>,
}

impl Bridge {
    /// `None` of too few windows on one of the sides.
    pub(super) fn between(past: &Past<'_>, from: &Drawn, to: &Drawn) -> Result<Option<Arc<Self>>> {
        let (a, b) = (from.moments(past)?, to.moments(past)?);
        let (Some(a), Some(b)) = (a.as_ref(), b.as_ref()) else {
            return Ok(None);
        };
        let mut key = from.key.clone();
        key.push(u64::MAX);
        key.extend(&to.key);
        let step = from.places().len().div_ceil(BANK).max(1);
        let places: Vec<_> = from.places().iter().step_by(step).copied().collect();
        let made = past.memo().get(key, || {
            let bridge = Self::new(a, b, &vectors(past, &places)?)?;
            Ok((bridge, from.until.max(to.until)))
        })?;
        Ok(Some(made))
    }

    fn new(from: &Moments, to: &Moments, bank: &[Vec<f32>]) -> Result<Self> {
        let d = from.mean.len();
        if to.mean.len() != d {
            return Err(Error::invalid("expected vectors of one space"));
        }
        let there = function_of(&to.covariance, d, |v| v.max(0.0).sqrt());
        let back = function_of(&from.covariance, d, |v| {
            1.0 / v.max(f64::MIN_POSITIVE).sqrt()
        });
        let mut bridge = Self {
            from: from.mean.clone(),
            to: to.mean.clone(),
            map: product(&there, &back, d),
            bank: Vec::new(),
        };
        bridge.bank = bank.iter().flat_map(|v| unit(&bridge.across(v))).collect();
        Ok(bridge)
    }

    /// A vector on the other side, less the mean there.
    fn across(&self, vector: &[f32]) -> Vec<f64> {
        apply(&self.map, &centred(vector, &self.from))
    }

    /// A vector of the group that is asked from: where to look for it among the vectors of the
    /// other group as they are stored, and as it is compared with [`Self::arrived`].
    pub(super) fn asked(&self, vector: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let across = self.across(vector);
        let stored: Vec<f64> = across.iter().zip(&self.to).map(|(x, m)| x + m).collect();
        (unit(&stored), unit(&across))
    }

    /// A vector of the other group as it is compared.
    pub(super) fn arrived(&self, vector: &[f32]) -> Vec<f32> {
        unit(&centred(vector, &self.to))
    }

    /// The distance between the means of the two sides.
    pub(super) fn shift(&self) -> f64 {
        let parts = self.from.iter().zip(&self.to);
        parts.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    /// The mean similarity of a vector of the other group to its nearest of those that may ask.
    pub(super) fn crowding(&self, arrived: &[f32]) -> f64 {
        let rows = self.bank.chunks_exact(arrived.len().max(1));
        mean_of_best(rows.map(|row| dot(row, arrived)))
    }
}

/// The mean of the greatest [`NEIGHBOURHOOD`] numbers, or of all if there are fewer.
pub(super) fn mean_of_best(values: impl Iterator<Item = f32>) -> f64 {
    let mut best = [f32::NEG_INFINITY; NEIGHBOURHOOD];
    let mut n = 0usize;
    for value in values {
        n += 1;
        // Ascending; what falls out is the least.
        let mut value = value;
        if best.first().is_some_and(|&least| value <= least) {
            continue;
        }
        for slot in best.iter_mut().rev() {
            if value > *slot {
                std::mem::swap(slot, &mut value);
            }
        }
    }
    let kept = n.min(NEIGHBOURHOOD);
    let sum: f64 = best.iter().rev().take(kept).map(|&v| f64::from(v)).sum();
    sum / kept.max(1) as f64
}

/// A vector in unit length; zeros stay.
fn unit(x: &[f64]) -> Vec<f32> {
    let length = x.iter().map(|v| v * v).sum::<f64>().sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    x.iter().map(|v| (v * scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn cloud(n: usize, mean: [f32; 3], mix: [[f32; 3]; 3], seed: u64) -> Vec<Vec<f32>> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut one = || {
            let z: [f32; 3] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
            (0..3)
                .map(|i| mean[i] + (0..3).map(|j| mix[i][j] * z[j]).sum::<f32>())
                .collect()
        };
        (0..n).map(|_| one()).collect()
    }

    #[test]
    fn vectors_arrive_with_the_mean_and_covariance_of_the_other_side() {
        let a = cloud(
            5000,
            [0.3, -0.2, 0.1],
            [[0.5, 0.2, 0.0], [0.0, 0.3, 0.1], [0.2, 0.0, 0.2]],
            1,
        );
        let b = cloud(
            5000,
            [-0.1, 0.4, 0.0],
            [[0.2, 0.0, 0.1], [0.3, 0.4, 0.0], [0.0, 0.1, 0.6]],
            2,
        );
        let (from, to) = (Moments::fit(&a).unwrap(), Moments::fit(&b).unwrap());
        let bridge = Bridge::new(&from, &to, &a[..600]).unwrap();
        let arrived: Vec<Vec<f32>> = a
            .iter()
            .map(|v| {
                bridge
                    .across(v)
                    .iter()
                    .zip(&to.mean)
                    .map(|(x, m)| (x + m) as f32)
                    .collect()
            })
            .collect();
        let found = Moments::fit(&arrived).unwrap();
        for (x, y) in found.mean.iter().zip(&to.mean) {
            assert!((x - y).abs() < 1e-5, "{x} {y}");
        }
        for (x, y) in found.covariance.iter().zip(&to.covariance) {
            // The second one is shrunk once more.
            assert!((x - y).abs() < 1e-3, "{x} {y}");
        }
        assert_eq!(bridge.bank.len(), 600 * 3);
        // The way between equal groups leads nowhere.
        let same = Bridge::new(&from, &from, &a[..20]).unwrap();
        let (stored, _) = same.asked(&a[7]);
        let length = dot(&a[7], &a[7]).sqrt();
        assert!(
            stored
                .iter()
                .zip(&a[7])
                .all(|(x, y)| (x - y / length).abs() < 1e-4)
        );
    }

    #[test]
    fn what_is_near_to_many_is_crowded() {
        let a = cloud(
            2000,
            [0.5, 0.0, 0.0],
            [[0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.1]],
            5,
        );
        let moments = Moments::fit(&a).unwrap();
        let mut bridge = Bridge::new(&moments, &moments, &[]).unwrap();
        bridge.bank = [[1.0f32, 0.0, 0.0]; 30].concat();
        assert!((bridge.crowding(&[1.0, 0.0, 0.0]) - 1.0).abs() < 1e-9);
        assert!(bridge.crowding(&[0.0, 1.0, 0.0]).abs() < 1e-9);
        assert!(bridge.shift() < 1e-12);
    }

    #[test]
    fn the_best_are_the_head_of_the_sorted_list() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        for n in [0, 1, 9, 10, 11, 300] {
            let values: Vec<f32> = (0..n).map(|_| random.random_range(-1.0..1.0)).collect();
            let mut sorted = values.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            sorted.truncate(NEIGHBOURHOOD);
            let mean =
                sorted.iter().map(|&v| f64::from(v)).sum::<f64>() / sorted.len().max(1) as f64;
            assert!((mean_of_best(values.into_iter()) - mean).abs() < 1e-12);
        }
        let a: Vec<f32> = (0..21).map(|i| i as f32).collect();
        assert_eq!(dot(&a, &a), 2870.0);
    }
}
