//! Correlations of pairs in windows that do not overlap, and how the latest compares with those before it.

use rayon::prelude::*;

use super::asset_returns::{
    AssetReturns, NotCompared, at_length_one, centred, not_compared, without_market,
};
use super::similarities::{gaps_of, in_common};
use crate::error::Result;
use crate::model::Timestamp;
use crate::numeric::student::two_sided;

/// Fewer earlier windows do not say what is usual.
const LEAST_PAST: usize = 8;
/// A correlation of 1 has no Fisher's z.
const MOST: f64 = 0.999_99;

/// The returns of assets window by window.
pub(super) struct CorrelationBlocks {
    window: usize,
    /// The latest window first; of each the assets: centred and at length 1, if one has enough of its returns.
    blocks: Vec<Vec<Option<HeldReturns>>>,
}

/// The returns of an asset in a window, and the rows in which there is none.
type HeldReturns = (Vec<f64>, Vec<usize>);

/// A pair, and what is usual for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PastPair {
    pub(super) a: usize,
    pub(super) b: usize,
    /// Its correlation in the latest window.
    pub(super) now: f64,
    /// The mean of earlier ones, by Fisher's z.
    pub(super) usual: Option<f64>,
    pub(super) past: usize,
    pub(super) p: Option<f64>,
}

impl CorrelationBlocks {
    /// As many whole windows as there are returns for, back from the latest one. Assets of which nothing is left
    /// in that are left out.
    pub(super) fn of(assets: &mut AssetReturns, window: usize, less_market: bool) -> Self {
        let rows = assets.returns();
        let parts = |assets: &AssetReturns, block: usize| -> Vec<Vec<f64>> {
            let end = rows - block * window;
            let part = |c: &Vec<f64>| c.get(end - window..end).unwrap_or_default().to_vec();
            assets.columns.iter().map(part).collect()
        };
        let points = |columns: &[Vec<f64>]| -> Vec<Option<HeldReturns>> {
            let there: Vec<bool> = columns.iter().map(|c| not_compared(c).is_none()).collect();
            // The market is that of those who were there.
            let held = columns.iter().zip(&there).filter(|(_, there)| **there);
            let held: Vec<Vec<f64>> = held.map(|(c, _)| c.clone()).collect();
            let own: Vec<Vec<f64>> = match less_market {
                true => without_market(&held),
                false => held.iter().map(|c| centred(c)).collect(),
            };
            let mut own = own.into_iter().zip(&held).map(|(point, column)| {
                let whole = centred(column).iter().map(|x| x * x).sum();
                let point = at_length_one(point, whole)?;
                let gaps = gaps_of(&point);
                Some((point, gaps))
            });
            let next = |there: &bool| if *there { own.next().flatten() } else { None };
            there.iter().map(next).collect()
        };
        let latest = points(&parts(&*assets, 0));
        let gone = latest
            .iter()
            .enumerate()
            .filter(|(_, point)| point.is_none());
        let gone: Vec<usize> = gone.map(|(i, _)| i).collect();
        assets.leave_out(&gone, NotCompared::Still);
        let blocks = (0..rows / window).map(|block| points(&parts(&*assets, block)));
        Self {
            window,
            blocks: blocks.collect(),
        }
    }

    /// The assets in the latest window.
    pub(super) fn latest(&self) -> Vec<Vec<f64>> {
        let latest = self.blocks.first().map(Vec::as_slice).unwrap_or_default();
        let point = |held: &Option<HeldReturns>| match held {
            Some((point, _)) => point.clone(),
            None => vec![0.0; self.window],
        };
        latest.iter().map(point).collect()
    }

    fn assets(&self) -> usize {
        self.blocks.first().map_or(0, Vec::len)
    }

    fn correlation(&self, block: usize, a: usize, b: usize) -> Option<f64> {
        let block = self.blocks.get(block)?;
        let held = |at: usize| block.get(at)?.as_ref();
        let ((x, gaps_x), (y, gaps_y)) = (held(a)?, held(b)?);
        Some(in_common((x, gaps_x), (y, gaps_y)))
    }

    /// The correlation of a pair in each window, the oldest first.
    pub(super) fn history(&self, a: usize, b: usize) -> Vec<Option<f64>> {
        let blocks = (0..self.blocks.len()).rev();
        blocks.map(|block| self.correlation(block, a, b)).collect()
    }

    /// All pairs, by the numbers of their assets.
    pub(super) fn pairs(&self, go_on: &(impl Fn() -> Result<()> + Sync)) -> Result<Vec<PastPair>> {
        let n = self.assets();
        let of_one = |a: usize| {
            go_on()?;
            Ok((a + 1..n).filter_map(|b| self.pair(a, b)).collect())
        };
        let all: Vec<Vec<PastPair>> = (0..n).into_par_iter().map(of_one).collect::<Result<_>>()?;
        Ok(all.into_iter().flatten().collect())
    }

    fn pair(&self, a: usize, b: usize) -> Option<PastPair> {
        let now = self.correlation(0, a, b)?;
        let earlier = (1..self.blocks.len()).filter_map(|block| self.correlation(block, a, b));
        let earlier: Vec<f64> = earlier.map(fisher).collect();
        let found = against(fisher(now), &earlier, self.window);
        Some(PastPair {
            a,
            b,
            now,
            usual: found.map(|(mean, _)| mean.tanh()),
            past: earlier.len(),
            p: found.map(|(_, p)| p),
        })
    }

    /// The mean correlation of all pairs in each window, the oldest first, and how often the latest of such means
    /// would lie so far from the others.
    pub(super) fn means(&self) -> (Vec<Option<f64>>, Option<f64>) {
        let mean = |block: usize| {
            let held: Vec<&HeldReturns> = self.blocks.get(block)?.iter().flatten().collect();
            let n = held.len() as f64;
            if held.iter().any(|(_, gaps)| !gaps.is_empty()) {
                let pairs = held.iter().enumerate().flat_map(|(i, (x, gaps_x))| {
                    let before = held.iter().take(i);
                    before.map(move |(y, gaps_y)| in_common((x, gaps_x), (y, gaps_y)))
                });
                return (n > 1.0).then(|| 2.0 * pairs.sum::<f64>() / (n * (n - 1.0)));
            }
            // The square of the sum of points at length 1 has each pair twice.
            let sum = |row: usize| held.iter().filter_map(|(p, _)| p.get(row)).sum::<f64>();
            let square: f64 = (0..self.window).map(|row| sum(row).powi(2)).sum();
            (n > 1.0).then(|| (square - n) / (n * (n - 1.0)))
        };
        let means: Vec<Option<f64>> = (0..self.blocks.len()).rev().map(mean).collect();
        let (now, earlier) = match means.split_last() {
            Some((Some(now), earlier)) => (*now, earlier),
            _ => return (means, None),
        };
        let earlier: Vec<f64> = earlier.iter().flatten().map(|mean| fisher(*mean)).collect();
        let p = against(fisher(now), &earlier, self.window).map(|(_, p)| p);
        (means, p)
    }

    /// The first and the last close of each window, the oldest first.
    pub(super) fn periods(&self, assets: &AssetReturns) -> Vec<(Timestamp, Timestamp)> {
        let last = assets.times.len().saturating_sub(1);
        let at = |row: usize| assets.times.get(row).copied().unwrap_or(assets.until);
        let of = |block: usize| {
            let end = last.saturating_sub(block * self.window);
            (at(end.saturating_sub(self.window)), at(end))
        };
        (0..self.blocks.len()).rev().map(of).collect()
    }
}

fn fisher(correlation: f64) -> f64 {
    correlation.clamp(-MOST, MOST).atanh()
}

/// The mean of earlier values, and how often one more of the same kind would lie so far from it.
fn against(now: f64, earlier: &[f64], window: usize) -> Option<(f64, f64)> {
    let n = earlier.len() as f64;
    if earlier.len() < LEAST_PAST {
        return None;
    }
    let mean = earlier.iter().sum::<f64>() / n;
    let variance = earlier.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Two names of one asset: nothing ever changed. Then the error is that of any correlation of so many returns.
    let least = 1.0 / (window.saturating_sub(3).max(1) as f64);
    let variance = if variance <= 1e-18 { least } else { variance };
    let error = (variance * (1.0 + 1.0 / n)).sqrt();
    Some((mean, two_sided((now - mean) / error, n - 1.0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn one_more_of_the_same_is_judged_by_a_prediction_interval() {
        assert!(against(0.0, &[0.1; 7], 63).is_none());
        let earlier = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
        let (mean, p) = against(0.5, &earlier, 63).unwrap();
        assert!((mean - 0.5).abs() < 1e-12 && p == 1.0);
        // t = 1 / (0.2738613 * sqrt(10 / 9)) = 3.4641 with 8 degrees of freedom.
        let (_, p) = against(1.5, &earlier, 63).unwrap();
        assert!((p - 0.008_52).abs() < 2e-5, "{p}");
        // What never changed: t = 0.1 / sqrt(10 / 9 / 60) = 0.7348.
        assert_eq!(against(0.1, &[0.1; 9], 63).unwrap().1, 1.0);
        let (_, p) = against(0.2, &[0.1; 9], 63).unwrap();
        assert!((p - 0.4834).abs() < 1e-3, "{p}");
        let (_, p) = against(fisher(0.3), &[fisher(1.0); 40], 63).unwrap();
        assert!(p > 0.0 && p < 1e-9, "{p}");
    }
}
