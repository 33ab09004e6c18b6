//! Covariances of many assets over few returns.

use super::asset_returns::{AssetReturns, NotCompared, at_length_one, centred};
use super::shrunk::Shrinkage;
use super::similarities::Similarities;

/// The covariances of the simple returns of a bar. Each variance is that of the asset's own returns; correlations
/// are drawn towards their mean (see [`Shrinkage`]), so a portfolio finds no asset that is a hedge by chance.
#[derive(Clone, Debug)]
pub(super) struct Covariance {
    deviations: Vec<f64>,
    means: Vec<f64>,
    correlations: Similarities,
    pub(super) shrinkage: Shrinkage,
}

impl Covariance {
    /// Of assets whose columns are log returns. Those of which nothing moves are left out.
    pub(super) fn of(assets: &mut AssetReturns) -> Self {
        let simple = |column: &Vec<f64>| column.iter().map(|x| x.exp_m1()).collect();
        let columns: Vec<Vec<f64>> = assets.columns.iter().map(simple).collect();
        let (mut points, mut deviations, mut means) = (Vec::new(), Vec::new(), Vec::new());
        let mut gone = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let here = || column.iter().filter(|x| !x.is_nan());
            let n = here().count() as f64;
            let less = centred(column);
            let squares: f64 = less.iter().map(|x| x * x).sum();
            match at_length_one(less, squares).filter(|_| n > 1.0) {
                Some(point) => {
                    points.push(point);
                    deviations.push((squares / (n - 1.0)).sqrt());
                    means.push(here().sum::<f64>() / n);
                }
                None => gone.push(at),
            }
        }
        assets.leave_out(&gone, NotCompared::Still);
        let correlations = Similarities::of(&points);
        Self {
            shrinkage: Shrinkage::of(&points, &correlations),
            deviations,
            means,
            correlations,
        }
    }

    /// Of returns with these deviations, means and correlations, which are not drawn in.
    #[cfg(test)]
    pub(super) fn of_parts(deviations: &[f64], means: &[f64], points: &[Vec<f64>]) -> Self {
        Self {
            deviations: deviations.to_vec(),
            means: means.to_vec(),
            correlations: Similarities::of(points),
            shrinkage: Shrinkage {
                mean: 0.0,
                weight: 0.0,
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.deviations.len()
    }

    /// The standard deviation of a return of each asset.
    pub(super) fn deviations(&self) -> &[f64] {
        &self.deviations
    }

    /// The mean return of each asset.
    pub(super) fn means(&self) -> &[f64] {
        &self.means
    }

    /// The shrunk correlations of an asset with each.
    pub(super) fn correlations(&self, i: usize) -> impl Iterator<Item = f64> + '_ {
        let row = self.correlations.row(i).iter().enumerate();
        row.map(move |(j, r)| match i == j {
            true => 1.0,
            false => self.shrinkage.apply(*r),
        })
    }

    /// The covariances of an asset with each.
    pub(super) fn row(&self, i: usize) -> impl Iterator<Item = f64> + '_ {
        let own = self.deviations.get(i).copied().unwrap_or(0.0);
        let both = self.correlations(i).zip(&self.deviations);
        both.map(move |(r, other)| r * own * other)
    }

    /// The covariance of each asset with a portfolio.
    pub(super) fn with(&self, weights: &[f64]) -> Vec<f64> {
        let one = |i: usize| self.row(i).zip(weights).map(|(c, w)| c * w).sum();
        (0..self.len()).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::model::{Interval, SeriesKey, Timestamp};

    #[test]
    fn variances_are_those_of_each_asset_and_correlations_are_drawn_in() {
        let log = |simple: &[f64]| simple.iter().map(|x| x.ln_1p()).collect::<Vec<f64>>();
        let all = [
            log(&[0.01, -0.02, 0.03, 0.0]),
            log(&[0.02, f64::NAN, 0.01, -0.03]),
            log(&[0.0, 0.01, -0.02, 0.05]),
            vec![0.0; 4],
        ];
        let key = |i: usize| SeriesKey::new("m", "v", &format!("A{i}"), Interval::days(1)).unwrap();
        let mut assets = AssetReturns {
            series: (0..4).map(key).collect(),
            columns: all.to_vec(),
            left_out: Vec::new(),
            interval: Interval::days(1),
            from: Timestamp::from_millis(0),
            until: Timestamp::from_millis(4),
            times: Vec::new(),
            mixed_calendars: false,
        };
        let found = Covariance::of(&mut assets);
        assert_eq!((found.len(), assets.left_out.len()), (3, 1));
        // NumPy: np.std([.01, -.02, .03, 0], ddof=1), and of the three that the second has.
        assert!((found.deviations()[0] - 0.020_816_659_994_661_326).abs() < 1e-15);
        assert!((found.deviations()[1] - 0.026_457_513_110_645_904).abs() < 1e-15);
        assert!(found.means()[1].abs() < 1e-17);
        let row: Vec<f64> = found.row(0).collect();
        let r: Vec<f64> = found.correlations(0).collect();
        let raw = found.correlations.get(0, 1);
        assert!((r[1] - found.shrinkage.apply(raw)).abs() < 1e-15);
        assert!((row[0] - found.deviations()[0].powi(2)).abs() < 1e-18);
        assert!((row[1] - r[1] * found.deviations()[0] * found.deviations()[1]).abs() < 1e-18);
        let weights = [0.2, 0.3, 0.5];
        let by_hand: f64 = row.iter().zip(weights).map(|(c, w)| c * w).sum();
        assert!((found.with(&weights)[0] - by_hand).abs() < 1e-18);
    }
}
