//! Finding the partner of a chart or of a headline among others.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::estimate::{Clusters, Estimate};
use super::vectors::Vectors;
use crate::db::Control;
use crate::error::{Error, Result};
use crate::numeric::dot::dot;

/// The ranks up to which a partner counts as found.
pub(super) const TOP: [usize; 3] = [1, 5, 10];
/// The names of the figures of a [`Tally`], in their order.
pub(super) const FIGURES: [&str; 6] = ["R@1", "R@5", "R@10", "median rank", "MRR", "AUC"];

/// Deals observations into pools of `size`, within each group if there are `groups`, `deals` times
/// over. What fills no pool is left out, another part each time.
pub(super) fn deal(
    count: usize,
    groups: Option<&[u64]>,
    size: usize,
    deals: u64,
    seed: u64,
) -> Vec<Vec<usize>> {
    let mut pools = Vec::new();
    for number in 0..deals {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut random);
        let group = |i: &usize| groups.and_then(|g| g.get(*i)).copied().unwrap_or_default();
        order.sort_by_key(group);
        for members in order.chunk_by(|a, b| group(a) == group(b)) {
            pools.extend(members.chunks_exact(size.max(1)).map(<[usize]>::to_vec));
        }
    }
    pools
}

/// Where each query found its partner: in its pools, one direction or both.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// How often each was asked.
    asked: Vec<f64>,
    /// How often the partner was among the first 1, 5 and 10.
    pub(super) found: [Vec<f64>; 3],
    /// Sums of 1 / rank.
    reciprocal: Vec<f64>,
    /// Sums of the share of the others that score below the partner, ties half.
    above: Vec<f64>,
    /// Ranks with their query.
    ranks: Vec<(f64, usize)>,
}

impl Tally {
    fn new(queries: usize) -> Self {
        let none = || vec![0.0; queries];
        Self {
            asked: none(),
            found: [none(), none(), none()],
            reciprocal: none(),
            above: none(),
            ranks: Vec::new(),
        }
    }

    fn add(&mut self, query: usize, rank: f64, pool: usize) {
        let Self {
            asked,
            found,
            reciprocal,
            above,
            ranks,
        } = self;
        let add = |to: &mut Vec<f64>, value: f64| {
            if let Some(sum) = to.get_mut(query) {
                *sum += value;
            }
        };
        add(asked, 1.0);
        for (top, found) in TOP.iter().zip(found) {
            add(found, f64::from(rank <= *top as f64));
        }
        add(reciprocal, 1.0 / rank);
        add(above, (pool as f64 - rank) / (pool.max(2) - 1) as f64);
        ranks.push((rank, query));
    }

    /// Queries that were asked.
    pub(super) fn queries(&self) -> usize {
        self.asked.iter().filter(|n| **n > 0.0).count()
    }

    /// Both directions as one.
    pub(super) fn and(mut self, other: &Self) -> Self {
        let sum = |a: &mut Vec<f64>, b: &Vec<f64>| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        sum(&mut self.asked, &other.asked);
        for (a, b) in self.found.iter_mut().zip(&other.found) {
            sum(a, b);
        }
        sum(&mut self.reciprocal, &other.reciprocal);
        sum(&mut self.above, &other.above);
        self.ranks.extend_from_slice(&other.ranks);
        self
    }

    /// The figures with their intervals, in the order of [`FIGURES`].
    pub(super) fn figures(&self, clusters: &Clusters) -> [Estimate; 6] {
        let ratio = |sums: &[f64]| clusters.ratio(sums, &self.asked);
        let [one, five, ten] = &self.found;
        [
            ratio(one),
            ratio(five),
            ratio(ten),
            clusters.median(&self.ranks),
            ratio(&self.reciprocal),
            ratio(&self.above),
        ]
    }

    /// The share of queries whose partner was among the first 10, of some queries.
    pub(super) fn recall_at_10(&self, queries: &[usize], clusters: &Clusters) -> Estimate {
        let pick = |from: &[f64]| -> Vec<f64> {
            let picked = queries.iter().map(|&i| from.get(i).copied());
            picked.map(Option::unwrap_or_default).collect()
        };
        let found = pick(&self.found[2]);
        clusters.select(queries).ratio(&found, &pick(&self.asked))
    }

    /// By how much the share found among the first 10 exceeds another model's, query by query.
    pub(super) fn ahead_of(&self, other: &Self, clusters: &Clusters) -> Estimate {
        let [_, _, ours] = &self.found;
        let [_, _, theirs] = &other.found;
        let ahead: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a - b).collect();
        clusters.ratio(&ahead, &self.asked)
    }
}

/// What chance gives in pools of `size`, in the order of [`FIGURES`].
pub(super) fn chance(size: usize) -> [f64; 6] {
    let count = size.max(1) as f64;
    let [one, five, ten] = TOP.map(|top| (top as f64 / count).min(1.0));
    let harmonic: f64 = (1..=size).map(|rank| 1.0 / rank as f64).sum();
    [one, five, ten, (count + 1.0) / 2.0, harmonic / count, 0.5]
}

/// Asks each query of each pool for its partner, the row of `bank` with its own number, among the
/// pool's rows of `bank`. The rank counts from 1, and rows that score the same as the partner count
/// half each. Nothing is kept but the ranks, so a pool may be as large as memory holds its vectors.
///
/// # Errors
/// [`Error::Interrupted`].
pub(super) fn tally(
    queries: &Vectors,
    bank: &Vectors,
    pools: &[Vec<usize>],
    control: &Control,
) -> Result<Tally> {
    let mut tally = Tally::new(queries.len());
    for part in pools.chunks(256) {
        let ranks: Vec<Vec<f64>> = part
            .par_iter()
            .map(|pool| {
                pool.par_iter()
                    .with_min_len(64)
                    .map(|&query| {
                        if control.is_stopped() {
                            return Err(Error::Interrupted);
                        }
                        Ok(rank(queries.row(query), query, bank, pool))
                    })
                    .collect::<Result<_>>()
            })
            .collect::<Result<_>>()?;
        for (pool, ranks) in part.iter().zip(ranks) {
            for (&query, rank) in pool.iter().zip(ranks) {
                tally.add(query, rank, pool.len());
            }
        }
    }
    Ok(tally)
}

fn rank(query: &[f32], own: usize, bank: &Vectors, pool: &[usize]) -> f64 {
    let partner = dot(query, bank.row(own));
    let (mut above, mut equal) = (0_usize, 0_usize);
    for &other in pool {
        let score = dot(query, bank.row(other));
        above += usize::from(score > partner);
        equal += usize::from(score == partner);
    }
    // The partner itself is one of the equal ones.
    1.0 + above as f64 + equal.saturating_sub(1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn rows(rows: &[[f32; 2]]) -> Vectors {
        let mut vectors = Vectors::new(2);
        rows.iter().for_each(|row| vectors.push(row));
        vectors
    }

    #[test]
    fn ranks_by_hand() {
        let queries = rows(&[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
        let bank = rows(&[[0.5, 0.0], [0.9, 0.0], [0.5, 0.2], [0.1, 0.1]]);
        let pool = vec![vec![0, 1, 2, 3]];
        let found = tally(&queries, &bank, &pool, &Control::new()).unwrap();
        // The third ties with the first, and a query of zeros ties with all.
        let ranks: Vec<f64> = found.ranks.iter().map(|r| r.0).collect();
        assert_eq!(ranks, [2.5, 1.0, 1.0, 2.5]);
        assert_eq!(found.found[0], [0.0, 1.0, 1.0, 0.0]);
        assert_eq!(found.above, [0.5, 1.0, 1.0, 0.5]);
        let clusters = Clusters::new(0..4, 1);
        let figures = found.figures(&clusters).map(|e| e.value);
        assert_eq!(
            figures,
            [0.5, 1.0, 1.0, 1.0, (0.4 + 1.0 + 1.0 + 0.4) / 4.0, 0.75]
        );
        let some = found.recall_at_10(&[0, 3], &clusters);
        assert_eq!(some.value, 1.0);
    }

    #[test]
    fn pools_hold_each_at_most_once_a_deal() {
        let groups: Vec<u64> = (0..100).map(|i| i % 3).collect();
        let pools = deal(100, Some(&groups), 10, 2, 5);
        assert_eq!(pools.len(), 18);
        for pool in &pools {
            assert!(pool.iter().all(|&i| groups[i] == groups[pool[0]]));
        }
        for deal in pools.chunks(9) {
            let mut all = deal.concat();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 90);
        }
        assert_eq!(pools, super::deal(100, Some(&groups), 10, 2, 5));
        assert_ne!(pools[..9], pools[9..]);
        assert!(deal(9, None, 10, 4, 5).is_empty());
    }

    #[test]
    fn chance_is_what_random_ranks_give() {
        let found = chance(100);
        let mean = |f: fn(f64) -> f64| (1..=100).map(|r| f(f64::from(r))).sum::<f64>() / 100.0;
        assert!((found[4] - mean(|r| 1.0 / r)).abs() < 1e-12);
        assert!((found[5] - mean(|r| (100.0 - r) / 99.0)).abs() < 1e-12);
        assert_eq!((found[0], found[3]), (0.01, 50.5));
        assert_eq!(chance(4)[1], 1.0);
    }
}
