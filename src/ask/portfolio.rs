//! How to share out money among assets.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained, undated};
use super::asset_left_out::AssetLeftOutRow;
use super::clusters::mixed;
use super::portfolio_replay::{self, PortfolioReplayReply};
use super::rounded::{change, figure};
use super::window_row::SeriesRow;
use crate::analysis::{
    ClusterBy, ClusterMethod, Portfolio, PortfolioAnswer, PortfolioRule, PortfolioWeights,
};
use crate::db::{Control, Filter, View};
use crate::decide::{Costs, PortfolioReplayAnswer};
use crate::error::Result;
use crate::model::{Interval, Timestamp};

/// Asks how to share out money among assets, by several rules: see [`View::portfolio`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PortfolioRequest {
    /// Which assets, of one interval, and which closes.
    #[serde(default)]
    pub filter: Filter,
    /// How many of the latest returns count, 30 at least. Default: 252, or all where the filter says from when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<usize>,
    /// Which rules. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<PortfolioRule>,
    /// The least share of the money of each asset. Default: 0.
    #[serde(default)]
    pub min_weight: f64,
    /// The most. Default: 1.
    #[serde(default = "all_of_it")]
    pub max_weight: f64,
    /// What makes two assets alike, for the rule `clusters`. Default: returns.
    #[serde(default)]
    pub by: ClusterBy,
    /// How its groups are made. Default: average.
    #[serde(default)]
    pub method: ClusterMethod,
    /// How many there are. Default: those with the largest silhouette.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<usize>,
    /// The space of the vectors, if they count. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The seed of k-means.
    #[serde(default)]
    pub seed: u64,
    /// Also say what the rules would have earned, with weights asked for anew every so many bars. The filter then
    /// says from when to when; without a start it is when there are returns enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<usize>,
    /// The share of what is traded then that is paid. Default: 0.001, which is 0.1 %.
    #[serde(default = "a_thousandth")]
    pub fee: f64,
    /// By what share a price is worse than the one that is stored. Default: 0.
    #[serde(default)]
    pub slippage: f64,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

const fn all_of_it() -> f64 {
    1.0
}

const fn a_thousandth() -> f64 {
    0.001
}

impl Default for PortfolioRequest {
    fn default() -> Self {
        Self {
            filter: Filter::new(),
            returns: None,
            rules: Vec::new(),
            min_weight: 0.0,
            max_weight: all_of_it(),
            by: ClusterBy::default(),
            method: ClusterMethod::default(),
            groups: None,
            space: None,
            seed: 0,
            every: None,
            fee: a_thousandth(),
            slippage: 0.0,
            as_of: None,
        }
    }
}

impl PortfolioRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Portfolio::run`] and of [`crate::decide::PortfolioReplay::run`].
    pub fn ask(&self, view: &View) -> Result<PortfolioReply> {
        self.ask_in_full(view, &Control::new())
            .map(|(reply, ..)| reply)
    }

    /// Asks a view, tells `control` how far it is, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(
        &self,
        view: &View,
        control: &Control,
    ) -> Result<(
        PortfolioReply,
        PortfolioAnswer,
        Option<PortfolioReplayAnswer>,
    )> {
        let asked = Asked::at(view, self.as_of);
        let question = self.question(&asked.view);
        let replay = self.every.map(|every| {
            let replay = asked.view.portfolio_replay(&question).every(every);
            let replay = replay.costs(Costs::new(self.fee, self.slippage));
            replay.control(control.clone()).run()
        });
        let replay = replay.transpose()?;
        let mut now = self.filter.clone();
        if replay.is_some() {
            // From when is then about the replay.
            now.from = None;
        }
        let answer = question.filter(now).run()?;
        let notes = self.notes(&asked.view, &answer)?;
        let of_replay = replay.as_ref().map(portfolio_replay::notes);
        let notes = notes.into_iter().chain(of_replay.into_iter().flatten());
        let notes = asked.notes(notes)?;
        let reply = reply((&answer, replay.as_ref()), asked.view.as_of(), notes);
        Ok((reply, answer, replay))
    }

    fn question(&self, view: &View) -> Portfolio {
        let mut question = view.portfolio().filter(self.filter.clone());
        question = question.rules(self.rules.clone());
        question = question.min_weight(self.min_weight);
        question = question.max_weight(self.max_weight);
        question = question.by(self.by).method(self.method).seed(self.seed);
        pass_on!(question, self, names: space);
        pass_on!(question, self, some: returns groups);
        question
    }

    fn notes(&self, view: &View, answer: &PortfolioAnswer) -> Result<[Option<String>; 5]> {
        let space = answer.space.as_deref().unwrap_or_default();
        let of = |rule: PortfolioRule| answer.portfolios.iter().find(|p| p.rule == rule);
        let believed = of(PortfolioRule::MaxSharpe).map(|found| match found.in_cash {
            true => "max-sharpe holds nothing: no weights within the bounds had a mean return above 0 in the period".to_owned(),
            false => believes(answer),
        });
        Ok([
            undated(&self.filter, view)?,
            trained(space, answer.trained_until, None, ""),
            mixed(answer.mixed_calendars),
            believed,
            few_returns(answer),
        ])
    }
}

fn reply(
    (answer, replay): (&PortfolioAnswer, Option<&PortfolioReplayAnswer>),
    as_of: Option<Timestamp>,
    notes: Vec<String>,
) -> PortfolioReply {
    PortfolioReply {
        as_of,
        interval: answer.interval,
        from: answer.from,
        until: answer.until,
        returns: answer.returns,
        bars_a_year: figure(answer.bars_a_year),
        correlation: figure(answer.correlation),
        shrinkage: figure(answer.shrinkage),
        assets: answer.assets.len(),
        portfolios: answer.portfolios.iter().map(|p| row(answer, p)).collect(),
        weights: weights(answer),
        left_out: answer.left_out.iter().map(AssetLeftOutRow::from).collect(),
        replay: replay.map(PortfolioReplayReply::from),
        took_us: took(answer, replay),
        notes,
    }
}

fn took(answer: &PortfolioAnswer, replay: Option<&PortfolioReplayAnswer>) -> u64 {
    let replay = replay.map_or(std::time::Duration::ZERO, |r| r.took);
    (answer.took + replay).as_micros() as u64
}

/// How little is known of the means that the rule of the most mean by deviation believes.
fn believes(answer: &PortfolioAnswer) -> String {
    let years = answer.returns as f64 / answer.bars_a_year;
    let mut volatilities: Vec<f64> = answer.assets.iter().map(|a| a.volatility).collect();
    volatilities.sort_by(f64::total_cmp);
    let typical = volatilities.get(volatilities.len() / 2);
    let error = typical.copied().unwrap_or(0.0) / years.sqrt();
    format!(
        "max-sharpe believes the mean returns of {years:.1} years, which have a standard error of {:.0} % a year for a typical asset: most of what it prefers is chance",
        100.0 * error
    )
}

fn few_returns(answer: &PortfolioAnswer) -> Option<String> {
    let (returns, assets) = (answer.returns, answer.assets.len());
    (returns < assets).then(|| {
        format!(
            "{returns} returns of {assets} assets: their covariances are known only because correlations are drawn {:.0} % towards their mean",
            100.0 * answer.shrinkage
        )
    })
}

fn row(answer: &PortfolioAnswer, found: &PortfolioWeights) -> PortfolioRow {
    let assets = answer.assets.iter().zip(&found.weights);
    let held = assets.clone().filter(|(_, w)| **w > 1e-6);
    let largest = assets.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.series.cmp(&a.0.series)));
    let largest = largest.filter(|_| !found.in_cash);
    PortfolioRow {
        rule: found.rule,
        n: held.count(),
        effective: figure(found.effective),
        largest: largest.map(|(asset, _)| asset.series.symbol.clone()),
        largest_weight: largest.map(|(_, w)| change(*w)),
        volatility: figure(found.volatility),
        mean: figure(found.mean),
        in_cash: found.in_cash,
    }
}

/// Rule by rule, the largest weight first.
fn weights(answer: &PortfolioAnswer) -> Vec<PortfolioWeightRow> {
    let mut all = Vec::new();
    for found in &answer.portfolios {
        let assets = answer.assets.iter().zip(&found.weights).zip(&found.risks);
        let rows = assets.map(|((asset, weight), risk)| PortfolioWeightRow {
            rule: found.rule,
            series: (&asset.series).into(),
            weight: change(*weight),
            risk: figure(*risk),
            volatility: figure(asset.volatility),
            mean: figure(asset.mean),
            group: asset.group,
        });
        let mut rows: Vec<PortfolioWeightRow> = rows.collect();
        rows.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        all.extend(rows);
    }
    all
}

/// The reply to a [`PortfolioRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PortfolioReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The length of a bar.
    pub interval: Interval,
    /// The first close that counts.
    pub from: Timestamp,
    /// The last one.
    pub until: Timestamp,
    /// Returns between them.
    pub returns: usize,
    /// How many bars a year has.
    pub bars_a_year: f64,
    /// The mean correlation of two assets.
    pub correlation: f64,
    /// How much the correlations are drawn towards it, 0 to 1.
    pub shrinkage: f64,
    /// How many assets there are.
    pub assets: usize,
    /// The rules.
    pub portfolios: Vec<PortfolioRow>,
    /// The weights, rule by rule, the largest first.
    pub weights: Vec<PortfolioWeightRow>,
    /// Assets that pass the filter and are not held.
    pub left_out: Vec<AssetLeftOutRow>,
    /// What the rules would have earned, if `every` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<PortfolioReplayReply>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What one rule holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PortfolioRow {
    /// The rule.
    pub rule: PortfolioRule,
    /// Assets that it holds, of which it has a millionth of the money or more.
    pub n: usize,
    /// How many equal weights would be as concentrated.
    pub effective: f64,
    /// The symbol with the largest weight; the first by name of several.
    pub largest: Option<String>,
    /// That weight.
    pub largest_weight: Option<f64>,
    /// The expected volatility, a year: 0.2 is 20 %.
    pub volatility: f64,
    /// The mean return that these weights would have had, a year. It is no forecast.
    pub mean: f64,
    /// Whether it holds nothing, because no weights within the bounds had a mean return above 0.
    pub in_cash: bool,
}

/// The weight of an asset by a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PortfolioWeightRow {
    /// The rule.
    pub rule: PortfolioRule,
    /// The series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// Its share of the money.
    pub weight: f64,
    /// Its share of the variance of the portfolio; below 0 it is a hedge.
    pub risk: f64,
    /// Its volatility, a year.
    pub volatility: f64,
    /// The mean of its returns, a year: mostly chance.
    pub mean: f64,
    /// Its group, if the rule `clusters` was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<usize>,
}
