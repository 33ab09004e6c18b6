//! Means, quantiles, ranks and correlations.

/// The mean; NaN of nothing.
pub(crate) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len();
    values.sum::<f64>() / n as f64
}

/// The quantile `q` of ascending numbers, straight between the two nearest (type 7 of Hyndman and
/// Fan 1996, the one of NumPy); NaN of nothing.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * sorted.len().saturating_sub(1) as f64;
    let left = at.floor();
    let value = |i: usize| sorted.get(i).or(sorted.last()).copied().unwrap_or(f64::NAN);
    let (a, b) = (value(left as usize), value(at.ceil() as usize));
    a + (b - a) * (at - left)
}

/// The same of numbers in any order.
pub(crate) fn quantile_of(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile(&sorted, q)
}

/// What a share lies in with the confidence that is said where the interval is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfidenceInterval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The 95 % interval of a share of `n` trials, after Wilson.
pub(crate) fn wilson(share: f64, n: f64) -> ConfidenceInterval {
    const Z: f64 = 1.959_964;
    let z2 = Z * Z / n;
    let centre = share + z2 / 2.0;
    let spread = Z * (share * (1.0 - share) / n + z2 / (4.0 * n)).sqrt();
    let end = |x: f64| (x / (1.0 + z2)).clamp(0.0, 1.0);
    // Rounding must not leave the share itself outside.
    ConfidenceInterval {
        low: end(centre - spread).min(share),
        high: end(centre + spread).max(share),
    }
}

/// Ranks from 1, those of equal values in the middle.
pub(crate) fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tie in order.chunk_by(|a, b| a.0 == b.0) {
        let middle = before as f64 + (tie.len() + 1) as f64 / 2.0;
        for (_, i) in tie {
            if let Some(rank) = ranks.get_mut(*i) {
                *rank = middle;
            }
        }
        before += tie.len();
    }
    ranks
}

/// Weighted Pearson correlation; of [`midranks`] it is Spearman's.
pub(crate) fn correlation(a: &[f64], b: &[f64], weights: &[f64]) -> f64 {
    let rows = || a.iter().zip(b).zip(weights);
    let total: f64 = weights.iter().sum();
    let (sum_a, sum_b) = rows().fold((0.0, 0.0), |s, ((x, y), w)| (s.0 + w * x, s.1 + w * y));
    let (mean_a, mean_b) = (sum_a / total, sum_b / total);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for ((x, y), w) in rows() {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += w * x * y;
        aa += w * x * x;
        bb += w * y * y;
    }
    ab / (aa * bb).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    /// Values that were computed apart from this code.
    #[test]
    fn intervals_are_those_of_wilson() {
        let close = |found: ConfidenceInterval, (c, d): (f64, f64)| {
            let ConfidenceInterval { low: a, high: b } = found;
            assert!((a - c).abs() < 1e-6 && (b - d).abs() < 1e-6, "{a} {b}");
        };
        close(wilson(0.5, 10.0), (0.236_593, 0.763_407));
        close(wilson(1.0, 100.0), (0.963_007, 1.0));
        close(wilson(0.0, 100.0), (0.0, 0.036_993));
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        let values = [1.0, 2.0, 4.0, 8.0];
        // numpy.quantile([1, 2, 4, 8], [0, 0.05, 0.5, 0.75, 1])
        for (q, expected) in [
            (0.0, 1.0),
            (0.05, 1.15),
            (0.5, 3.0),
            (0.75, 5.0),
            (1.0, 8.0),
        ] {
            assert!((quantile(&values, q) - expected).abs() < 1e-12, "{q}");
        }
        assert_eq!(quantile(&[3.0], 0.3), 3.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn ranks_and_their_correlation() {
        assert_eq!(midranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        let (a, b) = (
            midranks(&[1.0, 2.0, 3.0, 4.0]),
            midranks(&[1.0, 8.0, 27.0, 64.0]),
        );
        near(correlation(&a, &b, &[1.0; 4]), 1.0);
        // Ranks 1 2 3 4 5 and 2 1 4 3 5: 1 - 6 * 4 / (5 * 24).
        let b = midranks(&[20.0, 10.0, 40.0, 30.0, 50.0]);
        near(
            correlation(&midranks(&[1.0, 2.0, 3.0, 4.0, 5.0]), &b, &[1.0; 5]),
            0.8,
        );
    }

    #[test]
    fn quantiles_lie_between_values() {
        near(quantile_of(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert!(quantile_of(&[], 0.5).is_nan());
    }
}
