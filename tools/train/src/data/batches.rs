//! In which order samples are seen, and which of them are no counterexamples of one another.

use std::collections::{BTreeSet, VecDeque};

use rand::seq::SliceRandom;

use super::{Dataset, Sample};
use crate::random::seeded;

const DAY_MS: i64 = 24 * 3_600_000;
/// The purpose of these random numbers.
const ORDER: u32 = 1;

/// The batches of an epoch: each training sample at most once, at most one of an asset and a day in
/// a batch. What is left at the end and fills no batch is left out.
pub fn epoch(data: &Dataset, batch: usize, seed: u64, epoch: u64) -> Vec<Vec<usize>> {
    let mut order = data.parts.train.clone();
    order.shuffle(&mut seeded(seed, ORDER, epoch));
    let mut queue: VecDeque<usize> = order.into();
    let mut later = VecDeque::new();
    let mut batches = Vec::new();
    loop {
        let mut taken = Vec::with_capacity(batch);
        let mut days = BTreeSet::new();
        while taken.len() < batch {
            let Some(i) = queue.pop_front() else {
                break;
            };
            let day = data
                .samples
                .get(i)
                .map(|s| (data.asset(s), s.end.div_euclid(DAY_MS)));
            if days.insert(day) {
                taken.push(i);
            } else {
                later.push_back(i);
            }
        }
        // Those that had to wait come first in the next batch.
        while let Some(i) = later.pop_back() {
            queue.push_front(i);
        }
        if taken.len() < batch {
            return batches;
        }
        batches.push(taken);
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
