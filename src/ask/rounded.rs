//! Figures as answers have them: with as many decimals as they are worth.

/// To so many decimals.
pub(super) fn to(decimals: i32, x: f64) -> f64 {
    let unit = 10f64.powi(decimals);
    (x * unit).round() / unit
}

/// A score, a probability, a figure of a vector.
pub(super) fn figure(x: impl Into<f64>) -> f64 {
    to(6, x.into())
}

/// A return, or what was made of returns.
pub(super) fn change(x: f64) -> f64 {
    to(8, x)
}
