//! What an answer about groups is put together from.

use std::collections::BTreeMap;

use super::asset_returns::{AssetReturns, NotCompared};
use super::cluster_answer::AssetCluster;
use super::k_means::sums_by_group;
use super::linkage::ClusterMerge;
use super::similarities::Similarities;
use crate::model::Timestamp;

/// The vectors of the latest windows of assets.
pub(super) struct LatestVectors {
    pub(super) space: String,
    pub(super) trained_until: Option<Timestamp>,
    /// Assets without one, by their number, ascending.
    pub(super) missing: Vec<usize>,
    /// Of the others, at length 1.
    pub(super) vectors: Vec<Vec<f64>>,
}

/// Leaves out the assets without a vector, where vectors count.
pub(super) fn together(
    assets: &mut AssetReturns,
    mut points: Vec<Vec<f64>>,
    vectors: Option<LatestVectors>,
) -> (Vec<Vec<f64>>, Option<LatestVectors>) {
    if let Some(vectors) = &vectors {
        for &at in vectors.missing.iter().rev() {
            if at < points.len() {
                points.remove(at);
            }
        }
        assets.leave_out(&vectors.missing, NotCompared::NoWindow);
    }
    (points, vectors)
}

/// Things in another order.
pub(super) fn pick<T: Clone>(all: &[T], order: &[usize]) -> Vec<T> {
    let picked = order.iter().filter_map(|&i| all.get(i));
    picked.cloned().collect()
}

/// The number of each group, from 1: the largest first, of equal ones the one that comes first.
pub(super) fn ranks(labels: &[usize], k: usize) -> Vec<usize> {
    let place = |label: usize| {
        let size = labels.iter().filter(|l| **l == label).count();
        let first = labels.iter().position(|l| *l == label);
        (std::cmp::Reverse(size), first)
    };
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by_key(|&label| place(label));
    let rank = |label: usize| order.iter().position(|l| *l == label);
    (0..k)
        .map(|label| rank(label).map_or(0, |at| at + 1))
        .collect()
}

/// The asset that is most similar to another one.
pub(super) fn nearest(similarities: &Similarities, to: usize) -> usize {
    let row = similarities.row(to).iter().enumerate();
    let others = row.filter(|(i, _)| *i != to);
    let best = others.fold((to, f64::NEG_INFINITY), |best, (i, &s)| {
        if s > best.1 { (i, s) } else { best }
    });
    best.0
}

/// The merges of a tree whose things were put in another order.
pub(super) fn moved(merges: &[ClusterMerge], order: &[usize]) -> Vec<ClusterMerge> {
    let mut places = vec![0; order.len()];
    for (place, &thing) in order.iter().enumerate() {
        if let Some(slot) = places.get_mut(thing) {
            *slot = place;
        }
    }
    let place = |node: usize| places.get(node).copied().unwrap_or(node);
    let moved = merges.iter().map(|merge| ClusterMerge {
        a: place(merge.a),
        b: place(merge.b),
        ..*merge
    });
    moved.collect()
}

/// The value that most of a group's members have, and their share of those with a value.
pub(super) fn commonest(
    labels: &[usize],
    values: &[Option<String>],
    label: usize,
) -> Option<(String, f64)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let of_group = labels.iter().zip(values).filter(|(l, _)| **l == label);
    for value in of_group.filter_map(|(_, value)| value.as_deref()) {
        *counts.entry(value).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let most = counts
        .into_iter()
        .max_by_key(|(name, n)| (*n, std::cmp::Reverse(*name)));
    most.map(|(name, n)| (name.to_owned(), n as f64 / all as f64))
}

/// The sums of similarities from each thing to each group, itself included.
pub(super) struct GroupSums {
    sums: Vec<Vec<f64>>,
    sizes: Vec<f64>,
}

impl GroupSums {
    pub(super) fn of(similarities: &Similarities, labels: &[usize], k: usize) -> Self {
        let sums = |i: usize| sums_by_group(similarities.row(i), labels, k);
        Self {
            sums: (0..similarities.len()).map(sums).collect(),
            sizes: sums_by_group(&vec![1.0; labels.len()], labels, k),
        }
    }

    fn size(&self, label: usize) -> f64 {
        self.sizes.get(label).copied().unwrap_or(0.0)
    }

    fn sum(&self, thing: usize, label: usize) -> f64 {
        let sums = self.sums.get(thing).and_then(|sums| sums.get(label));
        sums.copied().unwrap_or(0.0)
    }

    /// The mean similarity of a thing to the others of its group; `None` if it is alone.
    pub(super) fn to_own(&self, thing: usize, label: usize) -> Option<f64> {
        let others = self.size(label) - 1.0;
        (others > 0.0).then(|| (self.sum(thing, label) - 1.0) / others)
    }

    /// A group, as far as similarities say.
    pub(super) fn group(&self, labels: &[usize], label: usize) -> AssetCluster {
        let members = || (0..labels.len()).filter(|&i| labels.get(i) == Some(&label));
        let size = self.size(label);
        let others = labels.len() as f64 - size;
        let inside: f64 = members().map(|i| self.sum(i, label) - 1.0).sum();
        let whole = |i: usize| {
            self.sums
                .get(i)
                .map_or(0.0, |sums| sums.iter().sum::<f64>())
        };
        let outside: f64 = members().map(|i| whole(i) - self.sum(i, label)).sum();
        let typical = members().fold((0, f64::NEG_INFINITY), |best, i| {
            let sum = self.sum(i, label);
            if sum > best.1 { (i, sum) } else { best }
        });
        AssetCluster {
            number: 0,
            size: members().count(),
            typical: typical.0,
            inside: (size > 1.0).then(|| inside / (size * (size - 1.0))),
            outside: (others > 0.0).then(|| outside / (size * others)),
            stability: None,
            value: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_parts_of_an_answer_are_those_of_the_definitions() {
        let points = [
            vec![1.0, 0.0],
            vec![0.8, 0.6],
            vec![0.0, 1.0],
            vec![0.6, 0.8],
        ];
        let similarities = Similarities::of(&points);
        let labels = [1, 1, 0, 1];
        let sums = GroupSums::of(&similarities, &labels, 2);
        assert!((sums.to_own(0, 1).unwrap() - 0.7).abs() < 1e-12);
        assert_eq!(sums.to_own(2, 0), None);
        let group = sums.group(&labels, 1);
        assert_eq!((group.size, group.typical), (3, 1));
        assert!((group.inside.unwrap() - (0.8 + 0.6 + 0.96) / 3.0).abs() < 1e-12);
        assert!((group.outside.unwrap() - (0.0 + 0.6 + 0.8) / 3.0).abs() < 1e-12);
        assert_eq!(sums.group(&labels, 0).inside, None);
        assert_eq!(ranks(&labels, 2), [2, 1]);
        assert_eq!(ranks(&[0, 1], 2), [1, 2]);
        assert_eq!(nearest(&similarities, 0), 1);
        let merges = [ClusterMerge {
            a: 0,
            b: 5,
            distance: 1.0,
            size: 3,
        }];
        let moved = moved(&merges, &[3, 0, 1, 2]);
        assert_eq!(moved.first().map(|m| (m.a, m.b)), Some((1, 5)));
        let values = ["x", "y", "z", "y"].map(|v| Some(v.to_owned()));
        let (name, share) = commonest(&labels, &values, 1).unwrap();
        assert_eq!(name, "y");
        assert!((share - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(commonest(&labels, &vec![None; 4], 1), None);
    }
}
