//! Charts with a pattern in them, drawn from what each pattern's name means in words. The library's
//! templates have other corners, other curves and no noise. What they say of these charts was looked at while
//! their number and measure were chosen.

use crate::oracle::{Lcg, gauss, student};

/// The eight kinds, as `classify --set patterns` calls them.
pub const KINDS: [&str; 8] = [
    "double bottom",
    "double top",
    "head and shoulders",
    "inverse head and shoulders",
    "ascending triangle",
    "descending triangle",
    "flag",
    "cup and handle",
];

/// How the noise on a pattern behaves from bar to bar.
#[derive(Clone, Copy, Debug)]
pub enum Noise {
    /// It is drawn anew at each bar.
    Levels,
    /// It adds up.
    Steps,
}

/// A number from a range.
fn within(random: &mut Lcg, low: f64, high: f64) -> f64 {
    low + (high - low) * random.next()
}

/// The corners of a pattern: when, from 0 to 1, and how high, from about 0 to 1.
fn corners(kind: &str, random: &mut Lcg) -> Vec<(f64, f64)> {
    let mut wobble = |at: f64, by: f64| within(random, at - by, at + by);
    match kind {
        // Two lows at one level, a peak between them, and a rise to the neckline or above it.
        "double bottom" => vec![
            (0.0, wobble(0.95, 0.1)),
            (wobble(0.25, 0.05), 0.0),
            (wobble(0.5, 0.06), wobble(0.55, 0.12)),
            (wobble(0.75, 0.05), wobble(0.0, 0.05)),
            (1.0, wobble(0.85, 0.2)),
        ],
        // Three lows, the middle one lowest.
        "inverse head and shoulders" => vec![
            (0.0, wobble(0.95, 0.1)),
            (wobble(0.17, 0.03), wobble(0.45, 0.08)),
            (wobble(0.33, 0.03), wobble(0.85, 0.1)),
            (wobble(0.5, 0.04), 0.0),
            (wobble(0.67, 0.03), wobble(0.85, 0.1)),
            (wobble(0.83, 0.03), wobble(0.45, 0.08)),
            (1.0, wobble(1.0, 0.1)),
        ],
        // Highs at one level, lows that rise towards it.
        "ascending triangle" => vec![
            (0.0, wobble(0.05, 0.05)),
            (wobble(0.22, 0.04), wobble(1.0, 0.03)),
            (wobble(0.4, 0.03), wobble(0.35, 0.08)),
            (wobble(0.57, 0.03), wobble(1.0, 0.03)),
            (wobble(0.72, 0.03), wobble(0.62, 0.07)),
            (wobble(0.85, 0.03), wobble(1.0, 0.03)),
            (0.93, wobble(0.82, 0.05)),
            (1.0, wobble(1.0, 0.04)),
        ],
        // A steep rise, then a short channel that leans against it.
        "flag" => vec![
            (0.0, 0.0),
            (wobble(0.42, 0.08), 1.0),
            (wobble(0.57, 0.02), wobble(0.76, 0.05)),
            (wobble(0.68, 0.02), wobble(0.9, 0.04)),
            (wobble(0.8, 0.02), wobble(0.66, 0.05)),
            (wobble(0.9, 0.02), wobble(0.8, 0.04)),
            (1.0, wobble(0.62, 0.06)),
        ],
        // A rounded bottom back to the old high, then a small pullback.
        "cup and handle" => {
            let (rim, depth) = (wobble(0.76, 0.05), 0.3);
            let mut corners: Vec<(f64, f64)> = (0..=10)
                .map(|i| {
                    let x = f64::from(i) / 10.0;
                    (x * rim, 1.0 - (1.0 - (2.0 * x - 1.0).powi(2)).powf(0.75))
                })
                .collect();
            corners.push((wobble(0.89, 0.02), 1.0 - wobble(depth, 0.06)));
            corners.push((1.0, wobble(0.98, 0.05)));
            corners
        }
        mirrored => {
            let upright = match mirrored {
                "double top" => "double bottom",
                "head and shoulders" => "inverse head and shoulders",
                "descending triangle" => "ascending triangle",
                other => panic!("no such pattern: {other}"),
            };
            let flipped = corners(upright, random).into_iter();
            flipped.map(|(t, h)| (t, 1.0 - h)).collect()
        }
    }
}

/// Log closes in units of one bar's deviation: a walk of `before` bars, then the pattern, which
/// ends at the last bar. Between corners it goes like half a wave, so that corners are round.
pub fn chart(kind: &str, noise: Noise, before: usize, random: &mut Lcg) -> Vec<f64> {
    let bars = 40 + (random.next() * 25.0) as usize;
    let height = within(random, 7.0, 13.0);
    let corners = corners(kind, random);
    let mut levels = vec![0.0];
    for _ in 1..before {
        let last = levels[levels.len() - 1];
        levels.push(last + student(random));
    }
    let start = levels[levels.len() - 1] - height * corners[0].1;
    let mut drift = 0.0;
    for i in 0..bars {
        let t = i as f64 / (bars - 1) as f64;
        let next = corners
            .iter()
            .position(|c| c.0 >= t)
            .unwrap_or(corners.len() - 1)
            .max(1);
        let (from, to) = (corners[next - 1], corners[next]);
        let share = ((t - from.0) / (to.0 - from.0)).clamp(0.0, 1.0);
        let share = (1.0 - (std::f64::consts::PI * share).cos()) / 2.0;
        let step = 0.35 * gauss(random);
        let off = match noise {
            Noise::Levels => step,
            Noise::Steps => {
                drift += step;
                drift
            }
        };
        levels.push(start + height * (from.1 + (to.1 - from.1) * share) + off);
    }
    levels
}
