//! In which order samples are seen, and which of them are no counterexamples of one another.

use std::collections::{BTreeSet, VecDeque};

use rand::seq::SliceRandom;

use super::{Dataset, Sample};
use crate::random::seeded;

/// The purpose of these random numbers.
const ORDER: u32 = 1;

/// The batches of an epoch: each training sample at most once, in a batch one source alone, since
/// another market is too easy to tell, and at most one sample of a window. What is left of a source
/// and fills no batch is left out. `size` is that of a batch of each source, and the share of its
/// batches that are kept.
pub fn epoch(
    data: &Dataset,
    size: &dyn Fn(usize) -> (usize, f32),
    seed: u64,
    epoch: u64,
) -> Vec<Vec<usize>> {
    let mut random = seeded(seed, ORDER, epoch);
    let mut batches = Vec::new();
    for (source, mut order) in data.train_by_source() {
        order.shuffle(&mut random);
        let ((batch, share), before) = (size(source), batches.len());
        deal(data, batch, order, &mut batches);
        let kept = (batches.len() - before) as f32 * share;
        batches.truncate(before + kept.ceil() as usize);
    }
    batches.shuffle(&mut random);
    batches
}

/// Deals samples into whole batches.
fn deal(data: &Dataset, batch: usize, order: Vec<usize>, batches: &mut Vec<Vec<usize>>) {
    let mut queue: VecDeque<usize> = order.into();
    let mut later = Vec::new();
    loop {
        let mut taken = Vec::with_capacity(batch);
        let mut windows = BTreeSet::new();
        while taken.len() < batch {
            let Some(i) = queue.pop_front() else {
                return;
            };
            let sample = data.samples.get(i);
            if windows.insert(sample.map(|s| (data.asset(s), s.end))) {
                taken.push(i);
            } else {
                later.push(i);
            }
        }
        batches.push(taken);
        // Those that had to wait come first in the next batch.
        while let Some(i) = later.pop() {
            queue.push_front(i);
        }
    }
}

/// For each two samples whether they may mean the same: one symbol and windows that overlap, or
/// one story.
pub fn same(data: &Dataset, batch: &[usize]) -> Vec<bool> {
    let samples: Vec<Option<&Sample>> = batch.iter().map(|&i| data.samples.get(i)).collect();
    let story = |s: &Sample| s.text.and_then(|t| data.texts.get(t)).map(|t| t.story);
    let known: Vec<_> = samples
        .iter()
        .map(|s| s.map(|s| (data.asset(s), story(s), s.start, s.end)))
        .collect();
    let mut same = Vec::with_capacity(batch.len() * batch.len());
    for a in &known {
        for b in &known {
            let (Some(a), Some(b)) = (a, b) else {
                same.push(false);
                continue;
            };
            let overlap = a.0 == b.0 && a.2 < b.3 && b.2 < a.3;
            same.push(overlap || (a.1.is_some() && a.1 == b.1));
        }
    }
    same
}

/// As many training samples as asked for, as far as there are any that cannot mean the same.
pub fn distinct(data: &Dataset, count: usize, seed: u64) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    for i in epoch(data, &|_| (2, 1.0), seed, 0).into_iter().flatten() {
        let differs = |&other: &usize| same(data, &[i, other]).get(1) == Some(&false);
        if chosen.len() < count && chosen.iter().all(differs) {
            chosen.push(i);
        }
    }
    chosen
}

/// A hash of what is trained on, to tell whether a checkpoint belongs to it.
pub fn fingerprint(data: &Dataset) -> u64 {
    let mix = |h: u64, x: u64| (h ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let samples = data.samples.iter().flat_map(|s| {
        let story = s
            .text
            .and_then(|t| data.texts.get(t))
            .map_or(0, |t| t.story);
        [s.start as u64, s.end as u64, s.bar as u64, story]
    });
    let steps = data.charts.iter().flat_map(|c| &c.steps.values);
    samples
        .chain(steps.map(|x| u64::from(x.to_bits())))
        .fold(1, mix)
}
