//! The features of `stats`: their formulas, and the constants that make them comparable.

use super::bars::Term;
use super::sums::{ScaleSums, WindowSums};

/// The number of features.
pub(super) const FEATURES: usize = 32;

/// What a feature measures on one scale; the formulas stand in the module's text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    Drift,
    Volatility,
    Tail,
    BarRange,
    PathRange,
    Position,
    Body,
    Wick,
    UpShare,
    Echo,
    Skew,
    Volume,
    VolumeMove,
    VolumeDrift,
}

/// One feature: a measure on the scale of the last `W >> halvings` bars, and the centre and the
/// spread of its raw value on real bars.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feature {
    pub(super) measure: Measure,
    pub(super) halvings: usize,
    pub(super) centre: f64,
    pub(super) spread: f64,
}

const fn feature(measure: Measure, halvings: usize, centre: f64, spread: f64) -> Feature {
    Feature {
        measure,
        halvings,
        centre,
        spread,
    }
}

/// The features in the order of the embedding. The constants are the rounded median and half the
/// distance from the 16th to the 84th percentile over bars of 5 minutes, hours and days of crypto
/// and US equities at windows of 32 to 256; measures of direction are centred at 0, so that a
/// falling market is the mirror image of a rising one. They are part of what `stats/1` means.
pub(super) const TABLE: [Feature; FEATURES] = [
    feature(Measure::Drift, 0, 0.0, 1.0),
    feature(Measure::Drift, 1, 0.0, 1.0),
    feature(Measure::Drift, 2, 0.0, 1.0),
    feature(Measure::Drift, 3, 0.0, 1.0),
    feature(Measure::Volatility, 1, 0.0, 0.11),
    feature(Measure::Volatility, 2, 0.0, 0.12),
    feature(Measure::Volatility, 3, 0.0, 0.14),
    feature(Measure::Tail, 0, 0.73, 0.06),
    feature(Measure::Tail, 2, 0.78, 0.07),
    feature(Measure::BarRange, 0, 0.14, 0.085),
    feature(Measure::BarRange, 2, 0.18, 0.11),
    feature(Measure::PathRange, 0, 1.58, 0.45),
    feature(Measure::PathRange, 1, 1.58, 0.45),
    feature(Measure::PathRange, 2, 1.6, 0.45),
    feature(Measure::Position, 0, 0.0, 0.67),
    feature(Measure::Position, 1, 0.0, 0.67),
    feature(Measure::Position, 2, 0.0, 0.67),
    feature(Measure::Body, 0, 0.49, 0.05),
    feature(Measure::Body, 2, 0.49, 0.08),
    feature(Measure::Wick, 0, 0.0, 0.43),
    feature(Measure::Wick, 2, 0.0, 0.4),
    feature(Measure::UpShare, 0, 0.0, 0.94),
    feature(Measure::Echo, 0, 0.0, 1.0),
    feature(Measure::Echo, 1, 0.0, 1.0),
    feature(Measure::Skew, 0, 0.0, 1.0),
    feature(Measure::Volume, 1, 0.0, 0.1),
    feature(Measure::Volume, 2, 0.0, 0.1),
    feature(Measure::Volume, 3, 0.0, 0.11),
    feature(Measure::VolumeMove, 0, 0.11, 0.066),
    feature(Measure::VolumeMove, 2, 0.07, 0.066),
    feature(Measure::VolumeDrift, 0, 0.0, 2.2),
    feature(Measure::VolumeDrift, 2, 0.0, 1.8),
];

/// The embedding of a window; `None` if its close never changes.
pub(super) fn embed(sums: &WindowSums) -> Option<[f32; FEATURES]> {
    let whole = sums.scales.first()?;
    if whole.sum(Term::Square) <= 0.0 {
        return None;
    }
    let bounded = TABLE.map(|feature| {
        // A measure without a value on a flat or untraded scale says nothing: 0 is the middle.
        raw(feature, sums).map_or(0.0, |value| {
            bound((value - feature.centre) / feature.spread)
        })
    });
    let norm = bounded.iter().map(|x| x * x).sum::<f64>().sqrt();
    (norm > 0.0).then(|| bounded.map(|x| (x / norm) as f32))
}

/// Bounds a value to -1..1: 0.71 at one spread from the centre, 0.95 at three.
fn bound(z: f64) -> f64 {
    z / (1.0 + z * z).sqrt()
}

/// The raw value of a feature; `None` where it would be 0/0.
pub(super) fn raw(feature: Feature, sums: &WindowSums) -> Option<f64> {
    let scale = sums.scales.get(feature.halvings)?;
    let longer = || sums.scales.get(feature.halvings.checked_sub(1)?);
    let n = scale.returns;
    let energy = scale.sum(Term::Square).sqrt();
    let absolute = scale.sum(Term::Absolute);
    let volume = scale.sum(Term::Volume);
    match feature.measure {
        Measure::Drift => ratio(scale.sum(Term::Return), energy),
        Measure::Volatility => contrast(scale.volatility(), longer()?.volatility()),
        Measure::Tail => ratio(absolute, n.sqrt() * energy),
        Measure::BarRange => contrast(scale.sum(Term::Range) / scale.bars, scale.volatility()),
        Measure::PathRange => ratio(scale.high - scale.low, energy),
        Measure::Position => {
            let above_low = sums.close - scale.low;
            let below_high = scale.high - sums.close;
            contrast(above_low, below_high)
        }
        Measure::Body => ratio(scale.sum(Term::Body), scale.sum(Term::Range)),
        Measure::Wick => ratio(
            scale.bars.sqrt() * scale.sum(Term::Wick),
            scale.sum(Term::Range),
        ),
        Measure::UpShare => ratio(scale.sum(Term::Sign), n.sqrt()),
        Measure::Echo => ratio(n.sqrt() * scale.sum(Term::Lagged), energy * energy),
        Measure::Skew => ratio(n.sqrt() * scale.sum(Term::Cube), energy * energy * energy),
        Measure::Volume => {
            let longer = longer()?;
            contrast(volume / scale.bars, longer.sum(Term::Volume) / longer.bars)
        }
        Measure::VolumeMove => contrast(
            scale.sum(Term::VolumeAbsolute) * scale.bars,
            volume * absolute,
        ),
        Measure::VolumeDrift => ratio(
            n.sqrt() * scale.sum(Term::VolumeReturn),
            scale.sum(Term::VolumeAbsolute),
        ),
    }
}

/// `a / b`, or `None` where `b` is 0.
fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}

/// `(a - b) / (a + b)`, which is `tanh(ln(a / b) / 2)`: a log ratio that stays finite at 0.
fn contrast(a: f64, b: f64) -> Option<f64> {
    ratio(a - b, a + b)
}

impl ScaleSums {
    /// One of the plain sums.
    fn sum(&self, term: Term) -> f64 {
        self.sums.get(term as usize).copied().unwrap_or(f64::NAN)
    }

    /// The root mean square of the returns.
    fn volatility(&self) -> f64 {
        (self.sum(Term::Square) / self.returns).sqrt()
    }
}
