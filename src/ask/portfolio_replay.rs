//! What portfolios would have earned, as rows of an answer.

use serde::{Deserialize, Serialize};

use super::rounded::{change, figure};
use super::window_row::SeriesRow;
use crate::analysis::PortfolioRule;
use crate::decide::{PortfolioPerformance, PortfolioReplayAnswer, SharpeEstimate};
use crate::model::Timestamp;

/// What portfolios would have earned: weights as of each rebalancing, traded at the next open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PortfolioReplayReply {
    /// The close as of which the first weights were asked for.
    pub from: Timestamp,
    /// The last close.
    pub until: Timestamp,
    /// How often weights were asked for.
    pub rebalanced: usize,
    /// Bars between two times.
    pub every: usize,
    /// The share of what was traded that was paid.
    pub cost: f64,
    /// How many assets could be held at the first time.
    pub assets_first: usize,
    /// And at the last.
    pub assets_last: usize,
    /// The rules; equal weights are always there.
    pub rules: Vec<PortfolioPerformanceRow>,
    /// Assets that ended while they were held.
    pub ended: Vec<EndedAssetRow>,
}

/// What a rule would have earned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PortfolioPerformanceRow {
    /// The rule.
    pub rule: PortfolioRule,
    /// What was gained over the period, after costs: 0.1 is 10 %.
    pub total_return: f64,
    /// The same a year.
    pub annual_return: Option<f64>,
    /// The standard deviation of returns a year.
    pub volatility: Option<f64>,
    /// Mean by deviation, a year.
    pub sharpe: Option<f64>,
    /// Where that truly lies, with 95 % confidence.
    pub sharpe_low: Option<f64>,
    /// The other end.
    pub sharpe_high: Option<f64>,
    /// How much higher it is than that of equal weights over the same bars.
    pub above_equal: Option<f64>,
    /// Where that truly lies, with 95 % confidence.
    pub above_low: Option<f64>,
    /// The other end.
    pub above_high: Option<f64>,
    /// How often chance lets the two differ at least so much.
    pub p_value: Option<f64>,
    /// The deepest fall below the highest value before.
    pub drawdown: f64,
    /// What was traded a year, as a multiple of the account.
    pub turnover: Option<f64>,
    /// What was paid for that a year, as a share of the account.
    pub costs: Option<f64>,
    /// Times at which the rule held nothing.
    pub in_cash: usize,
}

/// An asset that ended while it was held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EndedAssetRow {
    /// Its series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// Its last close, at which it was sold.
    pub until: Timestamp,
}

impl From<&PortfolioReplayAnswer> for PortfolioReplayReply {
    fn from(answer: &PortfolioReplayAnswer) -> Self {
        let none = Timestamp::from_millis(0);
        let ended = answer.ended.iter();
        Self {
            from: answer.rebalanced.first().copied().unwrap_or(none),
            until: answer.times.last().copied().unwrap_or(none),
            rebalanced: answer.rebalanced.len(),
            every: answer.every,
            cost: answer.costs.fee + answer.costs.slippage,
            assets_first: answer.assets.0,
            assets_last: answer.assets.1,
            rules: answer
                .rules
                .iter()
                .map(PortfolioPerformanceRow::from)
                .collect(),
            ended: ended
                .map(|(series, until)| EndedAssetRow {
                    series: series.into(),
                    until: *until,
                })
                .collect(),
        }
    }
}

impl From<&PortfolioPerformance> for PortfolioPerformanceRow {
    fn from(found: &PortfolioPerformance) -> Self {
        let performance = &found.performance;
        let (sharpe, above) = (found.sharpe, found.above_equal);
        let low = |e: SharpeEstimate| figure(e.interval[0]);
        let high = |e: SharpeEstimate| figure(e.interval[1]);
        Self {
            rule: found.rule,
            total_return: change(performance.total_return),
            annual_return: performance.annual_return.map(change),
            volatility: performance.volatility.map(figure),
            sharpe: performance.sharpe.map(figure),
            sharpe_low: sharpe.map(low),
            sharpe_high: sharpe.map(high),
            above_equal: above.map(|e| figure(e.value)),
            above_low: above.map(low),
            above_high: above.map(high),
            p_value: above.map(|e| figure(e.p)),
            drawdown: figure(performance.drawdown),
            turnover: performance.turnover.map(figure),
            costs: found.costs.map(figure),
            in_cash: found.in_cash,
        }
    }
}

/// What to know of such a replay.
pub(super) fn notes(answer: &PortfolioReplayAnswer) -> [Option<String>; 4] {
    let cash = answer.rules.iter().find(|rule| rule.in_cash > 0);
    let short = answer.rules.iter().all(|rule| rule.sharpe.is_none());
    let ended = answer.ended.first().map(|(series, until)| {
        format!(
            "{} of the assets ended while they were held, like {} at {until}: they were sold at their last close, and what the holders of a delisted share lost after it is not counted",
            answer.ended.len(),
            series.symbol
        )
    });
    [
        Some("only assets that are stored can be held: those that were delisted and are missing make every rule look better than it was".to_owned()),
        ended,
        cash.map(|rule| {
            format!(
                "{} held nothing at {} of {} times: no weights within the bounds had a mean return above 0",
                rule.rule,
                rule.in_cash,
                answer.rebalanced.len()
            )
        }),
        short.then(|| {
            "too few bars for intervals and p: eight times between two rebalancings are needed, of ten bars at least".to_owned()
        }),
    ]
}
