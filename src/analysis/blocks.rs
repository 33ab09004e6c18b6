//! Values whose spans of time overlap, taken together.

use super::numbers::Span;

/// A value with the span of time that it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) span: Span,
    pub(super) value: f64,
}

/// The values whose spans begin within the span of the first of them.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Block {
    span: Span,
    /// When the first span ends.
    first_ends: i64,
    sum: f64,
}

/// The variance of a sum of values with mean 0, where values of one block hang together and so do
/// neighbouring blocks that overlap: the squares of the sums of the blocks, and twice the products of
/// such neighbours. Blocks further apart do not overlap if all spans are of one length. Chance can make
/// the products negative; they never take anything away. `None` of fewer than two blocks.
pub(super) fn variance_of_sum(points: &[Point]) -> Option<f64> {
    let blocks = blocks(points);
    let n = blocks.len() as f64;
    let squares: f64 = blocks.iter().map(|b| b.sum * b.sum).sum();
    let neighbours = blocks.array_windows::<2>();
    let overlap =
        neighbours.filter(|[a, b]| a.span.group == b.span.group && b.span.from < a.span.to);
    let products: f64 = overlap.map(|[a, b]| a.sum * b.sum).sum();
    (blocks.len() > 1).then(|| (squares + 2.0 * products.max(0.0)) * n / (n - 1.0))
}

fn blocks(points: &[Point]) -> Vec<Block> {
    let mut points = points.to_vec();
    let order = |p: &Point| (p.span.group, p.span.from, p.span.to);
    points.sort_by(|a, b| order(a).cmp(&order(b)).then(a.value.total_cmp(&b.value)));
    let mut blocks: Vec<Block> = Vec::new();
    for Point { span, value } in points {
        match blocks.last_mut() {
            Some(b) if b.span.group == span.group && span.from < b.first_ends => {
                b.span.to = b.span.to.max(span.to);
                b.sum += value;
            }
            _ => blocks.push(Block {
                span,
                first_ends: span.to,
                sum: value,
            }),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn point(from: i64, value: f64) -> Point {
        let span = Span {
            group: 0,
            from,
            to: from + 10,
        };
        Point { span, value }
    }

    #[test]
    fn blocks_are_runs_within_the_first_span() {
        let points: Vec<Point> = [0, 5, 9, 10, 30, 12].map(|t| point(t, 1.0)).into();
        let found: Vec<_> = blocks(&points)
            .iter()
            .map(|b| (b.span.from, b.span.to, b.sum))
            .collect();
        assert_eq!(found, [(0, 19, 3.0), (10, 22, 2.0), (30, 40, 1.0)]);
        assert_eq!(
            variance_of_sum(&points),
            Some((9.0 + 4.0 + 1.0 + 12.0) * 1.5)
        );
        assert_eq!(variance_of_sum(&points[..1]), None);
    }

    /// Sums of ten steps of one walk at random times: their mean spreads as it is said to. Without the
    /// products of neighbours what is said is 1.2 times too small.
    #[test]
    fn the_error_of_a_mean_is_what_it_spreads() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let (mut spread, mut told) = (0.0, 0.0);
        for _ in 0..2000 {
            let steps: Vec<f64> = (0..400).map(|_| random.random_range(-1.0..1.0)).collect();
            let one = |from: usize| {
                let value = steps.iter().skip(from).take(10).sum();
                point(from as i64, value)
            };
            let points: Vec<Point> = (0..50).map(|_| one(random.random_range(0..390))).collect();
            let sum: f64 = points.iter().map(|p| p.value).sum();
            spread += sum * sum;
            told += variance_of_sum(&points).unwrap();
        }
        let ratio = (told / spread).sqrt();
        assert!((0.95..1.08).contains(&ratio), "{ratio}");
    }
}
