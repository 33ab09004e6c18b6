//! Portfolios, as a plane of points: what each rule holds of each asset, by its volatility.

use rhymedb::View;
use rhymedb::decide::{PortfolioPerformance, PortfolioReplayAnswer};
use rhymedb::plot::{Scatter, ScatterGroup, ScatterPoint};
use rhymedb::query::{PortfolioAnswer, PortfolioWeights};

use super::names::{as_of, when};
use crate::text::grouped;

pub(crate) fn portfolio(view: &View, answer: &PortfolioAnswer) -> Scatter {
    Scatter {
        title: "What each rule holds".to_owned(),
        subtitle: format!(
            "{} assets · {} returns of {} to {} · mean correlation {:.2}{}",
            grouped(answer.assets.len() as u64),
            grouped(answer.returns as u64),
            answer.interval,
            when(answer.until),
            answer.correlation,
            as_of(view),
        ),
        note: "Each point is an asset that a rule holds: its weight, by how volatile it is."
            .to_owned(),
        x_axis: "volatility of the asset, % a year".to_owned(),
        y_axis: "weight, %".to_owned(),
        groups: answer.portfolios.iter().map(|p| held(answer, p)).collect(),
        ordered: false,
        examples: Vec::new(),
    }
}

/// Points of an account that are drawn, at most.
const POINTS: usize = 400;

/// What the rules would have earned.
pub(crate) fn portfolio_replay(view: &View, answer: &PortfolioReplayAnswer) -> Scatter {
    let (first, last) = (answer.times.first(), answer.times.last());
    let from = first.copied().map_or(String::new(), when);
    Scatter {
        title: "What each rule would have earned".to_owned(),
        subtitle: format!(
            "weights asked for every {} bars of {}, {} times from {from} to {}{}",
            answer.every,
            answer.interval,
            grouped(answer.rebalanced.len() as u64),
            last.copied().map_or(String::new(), when),
            as_of(view),
        ),
        note: format!(
            "Accounts of 1 at the beginning, after costs of {:.2} % of what is traded.",
            100.0 * (answer.costs.fee + answer.costs.slippage)
        ),
        x_axis: format!("years since {from}"),
        y_axis: "the account".to_owned(),
        groups: answer
            .rules
            .iter()
            .map(|rule| account(answer, rule))
            .collect(),
        ordered: false,
        examples: Vec::new(),
    }
}

fn account(answer: &PortfolioReplayAnswer, found: &PortfolioPerformance) -> ScatterGroup {
    const YEAR_MS: f64 = 365.25 * 86_400_000.0;
    let begun = answer.times.first().map_or(0, |t| t.millis());
    let step = answer.times.len().div_ceil(POINTS).max(1);
    let last = answer.times.len().saturating_sub(1);
    let values = answer.times.iter().zip(&found.equity).enumerate();
    // The last one is always there.
    let values = values.filter(|(i, _)| (last - i).is_multiple_of(step));
    let points = values.map(|(_, (time, value))| ScatterPoint {
        x: (time.millis() - begun) as f64 / YEAR_MS,
        y: *value,
        hint: format!("{}: {value:.3}\n{}", found.rule, when(*time)),
    });
    let sharpe = found.performance.sharpe;
    ScatterGroup {
        name: match sharpe {
            Some(sharpe) => format!("{}: Sharpe {sharpe:.2}", found.rule),
            None => found.rule.to_string(),
        },
        points: points.collect(),
    }
}

fn held(answer: &PortfolioAnswer, found: &PortfolioWeights) -> ScatterGroup {
    let assets = answer.assets.iter().zip(&found.weights).zip(&found.risks);
    let points = assets.filter(|((_, weight), _)| **weight > 0.0);
    let points = points.map(|((asset, weight), risk)| ScatterPoint {
        x: 100.0 * asset.volatility,
        y: 100.0 * weight,
        hint: format!(
            "{}\n{}: {:.1} % of the money, {:.1} % of the risk\nvolatility {:.1} % a year",
            asset.series.symbol,
            found.rule,
            100.0 * weight,
            100.0 * risk,
            100.0 * asset.volatility,
        ),
    });
    ScatterGroup {
        name: match found.in_cash {
            true => format!("{}: holds nothing", found.rule),
            false => format!(
                "{}: volatility {:.1} %",
                found.rule,
                100.0 * found.volatility
            ),
        },
        points: points.collect(),
    }
}
