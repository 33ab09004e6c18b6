//! Functions of one number and of one vector, written so that compilers vectorise them.

use crate::encode::weights::Activation;
use crate::numeric::dot::dot_wide;
use crate::numeric::dot::sum_of;

/// Applies an activation to each number.
pub(super) fn activate(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => values.iter_mut().for_each(|x| *x = x.max(0.0)),
        Activation::Gelu => values.iter_mut().for_each(|x| *x = gelu(*x)),
    }
}

/// `x * P(normal < x)`.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function, a rational function of `x` clamped to -4..4, where f32 cannot tell it from
/// 1; within 5e-7 everywhere. Without a branch and without `exp`, so that it is vectorised.
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let z = x * x;
    let mut above = -2.726_142_3e-10_f32;
    for c in [
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_5e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ] {
        above = above * z + c;
    }
    let mut below = -1.456_607_2e-5_f32;
    for c in [
        -2.133_740_6e-4,
        -1.682_827e-3,
        -7.373_329e-3,
        -1.426_473_9e-2,
    ] {
        below = below * z + c;
    }
    x * above / below
}

/// The mean of squares.
pub(super) fn mean_square(values: &[f32]) -> f64 {
    dot_wide(values, values) / values.len().max(1) as f64
}

/// Layer normalisation with epsilon 1e-5.
pub(crate) fn normalise(values: &mut [f32], weight: &[f32], bias: &[f32]) {
    let n = values.len().max(1) as f64;
    let mean = sum_of(values, values, |x, _| f64::from(x)) / n;
    let around = |x: f32| f64::from(x) - mean;
    let variance = sum_of(values, values, |x, _| around(x) * around(x)) / n;
    let scale = 1.0 / (variance + 1e-5).sqrt();
    for (x, (w, b)) in values.iter_mut().zip(weight.iter().zip(bias)) {
        *x = (around(*x) * scale) as f32 * w + b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf by its series, in f64.
    fn series(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn erf_is_near_its_series() {
        for i in -500..=500 {
            let x = f64::from(i) / 100.0;
            let difference = f64::from(erf(x as f32)) - series(f64::from(x as f32));
            assert!(difference.abs() < 5e-7, "{x}: {difference}");
        }
    }

    #[test]
    fn gelu_is_gelu() {
        let mut values = [-10.0, -1.0, 0.0, 1.0, 10.0];
        activate(Activation::Gelu, &mut values);
        let expected = [0.0, -0.158_655_26, 0.0, 0.841_344_7, 10.0];
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 5e-6, "{value} {expected}");
        }
    }

    #[test]
    fn normalised_vectors_have_mean_0_and_variance_1() {
        let mut values = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0];
        normalise(&mut values, &[1.0; 6], &[0.0; 6]);
        assert!(values.iter().sum::<f32>().abs() < 1e-5);
        assert!((mean_square(&values) - 1.0).abs() < 1e-4);
    }
}
