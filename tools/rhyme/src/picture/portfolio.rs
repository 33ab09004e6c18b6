//! Portfolios, as a plane of points: what each rule holds of each asset, by its volatility.

use rhymedb::View;
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
