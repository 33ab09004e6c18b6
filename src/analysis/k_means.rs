//! Groups around means. Only inner products are asked for: the squared distance of a point to the mean of a group
//! is 1 less twice its mean similarity to the members, plus the mean similarity of all pairs of them.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::linkage::numbered;
use super::similarities::Similarities;

/// How often it begins anew; the best is kept.
const STARTS: u64 = 4;
/// Rounds, if it does not settle before.
const ROUNDS: usize = 50;

/// The group of each point where there are `k`, numbered from 0 in the order of their first members, with the
/// least sum of squared distances to their means that was found (Lloyd 1982, begun after Arthur and Vassilvitskii
/// 2007).
pub(super) fn k_means(similarities: &Similarities, k: usize, seed: u64) -> Vec<usize> {
    let mut best: Option<(f64, Vec<usize>)> = None;
    for start in 0..STARTS {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(start);
        let labels = begun(similarities, k, &mut random);
        let (cost, labels) = settled(similarities, k, labels);
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, labels));
        }
    }
    numbered(&best.map_or_else(Vec::new, |(_, labels)| labels))
}

/// Each point with the nearest of `k` of them, which are drawn far from one another.
fn begun(similarities: &Similarities, k: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let n = similarities.len();
    let mut labels = vec![0; n];
    let mut nearest = vec![f64::INFINITY; n];
    let mut centre = random.random_range(0..n.max(1));
    for group in 0..k {
        let row = similarities.row(centre);
        for ((label, least), s) in labels.iter_mut().zip(&mut nearest).zip(row) {
            let square = 2.0 * (1.0 - s);
            if square < *least {
                (*least, *label) = (square, group);
            }
        }
        // The next one with a chance as its square.
        let whole: f64 = nearest.iter().sum();
        let mut left = random.random_range(0.0..1.0) * whole;
        let passes = |square: &f64| {
            left -= square;
            left < 0.0
        };
        centre = nearest.iter().position(passes).unwrap_or(0);
    }
    labels
}

/// Moves points to the nearest mean until none moves: the sum of squares, and the groups.
fn settled(similarities: &Similarities, k: usize, mut labels: Vec<usize>) -> (f64, Vec<usize>) {
    let mut cost = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (moved, now) = round(similarities, k, &labels);
        // A group that lost all its points keeps none; with it another answer has fewer groups.
        let settled = moved == labels;
        labels = moved;
        cost = now;
        if settled {
            break;
        }
    }
    let mut held = vec![false; k];
    for &label in &labels {
        if let Some(held) = held.get_mut(label) {
            *held = true;
        }
    }
    let whole = held.iter().all(|held| *held);
    (if whole { cost } else { f64::MAX }, labels)
}

/// The nearest mean of each point, and the sum of the squared distances to them.
fn round(similarities: &Similarities, k: usize, labels: &[usize]) -> (Vec<usize>, f64) {
    let n = similarities.len();
    let mut sizes = vec![0.0_f64; k];
    for &label in labels {
        if let Some(size) = sizes.get_mut(label) {
            *size += 1.0;
        }
    }
    // The sum of the similarities of each point to each group.
    let sums: Vec<Vec<f64>> = (0..n)
        .map(|i| sums_by_group(similarities.row(i), labels, k))
        .collect();
    let mut within = vec![0.0; k];
    for (sums, &label) in sums.iter().zip(labels) {
        if let (Some(slot), Some(sum)) = (within.get_mut(label), sums.get(label)) {
            *slot += sum;
        }
    }
    let mut cost = 0.0;
    let nearest = sums.iter().zip(labels).map(|(sums, &own)| {
        let squares = sums.iter().zip(&sizes).zip(&within);
        let squares = squares
            .enumerate()
            .filter(|(_, ((_, size), _))| **size > 0.0);
        let square = |((sum, size), within): ((&f64, &f64), &f64)| {
            1.0 - 2.0 * sum / size + within / (size * size)
        };
        let (mut best, mut least) = (own, f64::INFINITY);
        for (group, parts) in squares {
            let square = square(parts);
            if square < least || (square == least && group == own) {
                (best, least) = (group, square);
            }
        }
        cost += least.max(0.0);
        best
    });
    let nearest = nearest.collect();
    (nearest, cost)
}

/// The sum of numbers by the group of each.
pub(super) fn sums_by_group(numbers: &[f64], labels: &[usize], k: usize) -> Vec<f64> {
    let mut sums = vec![0.0; k];
    for (x, &label) in numbers.iter().zip(labels) {
        if let Some(sum) = sums.get_mut(label) {
            *sum += x;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn points(n: usize, groups: usize, noise: f64) -> (Vec<Vec<f64>>, Vec<usize>) {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let labels: Vec<usize> = (0..n).map(|i| i % groups).collect();
        let point = |&label: &usize| {
            let mut p: Vec<f64> = (0..12)
                .map(|_| noise * random.random_range(-1.0..1.0))
                .collect();
            p[label] += 1.0;
            let length = p.iter().map(|x| x * x).sum::<f64>().sqrt();
            p.iter().map(|x| x / length).collect()
        };
        (labels.iter().map(point).collect(), labels)
    }

    #[test]
    fn groups_that_lie_apart_are_found() {
        let (points, labels) = points(60, 6, 0.2);
        let similarities = Similarities::of(&points);
        for seed in 0..20 {
            assert_eq!(k_means(&similarities, 6, seed), labels, "seed {seed}");
        }
    }

    /// The squares by inner products are those of the points themselves, and a round never makes them larger.
    #[test]
    fn squares_are_those_to_the_means_and_never_grow() {
        let (points, _) = points(40, 5, 0.9);
        let similarities = Similarities::of(&points);
        let mut labels: Vec<usize> = (0..40).map(|i| (i * 7 % 11) % 4).collect();
        let mut before = f64::INFINITY;
        for _ in 0..12 {
            let (next, cost) = round(&similarities, 4, &labels);
            let mean = |group: usize| {
                let of: Vec<&Vec<f64>> = (0..40)
                    .filter(|&i| labels[i] == group)
                    .map(|i| &points[i])
                    .collect();
                let sum = |d: usize| of.iter().map(|p| p[d]).sum::<f64>() / of.len() as f64;
                (0..12).map(sum).collect::<Vec<f64>>()
            };
            let means: Vec<Vec<f64>> = (0..4).map(mean).collect();
            let square = |p: &Vec<f64>, m: &Vec<f64>| {
                p.iter().zip(m).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
            };
            let least = points.iter().map(|p| {
                means
                    .iter()
                    .map(|m| square(p, m))
                    .fold(f64::INFINITY, f64::min)
            });
            assert!((least.sum::<f64>() - cost).abs() < 1e-9);
            assert!(cost <= before + 1e-9, "{cost} after {before}");
            (before, labels) = (cost, next);
        }
        let one = k_means(&similarities, 1, 3);
        assert_eq!(one, [0; 40]);
        assert_eq!(k_means(&similarities, 5, 3), k_means(&similarities, 5, 3));
    }
}
