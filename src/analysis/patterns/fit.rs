//! How near the end of a price path is to each pattern.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::drawn::PATTERNS;

/// How many patterns there are.
pub(crate) const COUNT: usize = PATTERNS.len();
/// Points by which a path and a drawing are compared.
const POINTS: usize = 32;
/// Cosines of the transform that are kept: what is faster than these counts as noise.
const COSINES: usize = 24;
/// How many drawings of a pattern there are, all ways to draw it together.
const DRAWINGS: usize = 96;
/// A path is compared at each of these lengths in bars; from one to the next is a tenth.
const LENGTHS: [usize; 8] = [SHORTEST, 40, 44, 48, 53, 58, 64, LONGEST];
/// The fewest bars that can be compared.
pub(crate) const SHORTEST: usize = 36;
/// The most bars that are looked at.
pub(crate) const LONGEST: usize = 70;
/// How many independent numbers the similarity is worth, for probabilities. Fitted to patterns of
/// another generator than the tests have.
const WORTH: f64 = 14.0;
/// Below this length a path counts as flat.
const FLAT: f64 = 1e-9;

/// The nearest drawing of one pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    /// The cosine of the path and the drawing, -1 to 1.
    pub(crate) similarity: f64,
    /// The bars up to the end of the path that look like it.
    pub(crate) bars: usize,
}

/// A path or a drawing as it is compared: weighted cosines at unit length.
type Outline = [f32; COSINES];

/// All drawings of one pattern.
struct Drawn {
    outlines: Vec<Outline>,
}

/// The drawings of all patterns, made once.
static BOOK: LazyLock<Vec<Drawn>> = LazyLock::new(|| {
    let drawn = |pattern: &super::drawn::Pattern| {
        let each = (DRAWINGS / pattern.drawings.len().max(1)) as u32;
        let variants = pattern
            .drawings
            .iter()
            .flat_map(|d| (0..each).map(|variant| d.drawn(variant, POINTS)));
        let outlines = variants.filter_map(|path| outline(&path)).collect();
        Drawn { outlines }
    };
    PATTERNS.iter().map(drawn).collect()
});

/// The transform of [`outline`], by cosine and point.
static TRANSFORM: LazyLock<Vec<[f64; POINTS]>> = LazyLock::new(|| {
    let row = |k: usize| {
        let mut row = [0.0; POINTS];
        for (i, x) in row.iter_mut().enumerate() {
            let angle = PI * k as f64 * (i as f64 + 0.5) / POINTS as f64;
            *x = (k as f64).sqrt() * angle.cos();
        }
        row
    };
    (1..=COSINES).map(row).collect()
});

/// How near the end of a path of log closes is to each pattern, in their order. The best of all
/// drawings at all lengths that the path has. `None` if it is shorter than [`SHORTEST`] or flat.
pub(crate) fn fits(closes: &[f64]) -> Option<[Fit; COUNT]> {
    let none = Fit {
        similarity: f64::NEG_INFINITY,
        bars: 0,
    };
    let mut best = [none; COUNT];
    for bars in LENGTHS {
        let Some(start) = closes.len().checked_sub(bars) else {
            break;
        };
        let path = resampled(closes.get(start..)?);
        let Some(path) = outline(&path) else {
            continue;
        };
        for (best, drawn) in best.iter_mut().zip(BOOK.iter()) {
            let found = drawn.outlines.iter().map(|o| dot(o, &path));
            let similarity = f64::from(found.fold(f32::NEG_INFINITY, f32::max));
            if similarity > best.similarity {
                *best = Fit { similarity, bars };
            }
        }
    }
    best.iter().all(|fit| fit.bars > 0).then_some(best)
}

/// The probability of each pattern, and of none.
///
/// A similarity s counts as the likelihood `(1 - s^2)^(-WORTH / 2)`, that of a path around its drawing
/// with so many independent errors. That no pattern is there counts as the similarity that chance
/// alone reaches with the pattern that is nearest.
pub(crate) fn odds(fits: &[Fit; COUNT]) -> ([f64; COUNT], f64) {
    let log_likelihood = |s: f64| -WORTH / 2.0 * (1.0 - s.clamp(0.0, 1.0).powi(2)).max(1e-9).ln();
    let logs = fits.map(|fit| log_likelihood(fit.similarity));
    let nearest = logs.iter().zip(&PATTERNS).max_by(|a, b| a.0.total_cmp(b.0));
    let none = nearest.map_or(0.0, |(_, pattern)| log_likelihood(pattern.chance));
    let most = logs.iter().copied().fold(none, f64::max);
    let sum: f64 = logs.iter().chain([&none]).map(|l| (l - most).exp()).sum();
    (
        logs.map(|l| (l - most).exp() / sum),
        (none - most).exp() / sum,
    )
}

/// Its means over [`POINTS`] equal parts.
fn resampled(path: &[f64]) -> [f64; POINTS] {
    let level = path.first().copied().unwrap_or_default();
    let mut means = [0.0; POINTS];
    let step = path.len() as f64 / POINTS as f64;
    for (i, mean) in means.iter_mut().enumerate() {
        let (from, to) = (i as f64 * step, (i + 1) as f64 * step);
        let bars = path.iter().enumerate().skip(from as usize);
        for (bar, x) in bars.take_while(|(bar, _)| (*bar as f64) < to) {
            let share = (to.min((bar + 1) as f64) - from.max(bar as f64)).max(0.0);
            *mean += share / step * (x - level);
        }
    }
    means
}

/// The first cosines of a path, each times the square root of its number, at unit length; `None` if
/// the path is flat. Without the weight a similarity is the correlation of two paths, and random
/// walks, which are smooth, come as near to a drawing as true patterns do; with a weight of the
/// number itself it is that of their moves, and noise covers the pattern. This is halfway.
fn outline(path: &[f64]) -> Option<Outline> {
    let product = |row: &[f64; POINTS]| -> f64 { row.iter().zip(path).map(|(a, b)| a * b).sum() };
    let mut numbers = [0.0; COSINES];
    for (number, row) in numbers.iter_mut().zip(TRANSFORM.iter()) {
        *number = product(row);
    }
    let length = numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
    (length >= FLAT).then(|| numbers.map(|x| (x / length) as f32))
}

fn dot(a: &Outline, b: &Outline) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The lengths in bars at which drawings are searched for.
const SEARCHED: [usize; 3] = [40, 50, 64];
/// Drawings of a pattern that are searched for at each length.
const SEARCHES: u32 = 6;
/// How high a searched drawing is beside its price: only its shape counts.
const HEIGHT: f64 = 0.1;

/// Paths of prices, as long as a window of so many bars, that end with a pattern: drawings of it at
/// several lengths. Before the pattern the price stands still.
pub(crate) fn paths(pattern: usize, window: usize) -> Vec<Vec<f64>> {
    let Some(pattern) = PATTERNS.get(pattern) else {
        return Vec::new();
    };
    let mut lengths: Vec<usize> = SEARCHED.iter().map(|&bars| bars.min(window)).collect();
    lengths.dedup();
    let drawings = pattern.drawings.iter().cycle();
    let each: Vec<_> = drawings.zip(0..SEARCHES).collect();
    let path = |bars: usize, heights: Vec<f64>| -> Vec<f64> {
        let first = heights.first().copied().unwrap_or_default();
        let before = std::iter::repeat_n(first, window.saturating_sub(bars));
        let all = before.chain(heights);
        all.map(|height| (HEIGHT * height).exp()).collect()
    };
    let of_length = |&bars: &usize| {
        let drawn = each
            .iter()
            .map(move |(d, variant)| (bars, d.drawn(*variant, bars)));
        drawn.collect::<Vec<_>>()
    };
    lengths
        .iter()
        .flat_map(of_length)
        .map(|(bars, heights)| path(bars, heights))
        .collect()
}
