//! Whether a few values differ in their mean from many, where values that overlap in time are
//! alike.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::numbers::{Span, mean};

/// Draws of the bootstrap.
const DRAWS: usize = 999;

/// A value with the span of time that it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) span: Span,
    pub(super) value: f64,
}

/// The p-value of the mean of `some` under the hypothesis that they are like `all`: a block
/// bootstrap (Künsch 1989) with runs of overlapping spans as blocks, drawn from `all`. Where
/// `all` has fewer values within the span of a block than the block has, they are repeated, as if
/// they were wholly alike. `None` if either is empty.
pub(super) fn p_value(some: &[Point], all: &[Point], seed: u64) -> Option<f64> {
    if some.is_empty() || all.is_empty() {
        return None;
    }
    let base = mean(all.iter().map(|p| p.value));
    let found = (mean(some.iter().map(|p| p.value)) - base).abs();
    let blocks = block_sizes(&in_order(some));
    let all = in_order(all);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut as_far = 0;
    for _ in 0..DRAWS {
        let sum: f64 = blocks
            .iter()
            .map(|&size| {
                let start = random.random_range(0..all.len());
                run_sum(all.get(start..).unwrap_or_default(), size)
            })
            .sum();
        let drawn = (sum / some.len() as f64 - base).abs();
        // Sums of the same values in another order differ in their last digits.
        as_far += usize::from(drawn >= found * (1.0 - 1e-12));
    }
    Some((1 + as_far) as f64 / (1 + DRAWS) as f64)
}

/// The values by group and by when they begin.
pub(super) fn in_order(points: &[Point]) -> Vec<Point> {
    let mut points = points.to_vec();
    let order = |p: &Point| (p.span.group, p.span.from, p.span.to);
    points.sort_by(|a, b| order(a).cmp(&order(b)).then(a.value.total_cmp(&b.value)));
    points
}

/// How many values there are in each run whose spans begin within the span of its first, of values
/// in order.
pub(super) fn block_sizes(points: &[Point]) -> Vec<usize> {
    let mut sizes: Vec<usize> = Vec::new();
    let mut first: Option<Span> = None;
    for Point { span, .. } in points {
        match (first, sizes.last_mut()) {
            (Some(f), Some(size)) if f.group == span.group && span.from < f.to => *size += 1,
            _ => {
                sizes.push(1);
                first = Some(*span);
            }
        }
    }
    sizes
}

/// The sum of `size` values from the first one on, again and again those that begin within its
/// span.
fn run_sum(points: &[Point], size: usize) -> f64 {
    let Some(first) = points.first() else {
        return 0.0;
    };
    let within = |p: &&Point| p.span.group == first.span.group && p.span.from < first.span.to;
    let run = || std::iter::once(first).chain(points.iter().skip(1).take_while(within));
    let mut sum = 0.0;
    let mut left = size;
    while left > 0 {
        for point in run().take(left) {
            sum += point.value;
            left -= 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn point(from: i64, value: f64) -> Point {
        let span = Span {
            group: 0,
            from,
            to: from + 10,
        };
        Point { span, value }
    }

    fn noise(n: i64, seed: u64, apart: i64) -> Vec<Point> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut value = || random.random_range(-1.0..1.0);
        (0..n).map(|i| point(i * apart, value())).collect()
    }

    #[test]
    fn far_means_are_told_and_the_same_seed_says_the_same() {
        let all = noise(500, 1, 20);
        let far: Vec<Point> = (0..10).map(|i| point(i * 100, 0.9)).collect();
        assert_eq!(p_value(&far, &all, 7), Some(0.001));
        assert_eq!(p_value(&far, &all, 7), p_value(&far, &all, 7));
        assert_eq!(p_value(&[], &all, 7), None);
        assert_eq!(p_value(&far, &[], 7), None);
        assert_eq!(p_value(&all, &all, 7), Some(1.0), "no distance at all");
    }

    /// Under the hypothesis a p-value of at most 0.1 comes up one time in ten.
    #[test]
    fn p_values_are_uniform_where_nothing_differs() {
        let all = noise(2000, 3, 20);
        let low = (0..400)
            .filter(|&seed| p_value(&noise(8, 1000 + seed, 50), &all, seed).unwrap() <= 0.1)
            .count();
        assert!((22..=60).contains(&low), "{low} of 400");
    }

    /// Ten values of one moment are one value.
    #[test]
    fn overlap_takes_certainty_away() {
        let all = noise(500, 1, 20);
        let together: Vec<Point> = (0..10).map(|i| point(i, 0.6)).collect();
        let apart: Vec<Point> = (0..10).map(|i| point(i * 100, 0.6)).collect();
        let one = p_value(&together[..1], &all, 7).unwrap();
        assert!(p_value(&apart, &all, 7).unwrap() < 0.01);
        let p = p_value(&together, &all, 7).unwrap();
        assert!((p - one).abs() < 0.06 && p > 0.3, "{p} against {one}");
    }

    #[test]
    fn blocks_are_runs_within_the_first_span() {
        let points: Vec<Point> = [0, 5, 9, 10, 30, 12].map(|t| point(t, 0.0)).into();
        assert_eq!(block_sizes(&in_order(&points)), [3, 2, 1]);
        assert!((run_sum(&[point(0, 1.0), point(4, 2.0), point(10, 9.0)], 5) - 7.0).abs() < 1e-12);
    }
}
