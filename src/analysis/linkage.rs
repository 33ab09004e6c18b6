//! Trees of groups: the two nearest groups become one, until one is left.

use kodama::Method;

use super::similarities::Similarities;

/// How far apart two groups are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Linkage {
    /// The mean distance of their members.
    Average,
    /// The largest.
    Complete,
    /// How much the squares within groups grow if they become one (Ward 1963).
    Ward,
    /// The smallest.
    Single,
}

/// Two groups that become one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClusterMerge {
    /// The one: an asset by its number, or, from the number of assets on, the group of an earlier merge in their
    /// order.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// How far apart they are: 0 for assets that move as one, the root of 2 for those that have nothing to do with
    /// one another.
    pub distance: f64,
    /// Assets in the new group.
    pub size: usize,
}

/// The merges of `n` things, nearest first.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    n: usize,
    pub(super) merges: Vec<ClusterMerge>,
}

impl Tree {
    pub(super) fn of(similarities: &Similarities, how: Linkage) -> Self {
        let n = similarities.len();
        let mut condensed = Vec::with_capacity(n * n.saturating_sub(1) / 2);
        for i in 0..n {
            condensed.extend(similarities.distances(i).iter().skip(i + 1));
        }
        Self::of_distances(condensed, n, how)
    }

    /// Of `n` things with these distances: row by row, what stands right of the diagonal.
    pub(super) fn of_distances(mut condensed: Vec<f64>, n: usize, how: Linkage) -> Self {
        let method = match how {
            Linkage::Average => Method::Average,
            Linkage::Complete => Method::Complete,
            Linkage::Ward => Method::Ward,
            Linkage::Single => Method::Single,
        };
        let steps = kodama::linkage(&mut condensed, n, method);
        let merge = |step: &kodama::Step<f64>| ClusterMerge {
            a: step.cluster1,
            b: step.cluster2,
            distance: step.dissimilarity,
            size: step.size,
        };
        Self {
            n,
            merges: steps.steps().iter().map(merge).collect(),
        }
    }

    /// The group of each thing where there are `k` groups, numbered from 0 in the order of their first members.
    pub(super) fn groups(&self, k: usize) -> Vec<usize> {
        let merged = self.n.saturating_sub(k.max(1));
        let mut above: Vec<Option<usize>> = vec![None; self.n + merged];
        for (step, merge) in self.merges.iter().take(merged).enumerate() {
            for child in [merge.a, merge.b] {
                if let Some(slot) = above.get_mut(child) {
                    *slot = Some(self.n + step);
                }
            }
        }
        // From the newest group down, each knows its highest.
        let mut top: Vec<usize> = (0..above.len()).collect();
        for node in (0..above.len()).rev() {
            let parent = above.get(node).copied().flatten();
            if let Some(highest) = parent.and_then(|p| top.get(p).copied())
                && let Some(slot) = top.get_mut(node)
            {
                *slot = highest;
            }
        }
        top.truncate(self.n);
        numbered(&top)
    }

    /// The things in the order of the tree: those of a group stand beside one another, at every height.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.n);
        let mut waiting = vec![(2 * self.n).saturating_sub(2)];
        while let Some(node) = waiting.pop() {
            match node.checked_sub(self.n).and_then(|at| self.merges.get(at)) {
                Some(merge) => waiting.extend([merge.b, merge.a]),
                None => order.push(node),
            }
        }
        order
    }
}

/// Labels as numbers from 0 in the order in which they come.
pub(super) fn numbered<T: PartialEq>(labels: &[T]) -> Vec<usize> {
    let mut seen: Vec<&T> = Vec::new();
    let mut numbers = Vec::with_capacity(labels.len());
    for label in labels {
        let known = seen.iter().position(|s| *s == label);
        numbers.push(known.unwrap_or(seen.len()));
        if known.is_none() {
            seen.push(label);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// The same from the definitions: distances of all pairs of groups anew after each merge.
    fn plain(distances: &[Vec<f64>], how: Linkage) -> Vec<(f64, usize)> {
        let n = distances.len();
        let mut groups: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
        let mut merges = Vec::new();
        let within = |group: &[usize]| {
            let pairs = group
                .iter()
                .flat_map(|&i| group.iter().map(move |&j| (i, j)));
            let squares: f64 = pairs.map(|(i, j)| distances[i][j].powi(2)).sum();
            squares / (2.0 * group.len() as f64)
        };
        while groups.len() > 1 {
            let mut best = (f64::INFINITY, 0, 0);
            for a in 0..groups.len() {
                for b in a + 1..groups.len() {
                    let (x, y) = (&groups[a], &groups[b]);
                    let all: Vec<f64> = x
                        .iter()
                        .flat_map(|&i| y.iter().map(move |&j| distances[i][j]))
                        .collect();
                    let d = match how {
                        Linkage::Average => all.iter().sum::<f64>() / all.len() as f64,
                        Linkage::Complete => all.iter().copied().fold(0.0, f64::max),
                        Linkage::Single => all.iter().copied().fold(9.0, f64::min),
                        Linkage::Ward => {
                            let both = [x.as_slice(), y].concat();
                            (2.0 * (within(&both) - within(x) - within(y)))
                                .max(0.0)
                                .sqrt()
                        }
                    };
                    if d < best.0 {
                        best = (d, a, b);
                    }
                }
            }
            let gone = groups.remove(best.2);
            groups[best.1].extend(gone);
            merges.push((best.0, groups[best.1].len()));
        }
        merges
    }

    proptest! {
        #[test]
        fn trees_are_those_of_the_definitions(
            numbers in prop::collection::vec(-1.0..1.0_f64, 60), n in 2_usize..12
        ) {
            let unit = |p: &[f64]| {
                let length = p.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-9);
                p.iter().map(|x| x / length).collect::<Vec<f64>>()
            };
            let points: Vec<Vec<f64>> = numbers.chunks(5).take(n).map(unit).collect();
            let similarities = Similarities::of(&points);
            let distances: Vec<Vec<f64>> =
                (0..n).map(|i| similarities.distances(i).to_vec()).collect();
            for how in [Linkage::Average, Linkage::Complete, Linkage::Ward, Linkage::Single] {
                let tree = Tree::of(&similarities, how);
                for (found, expected) in tree.merges.iter().zip(plain(&distances, how)) {
                    prop_assert!((found.distance - expected.0).abs() < 1e-7, "{:?}", how);
                    prop_assert_eq!(found.size, expected.1);
                }
                let mut order = tree.order();
                // Members of a group stand beside one another.
                for k in 1..=n {
                    let groups = tree.groups(k);
                    prop_assert_eq!(groups.iter().max().unwrap() + 1, k);
                    let along: Vec<usize> = order.iter().map(|&i| groups[i]).collect();
                    let changes = along.windows(2).filter(|w| w[0] != w[1]).count();
                    prop_assert_eq!(changes, k - 1);
                }
                order.sort_unstable();
                prop_assert_eq!(order, (0..n).collect::<Vec<_>>());
            }
        }
    }
}
