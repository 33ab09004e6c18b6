//! How alike two groups of windows are, and what two groups of one kind would give beside it.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::error::Result;
use crate::numeric::dot::dot;

/// Draws whose mean is taken.
const DRAWS: u64 = 3;
/// Fewer windows of each group say nothing of chance.
const LEAST: usize = 30;

/// A window of a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub(super) vector: &'a [f32],
    pub(super) series: u32,
    /// When it ended, in milliseconds UTC.
    pub(super) end: i64,
    /// How long it lasted, at most.
    pub(super) span: i64,
}

impl Member<'_> {
    /// Windows that share bars are alike whatever their kind.
    fn may_share_bars(&self, other: &Self) -> bool {
        self.series == other.series && self.end.abs_diff(other.end) < self.span.unsigned_abs()
    }
}

/// How alike two groups of windows are. Windows that may share bars are never compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Likeness {
    /// Pairs of windows that are each other's nearest, as a share of the smaller group.
    pub(super) mutual: f64,
    /// The mean cosine of a window and its nearest in the other group, over the windows of both.
    pub(super) similarity: f64,
}

impl Likeness {
    /// `go_on` is asked before each row whether the question may go on.
    pub(super) fn of(
        a: &[Member<'_>],
        b: &[Member<'_>],
        go_on: impl Fn() -> Result<()>,
    ) -> Result<Self> {
        let mut best_a = vec![(usize::MAX, f32::NEG_INFINITY); a.len()];
        let mut best_b = vec![(usize::MAX, f32::NEG_INFINITY); b.len()];
        for ((i, x), of_a) in a.iter().enumerate().zip(&mut best_a) {
            go_on()?;
            for ((j, y), of_b) in b.iter().enumerate().zip(&mut best_b) {
                if x.may_share_bars(y) {
                    continue;
                }
                let score = dot(x.vector, y.vector);
                if score > of_a.1 {
                    *of_a = (j, score);
                }
                if score > of_b.1 {
                    *of_b = (i, score);
                }
            }
        }
        let partner = |(i, of_a): &(usize, &(usize, f32))| {
            best_b.get(of_a.0).is_some_and(|of_b| of_b.0 == *i)
        };
        let mutual = best_a.iter().enumerate().filter(partner).count();
        let scores = best_a.iter().chain(&best_b).map(|b| f64::from(b.1));
        let (n, sum) = scores
            .filter(|score| score.is_finite())
            .fold((0u64, 0.0), |(n, sum), score| (n + 1, sum + score));
        Ok(Self {
            mutual: mutual as f64 / a.len().min(b.len()).max(1) as f64,
            similarity: sum / n.max(1) as f64,
        })
    }

    /// The same for two groups of one kind and of these sizes: the windows of both, shuffled and split again.
    /// `None` of too few.
    pub(super) fn of_one_kind(
        a: &[Member<'_>],
        b: &[Member<'_>],
        seed: u64,
        go_on: impl Fn() -> Result<()>,
    ) -> Result<Option<Self>> {
        if a.len().min(b.len()) < LEAST {
            return Ok(None);
        }
        let mut together: Vec<Member<'_>> = a.iter().chain(b).copied().collect();
        let mut mean = Self::default();
        for draw in 0..DRAWS {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(draw);
            together.shuffle(&mut random);
            let (one, other) = together.split_at(a.len());
            let drawn = Self::of(one, other, &go_on)?;
            mean.mutual += drawn.mutual / DRAWS as f64;
            mean.similarity += drawn.similarity / DRAWS as f64;
        }
        Ok(Some(mean))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rand::RngExt;

    use super::*;

    /// Unit vectors around a direction.
    fn cloud(n: usize, centre: [f32; 4], seed: u64) -> Vec<[f32; 4]> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut vector = || {
            let v = centre.map(|c| c + random.random_range(-1.0f32..1.0));
            let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
            v.map(|x| x / length)
        };
        (0..n).map(|_| vector()).collect()
    }

    /// One window an hour, each ten hours long.
    fn members(of: &[[f32; 4]], series: u32) -> Vec<Member<'_>> {
        of.iter()
            .enumerate()
            .map(|(i, vector)| Member {
                vector,
                series,
                end: i as i64,
                span: 10,
            })
            .collect()
    }

    #[test]
    fn groups_of_one_kind_are_as_alike_as_chance_makes_them() {
        let (a, b) = (cloud(400, [0.0; 4], 1), cloud(400, [0.0; 4], 2));
        let (a, b) = (members(&a, 0), members(&b, 1));
        let found = Likeness::of(&a, &b, || Ok(())).unwrap();
        let chance = Likeness::of_one_kind(&a, &b, 7, || Ok(()))
            .unwrap()
            .unwrap();
        assert!(
            (found.mutual - chance.mutual).abs() < 0.08,
            "{found:?} {chance:?}"
        );
        assert!((found.similarity - chance.similarity).abs() < 0.01);
        assert_eq!(
            Likeness::of_one_kind(&a, &b, 7, || Ok(())).unwrap(),
            Some(chance)
        );
        assert_eq!(
            Likeness::of_one_kind(&a[..29], &b, 7, || Ok(())).unwrap(),
            None
        );
    }

    #[test]
    fn groups_of_two_kinds_are_less_alike() {
        let (a, b) = (
            cloud(400, [2.0, 0.0, 0.0, 0.0], 1),
            cloud(400, [0.0, 2.0, 0.0, 0.0], 2),
        );
        let (a, b) = (members(&a, 0), members(&b, 1));
        let found = Likeness::of(&a, &b, || Ok(())).unwrap();
        let chance = Likeness::of_one_kind(&a, &b, 7, || Ok(()))
            .unwrap()
            .unwrap();
        assert!(found.mutual < chance.mutual / 2.0, "{found:?} {chance:?}");
        assert!(found.similarity < chance.similarity);
    }

    #[test]
    fn windows_that_share_bars_are_not_compared() {
        // Ten windows in a row are all but one and the same.
        let slow: Vec<[f32; 4]> = (0..200)
            .map(|i| {
                let angle = (i / 10) as f32 * 2.4 + (i % 10) as f32 * 1e-3;
                [angle.cos(), angle.sin(), 0.0, 0.0]
            })
            .collect();
        let other = cloud(200, [0.0, 0.0, 2.0, 0.0], 5);
        let (a, b) = (members(&slow, 0), members(&other, 1));
        let chance = Likeness::of_one_kind(&a, &b, 3, || Ok(()))
            .unwrap()
            .unwrap();
        let mut apart = a.clone();
        apart.iter_mut().for_each(|m| m.span = 0);
        let shared = Likeness::of_one_kind(&apart, &b, 3, || Ok(()))
            .unwrap()
            .unwrap();
        assert!(
            shared.similarity > chance.similarity + 0.001,
            "{shared:?} {chance:?}"
        );
        let few = [a[0], a[1]];
        let none = Likeness::of(&few[..1], &few[1..], || Ok(())).unwrap();
        assert_eq!(none, Likeness::default(), "nothing to compare");
    }
}
