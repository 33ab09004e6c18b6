//! Small symmetric matrices, row by row in one slice.

#![allow(
    clippy::indexing_slicing,
    reason = "each function checks the length of its matrix once"
)]

/// A matrix L with zeros above the diagonal and `L L' = a`; `None` if `a` is not positive definite.
pub(crate) fn cholesky(a: &[f64], d: usize) -> Option<Vec<f64>> {
    if a.len() != d * d {
        return None;
    }
    let mut l = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i * d + k] * l[j * d + k]).sum();
            let rest = a[i * d + j] - dot;
            l[i * d + j] = if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / l[j * d + j]
            };
        }
    }
    Some(l)
}

/// The squared length of `L^-1 x`: for `L L'` the covariance, the squared Mahalanobis distance.
pub(crate) fn squared_after_solving(l: &[f64], x: &[f64]) -> f64 {
    let d = x.len();
    if l.len() != d * d {
        return f64::NAN;
    }
    let mut y = vec![0.0; d];
    for i in 0..d {
        let dot: f64 = (0..i).map(|k| l[i * d + k] * y[k]).sum();
        y[i] = (x[i] - dot) / l[i * d + i];
    }
    y.iter().map(|v| v * v).sum()
}

/// `a x`.
pub(crate) fn apply(a: &[f64], x: &[f64]) -> Vec<f64> {
    let rows = a.chunks_exact(x.len().max(1));
    rows.map(|row| row.iter().zip(x).map(|(p, q)| p * q).sum())
        .collect()
}

/// `a b`.
pub(crate) fn product(a: &[f64], b: &[f64], d: usize) -> Vec<f64> {
    let mut out = vec![0.0; d * d];
    for (row, left) in out.chunks_exact_mut(d).zip(a.chunks_exact(d)) {
        for (&x, right) in left.iter().zip(b.chunks_exact(d)) {
            for (slot, y) in row.iter_mut().zip(right) {
                *slot += x * y;
            }
        }
    }
    out
}

/// The symmetric matrix with the eigenvectors of `a` and the eigenvalues that `f` makes of its
/// own: the square root, the inverse, ... By Jacobi's rotations, in cyclic order.
pub(crate) fn function_of(a: &[f64], d: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    if a.len() != d * d {
        return Vec::new();
    }
    let (values, v) = eigen(a, d, EXACT);
    let values: Vec<f64> = values.into_iter().map(f).collect();
    let mut out = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..=i {
            let sum: f64 = (0..d)
                .map(|k| values[k] * v[k * d + i] * v[k * d + j])
                .sum();
            out[i * d + j] = sum;
            out[j * d + i] = sum;
        }
    }
    out
}

/// What may be left beside the diagonal, as a share of the sum of all squares.
const EXACT: f64 = 1e-28;

/// The eigenvalues of a symmetric matrix, and a matrix whose rows are their eigenvectors, by Jacobi's
/// rotations until a share of at most `left` of all squares is beside the diagonal.
pub(crate) fn eigen(a: &[f64], d: usize, left: f64) -> (Vec<f64>, Vec<f64>) {
    let (mut m, mut v) = (a.to_vec(), vec![0.0; d * d]);
    for i in 0..d {
        v[i * d + i] = 1.0;
    }
    let norm: f64 = a.iter().map(|x| x * x).sum();
    // Each sweep squares what is left beside the diagonal; 6 to 10 are enough.
    for _ in 0..50 {
        let beside: f64 = (0..d)
            .flat_map(|i| (0..i).map(move |j| i * d + j))
            .map(|at| m[at] * m[at])
            .sum();
        if beside <= left * norm {
            break;
        }
        for p in 0..d {
            for q in p + 1..d {
                rotate(&mut m, &mut v, d, (p, q));
            }
        }
    }
    ((0..d).map(|i| m[i * d + i]).collect(), v)
}

/// The `wanted` largest eigenvalues of a positive semidefinite matrix, descending, and their unit
/// eigenvectors, whose largest number is positive. By iterating a few more directions than are wanted,
/// because what Jacobi's rotations take grows with the cube of `d`.
pub(crate) fn leading(a: &[f64], d: usize, wanted: usize) -> Vec<(f64, Vec<f64>)> {
    const MORE: usize = 8;
    let n = (wanted + MORE).min(d);
    if a.len() != d * d || n == 0 {
        return Vec::new();
    }
    // Any directions will do that are not all at right angles to what is sought.
    let start = |k: usize| {
        (0..d)
            .map(move |i| ((i * n + k) as f64 * 0.7 + 1.0).sin() + f64::from(u8::from(i % n == k)))
    };
    let mut basis: Vec<Vec<f64>> = (0..n).map(|k| start(k).collect()).collect();
    let mut before = vec![f64::INFINITY; n];
    for _ in 0..1_000 {
        let mut moved: Vec<Vec<f64>> = basis.iter().map(|v| apply(a, v)).collect();
        orthonormal(&mut moved);
        // Within these directions the problem is small.
        let images: Vec<Vec<f64>> = moved.iter().map(|v| apply(a, v)).collect();
        let small: Vec<f64> = (0..n * n)
            .map(|at| dot(&moved[at / n], &images[at % n]))
            .collect();
        let (values, turns) = eigen(&small, n, EXACT);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&x, &y| values[y].total_cmp(&values[x]));
        basis = order
            .iter()
            .map(|&k| combined(&moved, &turns[k * n..(k + 1) * n]))
            .collect();
        let values: Vec<f64> = order.iter().map(|&k| values[k]).collect();
        let scale = values[0].abs().max(f64::MIN_POSITIVE);
        let settled = (0..wanted.min(n)).all(|k| (values[k] - before[k]).abs() <= 1e-14 * scale);
        before = values;
        if settled {
            break;
        }
    }
    let pairs = before.into_iter().zip(basis).take(wanted);
    pairs
        .map(|(value, vector)| (value.max(0.0), turned_up(vector)))
        .collect()
}

/// From the first product to the last.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The sum of vectors, each times its weight.
fn combined(vectors: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; vectors[0].len()];
    for (vector, weight) in vectors.iter().zip(weights) {
        for (slot, x) in out.iter_mut().zip(vector) {
            *slot += weight * x;
        }
    }
    out
}

/// Gram and Schmidt's orthonormal vectors, twice for what rounding leaves. A vector that the ones before it
/// span becomes an axis of its own.
fn orthonormal(vectors: &mut [Vec<f64>]) {
    for k in 0..vectors.len() {
        let (done, rest) = vectors.split_at_mut(k);
        let one = &mut rest[0];
        let size = dot(one, one).sqrt();
        for axis in 0..=one.len() {
            for _ in 0..2 {
                for other in done.iter() {
                    let part = dot(one, other);
                    one.iter_mut().zip(other).for_each(|(x, y)| *x -= part * y);
                }
            }
            let length = dot(one, one).sqrt();
            if length > 1e-12 * size.max(1e-300) && length > 0.0 {
                one.iter_mut().for_each(|x| *x /= length);
                break;
            }
            one.fill(0.0);
            if let Some(slot) = one.get_mut(axis) {
                *slot = 1.0;
            }
        }
    }
}

/// The vector or its opposite: a direction has no sign, and a picture should not depend on rounding.
fn turned_up(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().copied().fold(
        0.0_f64,
        |best, x| if x.abs() > best.abs() { x } else { best },
    );
    if largest < 0.0 {
        vector.iter_mut().for_each(|x| *x = -*x);
    }
    vector
}

/// Makes the element (p, q) zero.
fn rotate(m: &mut [f64], v: &mut [f64], d: usize, (p, q): (usize, usize)) {
    let apq = m[p * d + q];
    if apq == 0.0 {
        return;
    }
    let theta = (m[q * d + q] - m[p * d + p]) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for k in 0..d {
        let (x, y) = (m[k * d + p], m[k * d + q]);
        m[k * d + p] = c * x - s * y;
        m[k * d + q] = s * x + c * y;
    }
    for k in 0..d {
        let (x, y) = (m[p * d + k], m[q * d + k]);
        m[p * d + k] = c * x - s * y;
        m[q * d + k] = s * x + c * y;
        let (x, y) = (v[p * d + k], v[q * d + k]);
        v[p * d + k] = c * x - s * y;
        v[q * d + k] = s * x + c * y;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn close(a: &[f64], b: &[f64], most: f64) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() <= most)
    }

    proptest! {
        #[test]
        fn matrices_do_what_they_are_named_for(
            numbers in prop::collection::vec(-1f64..1.0, 100), x in prop::collection::vec(-1f64..1.0, 10),
            d in 1usize..10
        ) {
            let part = &numbers[..d * d];
            let turned: Vec<f64> = (0..d * d).map(|at| part[at % d * d + at / d]).collect();
            let mut a = product(part, &turned, d);
            for i in 0..d {
                a[i * d + i] += 0.1;
            }
            let root = function_of(&a, d, f64::sqrt);
            prop_assert!(close(&product(&root, &root, d), &a, 1e-9));
            let inverse = function_of(&a, d, |v| 1.0 / v);
            let x = &x[..d];
            let there = apply(&a, &apply(&inverse, x));
            prop_assert!(close(&there, x, 1e-9));
            let mut values = eigen(&a, d, EXACT).0;
            values.sort_by(|p, q| q.total_cmp(p));
            let found = leading(&a, d, 2);
            prop_assert_eq!(found.len(), d.min(2));
            for ((value, vector), expected) in found.iter().zip(&values) {
                prop_assert!((value - expected).abs() <= 1e-9);
                let scaled: Vec<f64> = vector.iter().map(|x| value * x).collect();
                prop_assert!(close(&apply(&a, vector), &scaled, 1e-5));
                prop_assert!((dot(vector, vector) - 1.0).abs() <= 1e-9);
            }
            let l = cholesky(&a, d).unwrap();
            let quadratic: f64 = apply(&inverse, x).iter().zip(x).map(|(p, q)| p * q).sum();
            let squared = squared_after_solving(&l, x);
            prop_assert!((squared - quadratic).abs() <= 1e-8 * quadratic.max(1.0));
        }
    }

    /// More directions are iterated than the matrix has ranks.
    #[test]
    fn a_matrix_of_one_direction_has_one() {
        let d = 40;
        let x: Vec<f64> = (0..d).map(|i| f64::from(i) - 30.0).collect();
        let d = x.len();
        let a: Vec<f64> = (0..d * d).map(|at| x[at / d] * x[at % d]).collect();
        let found = leading(&a, d, 2);
        let squared = dot(&x, &x);
        assert!((found[0].0 / squared - 1.0).abs() < 1e-12);
        let length = squared.sqrt();
        let expected: Vec<f64> = x.iter().map(|v| -v / length).collect();
        assert!(
            close(&found[0].1, &expected, 1e-9),
            "its largest number is positive"
        );
        assert!(found[1].0 < 1e-9 * squared);
        assert!(leading(&[], 0, 2).is_empty());
    }

    #[test]
    fn what_is_not_positive_has_no_root() {
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(cholesky(&[f64::NAN], 1).is_none());
        assert!(cholesky(&[1.0], 2).is_none());
    }
}
