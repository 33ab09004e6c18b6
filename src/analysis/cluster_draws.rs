//! What chance does to groups of assets: days drawn anew, and returns whose signs are drawn anew.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::asset_returns::{at_length_one, centred, without_market};
use super::grouping::{Grouping, GroupingChoice};
use super::similarities::Similarities;
use crate::error::Result;

/// Rows that are drawn together: a fortnight of days, so that what lasts some days stays together.
const BLOCK: usize = 10;
/// Rows of an asset that keep their signs to one another: a week of days, so that bounces and short trends stay.
const SIGNS: usize = 5;

/// Assets as they were grouped.
pub(super) struct ClusterDraws<'a> {
    /// Each asset's returns, as [`super::asset_returns::AssetReturns::points`] gives them.
    pub(super) points: &'a [Vec<f64>],
    /// The similarities by vectors, if they count as much.
    pub(super) vectors: Option<&'a Similarities>,
    pub(super) choice: GroupingChoice,
    pub(super) keep_market: bool,
    pub(super) draws: usize,
}

impl ClusterDraws<'_> {
    fn random(&self, draw: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.choice.seed);
        random.set_stream(draw as u64);
        random
    }

    fn rows(&self) -> usize {
        self.points.first().map_or(0, Vec::len)
    }

    /// The similarities of points that may have any length.
    fn similarities(&self, points: Vec<Vec<f64>>) -> Similarities {
        let unit = |point: Vec<f64>| {
            let still = vec![0.0; point.len()];
            at_length_one(point, 0.0).unwrap_or(still)
        };
        let points: Vec<Vec<f64>> = points.into_iter().map(unit).collect();
        let found = Similarities::of_returns(&points);
        self.vectors
            .map_or_else(|| found.clone(), |v| found.mean(v))
    }

    /// How well each group is found again where the rows are drawn anew, in blocks and with replacement, and
    /// grouped into as many groups: the mean over the draws of the largest Jaccard index of the group with one of
    /// them (Hennig 2007).
    pub(super) fn stability(
        &self,
        found: &Grouping,
        go_on: &(impl Fn() -> Result<()> + Sync),
    ) -> Result<Vec<f64>> {
        let choice = GroupingChoice {
            groups: Some(found.k),
            ..self.choice
        };
        let of_draw = |draw: usize| {
            go_on()?;
            let rows = drawn(self.rows(), &mut self.random(draw));
            let points = self.points.iter().map(|point| {
                let taken = rows.iter().filter_map(|&row| point.get(row));
                centred(&taken.map(|x| or_gap(*x)).collect::<Vec<f64>>())
            });
            let again = choice.grouped(&self.similarities(points.collect()));
            Ok(best_overlaps(found, &again))
        };
        let all: Vec<Vec<f64>> = (0..self.draws)
            .into_par_iter()
            .map(of_draw)
            .collect::<Result<_>>()?;
        let mean = |group: usize| {
            let overlaps = all.iter().filter_map(|draw| draw.get(group));
            overlaps.sum::<f64>() / all.len().max(1) as f64
        };
        Ok((0..found.k).map(mean).collect())
    }

    /// The share of worlds, this one counted among them, whose silhouette is at least as large, where the signs of
    /// each asset's returns are drawn anew, week by week: how wild each week was stays, for all of them at once, and
    /// nothing connects what they did. The market is taken off again, and the number of groups chosen again if it was.
    pub(super) fn chance(
        &self,
        found: &Grouping,
        go_on: &(impl Fn() -> Result<()> + Sync),
    ) -> Result<f64> {
        let reaches = |draw: usize| {
            go_on()?;
            let mut random = self.random(draw);
            let points: Vec<Vec<f64>> =
                self.points.iter().map(|p| signed(p, &mut random)).collect();
            let points = match self.keep_market {
                true => points.iter().map(|p| centred(p)).collect(),
                false => without_market(&points),
            };
            let there = self.choice.grouped(&self.similarities(points));
            Ok(usize::from(there.silhouette >= found.silhouette))
        };
        let reached: Vec<usize> = (0..self.draws)
            .into_par_iter()
            .map(reaches)
            .collect::<Result<_>>()?;
        let reached: usize = reached.iter().sum();
        Ok((1 + reached) as f64 / (1 + self.draws) as f64)
    }
}

/// Returns with signs drawn anew for each week; NaN where there is none.
fn signed(point: &[f64], random: &mut ChaCha8Rng) -> Vec<f64> {
    let weeks = point.chunks(SIGNS);
    let week = |week: &[f64]| {
        let sign = if random.random() { 1.0 } else { -1.0 };
        week.iter().map(|x| sign * or_gap(*x)).collect::<Vec<f64>>()
    };
    weeks.flat_map(week).collect()
}

/// NaN for the 0 of a centred column, which stands where there is no return.
fn or_gap(x: f64) -> f64 {
    if x == 0.0 { f64::NAN } else { x }
}

/// As many rows, in blocks that begin anywhere; behind the last comes the first.
fn drawn(rows: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let block = BLOCK.min(rows).max(1);
    let mut taken = Vec::with_capacity(rows + block);
    while taken.len() < rows {
        let start = random.random_range(0..rows);
        taken.extend((start..start + block).map(|row| row % rows));
    }
    taken.truncate(rows);
    taken
}

/// For each group the largest share of assets that it has in common with a group of another grouping, of those in
/// either.
fn best_overlaps(found: &Grouping, again: &Grouping) -> Vec<f64> {
    let (k, m) = (found.k, again.k);
    let mut common = vec![0_u32; k * m];
    let (mut ours, mut theirs) = (vec![0_u32; k], vec![0_u32; m]);
    for (&a, &b) in found.labels.iter().zip(&again.labels) {
        let counted = [
            common.get_mut(a * m + b),
            ours.get_mut(a),
            theirs.get_mut(b),
        ];
        counted.into_iter().flatten().for_each(|slot| *slot += 1);
    }
    let overlap = |(row, &mine): (&[u32], &u32)| {
        let shares = row.iter().zip(&theirs).map(|(&both, &other)| {
            let either = mine + other - both;
            f64::from(both) / f64::from(either.max(1))
        });
        shares.fold(0.0, f64::max)
    };
    common
        .chunks_exact(m.max(1))
        .zip(&ours)
        .map(overlap)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn grouping(labels: &[usize]) -> Grouping {
        Grouping {
            labels: labels.to_vec(),
            k: labels.iter().max().unwrap() + 1,
            silhouette: 0.5,
            merges: Vec::new(),
            order: (0..labels.len()).collect(),
        }
    }

    #[test]
    fn overlaps_are_those_of_jaccard() {
        let found = grouping(&[0, 0, 0, 1, 1, 2]);
        let again = grouping(&[0, 0, 1, 1, 1, 1]);
        assert_eq!(best_overlaps(&found, &again), [2.0 / 3.0, 0.5, 0.25]);
        assert_eq!(best_overlaps(&found, &found), [1.0; 3]);
    }

    #[test]
    fn rows_are_drawn_in_blocks_and_evenly() {
        let mut counts = [0_usize; 53];
        for draw in 0..2_000 {
            let mut random = ChaCha8Rng::seed_from_u64(1);
            random.set_stream(draw);
            let rows = drawn(53, &mut random);
            assert_eq!(rows.len(), 53);
            let breaks = rows.windows(2).filter(|w| w[1] != (w[0] + 1) % 53).count();
            assert!(breaks <= 5, "{rows:?}");
            rows.iter().for_each(|&row| counts[row] += 1);
        }
        assert!(
            counts.iter().all(|n| (1_800..2_200).contains(n)),
            "{counts:?}"
        );
        assert_eq!(drawn(1, &mut ChaCha8Rng::seed_from_u64(1)), [0]);
    }
}
