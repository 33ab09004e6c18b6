//! Inner products. Each adds in one order that hangs on the length alone, so that the same numbers
//! come out everywhere; the orders differ, because stored vectors and answers hang on them.

/// In single precision, in eight sums side by side, which one instruction can add.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, b8) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0_f32; LANES];
    for (x, y) in a8.0.iter().zip(b8.0) {
        for ((lane, p), q) in lanes.iter_mut().zip(x).zip(y) {
            *lane += p * q;
        }
    }
    let rest: f32 = a8.1.iter().zip(b8.1).map(|(p, q)| p * q).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Of single precision, added in double precision from the first product to the last.
pub(crate) fn dot_in_order(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y));
    products.sum()
}

/// Sums that run side by side: one after the other, each addition waits for the one before.
const LANES: usize = 8;

/// The sum of `of` over two slices, as far as both go. The order of the additions hangs on the
/// length alone.
pub(crate) fn sum_of<A: Copy, B: Copy>(a: &[A], b: &[B], of: impl Fn(A, B) -> f64) -> f64 {
    let both = a.len().min(b.len());
    let (a, b) = (a.get(..both).unwrap_or(a), b.get(..both).unwrap_or(b));
    let mut lanes = [0.0_f64; LANES];
    let (mut left, mut right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (x, y) in left.by_ref().zip(right.by_ref()) {
        for (lane, (&x, &y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += of(x, y);
        }
    }
    let rest = left.remainder().iter().zip(right.remainder());
    let rest: f64 = rest.map(|(&x, &y)| of(x, y)).sum();
    lanes.iter().sum::<f64>() + rest
}

/// The inner product.
pub(crate) fn dot_f64(a: &[f64], b: &[f64]) -> f64 {
    sum_of(a, b, |x, y| x * y)
}

/// The inner product of numbers of single precision, in double precision.
pub(crate) fn dot_wide(a: &[f32], b: &[f32]) -> f64 {
    sum_of(a, b, |x, y| f64::from(x) * f64::from(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_side_by_side_are_sums() {
        for n in [0, 1, 7, 8, 9, 64, 67] {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i) - 3.5).collect();
            let b: Vec<f64> = (0..n + 2).map(|i| f64::from(i % 5)).collect();
            let expected: f64 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
            assert_eq!(dot_f64(&a, &b), expected, "{n}");
            let single: Vec<f32> = a.iter().map(|&x| x as f32).collect();
            let squares: f64 = a.iter().map(|x| x * x).sum();
            assert_eq!(dot_wide(&single, &single), squares, "{n}");
        }
    }
}
