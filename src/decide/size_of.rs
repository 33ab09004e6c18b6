//! How much of the account a position takes.

use super::performance::YEAR_MS;
use super::rule::{PositionSize, Rule};
use super::trade::Side;
use crate::db::View;
use crate::error::Result;
use crate::model::{Bars, Window};

/// What a question said that sizes may hang on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Basis {
    pub(super) cosine: Option<f64>,
    pub(super) outcomes: Option<OutcomeOdds>,
}

/// How outcomes went, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OutcomeOdds {
    /// How many independent outcomes they are worth.
    pub(super) worth: f64,
    /// The share that gained.
    pub(super) won: f64,
    /// The mean gain of those that gained, and the mean loss of the others.
    pub(super) gain: f64,
    pub(super) loss: f64,
}

/// As many outcomes, half of them won, are added to those that were seen: a share of few outcomes is mostly chance.
const PRIOR: f64 = 20.0;

impl OutcomeOdds {
    /// Of changes of the price, seen from a side.
    pub(super) fn new(changes: &[f64], worth: f64, side: Side) -> Self {
        let results: Vec<f64> = changes.iter().map(|change| side.sign() * change).collect();
        let (won, lost): (Vec<f64>, Vec<f64>) = results.iter().partition(|result| **result > 0.0);
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
        Self {
            worth,
            won: won.len() as f64 / results.len().max(1) as f64,
            gain: mean(&won),
            loss: -mean(&lost),
        }
    }

    /// The chance to win, drawn towards one half.
    fn chance(&self) -> f64 {
        (self.worth * self.won + 0.5 * PRIOR) / (self.worth + PRIOR)
    }

    /// What Kelly says; never below 0. Where nothing was gained or nothing was lost, the odds are not known.
    fn kelly(&self) -> f64 {
        if self.gain <= 0.0 || self.loss <= 0.0 {
            return 0.0;
        }
        let odds = self.gain / self.loss;
        let chance = self.chance();
        (chance - (1.0 - chance) / odds).max(0.0)
    }
}

/// From so many bars it is seen how many a year has: nights and weekends are among them.
const OF_LATE: usize = 2000;

/// The share of the account, from 0 to the rule's cap, and a sentence about it where it is not always the same.
pub(super) fn size_of(
    view: &View,
    rule: &Rule,
    window: &Window,
    basis: &Basis,
) -> Result<(f64, Option<String>)> {
    let deviation = || -> Result<Option<f64>> { Ok(deviation(&bars_of(view, window)?)) };
    let unknown = || "the window did not move, so its volatility gives no size".to_owned();
    Ok(match rule.size {
        PositionSize::Fixed { share } => (share, None),
        PositionSize::Volatility { target, cap } => match deviation()? {
            None => (0.0, Some(unknown())),
            Some(deviation) => {
                let annual = deviation * bars_a_year(view, window)?.sqrt();
                let text = format!(
                    "its volatility is {:.1} % a year, the target {:.1} %",
                    100.0 * annual,
                    100.0 * target
                );
                ((target / annual).min(cap), Some(text))
            }
        },
        PositionSize::Risk { risk, cap } => {
            let stop = rule.stop.unwrap_or(1.0);
            ((risk / stop).min(cap), None)
        }
        PositionSize::Likeness { scale, cap } => match (deviation()?, basis.cosine) {
            (Some(deviation), Some(cosine)) => {
                let text = format!(
                    "its cosine is {cosine:.3}, its volatility {:.3} % a bar",
                    100.0 * deviation
                );
                ((scale * cosine / deviation).clamp(0.0, cap), Some(text))
            }
            _ => (0.0, Some(unknown())),
        },
        PositionSize::Kelly { part, cap } => match basis.outcomes {
            None => (
                0.0,
                Some("no outcome had closed, so there are no odds".to_owned()),
            ),
            Some(odds) => {
                let kelly = odds.kelly();
                let text = format!(
                    "{:.0} % of {:.1} independent outcomes won {:.2} % on the mean, the others lost {:.2} %; with a chance of {:.3}, Kelly says {kelly:.3}",
                    100.0 * odds.won,
                    odds.worth,
                    100.0 * odds.gain,
                    100.0 * odds.loss,
                    odds.chance()
                );
                ((part * kelly).min(cap), Some(text))
            }
        },
    })
}

/// How many bars a year of the series has, as they came of late.
fn bars_a_year(view: &View, window: &Window) -> Result<f64> {
    let bars = view
        .bars(&window.series, None, Some(window.end), Some(OF_LATE))?
        .bars;
    let (first, last) = (bars.time.first().copied(), bars.time.last().copied());
    let span = last.unwrap_or_default() - first.unwrap_or_default();
    Ok(bars.len().saturating_sub(1) as f64 * YEAR_MS / span.max(1) as f64)
}

/// The bars of a stored window.
fn bars_of(view: &View, window: &Window) -> Result<Bars> {
    let all = view.bars(&window.series, Some(window.start), Some(window.end), None)?;
    // The bar before closed when the window began.
    let first = all
        .bars
        .time
        .partition_point(|t| *t < window.start.millis());
    Ok(all.bars.slice(first..all.bars.len()))
}

/// The root of the mean squared log return of a bar; `None` if nothing moved.
fn deviation(bars: &Bars) -> Option<f64> {
    let returns = bars.close.array_windows::<2>().map(|[a, b]| (b / a).ln());
    let n = bars.close.len().saturating_sub(1).max(1) as f64;
    let deviation = (returns.map(|r| r * r).sum::<f64>() / n).sqrt();
    (deviation.is_finite() && deviation > 1e-12).then_some(deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kelly_is_never_negative_and_few_outcomes_say_little() {
        let odds = |worth, won| OutcomeOdds {
            worth,
            won,
            gain: 0.02,
            loss: 0.02,
        };
        assert_eq!(
            odds(100.0, 0.2).kelly(),
            0.0,
            "the source's formula says -0.6"
        );
        let (few, many) = (odds(5.0, 0.8).kelly(), odds(5000.0, 0.8).kelly());
        assert!(
            few > 0.0 && few < 0.2 && many > 0.55 && many < 0.6,
            "{few} {many}"
        );
        let sure = OutcomeOdds {
            loss: 0.0,
            ..odds(50.0, 1.0)
        };
        assert_eq!(sure.kelly(), 0.0, "odds that are not known");
    }
}
