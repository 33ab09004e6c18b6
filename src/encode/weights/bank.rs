//! A bank of charts, reduced to what tells how much a sentence says about charts.

use serde::{Deserialize, Serialize};

use super::tensors::{Declared, Fill, Tensors};
use crate::encode::Embeddings;
use crate::error::{Error, Result};
use crate::numeric::dot::dot_in_order;

/// Steps of the quantiles: one for each percent, both ends included.
const STEPS: usize = 101;

/// How many vectors a [`Bank`] was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BankConfig {
    /// Windows of the training part.
    pub charts: u32,
    /// Headlines of the training part.
    pub headlines: u32,
}

/// What a bank of training charts says about sentences: how similar a sentence is to charts at
/// large, and how much that similarity differs from chart to chart.
///
/// A sentence that is equally near to all charts says nothing about any of them. So its
/// *expressiveness* is the standard deviation of its cosine over the bank, `sqrt(v' C v)` for the
/// vector v and the covariance C of the bank's vectors. Its percentile is its place among the
/// headlines of the training part. The bank belongs to the weights and is never measured on a
/// database, so it knows nothing that a view may not know.
///
/// ```
/// use rhymedb::encode::{Bank, Embeddings};
/// let mut charts = Embeddings::with_capacity(2, 4);
/// for chart in [[1.0, 0.0], [-1.0, 0.0], [0.8, 0.6], [-0.8, 0.6]] {
///     charts.push(Some(&chart))?;
/// }
/// let mut headlines = Embeddings::with_capacity(2, 2);
/// headlines.push(Some(&[0.0, 1.0]))?;
/// headlines.push(Some(&[1.0, 0.0]))?;
/// let bank = Bank::measure(&charts, &headlines)?;
/// // Charts differ along the first axis, so the second sentence tells them apart.
/// let (quiet, telling) = (bank.expressiveness(&[0.0, 1.0]), bank.expressiveness(&[1.0, 0.0]));
/// assert!(quiet < 0.31 && telling > 0.89);
/// assert_eq!((bank.percentile(quiet), bank.percentile(telling)), (0.0, 100.0));
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bank {
    pub(super) config: BankConfig,
    pub(super) mean: Vec<f32>,
    /// D x D.
    pub(super) covariance: Vec<f32>,
    /// Ascending.
    pub(super) quantiles: Vec<f32>,
}

impl Bank {
    /// Measures a bank: the vectors of charts and of headlines of the training part, each at unit
    /// length. A few thousand of each are enough. Rows that are not defined do not count.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the dimensions differ, or if there are fewer than two charts or no
    /// headline.
    pub fn measure(charts: &Embeddings, headlines: &Embeddings) -> Result<Self> {
        let rows = |of: &Embeddings| (0..of.len()).filter(|&i| of.row(i).is_some()).count();
        let (n, texts) = (rows(charts), rows(headlines));
        let dim = charts.dim;
        if n < 2 || texts == 0 || dim == 0 || headlines.dim != dim {
            return Err(Error::invalid(format!(
                "expected at least 2 charts and 1 headline of one dimension, found {n} charts of {dim} and {texts} headlines of {}",
                headlines.dim
            )));
        }
        let vectors = || (0..charts.len()).filter_map(|i| charts.row(i));
        let mut mean = vec![0.0_f64; dim];
        for vector in vectors() {
            for (sum, &x) in mean.iter_mut().zip(vector) {
                *sum += f64::from(x) / n as f64;
            }
        }
        let mut covariance = vec![0.0_f64; dim * dim];
        for vector in vectors() {
            let around: Vec<f64> = vector
                .iter()
                .zip(&mean)
                .map(|(&x, m)| f64::from(x) - m)
                .collect();
            for (row, a) in covariance.chunks_exact_mut(dim).zip(&around) {
                for (sum, b) in row.iter_mut().zip(&around) {
                    *sum += a * b / n as f64;
                }
            }
        }
        let narrow = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect();
        let mut bank = Self {
            config: BankConfig {
                charts: u32::try_from(n).unwrap_or(u32::MAX),
                headlines: u32::try_from(texts).unwrap_or(u32::MAX),
            },
            mean: narrow(mean),
            covariance: narrow(covariance),
            quantiles: Vec::new(),
        };
        let sentences = (0..headlines.len()).filter_map(|i| headlines.row(i));
        let mut spreads: Vec<f32> = sentences.map(|v| bank.expressiveness(v)).collect();
        spreads.sort_unstable_by(f32::total_cmp);
        let at = |step: usize| spreads.get(step * (spreads.len() - 1) / (STEPS - 1));
        bank.quantiles = (0..STEPS).filter_map(|step| at(step).copied()).collect();
        Ok(bank)
    }

    /// The bank of a weights file whose tensors have their shapes.
    pub(super) fn read(config: BankConfig, tensors: &Tensors<'_>) -> Result<Self> {
        let bank = Self {
            config,
            mean: tensors.floats("bank.mean")?,
            covariance: tensors.floats("bank.covariance")?,
            quantiles: tensors.floats("bank.quantiles")?,
        };
        let dim = bank.mean.len();
        let at = |i: usize, j: usize| {
            bank.covariance
                .get(i * dim + j)
                .copied()
                .unwrap_or(f32::NAN)
        };
        let bound = |i: usize, j: usize| (at(i, i) * at(j, j)).sqrt() * 1.001 + 1e-9;
        let sound = |i: usize, j: usize| {
            at(i, i) >= 0.0 && (at(i, j) - at(j, i)).abs() <= 1e-6 && at(i, j).abs() <= bound(i, j)
        };
        // Vectors of unit length vary by no more than 1 in all directions together.
        let total: f64 = (0..dim).map(|i| f64::from(at(i, i))).sum();
        if total > 1.001 || (0..dim).any(|i| (0..dim).any(|j| !sound(i, j))) {
            return Err(Error::invalid(
                "expected the tensor bank.covariance to be the covariance of a bank of charts, found a matrix that is none; measure the bank again",
            ));
        }
        if !bank.quantiles.is_sorted() {
            return Err(Error::invalid(
                "expected ascending numbers in the tensor bank.quantiles, found others; measure the bank again",
            ));
        }
        Ok(bank)
    }

    pub(super) fn tensors(dim: usize) -> Vec<Declared> {
        let tensor =
            |name: &str, shape: &[usize], fill| Declared::new(format!("bank.{name}"), shape, fill);
        vec![
            tensor("mean", &[dim], Fill::Small),
            tensor("covariance", &[dim, dim], Fill::Identity),
            tensor("quantiles", &[STEPS], Fill::Ascending),
        ]
    }

    /// What it was measured on.
    pub fn config(&self) -> BankConfig {
        self.config
    }

    /// The dimension D.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The mean cosine of a unit vector with the bank's charts.
    pub fn usual(&self, vector: &[f32]) -> f32 {
        dot_in_order(&self.mean, vector) as f32
    }

    /// The standard deviation of a unit vector's cosine over the bank's charts, 0 to 1.
    pub fn expressiveness(&self, vector: &[f32]) -> f32 {
        let rows = self.covariance.chunks_exact(self.dim().max(1));
        let square: f64 = rows
            .zip(vector)
            .map(|(row, &x)| f64::from(x) * dot_in_order(row, vector))
            .sum();
        // Rounding may leave a little less than nothing, or a little more than all.
        square.clamp(0.0, 1.0).sqrt() as f32
    }

    /// The share of training headlines that are less expressive, 0 to 100.
    pub fn percentile(&self, expressiveness: f32) -> f32 {
        let below = self.quantiles.partition_point(|&q| q < expressiveness);
        let (Some(low), Some(high)) = (
            below.checked_sub(1).and_then(|i| self.quantiles.get(i)),
            self.quantiles.get(below),
        ) else {
            return if below == 0 { 0.0 } else { 100.0 };
        };
        let within = (expressiveness - low) / (high - low);
        let step = 100.0 / (STEPS - 1) as f32;
        (below as f32 - 1.0 + within) * step
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::encode::{ChartConfig, TextConfig};
    use crate::encode::{Weights, WeightsConfig};

    fn embeddings(rows: &[[f32; 3]]) -> Embeddings {
        let mut all = Embeddings::with_capacity(3, rows.len());
        for row in rows {
            all.push(Some(row)).unwrap();
        }
        all
    }

    fn bank() -> Bank {
        let charts = [
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.6, 0.8, 0.0],
            [0.8, 0.0, 0.6],
        ];
        let texts = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.6, 0.0, 0.8]];
        Bank::measure(&embeddings(&charts), &embeddings(&texts)).unwrap()
    }

    #[test]
    fn the_quadratic_form_is_the_deviation_over_the_bank() {
        let charts = [
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.6, 0.8, 0.0],
            [0.8, 0.0, 0.6_f32],
        ];
        for text in [[1.0, 0.0, 0.0], [0.48, 0.64, 0.6], [0.0, 0.0, 1.0_f32]] {
            let cosines: Vec<f64> = charts.iter().map(|c| dot_in_order(c, &text)).collect();
            let mean = cosines.iter().sum::<f64>() / 4.0;
            let variance = cosines.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4.0;
            assert!((f64::from(bank().expressiveness(&text)) - variance.sqrt()).abs() < 1e-6);
            assert!((f64::from(bank().usual(&text)) - mean).abs() < 1e-6);
        }
    }

    #[test]
    fn percentiles_ascend_from_0_to_100() {
        let bank = bank();
        let at = |e: f32| bank.percentile(e);
        assert_eq!((at(0.0), at(1.0)), (0.0, 100.0));
        let middle = bank.quantiles[50];
        assert!((0.0..=50.0).contains(&at(middle)));
        assert!((0..100).all(|i| at(i as f32 / 100.0) <= at((i + 1) as f32 / 100.0)));
    }

    fn clip(dim: u32) -> Weights {
        let mut chart = ChartConfig::multiscale(16, dim);
        chart.layers[0].convolutions.truncate(1);
        let text = TextConfig {
            buckets: 16,
            width: 8,
            ..TextConfig::new(dim)
        };
        Weights::random(&WeightsConfig::clip(chart, text, 0.1), 5).unwrap()
    }

    #[test]
    fn a_bank_comes_back_from_the_file_and_changes_nothing_else() {
        let plain = clip(3);
        assert!(plain.bank().is_none());
        let with = plain.with_bank(&bank()).unwrap();
        let again = Weights::from_bytes(with.bytes()).unwrap();
        assert_eq!(again.bank(), Some(&bank()));
        assert_ne!(again.hash(), plain.hash());
        let text = |w: &Weights| {
            w.text_encoder()
                .unwrap()
                .encode_text("Prices fall")
                .unwrap()
        };
        assert_eq!(text(&again), text(&plain));
        assert_eq!(again.with_bank(&bank()).unwrap().bytes(), with.bytes());
        assert!(clip(4).with_bank(&bank()).is_err(), "another dimension");
    }

    #[test]
    fn what_is_no_bank_is_refused() {
        let mut bad = bank();
        bad.covariance[1] = 5.0;
        let error = clip(3).with_bank(&bad).unwrap_err().to_string();
        assert!(error.contains("bank.covariance"), "{error}");
        let mut bad = bank();
        bad.covariance[4] = 1.5;
        let error = clip(3).with_bank(&bad).unwrap_err().to_string();
        assert!(error.contains("bank.covariance"), "{error}");
        let mut bad = bank();
        bad.quantiles[0] = 2.0;
        let error = clip(3).with_bank(&bad).unwrap_err().to_string();
        assert!(error.contains("bank.quantiles"), "{error}");
        let chart = WeightsConfig::chart("cnn/1", ChartConfig::cnn());
        let error = Weights::random(&chart, 1)
            .unwrap()
            .with_bank(&bank())
            .unwrap_err();
        assert!(error.to_string().contains("bank"), "{error}");
        let one = embeddings(&[[1.0, 0.0, 0.0]]);
        let error = Bank::measure(&one, &one).unwrap_err().to_string();
        assert!(error.contains("at least 2 charts"), "{error}");
        let random = WeightsConfig {
            bank: Some(bank().config),
            ..clip(3).config().clone()
        };
        let random = Weights::random(&random, 1).unwrap();
        assert!(random.bank().unwrap().expressiveness(&[1.0, 0.0, 0.0]) > 0.0);
    }
}
