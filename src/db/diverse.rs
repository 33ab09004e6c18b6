//! Hits that differ from one another: maximal marginal relevance (Carbonell and Goldstein 1998).
//!
//! The nearest candidates are often alike: one kind of moment, ten times. So hits are chosen one by one
//! from a pool of the nearest: each time the candidate with the most of
//!
//! ```text
//! lambda * score - (1 - lambda) * the greatest cosine with a hit that is chosen already
//! ```

use std::hash::Hash;

use super::per::{Group, Tally};
use crate::error::{Error, Result};

/// How many candidates are in the pool at first, for each hit that is wanted.
pub(super) const POOL: usize = 5;

/// The most hits of a diverse choice: its cost grows with their square.
const MOST: usize = 1000;

/// Checks lambda, and how many hits are to be chosen by it.
pub(super) fn check(lambda: f64, k: usize) -> Result<()> {
    if !(0.0..=1.0).contains(&lambda) {
        return Err(Error::invalid(format!(
            "expected diverse from 0 (as different as can be) to 1 (as near as can be), found {lambda}"
        )));
    }
    if k > MOST {
        return Err(Error::invalid(format!(
            "expected k from 1 to {MOST} where hits are diverse, found {k}"
        )));
    }
    Ok(())
}

/// A place that is not in the list of candidates: a fault of the choice.
pub(super) fn no_such(at: usize) -> Error {
    Error::internal(format!("there is no candidate {at}"))
}

/// A candidate that is not chosen yet.
struct Open {
    /// Its place in the list of the candidates.
    at: usize,
    score: f64,
    /// The greatest cosine with one that is chosen; `None` before the first.
    nearest: Option<f32>,
}

/// Candidates, of which some are chosen one after the other.
pub(super) struct Marginal {
    lambda: f64,
    open: Vec<Open>,
}

impl Marginal {
    /// Of candidates with these scores, best first.
    pub(super) fn new(scores: impl IntoIterator<Item = f32>, lambda: f64) -> Self {
        let open = scores.into_iter().enumerate().map(|(at, score)| Open {
            at,
            score: f64::from(score),
            nearest: None,
        });
        Self {
            lambda,
            open: open.collect(),
        }
    }

    /// The next one, which is a candidate no longer. Of equal ones the first in the list goes first.
    fn next(&mut self) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (i, one) in self.open.iter().enumerate() {
            let like = one.nearest.map_or(0.0, f64::from);
            let worth = self.lambda * one.score - (1.0 - self.lambda) * like;
            if best.is_none_or(|(_, most)| worth > most) {
                best = Some((i, worth));
            }
        }
        // The order of the rest decides between equal ones, so it stays.
        best.map(|(i, _)| self.open.remove(i).at)
    }

    /// Chooses up to `k` of them where the quotas of `tally` have room, and tells their places in the list.
    /// `groups_of` are the groups of a candidate, and `note` calls [`Self::chosen`] for one that is chosen.
    pub(super) fn choose<S: Clone + Eq + Hash>(
        mut self,
        tally: &mut Tally<S>,
        k: usize,
        mut groups_of: impl FnMut(usize) -> Result<Vec<Group<S>>>,
        note: impl Fn(&mut Self, usize) -> Result<()>,
    ) -> Result<Vec<usize>> {
        let mut chosen = Vec::with_capacity(k.min(self.open.len()));
        while chosen.len() < k {
            let Some(at) = self.next() else { break };
            let groups = groups_of(at)?;
            if tally.has_room(&groups) {
                tally.count(groups);
                note(&mut self, at)?;
                chosen.push(at);
            }
        }
        Ok(chosen)
    }

    /// Takes note of one that is chosen: `cosine` is that of a candidate, by its place, with it.
    pub(super) fn chosen(&mut self, cosine: impl Fn(usize) -> Result<f32>) -> Result<()> {
        for one in &mut self.open {
            let cosine = cosine(one.at)?;
            one.nearest = Some(one.nearest.map_or(cosine, |before| before.max(cosine)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn chosen(scores: &[f32], cosines: &[Vec<f32>], lambda: f64, k: usize) -> Vec<usize> {
        let mut marginal = Marginal::new(scores.iter().copied(), lambda);
        let mut found = Vec::new();
        while found.len() < k {
            let Some(at) = marginal.next() else { break };
            found.push(at);
            marginal.chosen(|other| Ok(cosines[at][other])).unwrap();
        }
        found
    }

    /// The definition: every candidate against every chosen one, each time anew.
    fn naive(scores: &[f32], cosines: &[Vec<f32>], lambda: f64, k: usize) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        while found.len() < k.min(scores.len()) {
            let worth = |at: usize| {
                let like = found.iter().map(|&c| f64::from(cosines[c][at]));
                let like = like.reduce(f64::max).unwrap_or(0.0);
                lambda * f64::from(scores[at]) - (1.0 - lambda) * like
            };
            let open = (0..scores.len()).filter(|at| !found.contains(at));
            let best = open.reduce(|a, b| if worth(b) > worth(a) { b } else { a });
            found.push(best.unwrap());
        }
        found
    }

    proptest! {
        /// Coarse numbers, so that there are ties.
        #[test]
        fn the_choice_is_that_of_the_definition(
            mut scores in prop::collection::vec(-8i8..=8, 1..40),
            cosines in prop::collection::vec(-4i8..=4, 40 * 40),
            lambda in 0u8..=10, k in 1usize..45,
        ) {
            scores.sort_by(|a, b| b.cmp(a));
            let scores: Vec<f32> = scores.iter().map(|&s| f32::from(s) / 8.0).collect();
            let row = |row: &[i8]| row.iter().map(|&c| f32::from(c) / 4.0).collect();
            let cosines: Vec<Vec<f32>> = cosines.chunks(40).map(row).collect();
            let lambda = f64::from(lambda) / 10.0;
            let found = chosen(&scores, &cosines, lambda, k);
            prop_assert_eq!(&found, &naive(&scores, &cosines, lambda, k));
            prop_assert_eq!(found.len(), k.min(scores.len()));
            if lambda == 1.0 {
                prop_assert!(found.iter().copied().eq(0..found.len()), "the order of before");
            }
        }
    }

    /// Two that are alike and one that is not: the second of the pair waits.
    #[test]
    fn what_is_like_a_hit_waits() {
        let scores = [0.9, 0.89, 0.7];
        let cosines = [[1.0, 0.99, 0.1], [0.99, 1.0, 0.1], [0.1, 0.1, 1.0]];
        let cosines = cosines.map(Vec::from);
        assert_eq!(chosen(&scores, &cosines, 0.5, 3), [0, 2, 1]);
        assert_eq!(chosen(&scores, &cosines, 1.0, 3), [0, 1, 2]);
        assert_eq!(chosen(&scores, &cosines, 0.0, 2), [0, 2]);
    }

    #[test]
    fn what_is_no_lambda_is_refused() {
        for lambda in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let error = check(lambda, 10).unwrap_err().to_string();
            assert!(error.contains("expected diverse from 0"), "{error}");
        }
        assert!(check(0.0, 1).is_ok() && check(1.0, 1000).is_ok());
        assert!(check(0.5, 1001).is_err());
    }
}
