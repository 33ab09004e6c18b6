//! Pools: a window's steps as one vector, from prefix sums over all steps.

use super::math::mean_square;
use super::steps::{Numbers, Steps};
use crate::encode::weights::{ChartConfig, Input, Pool};
use crate::error::Result;
use crate::numeric::dot::dot_wide;

/// Scores of attention lie within plus and minus this, so that in a prefix sum no step drowns
/// another: the weights' largest ratio is `exp(16)`, which leaves nine digits of f64.
const SCORE_LIMIT: f64 = 8.0;

/// The pools of a network.
#[derive(Debug)]
pub(super) struct NetPools {
    pools: Vec<Pool>,
    width: usize,
    /// `width` numbers for each head of each attention pool.
    attention: Vec<f32>,
    /// Whether attention looks at a step's direction alone, because its size has no meaning.
    direction: bool,
    mean: bool,
}

/// Steps and their prefix sums: after each step, the sums over it and all before it.
pub(super) struct PoolSums<'a> {
    pools: &'a NetPools,
    steps: &'a Steps,
    /// For each step a sum of vectors for the mean and for each head, then each head's sum of
    /// weights; the first entry is 0.
    sums: Vec<f64>,
    /// Numbers of one entry.
    entry: usize,
}

impl NetPools {
    pub(super) fn new(config: &ChartConfig, numbers: &Numbers<'_>) -> Result<Self> {
        Ok(Self {
            pools: config.pools.clone(),
            width: config.width(),
            attention: if config.heads() > 0 {
                numbers("attention.weight")?
            } else {
                Vec::new()
            },
            direction: config.input == Input::Path,
            mean: config.pools.contains(&Pool::Mean),
        })
    }

    /// The length of a pooled vector.
    pub(super) fn len(&self) -> usize {
        self.width * self.pools.iter().map(|p| p.vectors()).sum::<usize>()
    }

    fn heads(&self) -> usize {
        self.attention.len() / self.width.max(1)
    }

    /// Sums over the steps.
    pub(super) fn sum<'a>(&'a self, steps: &'a Steps) -> PoolSums<'a> {
        let heads = self.heads();
        let vectors = usize::from(self.mean) + heads;
        let entry = vectors * self.width + heads;
        let mut sums = Vec::with_capacity((steps.len() + 1) * entry);
        let mut sum = vec![0.0_f64; entry];
        sums.extend_from_slice(&sum);
        let mut weights = vec![0.0_f64; heads];
        for step in steps.values.chunks_exact(self.width) {
            self.weigh(step, &mut weights);
            let (vectors, totals) = sum.split_at_mut(vectors * self.width);
            let factors = self.mean.then_some(1.0).into_iter();
            let factors = factors.chain(weights.iter().copied());
            for (vector, factor) in vectors.chunks_exact_mut(self.width).zip(factors) {
                for (sum, &x) in vector.iter_mut().zip(step) {
                    *sum += factor * f64::from(x);
                }
            }
            totals.iter_mut().zip(&weights).for_each(|(t, w)| *t += w);
            sums.extend_from_slice(&sum);
        }
        PoolSums {
            pools: self,
            steps,
            sums,
            entry,
        }
    }

    /// The weight of a step under each head.
    fn weigh(&self, step: &[f32], weights: &mut [f64]) {
        if weights.is_empty() {
            return;
        }
        let size = if self.direction {
            mean_square(step).sqrt()
        } else {
            1.0
        };
        let heads = self.attention.chunks_exact(self.width);
        for (weight, head) in weights.iter_mut().zip(heads) {
            let product = dot_wide(head, step);
            // A step of zeros has no direction, and no product either.
            let score = if size > 0.0 { product / size } else { 0.0 };
            *weight = (SCORE_LIMIT * (score / SCORE_LIMIT).tanh()).exp();
        }
    }
}

impl PoolSums<'_> {
    /// Appends the pooled vector of the steps `first..=last`.
    pub(super) fn pool(&self, first: usize, last: usize, out: &mut Vec<f32>) {
        let (width, entry) = (self.pools.width, self.entry);
        let sums = |step: usize| self.sums.get(step * entry..(step + 1) * entry);
        let before = sums(first).unwrap_or_default();
        let after = sums(last + 1).unwrap_or_default();
        let vectors = usize::from(self.pools.mean) + self.pools.heads();
        let mut heads = 0;
        for pool in &self.pools.pools {
            // Where each of the pool's vectors stands among the sums, and what it is divided by.
            let mut mean_of = |at: usize, total: f64| {
                let range = at * width..(at + 1) * width;
                let before = before.get(range.clone()).unwrap_or_default();
                let after = after.get(range).unwrap_or_default();
                let (sums, share) = (after.iter().zip(before), 1.0 / total);
                out.extend(sums.map(|(b, a)| ((b - a) * share) as f32));
            };
            match pool {
                Pool::Last => {
                    let step = self.steps.values.get(last * width..(last + 1) * width);
                    out.extend_from_slice(step.unwrap_or_default());
                }
                Pool::Mean => mean_of(0, (last + 1 - first) as f64),
                Pool::Attention { heads: more } => {
                    for head in heads..heads + *more as usize {
                        let at = vectors * width + head;
                        let total = |sums: &[f64]| sums.get(at).copied().unwrap_or(f64::NAN);
                        let at = usize::from(self.pools.mean) + head;
                        mean_of(at, total(after) - total(before));
                    }
                    heads += *more as usize;
                }
            }
        }
    }
}
