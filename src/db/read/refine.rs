//! A second look at the candidates of a search: their stored bars beside those of the query.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, excerpt};
use crate::model::{schema_as_text, serde_as_text};

/// How the candidates of a search are compared again, on the stored bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refine {
    /// By the Pearson correlation of the two paths of log closes, -1 to 1; more is better.
    Correlation,
    /// By dynamic time warping of the two paths of log closes, each in standard units (mean 0,
    /// variance 1): the root of the mean squared difference a bar along the best alignment, with
    /// at most a tenth of the window between the two bars of a pair (Sakoe and Chiba 1978). 0 or
    /// more; less is better.
    Dtw,
}

serde_as_text!(Refine);
schema_as_text!(
    Refine,
    "How candidates are compared again on their bars: corr (correlation) or dtw (time warping)."
);

impl fmt::Display for Refine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Correlation => "corr",
            Self::Dtw => "dtw",
        })
    }
}

impl FromStr for Refine {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "corr" => Ok(Self::Correlation),
            "dtw" => Ok(Self::Dtw),
            _ => Err(Error::invalid(format!(
                "expected to refine by corr or dtw, found {}",
                excerpt(text)
            ))),
        }
    }
}

impl Refine {
    /// Compares two paths in standard units.
    pub(in crate::db) fn compare(self, a: &[f64], b: &[f64]) -> f64 {
        match self {
            Self::Correlation => {
                let sum: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                (sum / a.len().max(1) as f64).clamp(-1.0, 1.0)
            }
            Self::Dtw => dtw(a, b, a.len().div_ceil(10)),
        }
    }

    /// The better of two values first.
    pub(in crate::db) fn order(self, a: f64, b: f64) -> std::cmp::Ordering {
        match self {
            Self::Correlation => b.total_cmp(&a),
            Self::Dtw => a.total_cmp(&b),
        }
    }
}

/// The logarithms of prices with mean 0 and variance 1; zeros where they do not move.
pub(in crate::db) fn standard(prices: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = prices.iter().map(|p| p.ln()).collect();
    let n = logs.len().max(1) as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let spread = (logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = if spread > 1e-12 { 1.0 / spread } else { 0.0 };
    logs.iter().map(|x| (x - mean) * scale).collect()
}

/// A path of `points` points at equal distances along a drawn one, straight between its own.
pub(in crate::db) fn resampled(path: &[f64], points: usize) -> Vec<f64> {
    let last = path.len().saturating_sub(1);
    (0..points)
        .map(|i| {
            let at = i as f64 * last as f64 / points.saturating_sub(1).max(1) as f64;
            let left = (at.floor() as usize).min(last);
            let value = |i: usize| path.get(i.min(last)).copied().unwrap_or(1.0).ln();
            let part = at - left as f64;
            (value(left) * (1.0 - part) + value(left + 1) * part).exp()
        })
        .collect()
}

/// The root of the mean squared difference along the best alignment, in which the two positions
/// of a pair differ by at most `band`.
fn dtw(a: &[f64], b: &[f64], band: usize) -> f64 {
    let n = a.len();
    let mut before = vec![f64::INFINITY; n + 1];
    let mut row = before.clone();
    if let Some(start) = before.first_mut() {
        *start = 0.0;
    }
    for (i, x) in a.iter().enumerate() {
        row.fill(f64::INFINITY);
        let (from, to) = (i.saturating_sub(band), (i + band + 1).min(b.len()));
        let mut left = f64::INFINITY;
        let cells = b
            .iter()
            .zip(before.array_windows::<2>())
            .zip(row.iter_mut().skip(1));
        for ((y, [diagonal, above]), cell) in cells.take(to).skip(from) {
            left = (x - y).powi(2) + left.min(*diagonal).min(*above);
            *cell = left;
        }
        std::mem::swap(&mut before, &mut row);
    }
    (before.last().copied().unwrap_or(0.0) / n.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// The definition, cell by cell.
    fn plain_dtw(a: &[f64], b: &[f64], band: usize) -> f64 {
        let n = a.len();
        let mut cost = vec![vec![f64::INFINITY; n + 1]; n + 1];
        cost[0][0] = 0.0;
        for i in 1..=n {
            for j in 1..=n {
                if i.abs_diff(j) <= band {
                    let least = cost[i - 1][j].min(cost[i][j - 1]).min(cost[i - 1][j - 1]);
                    cost[i][j] = (a[i - 1] - b[j - 1]).powi(2) + least;
                }
            }
        }
        (cost[n][n] / n as f64).sqrt()
    }

    proptest! {
        #[test]
        fn warping_agrees_with_its_definition(
            pairs in prop::collection::vec((-3f64..3.0, -3f64..3.0), 1..40), band in 0usize..8
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            prop_assert!((dtw(&a, &b, band) - plain_dtw(&a, &b, band)).abs() < 1e-12);
            prop_assert!(dtw(&a, &a, band) == 0.0);
            prop_assert!(dtw(&a, &b, band + 1) <= dtw(&a, &b, band));
        }
    }

    #[test]
    fn correlation_is_that_of_pearson() {
        let a = standard(&[1.0f64, 2.0, 1.5, 3.0].map(f64::exp));
        let b = standard(&[2.0f64, 1.0, 4.0, 3.0].map(f64::exp));
        // numpy.corrcoef([1, 2, 1.5, 3], [2, 1, 4, 3])
        assert!((Refine::Correlation.compare(&a, &b) - 0.075_592_894_601_845_5).abs() < 1e-12);
        assert!((Refine::Correlation.compare(&a, &a) - 1.0).abs() < 1e-12);
        assert!(standard(&[5.0; 4]).iter().all(|&x| x == 0.0));
    }

    #[test]
    fn a_resampled_path_goes_through_its_points() {
        let path = [1.0, 3.0, 2.0];
        let fine = resampled(&path, 5);
        assert!((fine[0] - 1.0).abs() < 1e-12 && (fine[2] - 3.0).abs() < 1e-12);
        assert!((fine[4] - 2.0).abs() < 1e-12);
        assert!((fine[1] - 3f64.sqrt()).abs() < 1e-12, "halfway in logs");
        assert_eq!(resampled(&path, 3).len(), 3);
    }
}
