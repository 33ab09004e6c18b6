//! Student's t distribution.

/// The chance of a value at least as far from 0 as `t`, with `freedom` degrees of freedom, which need
/// not be a whole number: I(freedom / (freedom + t²); freedom / 2, 1/2), the incomplete beta function.
pub(crate) fn two_sided(t: f64, freedom: f64) -> f64 {
    if !t.is_finite() {
        return 0.0;
    }
    incomplete_beta(freedom / (freedom + t * t), 0.5 * freedom, 0.5).clamp(0.0, 1.0)
}

/// How far from 0 a value lies with the chance `share`, or farther: the inverse of [`two_sided`].
pub(crate) fn two_sided_quantile(share: f64, freedom: f64) -> f64 {
    let (mut near, mut far) = (0.0, 1.0);
    while two_sided(far, freedom) > share && far < 1e12 {
        far *= 2.0;
    }
    for _ in 0..80 {
        let middle = f64::midpoint(near, far);
        if two_sided(middle, freedom) > share {
            near = middle;
        } else {
            far = middle;
        }
    }
    far
}

/// The regularised incomplete beta function, by its continued fraction (Press et al. 2007,
/// "Numerical Recipes", section 6.4), which converges fast on one side of the mean.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let scale = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln();
    if x < (a + 1.0) / (a + b + 2.0) {
        scale.exp() * fraction(x, a, b) / a
    } else {
        1.0 - scale.exp() * fraction(1.0 - x, b, a) / b
    }
}

/// Lentz's method.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..1000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function of a number above 0, to some 12 digits: Stirling's series,
/// where it is good enough, after steps of x Γ(x) = Γ(x + 1).
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0f64);
    while x < 12.0 {
        product *= x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * (1.0 / 1680.0)))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - product.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_those_of_the_tables() {
        // 2 * scipy.stats.t.sf(t, df); with 1 degree of freedom 1 - 2 atan(t) / pi, with 2
        // 1 - t / sqrt(2 + t²).
        let atan = |t: f64| 1.0 - 2.0 * t.atan() / std::f64::consts::PI;
        for t in [0.0, 0.3, 1.0, 2.5, 40.0] {
            assert!((two_sided(t, 1.0) - atan(t)).abs() < 1e-12, "{t}");
            let two = 1.0 - t / (2.0 + t * t).sqrt();
            assert!((two_sided(t, 2.0) - two).abs() < 1e-12, "{t}");
            assert_eq!(two_sided(t, 7.3), two_sided(-t, 7.3));
        }
        // The quantiles of every table of the distribution.
        for (t, freedom, p) in [
            (2.570_582, 5.0, 0.05),
            (2.228_139, 10.0, 0.05),
            (2.749_996, 30.0, 0.01),
            (1.959_964, 1e7, 0.05),
        ] {
            assert!((two_sided(t, freedom) - p).abs() < 1e-6, "{t} {freedom}");
        }
        assert_eq!(two_sided(f64::INFINITY, 9.0), 0.0);
        assert!((two_sided_quantile(0.05, 10.0) - 2.228_139).abs() < 1e-5);
        assert!((two_sided_quantile(0.05, 1.0) - 12.706_2).abs() < 1e-3);
    }

    #[test]
    fn gamma_is_that_of_the_factorials() {
        for (x, expected) in [
            (1.0, 1.0f64),
            (5.0, 24.0),
            (0.5, std::f64::consts::PI.sqrt()),
        ] {
            assert!((ln_gamma(x) - expected.ln()).abs() < 1e-12, "{x}");
        }
    }
}
