//! What an account did, in figures. What cannot be said is not said: no figure is divided by nothing.

use super::account::Book;
use super::trade::Trade;
use crate::model::Timestamp;

/// How an account did over a period. Rates are shares: 0.1 is 10 %. Returns of bars are simple ones, from close to
/// close, and no interest is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Performance {
    /// What was gained over the whole period.
    pub total_return: f64,
    /// The same a year, compounded; `None` for a period below a week, and after a ruin.
    pub annual_return: Option<f64>,
    /// The standard deviation of the returns of bars, times the root of the bars of a year; `None` if nothing moved.
    pub volatility: Option<f64>,
    /// Their mean by their standard deviation, times the root of the bars of a year; `None` if nothing moved.
    pub sharpe: Option<f64>,
    /// Their mean by the root of the mean square of the losses, times the same; `None` without a loss.
    pub sortino: Option<f64>,
    /// The deepest fall of the account below its highest value before: 0.2 is a fall of 20 %.
    pub drawdown: f64,
    /// The longest time from a highest value to the next higher one, or to the end, in bars.
    pub drawdown_bars: usize,
    /// The share of bars over which something was held.
    pub exposure: f64,
    /// What was traded a year, as a multiple of the account; `None` for a period below a week.
    pub turnover: Option<f64>,
    /// How many bars of this series a year has, as they come.
    pub bars_a_year: f64,
}

/// The trades of an account, in figures. `None` where there was no trade.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TradeSummary {
    /// How many there were.
    pub trades: usize,
    /// The share that gained.
    pub win_rate: Option<f64>,
    /// The sum of the gains by the sum of the losses; `None` without a loss.
    pub profit_factor: Option<f64>,
    /// The mean result.
    pub mean: Option<f64>,
    /// The mean number of bars.
    pub bars: Option<f64>,
}

const WEEK_MS: f64 = 7.0 * 86_400_000.0;
pub(super) const YEAR_MS: f64 = 365.25 * 86_400_000.0;
/// A deviation below is that of rounding.
const NOTHING: f64 = 1e-12;

/// The first four moments of returns, from their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ReturnMoments {
    pub(super) n: usize,
    pub(super) mean: f64,
    /// The standard deviation of a sample; 0 if nothing moved.
    pub(super) deviation: f64,
    pub(super) skewness: f64,
    /// 3 for a normal distribution.
    pub(super) kurtosis: f64,
}

impl ReturnMoments {
    pub(super) fn of(returns: &[f64]) -> Self {
        let n = returns.len();
        let count = n.max(1) as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let power = |k: i32| returns.iter().map(|r| (r - mean).powi(k)).sum::<f64>() / count;
        let variance = power(2);
        let flat = variance.sqrt() < NOTHING;
        let deviation = match n {
            0 | 1 => 0.0,
            _ if flat => 0.0,
            _ => (variance * count / (count - 1.0)).sqrt(),
        };
        Self {
            n,
            mean,
            deviation,
            skewness: if flat {
                0.0
            } else {
                power(3) / variance.powf(1.5)
            },
            kurtosis: if flat {
                3.0
            } else {
                power(4) / variance.powi(2)
            },
        }
    }

    /// The mean by the deviation, a bar; `None` if nothing moved.
    pub(super) fn sharpe(&self) -> Option<f64> {
        (self.deviation > 0.0).then(|| self.mean / self.deviation)
    }
}

/// The returns from close to close; the account was 1 before the first.
pub(super) fn returns(equity: &[f64]) -> Vec<f64> {
    let before = std::iter::once(1.0).chain(equity.iter().copied());
    let pairs = before.zip(equity);
    pairs
        .map(|(before, &now)| {
            if before > 0.0 {
                now / before - 1.0
            } else {
                0.0
            }
        })
        .collect()
}

impl Performance {
    /// Of an account whose first bar opened at `from` and whose last one closed at `until`.
    pub(super) fn of(book: &Book, (from, until): (Timestamp, Timestamp)) -> Self {
        let returns = returns(&book.equity);
        let moments = ReturnMoments::of(&returns);
        let span = (until.millis().saturating_sub(from.millis())).max(1) as f64;
        let years = span / YEAR_MS;
        let bars_a_year = returns.len() as f64 / years;
        let root = bars_a_year.sqrt();
        let last = book.equity.last().copied().unwrap_or(1.0);
        let long = span >= WEEK_MS;
        let losses = returns.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>();
        let downside = (losses / returns.len().max(1) as f64).sqrt();
        let (drawdown, drawdown_bars) = fall(&book.equity);
        let held = book.held.iter().filter(|h| **h != 0.0).count();
        Self {
            total_return: last - 1.0,
            annual_return: (long && last > 0.0).then(|| last.powf(1.0 / years) - 1.0),
            volatility: (moments.deviation > 0.0).then_some(moments.deviation * root),
            sharpe: moments.sharpe().map(|s| s * root),
            sortino: (downside > NOTHING).then(|| moments.mean / downside * root),
            drawdown,
            drawdown_bars,
            exposure: held as f64 / book.held.len().max(1) as f64,
            turnover: long.then(|| book.traded / years),
            bars_a_year,
        }
    }
}

/// The deepest fall below the highest value before, and the longest time below one.
fn fall(equity: &[f64]) -> (f64, usize) {
    let (mut high, mut since, mut deepest, mut longest) = (1.0_f64, 0, 0.0_f64, 0);
    for &value in equity {
        if value >= high {
            (high, since) = (value, 0);
            continue;
        }
        since += 1;
        longest = longest.max(since);
        deepest = deepest.max(1.0 - value / high);
    }
    (deepest, longest)
}

impl TradeSummary {
    pub(super) fn of(trades: &[Trade]) -> Self {
        let n = trades.len();
        if n == 0 {
            return Self::default();
        }
        let count = n as f64;
        let results = trades.iter().map(|t| t.result);
        // The sum of nothing is -0.
        let gains = 0.0 + results.clone().filter(|r| *r > 0.0).sum::<f64>();
        let losses: f64 = results.clone().filter(|r| *r < 0.0).sum();
        let wins = results.clone().filter(|r| *r > 0.0).count();
        Self {
            trades: n,
            win_rate: Some(wins as f64 / count),
            profit_factor: (losses < 0.0).then(|| gains / -losses),
            mean: Some(results.sum::<f64>() / count),
            bars: Some(trades.iter().map(|t| t.bars as f64).sum::<f64>() / count),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn book(equity: &[f64]) -> Book {
        Book {
            equity: equity.to_vec(),
            held: equity.iter().map(|_| 1.0).collect(),
            ..Book::default()
        }
    }

    /// A year of `n` bars.
    fn year() -> (Timestamp, Timestamp) {
        (
            Timestamp::from_millis(0),
            Timestamp::from_millis(YEAR_MS as i64),
        )
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} and {b}");
    }

    // The numbers are those of NumPy: r = e[1:] / e[:-1] - 1 with e[0] = 1; r.mean() / r.std(ddof=1) * sqrt(4);
    // r.mean() / sqrt((minimum(r, 0)**2).mean()) * sqrt(4).
    #[test]
    fn figures_are_those_of_numpy() {
        let found = Performance::of(&book(&[1.1, 0.99, 1.2, 1.26]), year());
        near(found.total_return, 0.26);
        near(found.annual_return.unwrap(), 0.26);
        near(found.volatility.unwrap(), 0.259_020_015_110_284_33);
        near(found.sharpe.unwrap(), 1.011_972_808_393_233_6);
        near(found.sortino.unwrap(), 2.621_212_121_212_12);
        near(found.drawdown, 0.1);
        assert_eq!((found.drawdown_bars, found.exposure), (1, 1.0));
        near(found.bars_a_year, 4.0);
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let idle = Performance::of(&book(&[1.0, 1.0, 1.0]), year());
        assert_eq!(
            (idle.volatility, idle.sharpe, idle.sortino),
            (None, None, None)
        );
        assert_eq!((idle.total_return, idle.drawdown), (0.0, 0.0));
        let ruined = Performance::of(&book(&[0.5, 0.0, 0.0]), year());
        assert_eq!((ruined.total_return, ruined.annual_return), (-1.0, None));
        assert_eq!((ruined.drawdown, ruined.drawdown_bars), (1.0, 3));
        let short = (Timestamp::from_millis(0), Timestamp::from_millis(1000));
        let found = Performance::of(&book(&[1.1, 1.2]), short);
        assert_eq!(
            (found.annual_return, found.turnover, found.sortino),
            (None, None, None)
        );
        let none = Performance::of(&Book::default(), short);
        assert_eq!((none.total_return, none.exposure), (0.0, 0.0));
        assert_eq!(TradeSummary::of(&[]), TradeSummary::default());
    }

    #[test]
    fn losses_alone_gained_nothing() {
        let lost = Trade {
            side: super::super::trade::Side::Long,
            size: 1.0,
            entered: Timestamp::from_millis(0),
            entry: 2.0,
            exited: Timestamp::from_millis(1),
            exit: 1.0,
            bars: 1,
            result: -0.5,
            why: super::super::trade::ExitReason::Rule,
        };
        let factor = TradeSummary::of(&[lost]).profit_factor.unwrap();
        assert!(factor == 0.0 && factor.is_sign_positive(), "{factor:?}");
    }
}
