//! Sums over the last bars of each window, for every window of a series at once.
//!
//! A sliding sum of length `m` is built by doubling: `S_2p[i] = S_p[i] + S_p[i+p]`, and the
//! binary digits of `m` say which of them to add. This costs about `2 log2(m)` additions a bar,
//! all of them vectorised. Prefix sums cost fewer, but they subtract: after one large jump the
//! squares of small returns are lost in them for thousands of bars. Here nothing is subtracted,
//! and the order of the additions depends on `m` alone, so a window's sums have the same bits in
//! every stretch.

use super::bars::BarTerms;

/// The nested scales: the last W, W/2, W/4 and W/8 bars.
pub(super) const SCALES: usize = 4;

/// Sums over one scale of one window. Returns are counted within the window only.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ScaleSums {
    /// Bars of the scale.
    pub(super) bars: f64,
    /// Returns of the scale: one a bar, but none for the window's first bar.
    pub(super) returns: f64,
    /// The plain sums, in the order of [`BarTerms::columns`].
    pub(super) sums: [f64; BarTerms::COLUMNS],
    /// The highest log high.
    pub(super) high: f64,
    /// The lowest log low.
    pub(super) low: f64,
}

/// What the features of one window are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct WindowSums {
    /// The scales from the longest to the shortest.
    pub(super) scales: [ScaleSums; SCALES],
    /// The log close of the last bar.
    pub(super) close: f64,
}

/// The lengths in bars of the scales of a window.
pub(super) fn scale_lengths(window: usize) -> [usize; SCALES] {
    std::array::from_fn(|s| window >> s)
}

/// The number of terms of a column in a scale of `len` bars of a window of `window` bars, when a
/// term needs `lead` bars before its own.
fn terms(window: usize, len: usize, lead: usize) -> usize {
    len.min(window - lead)
}

impl WindowSums {
    /// The definition: adds up the window that is the last `window` bars of `terms`, term by term.
    pub(super) fn of_last(bars: &BarTerms, window: usize) -> Self {
        let mut scales = [ScaleSums::default(); SCALES];
        for (scale, len) in scales.iter_mut().zip(scale_lengths(window)) {
            scale.bars = len as f64;
            scale.returns = terms(window, len, 1) as f64;
            let columns = bars.columns();
            for (sum, (column, lead)) in scale.sums.iter_mut().zip(columns) {
                *sum = column.iter().rev().take(terms(window, len, lead)).sum();
            }
            let last = |column: &[f64], pick: fn(f64, f64) -> f64| {
                column.iter().rev().take(len).copied().reduce(pick)
            };
            scale.high = last(&bars.high, f64::max).unwrap_or(f64::NAN);
            scale.low = last(&bars.low, f64::min).unwrap_or(f64::NAN);
        }
        let close = bars.close.last().copied().unwrap_or(f64::NAN);
        Self { scales, close }
    }
}

/// The sums of all windows of some bars.
pub(super) struct SlidingSums<'a> {
    bars: &'a BarTerms,
    window: usize,
    scales: [SlidingScale; SCALES],
}

/// The sums of one scale; each column stands at the index of its first term.
struct SlidingScale {
    len: usize,
    sums: [Vec<f64>; BarTerms::COLUMNS],
    high: Vec<f64>,
    low: Vec<f64>,
}

impl<'a> SlidingSums<'a> {
    pub(super) fn new(bars: &'a BarTerms, window: usize) -> Self {
        let scales = scale_lengths(window).map(|len| {
            let columns = bars.columns();
            SlidingScale {
                len,
                sums: columns.map(|(column, lead)| sliding_sum(column, terms(window, len, lead))),
                high: sliding(&bars.high, len, f64::max),
                low: sliding(&bars.low, len, f64::min),
            }
        });
        Self {
            bars,
            window,
            scales,
        }
    }

    /// The sums of the window whose last bar is at `end`.
    pub(super) fn at(&self, end: usize) -> WindowSums {
        let value = |column: &[f64], terms: usize| {
            let first = (end + 1).checked_sub(terms);
            first
                .and_then(|i| column.get(i))
                .copied()
                .unwrap_or(f64::NAN)
        };
        let mut scales = [ScaleSums::default(); SCALES];
        for (out, scale) in scales.iter_mut().zip(&self.scales) {
            out.bars = scale.len as f64;
            out.returns = terms(self.window, scale.len, 1) as f64;
            let leads = BarTerms::LEADS.iter();
            for (sum, (column, &lead)) in out.sums.iter_mut().zip(scale.sums.iter().zip(leads)) {
                *sum = value(column, terms(self.window, scale.len, lead));
            }
            out.high = value(&scale.high, scale.len);
            out.low = value(&scale.low, scale.len);
        }
        let close = value(&self.bars.close, 1);
        WindowSums { scales, close }
    }
}

/// `out[i]` is the sum of the `len` values from `i`.
fn sliding_sum(values: &[f64], len: usize) -> Vec<f64> {
    let mut power = values.to_vec();
    let mut total: Option<Vec<f64>> = None;
    let mut done = 0;
    let mut step = 1;
    loop {
        if len & step != 0 {
            total = Some(match total {
                None => power.clone(),
                Some(total) => pairwise(&total, power.get(done..).unwrap_or(&[]), |a, b| a + b),
            });
            done += step;
        }
        if done == len {
            return total.unwrap_or_default();
        }
        power = pairwise(&power, power.get(step..).unwrap_or(&[]), |a, b| a + b);
        step *= 2;
    }
}

/// `out[i]` is the least or greatest of the `len` values from `i`; they may be counted twice.
fn sliding(values: &[f64], len: usize, pick: fn(f64, f64) -> f64) -> Vec<f64> {
    let mut power = values.to_vec();
    let mut step = 1;
    while 2 * step <= len {
        power = pairwise(&power, power.get(step..).unwrap_or(&[]), pick);
        step *= 2;
    }
    pairwise(&power, power.get(len - step..).unwrap_or(&[]), pick)
}

fn pairwise(left: &[f64], right: &[f64], join: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    left.iter().zip(right).map(|(&a, &b)| join(a, b)).collect()
}
