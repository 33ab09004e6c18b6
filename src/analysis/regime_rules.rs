//! Rules that tell a regime from the bars before it.
//!
//! Two numbers carry them, each over the last 64 bars and over the last 32, which answer sooner; the
//! probabilities of the two are averaged.
//!
//! - trend: the move, over the realised deviation of a bar times the square root of their number. That
//!   of a random walk is within 1.2 in three of four windows.
//! - unrest: the logarithm of the realised deviation of a bar, less its mean in the year before, or in
//!   what there is of it.
//!
//! | `regimes` | trend | unrest |
//! |---|---|---|
//! | bullish | above 1.2 | |
//! | bearish | below -1.2 | |
//! | range | within 1.2 | below that of the year |
//! | whipsaw | within 1.2 | above it |
//!
//! No edge is sharp: a logistic curve leads over each. `eight-regimes` adds rules to these: a rise or a
//! fall is strong beyond two deviations of the year; a breakout leaves the narrow range in which the first
//! three quarters of the window lay; a reversal has won back half of a fall by more than 1.5 deviations within
//! a third of the window.
//!
//! Where bars are shorter than an hour, there are as many more of them as fill 64 hours: a regime is
//! a matter of days, not of minutes.

use super::labels::LabelSet;
use super::numbers::logs;
use crate::model::{Bars, Interval};

/// How far back the unrest of a regime is compared, in milliseconds.
pub(super) const YEAR: i64 = 365 * 86_400_000;
const HOUR: i64 = 3_600_000;
/// Bars of a window.
const WINDOW: usize = 64;
/// A trend beyond this is a rise or a fall.
const TREND: f64 = 1.2;
/// How steep the curves are at the edges of trend and of unrest.
const STEEP: (f64, f64) = (3.0, 6.0);
/// A move beyond so many deviations of the year is strong.
const STRONG: f64 = 2.0;
/// A range narrower than so many deviations of its own is a consolidation; a random walk's is 1.6.
const NARROW: f64 = 1.3;
/// A fall beyond so many deviations of the year may be reversed.
const FALL: f64 = 1.5;

/// The rules of a set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    window: usize,
    eight: bool,
}

impl Rules {
    /// Those of a built-in set for bars of an interval.
    pub(super) fn of(set: &LabelSet, interval: Option<Interval>) -> Self {
        let millis = interval.map_or(HOUR, Interval::nominal_millis);
        let longer = (HOUR / millis.max(1)).max(1) as usize;
        Self {
            window: WINDOW * longer,
            eight: set.name() == "eight-regimes",
        }
    }

    /// The bars that a regime is told from, those of the year before not counted.
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// The fewest bars that tell a regime.
    pub(super) fn needs(&self) -> usize {
        self.window
    }

    /// By how many windows a label has to lead before it counts, if nobody says.
    pub(super) fn confirm(&self) -> usize {
        self.window / 8
    }
}

/// The realised deviations of a series' windows of one length.
struct Unrest {
    bars: usize,
    /// The deviation of a bar in the window that ends there; 0 if it is flat or not whole.
    deviation: Vec<f64>,
    /// The sum of the logarithms of those before each bar, and how many there are.
    before: Vec<(f64, u32)>,
}

impl Unrest {
    fn new(closes: &[f64], bars: usize) -> Self {
        let mut squares = vec![0.0];
        let mut sum = 0.0;
        for [a, b] in closes.array_windows::<2>() {
            sum += (b - a) * (b - a);
            squares.push(sum);
        }
        let mut deviation = Vec::with_capacity(closes.len());
        let mut before = Vec::with_capacity(closes.len() + 1);
        let mut logs = (0.0, 0);
        for (i, &sum) in squares.iter().take(closes.len()).enumerate() {
            before.push(logs);
            let first = (i + 1)
                .checked_sub(bars)
                .and_then(|first| squares.get(first));
            let moves = (bars.max(2) - 1) as f64;
            let found = first.map_or(0.0, |first| ((sum - first).max(0.0) / moves).sqrt());
            if found > 0.0 {
                logs = (logs.0 + found.ln(), logs.1 + 1);
            }
            deviation.push(found);
        }
        before.push(logs);
        Self {
            bars,
            deviation,
            before,
        }
    }

    /// The mean logarithm of the deviations of the windows that end in these bars.
    fn mean(&self, first: usize, last: usize) -> Option<f64> {
        let (a, b) = (self.before.get(first)?, self.before.get(last + 1)?);
        (b.1 > a.1).then(|| (b.0 - a.0) / f64::from(b.1 - a.1))
    }
}

/// What the rules know of a series.
pub(super) struct History {
    closes: Vec<f64>,
    /// The first bar of the year before each bar.
    year: Vec<usize>,
    unrest: [Unrest; 2],
}

/// A rise, a fall, a range, a whipsaw.
type Four = [f64; 4];

impl History {
    pub(super) fn new(bars: &Bars, rules: &Rules) -> Self {
        let closes = logs(&bars.close);
        let mut first = 0;
        let year = bars.time.iter().map(|&time| {
            while bars
                .time
                .get(first)
                .is_some_and(|&t| t < time.saturating_sub(YEAR))
            {
                first += 1;
            }
            first
        });
        Self {
            year: year.collect(),
            unrest: [rules.window, rules.window / 2].map(|bars| Unrest::new(&closes, bars)),
            closes,
        }
    }

    /// The probability of each regime at a bar, by that bar and those before it; `None` where the
    /// window is flat or not whole.
    pub(super) fn odds(&self, rules: &Rules, at: usize) -> Option<Vec<f64>> {
        let [long, short] = &self.unrest;
        let both = [self.four(long, at)?, self.four(short, at)?];
        let [a, b] = both;
        let mut four = a;
        for (x, y) in four.iter_mut().zip(b) {
            *x = f64::midpoint(*x, y);
        }
        if !rules.eight {
            return Some(four.to_vec());
        }
        self.eight(four, at)
    }

    fn four(&self, unrest: &Unrest, at: usize) -> Option<Four> {
        let deviation = unrest.deviation.get(at).copied().filter(|d| *d > 0.0)?;
        let usual = unrest.mean(*self.year.get(at)?, at)?;
        let moves = (unrest.bars.max(2) - 1) as f64;
        let trend = self.moved(at, unrest.bars)? / (deviation * moves.sqrt());
        let rise = logistic(STEEP.0 * (trend - TREND));
        let fall = logistic(STEEP.0 * (-trend - TREND));
        let wild = logistic(STEEP.1 * (deviation.ln() - usual));
        let neither = (1.0 - rise - fall).max(0.0);
        Some([rise, fall, neither * (1.0 - wild), neither * wild])
    }

    /// The move over the last bars.
    fn moved(&self, at: usize, bars: usize) -> Option<f64> {
        let first = (at + 1).checked_sub(bars)?;
        Some(self.closes.get(at)? - self.closes.get(first)?)
    }

    /// Strong and slow rise, strong and slow fall, calm and wild range, breakout, reversal.
    fn eight(&self, [rise, fall, calm, wild]: Four, at: usize) -> Option<Vec<f64>> {
        let [long, _] = &self.unrest;
        let usual = long.mean(*self.year.get(at)?, at)?.exp();
        let first = (at + 1).checked_sub(long.bars)?;
        let window = self.closes.get(first..=at)?;
        let unit = usual * (long.bars as f64).sqrt();
        let strong = logistic(4.0 * (self.moved(at, long.bars)?.abs() / unit - STRONG));
        let reversal = reversed(window, unit);
        let breakout = broken_out(window, usual) * (1.0 - reversal);
        let rest = 1.0 - reversal - breakout;
        Some(vec![
            rest * rise * strong,
            rest * rise * (1.0 - strong),
            rest * fall * strong,
            rest * fall * (1.0 - strong),
            rest * calm,
            rest * wild,
            breakout,
            reversal,
        ])
    }
}

/// Whether a window rose out of the narrow range of its first three quarters.
fn broken_out(window: &[f64], usual: f64) -> f64 {
    let (range, after) = window.split_at(window.len() - window.len() / 4);
    let (low, high) = ends(range);
    let squares = range.array_windows::<2>().map(|[a, b]| (b - a) * (b - a));
    let own = squares.sum::<f64>().sqrt().max(1e-12);
    let last = after.last().copied().unwrap_or(high);
    let beyond = (last - high) / (usual * (after.len().max(1) as f64).sqrt());
    logistic(8.0 * (NARROW - (high - low) / own)) * logistic(6.0 * (beyond - 0.5))
}

/// Whether a window rose sharply after it had fallen steeply.
fn reversed(window: &[f64], unit: f64) -> f64 {
    let lowest = window.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    let Some((at, low)) = lowest else { return 0.0 };
    if window.len() - at > window.len() / 3 {
        return 0.0;
    }
    let (_, high) = ends(window.get(..=at).unwrap_or_default());
    let fell = (high - low).max(1e-12);
    let rose = window.last().map_or(0.0, |last| last - low);
    logistic(6.0 * (fell / unit - FALL)) * logistic(8.0 * (rose / fell - 0.5))
}

fn ends(path: &[f64]) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    path.iter()
        .fold(start, |(low, high), &x| (low.min(x), high.max(x)))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The label that counts while windows come one after another: another takes over once its lead in
/// probability, summed over the windows since it last had none, reaches `wanted`. A clear change
/// counts after so many windows, a doubtful one later, and a passing one never.
pub(super) struct Takeover {
    wanted: f64,
    counts: Option<usize>,
    leads: Vec<f64>,
}

impl Takeover {
    pub(super) fn new(wanted: usize, labels: usize) -> Self {
        Self {
            wanted: wanted as f64,
            counts: None,
            leads: vec![0.0; labels],
        }
    }

    /// The label that counts at the next window.
    pub(super) fn next(&mut self, odds: &[f64]) -> Option<usize> {
        let Some(now) = self.counts.and_then(|i| odds.get(i)) else {
            let best = (0..odds.len()).max_by(|&a, &b| {
                let at = |i: usize| odds.get(i).copied().unwrap_or_default();
                at(a).total_cmp(&at(b))
            });
            self.counts = best;
            return best;
        };
        let mut most = (0, 0.0);
        for (i, (lead, p)) in self.leads.iter_mut().zip(odds).enumerate() {
            *lead = (*lead + p - now).max(0.0);
            if *lead > most.1 {
                most = (i, *lead);
            }
        }
        // Sums of differences reach a whole number but for their last digits.
        if most.1 > 0.0 && most.1 >= self.wanted - 1e-9 {
            self.counts = Some(most.0);
            self.leads.fill(0.0);
        }
        self.counts
    }
}
