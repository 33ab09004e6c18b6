//! Groups of things that are alike: how many there are, and which thing is in which.

use std::fmt;
use std::str::FromStr;

use super::k_means::{k_means, sums_by_group};
use super::linkage::{ClusterMerge, Linkage, Tree};
use super::similarities::Similarities;
use crate::error::{Error, Result, excerpt};
use crate::model::{schema_as_text, serde_as_text};

/// The most groups that are tried where nobody says how many.
pub(super) const MOST_TRIED: usize = 30;

/// How groups are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterMethod {
    /// A tree: of all groups the two become one whose members have the least mean distance. What belongs to nobody
    /// stays alone.
    #[default]
    Average,
    /// A tree: the two that add least to the squares within groups (Ward 1963). The groups are of more even sizes.
    Ward,
    /// A tree: the two whose members that are furthest apart are nearest.
    Complete,
    /// k-means: each asset with the nearest mean. There is no tree.
    KMeans,
}

impl ClusterMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Average, Self::Ward, Self::Complete, Self::KMeans];
}

serde_as_text!(ClusterMethod);
schema_as_text!(ClusterMethod, "average, ward, complete or k-means");

impl fmt::Display for ClusterMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ward => "ward",
            Self::Average => "average",
            Self::Complete => "complete",
            Self::KMeans => "k-means",
        })
    }
}

impl FromStr for ClusterMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|m| m.to_string() == text);
        found.ok_or_else(|| {
            Error::invalid(format!(
                "expected the method average, ward, complete or k-means, found {}",
                excerpt(text)
            ))
        })
    }
}

/// How things are grouped.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupingChoice {
    pub(super) method: ClusterMethod,
    /// How many groups; chosen if nobody says.
    pub(super) groups: Option<usize>,
    pub(super) seed: u64,
}

/// Things in groups.
#[derive(Clone, Debug)]
pub(super) struct Grouping {
    /// The group of each, from 0.
    pub(super) labels: Vec<usize>,
    pub(super) k: usize,
    /// The mean silhouette; see [`silhouette`].
    pub(super) silhouette: f64,
    /// None of k-means.
    pub(super) merges: Vec<ClusterMerge>,
    /// The things so that those of a group stand beside one another.
    pub(super) order: Vec<usize>,
}

impl GroupingChoice {
    fn linkage(self) -> Option<Linkage> {
        match self.method {
            ClusterMethod::Ward => Some(Linkage::Ward),
            ClusterMethod::Average => Some(Linkage::Average),
            ClusterMethod::Complete => Some(Linkage::Complete),
            ClusterMethod::KMeans => None,
        }
    }

    /// The groups of three things or more: as many as are wanted, or those with the largest silhouette.
    pub(super) fn grouped(self, similarities: &Similarities) -> Grouping {
        let n = similarities.len();
        let tree = self.linkage().map(|how| Tree::of(similarities, how));
        let groups = |k: usize| match &tree {
            Some(tree) => tree.groups(k),
            None => k_means(similarities, k, self.seed),
        };
        let tried = match self.groups {
            Some(k) => k..=k,
            None => 2..=MOST_TRIED.min(n.saturating_sub(1)).max(2),
        };
        let mut best = (f64::NEG_INFINITY, 1, vec![0; n]);
        for k in tried {
            let labels = groups(k);
            let silhouette = silhouette(similarities, &labels, k);
            if silhouette > best.0 {
                best = (silhouette, k, labels);
            }
        }
        let (silhouette, _, labels) = best;
        // Of points that coincide k-means may leave a group empty.
        let k = labels.iter().max().map_or(1, |last| last + 1);
        let order = match &tree {
            Some(tree) => tree.order(),
            None => by_group(similarities, &labels, k),
        };
        Grouping {
            merges: tree.map(|tree| tree.merges).unwrap_or_default(),
            labels,
            k,
            silhouette,
            order,
        }
    }
}

/// The things group by group, in each by their similarity to the group, largest first.
fn by_group(similarities: &Similarities, labels: &[usize], k: usize) -> Vec<usize> {
    let mut all: Vec<(usize, f64, usize)> = labels
        .iter()
        .enumerate()
        .map(|(i, &label)| {
            let sums = sums_by_group(similarities.row(i), labels, k);
            (label, sums.get(label).copied().unwrap_or(0.0), i)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    all.into_iter().map(|(_, _, i)| i).collect()
}

/// The mean silhouette of groups (Rousseeuw 1987): for each thing how much further away the nearest other group is
/// than its own, as a share of the larger of the two mean distances; 0 for a thing that is alone. Near 0 the groups
/// are no groups.
pub(super) fn silhouette(similarities: &Similarities, labels: &[usize], k: usize) -> f64 {
    let n = labels.len();
    let mut sizes = vec![0.0_f64; k];
    for &label in labels {
        if let Some(size) = sizes.get_mut(label) {
            *size += 1.0;
        }
    }
    let of = |(i, &own): (usize, &usize)| {
        let sums = sums_by_group(similarities.distances(i), labels, k);
        let size = sizes.get(own).copied().unwrap_or(0.0);
        let inside = sums.get(own).copied().unwrap_or(0.0) / (size - 1.0);
        let others = sums.iter().zip(&sizes).enumerate();
        let others = others.filter(|(group, (_, size))| *group != own && **size > 0.0);
        let outside = others.map(|(_, (sum, size))| sum / size);
        let outside = outside.fold(f64::INFINITY, f64::min);
        let larger = inside.max(outside);
        if size > 1.0 && larger > 0.0 && outside.is_finite() {
            (outside - inside) / larger
        } else {
            0.0
        }
    };
    labels.iter().enumerate().map(of).sum::<f64>() / n.max(1) as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    /// Points on a circle, at these degrees.
    fn circle(degrees: &[f64]) -> Similarities {
        let point = |d: &f64| vec![d.to_radians().cos(), d.to_radians().sin()];
        Similarities::of(&degrees.iter().map(point).collect::<Vec<_>>())
    }

    #[test]
    fn the_silhouette_is_that_of_rousseeuw() {
        let similarities = circle(&[0.0, 10.0, 90.0, 100.0]);
        let d = |degrees: f64| 2.0 * (degrees / 2.0).to_radians().sin();
        // Of the first: its neighbour against the mean of the other two.
        let outer = |a: f64, b: f64| 1.0 - d(10.0) / ((d(a) + d(b)) / 2.0);
        let expected = (outer(90.0, 100.0) + outer(80.0, 90.0)) / 2.0;
        let found = silhouette(&similarities, &[0, 0, 1, 1], 2);
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        let alone = silhouette(&similarities, &[0, 0, 1, 2], 3);
        assert!(alone < found && alone > 0.0);
        assert_eq!(silhouette(&similarities, &[0; 4], 1), 0.0);
    }

    #[test]
    fn the_number_of_groups_is_that_with_the_largest_silhouette() {
        let similarities = circle(&[0.0, 4.0, 8.0, 120.0, 124.0, 240.0, 247.0, 251.0]);
        for method in [
            ClusterMethod::Ward,
            ClusterMethod::Average,
            ClusterMethod::Complete,
            ClusterMethod::KMeans,
        ] {
            let choice = GroupingChoice {
                method,
                groups: None,
                seed: 1,
            };
            let found = choice.grouped(&similarities);
            assert_eq!(
                (found.k, found.labels.as_slice()),
                (3, &[0, 0, 0, 1, 1, 2, 2, 2][..])
            );
            assert_eq!(
                found.merges.len(),
                if method == ClusterMethod::KMeans {
                    0
                } else {
                    7
                }
            );
            let along: Vec<usize> = found.order.iter().map(|&i| found.labels[i]).collect();
            assert_eq!(
                along.windows(2).filter(|w| w[0] != w[1]).count(),
                2,
                "{method:?}"
            );
            let two = GroupingChoice {
                groups: Some(2),
                ..choice
            };
            assert_eq!(two.grouped(&similarities).k, 2);
        }
    }
}
