//! Many p-values at once.

/// The q-value of each p-value (Benjamini and Hochberg 1995): where those at or below a level are called found, this
/// level is what share of them chance alone may have made, on average.
pub(crate) fn q_values(p: &[f64]) -> Vec<f64> {
    let n = p.len() as f64;
    let mut order: Vec<usize> = (0..p.len()).collect();
    let value = |i: usize| p.get(i).copied().unwrap_or(1.0);
    order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
    let mut q = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        least = least.min(value(i) * n / (rank + 1) as f64);
        if let Some(slot) = q.get_mut(i) {
            *slot = least;
        }
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper's method, as `p.adjust` of R gives it.
    #[test]
    fn values_are_those_of_benjamini_and_hochberg() {
        let found = q_values(&[0.01, 0.04, 0.03, 0.005, 0.8]);
        for (found, expected) in found.iter().zip([0.025, 0.05, 0.05, 0.025, 0.8]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!(q_values(&[]).is_empty());
        assert_eq!(q_values(&[0.3]), [0.3]);
    }
}
