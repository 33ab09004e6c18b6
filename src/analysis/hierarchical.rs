//! Hierarchical risk parity (López de Prado 2016, "Building diversified portfolios that outperform out of sample").

use rayon::prelude::*;

use super::covariance::Covariance;
use super::linkage::{ClusterMerge, Linkage, Tree};

/// The weights: assets in the order of a tree of what moves together, and the money shared out from the top, half
/// by half, each half by the inverse of its variance.
///
/// As published, with one rule more: of two assets that join first, the less volatile stands first. The paper
/// leaves that to the order of the input, so its weights depend on names.
pub(super) fn hierarchical(covariance: &Covariance) -> Vec<f64> {
    let n = covariance.len();
    let tree = Tree::of_distances(distances(covariance), n, Linkage::Single);
    let order = quasi_diagonal(&tree.merges, covariance.deviations());
    let mut weights = vec![1.0; n];
    let mut waiting: Vec<&[usize]> = vec![order.as_slice()];
    while let Some(part) = waiting.pop() {
        if part.len() < 2 {
            continue;
        }
        let (left, right) = part.split_at(part.len() / 2);
        let (of_left, of_right) = (variance(covariance, left), variance(covariance, right));
        let to_left = 1.0 - of_left / (of_left + of_right);
        for (half, share) in [(left, to_left), (right, 1.0 - to_left)] {
            for &i in half {
                if let Some(weight) = weights.get_mut(i) {
                    *weight *= share;
                }
            }
            waiting.push(half);
        }
    }
    weights
}

/// How differently each two assets stand to all: the Euclidean distance of their rows of distances, which are the
/// roots of half of what is missing to a correlation of 1. As kodama wants them: the rows above the diagonal.
fn distances(covariance: &Covariance) -> Vec<f64> {
    let n = covariance.len();
    let row = |i: usize| -> Vec<f64> {
        let all = covariance.correlations(i);
        all.map(|r| ((1.0 - r) / 2.0).max(0.0).sqrt()).collect()
    };
    let rows: Vec<Vec<f64>> = (0..n).map(row).collect();
    let between = |a: &[f64], b: &[f64]| {
        let squares = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y));
        squares.sum::<f64>().sqrt()
    };
    let above = rows.par_iter().enumerate().map(|(i, a)| {
        let others = rows.iter().skip(i + 1);
        others.map(|b| between(a, b)).collect::<Vec<f64>>()
    });
    above.collect::<Vec<_>>().concat()
}

/// The assets in the order of the tree.
fn quasi_diagonal(merges: &[ClusterMerge], deviations: &[f64]) -> Vec<usize> {
    let n = deviations.len();
    let mut order = Vec::with_capacity(n);
    let mut waiting = vec![(2 * n).saturating_sub(2)];
    while let Some(node) = waiting.pop() {
        let Some(merge) = node.checked_sub(n).and_then(|at| merges.get(at)) else {
            order.push(node);
            continue;
        };
        let (mut first, mut second) = (merge.a.min(merge.b), merge.a.max(merge.b));
        let of = |i: usize| deviations.get(i).copied().unwrap_or(0.0);
        if second < n && of(second) < of(first) {
            (first, second) = (second, first);
        }
        waiting.extend([second, first]);
    }
    order
}

/// The variance of some assets, held by the inverse of their variances.
fn variance(covariance: &Covariance, of: &[usize]) -> f64 {
    let inverse = |i: usize| {
        let deviation = covariance.deviations().get(i).copied().unwrap_or(1.0);
        1.0 / (deviation * deviation)
    };
    let sum: f64 = of.iter().map(|&i| inverse(i)).sum();
    let mut weights = vec![0.0; covariance.len()];
    for &i in of {
        if let Some(weight) = weights.get_mut(i) {
            *weight = inverse(i) / sum;
        }
    }
    let weight = |i: usize| weights.get(i).copied().unwrap_or(0.0);
    let with = |i: usize| -> f64 { covariance.row(i).zip(&weights).map(|(c, w)| c * w).sum() };
    of.iter().map(|&i| weight(i) * with(i)).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    /// Two pairs that have nothing to do with one another; within each the correlation is one half.
    fn two_pairs(deviations: [f64; 4], order: [usize; 4]) -> Vec<f64> {
        let high = 0.75_f64.sqrt();
        let points = [
            vec![1.0, 0.0, 0.0, 0.0],
            vec![0.5, high, 0.0, 0.0],
            vec![0.0, 0.0, 1.0, 0.0],
            vec![0.0, 0.0, 0.5, high],
        ];
        let of = |i: usize| (deviations[i], points[i].clone());
        let (deviations, points): (Vec<f64>, Vec<Vec<f64>>) = order.into_iter().map(of).unzip();
        let found = hierarchical(&Covariance::of_parts(&deviations, &[0.0; 4], &points));
        let mut back = vec![0.0; 4];
        for (weight, asset) in found.iter().zip(order) {
            back[asset] = *weight;
        }
        back
    }

    // By hand. Deviations 1, 2 and 1, 1. The first pair by inverse variance: 0.8 and 0.2, so its variance is
    // 0.64 + 0.04 * 4 + 2 * 0.16 * (0.5 * 2) = 1.12; that of the second is 0.25 + 0.25 + 2 * 0.25 * 0.5 = 0.75. The
    // first gets 0.75 / 1.87 and shares it as 4 to 1, the second gets 1.12 / 1.87 and shares it evenly.
    #[test]
    fn money_is_shared_as_by_hand() {
        let expected = [0.6, 0.15, 0.56, 0.56].map(|x| x / 1.87);
        for order in [[0, 1, 2, 3], [3, 1, 0, 2], [2, 0, 3, 1]] {
            let found = two_pairs([1.0, 2.0, 1.0, 1.0], order);
            for (x, y) in found.iter().zip(expected) {
                assert!((x - y).abs() < 1e-12, "{order:?}: {found:?}");
            }
        }
    }

    #[test]
    fn one_asset_has_all() {
        let one = Covariance::of_parts(&[0.3], &[0.0], &[vec![1.0]]);
        assert_eq!(hierarchical(&one), [1.0]);
    }
}
