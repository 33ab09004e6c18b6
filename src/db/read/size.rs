//! How large a window's moves are, in units of what is usual for its series. Defined here, and
//! nowhere else.

use crate::model::Bars;

/// A bar counts this much less than the one after it: the decay of RiskMetrics (1996).
const DECAY: f64 = 0.94;
/// Fewer returns do not say what is usual.
const LEAST_RETURNS: u64 = 64;

/// How large the moves of a window are, each in units of the deviation of its series: the root mean
/// square of what was seen in the year before the window began, or in what there is of it. 1 is
/// usual, and a sign is that of the move.
///
/// Returns are log returns. A deviation over n bars is that of one bar times the root of n, so a
/// series of independent moves has returns of 1 in the root mean square over any number of bars.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Size {
    /// The return of the window, from the open of its first bar to the close of its last.
    pub window: f64,
    /// The return of its last bar, from the close of the bar before.
    pub last_bar: f64,
    /// The return of its last eighth.
    pub eighth: f64,
    /// The return of its last quarter.
    pub quarter: f64,
    /// The logarithm of its highest high over its lowest low, where a random walk has 1 in the root
    /// mean square.
    pub range: f64,
    /// Its realised volatility, to which a bar adds 6 % less than the one after it.
    pub volatility: f64,
    /// The volume of a bar, weighed in the same way, in units of the root mean square of volumes; 0 in
    /// a series without volumes.
    pub volume: f64,
    /// From the close of the last bar but one to the open of the last, in units of the deviation of
    /// a bar.
    pub gap: f64,
}

/// What is usual for a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usual {
    /// The root mean square of the log returns of a bar.
    pub(crate) bar: f64,
    /// The root mean square of volumes.
    pub(crate) volume: f64,
}

impl Usual {
    /// `None` of too few bars, and where the price stood still.
    pub(crate) fn new(squares: f64, returns: u64, volume_squares: f64, bars: u64) -> Option<Self> {
        let root_mean = |squares: f64, n: u64| in_seven_digits((squares / n.max(1) as f64).sqrt());
        let bar = root_mean(squares, returns);
        (returns >= LEAST_RETURNS && bar > 0.0).then(|| Self {
            bar,
            volume: root_mean(volume_squares, bars),
        })
    }
}

impl Size {
    /// The size of a window by its bars; `None` if there are none.
    pub(crate) fn of(bars: &Bars, usual: &Usual) -> Option<Self> {
        let n = bars.len();
        let (open, close) = (*bars.open.first()?, *bars.close.last()?);
        // The price before the last `count` bars.
        let before = |count: usize| match n.checked_sub(count + 1) {
            Some(i) => bars.close.get(i).copied().unwrap_or(open),
            None => open,
        };
        let moved = |count: usize| {
            let count = count.clamp(1, n);
            (close / before(count)).ln() / (usual.bar * (count as f64).sqrt())
        };
        let high = bars.high.iter().copied().fold(f64::MIN, f64::max);
        let low = bars.low.iter().copied().fold(f64::MAX, f64::min);
        // Parkinson (1980): the mean square of the range of a walk is 4 ln 2 times its variance.
        let walk = usual.bar * (4.0 * std::f64::consts::LN_2 * n as f64).sqrt();
        let befores = std::iter::once(&open).chain(&bars.close);
        let squares = befores.zip(&bars.close).map(|(a, b)| (b / a).ln().powi(2));
        let volume = faded(bars.volume.iter().copied());
        Some(Self {
            window: moved(n),
            last_bar: moved(1),
            eighth: moved(n / 8),
            quarter: moved(n / 4),
            range: (high / low).ln() / walk,
            volatility: faded(squares).sqrt() / usual.bar,
            volume: if usual.volume > 0.0 {
                volume / usual.volume
            } else {
                0.0
            },
            gap: (bars.open.last()? / before(1)).ln() / usual.bar,
        })
    }

    /// All of them as one number, by which windows are ranked: the root of the mean of two squares,
    /// that of the realised volatility and the mean square of the others. Volatility has half of the
    /// weight because it says most about the moves to come. 1 is usual.
    pub fn score(&self) -> f64 {
        let others = [
            self.window,
            self.last_bar,
            self.eighth,
            self.quarter,
            self.range,
            self.volume,
            self.gap,
        ];
        let mean = others.iter().map(|x| x * x).sum::<f64>() / others.len() as f64;
        ((self.volatility * self.volatility + mean) / 2.0).sqrt()
    }
}

/// The simple return of a window, from the open of its first bar to the close of its last: 0.02 is a
/// rise of 2 %. `None` of no bars.
pub(crate) fn change(bars: &Bars) -> Option<f64> {
    Some(bars.close.last()? / bars.open.first()? - 1.0)
}

/// A number above 0 to the nearest of 24 bits. The last digits of a sum depend on how bars are stored in
/// blocks, and the same bars must give the same answer.
fn in_seven_digits(value: f64) -> f64 {
    const LOST: u32 = 53 - 24;
    let half = 1u64 << (LOST - 1);
    f64::from_bits((value.to_bits() + half) >> LOST << LOST)
}

/// The mean of values, each of which weighs less than the next.
fn faded(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, weights) = values.fold((0.0, 0.0), |(sum, weights), value| {
        (sum * DECAY + value, weights * DECAY + 1.0)
    });
    sum / weights
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::model::{Bar, Timestamp};

    const USUAL: Usual = Usual {
        bar: 0.01,
        volume: 50.0,
    };

    fn bars(n: usize, price: impl Fn(usize) -> f64) -> Bars {
        let bar = |i: usize| Bar {
            time: Timestamp::from_millis(i as i64),
            open: price(i),
            high: price(i).max(price(i + 1)) * 1.001,
            low: price(i).min(price(i + 1)) * 0.999,
            close: price(i + 1),
            volume: 100.0,
        };
        (0..n).map(bar).collect()
    }

    #[test]
    fn moves_are_in_units_of_deviations() {
        // A rise of one deviation a bar.
        let size = Size::of(&bars(64, |i| (0.01 * i as f64).exp()), &USUAL).unwrap();
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{size:?}");
        near(size.window, 8.0);
        near(size.last_bar, 1.0);
        near(size.eighth, 8.0f64.sqrt());
        near(size.quarter, 4.0);
        near(
            size.range,
            (0.64 + (1.001f64 / 0.999).ln()) / (0.08 * 2.772_588_722_239_781f64.sqrt()),
        );
        near(size.volatility, 1.0);
        near(size.volume, 2.0);
        near(size.gap, 0.0);
        let others = [8.0, 1.0, 8.0f64.sqrt(), 4.0, size.range, 2.0, 0.0];
        let mean = others.iter().map(|x| x * x).sum::<f64>() / 7.0;
        near(size.score(), f64::midpoint(1.0, mean).sqrt());
    }

    #[test]
    fn what_is_recent_weighs_more() {
        let jump_at = |at: usize| {
            let price = move |i: usize| if i > at { 1.2 } else { 1.0 };
            Size::of(&bars(64, price), &USUAL).unwrap()
        };
        let (early, late) = (jump_at(3), jump_at(63));
        assert!(
            late.volatility > 5.0 * early.volatility,
            "{early:?} {late:?}"
        );
        assert!((late.window - early.window).abs() < 1e-12);
        assert!(late.score() > 2.0 * early.score());
    }

    #[test]
    fn one_bar_and_none() {
        let size = Size::of(&bars(1, |i| 1.0 + i as f64 / 100.0), &USUAL).unwrap();
        let all = [size.window, size.last_bar, size.eighth, size.quarter];
        assert!(
            all.iter().all(|x| (x - 1.01f64.ln() / 0.01).abs() < 1e-12),
            "{size:?}"
        );
        assert_eq!(Size::of(&Bars::default(), &USUAL), None);
    }

    #[test]
    fn little_and_still_history_say_nothing() {
        assert_eq!(Usual::new(1.0, 63, 1.0, 64), None);
        assert_eq!(Usual::new(0.0, 64, 1.0, 65), None);
        let usual = Usual::new(0.0064, 64, 0.0, 65).unwrap();
        assert!((usual.bar - 0.01).abs() < 1e-9 && usual.volume == 0.0);
        for value in [0.0, 1e-300, 0.012_345_678_9, 7.0, 1e200] {
            assert!((in_seven_digits(value) - value).abs() <= 6e-8 * value);
            assert_eq!(
                in_seven_digits(value * (1.0 + 1e-15)),
                in_seven_digits(value)
            );
        }
    }
}
