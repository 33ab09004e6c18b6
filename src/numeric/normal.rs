//! The normal distribution.

/// The chance of a value below `x`.
pub(crate) fn below(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// The value below which others lie with the chance `share`, between 0 and 1: the inverse of [`below`].
pub(crate) fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if below(middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_tables() {
        for (x, p) in [
            (0.0, 0.5),
            (1.959_963_984_540_054, 0.975),
            (-2.326_347_874_040_841, 0.01),
        ] {
            assert!((below(x) - p).abs() < 1e-12, "{x}");
            assert!((quantile(p) - x).abs() < 1e-9, "{p}");
        }
    }
}
