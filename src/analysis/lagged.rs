//! Partial correlations of returns with later ones of other assets.

use std::ops::Range;

use rayon::prelude::*;

use super::asset_returns::{centred, market};
use crate::error::Result;
use crate::numeric::dot::dot_f64;
use crate::numeric::student::two_sided;

/// The share of a column's square that rounding leaves where others say all of it.
const NOTHING: f64 = 1e-10;

/// A leader's return and a follower's, so many bars later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LaggedPair {
    pub(super) leader: usize,
    pub(super) follower: usize,
    pub(super) lag: usize,
    pub(super) partial: f64,
    pub(super) p: f64,
}

/// Returns of a stretch of time: less their mean, 0 where there is none.
pub(super) struct LaggedReturns {
    columns: Vec<Vec<f64>>,
    market: Vec<f64>,
    lags: usize,
}

impl LaggedReturns {
    pub(super) fn of(columns: &[Vec<f64>], rows: Range<usize>, lags: usize) -> Self {
        let part = |c: &Vec<f64>| c.get(rows.clone()).unwrap_or_default().to_vec();
        let parts: Vec<Vec<f64>> = columns.iter().map(part).collect();
        Self {
            market: centred(&market(&parts)),
            columns: parts.iter().map(|c| centred(c)).collect(),
            lags,
        }
    }

    /// A column so many bars earlier, beside the rows that have all lags.
    fn lagged<'a>(&self, column: &'a [f64], lag: usize) -> &'a [f64] {
        let rows = column.len().saturating_sub(self.lags);
        let from = self.lags.saturating_sub(lag);
        column.get(from..from + rows).unwrap_or_default()
    }

    /// Every ordered pair at every lag, by follower, leader and lag. `strongest` may have a leader for each follower:
    /// the others are then compared given its earlier returns too.
    pub(super) fn pairs(
        &self,
        strongest: &[Option<usize>],
        go_on: &(impl Fn() -> Result<()> + Sync),
    ) -> Result<Vec<LaggedPair>> {
        let followed = |follower: usize| {
            go_on()?;
            let strongest = strongest.get(follower).copied().flatten();
            Ok(self.followers_pairs(follower, strongest))
        };
        let all: Vec<Vec<LaggedPair>> = (0..self.columns.len())
            .into_par_iter()
            .map(followed)
            .collect::<Result<_>>()?;
        Ok(all.into_iter().flatten().collect())
    }

    fn followers_pairs(&self, follower: usize, strongest: Option<usize>) -> Vec<LaggedPair> {
        let Some(own) = self.columns.get(follower) else {
            return Vec::new();
        };
        let known = self.known(own);
        let mut more = known.clone();
        if let Some(column) = strongest.and_then(|at| self.columns.get(at)) {
            (1..=self.lags).for_each(|lag| add(&mut more, self.lagged(column, lag)));
        }
        let of = |known: &[Vec<f64>]| without(self.lagged(own, 0), known);
        let (alone, beside) = (of(&known), of(&more));
        let mut pairs = Vec::new();
        for (leader, column) in self.columns.iter().enumerate() {
            if leader == follower {
                continue;
            }
            let (known, now) = match strongest == Some(leader) {
                true => (&known, &alone),
                false => (&more, &beside),
            };
            let freedom = now.len().saturating_sub(known.len() + 1) as f64;
            for lag in 1..=self.lags {
                let whole = self.lagged(column, lag);
                let before = without(&without(whole, known), known);
                let (partial, t) = match dot_f64(&before, &before) > NOTHING * dot_f64(whole, whole)
                {
                    true => related(&before, now),
                    // The others say all of it.
                    false => (0.0, 0.0),
                };
                pairs.push(LaggedPair {
                    leader,
                    follower,
                    lag,
                    partial,
                    p: two_sided(t, freedom.max(1.0)),
                });
            }
        }
        pairs
    }

    /// What is known of a follower before: an orthonormal basis of its own earlier returns, those of the market, and
    /// a constant.
    fn known(&self, own: &[f64]) -> Vec<Vec<f64>> {
        let rows = own.len().saturating_sub(self.lags);
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let lags = 1..=self.lags;
        let constant = vec![1.0; rows];
        let earlier = lags.flat_map(|lag| [self.lagged(own, lag), self.lagged(&self.market, lag)]);
        for column in std::iter::once(constant.as_slice()).chain(earlier) {
            add(&mut basis, column);
        }
        basis
    }
}

/// One more column of an orthonormal basis, if it is not there already.
fn add(basis: &mut Vec<Vec<f64>>, column: &[f64]) {
    // Twice, for what rounding leaves.
    let left = without(&without(column, basis), basis);
    let square = dot_f64(&left, &left);
    if square > NOTHING * dot_f64(column, column) {
        let length = square.sqrt();
        basis.push(left.iter().map(|x| x / length).collect());
    }
}

/// A column less its part along an orthonormal basis.
fn without(column: &[f64], basis: &[Vec<f64>]) -> Vec<f64> {
    let mut left = column.to_vec();
    for axis in basis {
        let part = dot_f64(&left, axis);
        for (x, y) in left.iter_mut().zip(axis) {
            *x -= part * y;
        }
    }
    left
}

/// The correlation of two residuals, and its t with an error that holds where the size of returns changes over time.
fn related(x: &[f64], y: &[f64]) -> (f64, f64) {
    let both = dot_f64(x, y);
    let (xx, yy) = (dot_f64(x, x), dot_f64(y, y));
    let error: f64 = x.iter().zip(y).map(|(a, b)| (a * b) * (a * b)).sum();
    if xx <= 0.0 || yy <= 0.0 || error <= 0.0 {
        return (0.0, 0.0);
    }
    (
        (both / (xx * yy).sqrt()).clamp(-1.0, 1.0),
        both / error.sqrt(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::numeric::matrix::{apply, function_of};

    /// The partial correlation from the inverse of the correlation matrix of all columns.
    fn by_precision(columns: &[Vec<f64>]) -> f64 {
        let d = columns.len();
        let centre = |c: &Vec<f64>| {
            let mean = c.iter().sum::<f64>() / c.len() as f64;
            c.iter().map(|x| x - mean).collect::<Vec<f64>>()
        };
        let c: Vec<Vec<f64>> = columns.iter().map(centre).collect();
        let scale = |i: usize| dot_f64(&c[i], &c[i]).sqrt();
        let a: Vec<f64> = (0..d * d)
            .map(|at| dot_f64(&c[at / d], &c[at % d]) / scale(at / d) / scale(at % d))
            .collect();
        let inverse = function_of(&a, d, |v| 1.0 / v);
        let unit = |i: usize| {
            (0..d)
                .map(|j| f64::from(u8::from(i == j)))
                .collect::<Vec<f64>>()
        };
        let row = apply(&inverse, &unit(0));
        -row[1] / (row[0] * apply(&inverse, &unit(1))[1]).sqrt()
    }

    #[test]
    fn partial_correlations_are_those_of_the_precision_matrix() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let columns: Vec<Vec<f64>> = (0..4)
            .map(|_| (0..90).map(|_| random.random_range(-1.0..1.0)).collect())
            .collect();
        let lags = 2;
        let returns = LaggedReturns::of(&columns, 0..90, lags);
        let market = market(&columns);
        let late = |c: &[f64], lag: usize| c[lags - lag..90 - lag].to_vec();
        let found = returns.pairs(&[], &|| Ok(())).unwrap();
        assert_eq!(found.len(), 4 * 3 * lags);
        for pair in found {
            let own = &columns[pair.follower];
            let all = [
                late(own, 0),
                late(&columns[pair.leader], pair.lag),
                late(own, 1),
                late(own, 2),
                late(&market, 1),
                late(&market, 2),
            ];
            let expected = by_precision(&all);
            assert!(
                (pair.partial - expected).abs() < 1e-9,
                "{pair:?} {expected}"
            );
            assert!((0.0..=1.0).contains(&pair.p));
        }
        // Given what the strongest leader did, too; that one stays as it is.
        let strongest = [Some(3), None, Some(0), Some(0)];
        let plain = returns.pairs(&[], &|| Ok(())).unwrap();
        let beside = returns.pairs(&strongest, &|| Ok(())).unwrap();
        for (pair, plain) in beside.iter().zip(plain) {
            let other = strongest[pair.follower].filter(|s| *s != pair.leader);
            let Some(other) = other else {
                assert_eq!(*pair, plain);
                continue;
            };
            let own = &columns[pair.follower];
            let all = [
                late(own, 0),
                late(&columns[pair.leader], pair.lag),
                late(own, 1),
                late(own, 2),
                late(&market, 1),
                late(&market, 2),
                late(&columns[other], 1),
                late(&columns[other], 2),
            ];
            let expected = by_precision(&all);
            assert!(
                (pair.partial - expected).abs() < 1e-9,
                "{pair:?} {expected}"
            );
        }
    }

    /// Of three assets the market and one say what the other did: nothing is left of it.
    #[test]
    fn the_mirror_of_a_leader_leads_nobody() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let columns: Vec<Vec<f64>> = (0..3)
            .map(|_| (0..60).map(|_| random.random_range(-1.0..1.0)).collect())
            .collect();
        let returns = LaggedReturns::of(&columns, 0..60, 2);
        let found = returns.pairs(&[None, None, Some(0)], &|| Ok(())).unwrap();
        let of = |leader: usize| {
            found
                .iter()
                .filter(move |p| (p.leader, p.follower) == (leader, 2))
        };
        assert!(of(0).all(|p| p.partial != 0.0));
        assert!(of(1).all(|p| (p.partial, p.p) == (0.0, 1.0)));
    }
}
