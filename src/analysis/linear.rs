//! Small symmetric matrices, row by row in one slice.

#![allow(
    clippy::indexing_slicing,
    reason = "each function checks the length of its matrix once"
)]

/// A matrix L with zeros above the diagonal and `L L' = a`; `None` if `a` is not positive definite.
pub(super) fn cholesky(a: &[f64], d: usize) -> Option<Vec<f64>> {
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
pub(super) fn squared_after_solving(l: &[f64], x: &[f64]) -> f64 {
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
pub(super) fn apply(a: &[f64], x: &[f64]) -> Vec<f64> {
    let rows = a.chunks_exact(x.len().max(1));
    rows.map(|row| row.iter().zip(x).map(|(p, q)| p * q).sum())
        .collect()
}

/// `a b`.
pub(super) fn product(a: &[f64], b: &[f64], d: usize) -> Vec<f64> {
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
pub(super) fn function_of(a: &[f64], d: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    if a.len() != d * d {
        return Vec::new();
    }
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
        if beside <= 1e-28 * norm {
            break;
        }
        for p in 0..d {
            for q in p + 1..d {
                rotate(&mut m, &mut v, d, (p, q));
            }
        }
    }
    let values: Vec<f64> = (0..d).map(|i| f(m[i * d + i])).collect();
    let mut out = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..=i {
            // The rows of v are the eigenvectors.
            let sum: f64 = (0..d)
                .map(|k| values[k] * v[k * d + i] * v[k * d + j])
                .sum();
            out[i * d + j] = sum;
            out[j * d + i] = sum;
        }
    }
    out
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
            let l = cholesky(&a, d).unwrap();
            let quadratic: f64 = apply(&inverse, x).iter().zip(x).map(|(p, q)| p * q).sum();
            let squared = squared_after_solving(&l, x);
            prop_assert!((squared - quadratic).abs() <= 1e-8 * quadratic.max(1.0));
        }
    }

    #[test]
    fn what_is_not_positive_has_no_root() {
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(cholesky(&[f64::NAN], 1).is_none());
        assert!(cholesky(&[1.0], 2).is_none());
    }
}
