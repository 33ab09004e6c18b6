//! What happened after moments, as rows of an answer have it. Changes and excursions are simple returns:
//! 0.01 is 1 %.

use serde::{Deserialize, Serialize};

use super::rounded::change;
use crate::analysis::{
    Benchmark, HitOutcome, HorizonOutcomes, LeftOut, NoPValue, OutcomeAnswer, OutcomeSummary,
};
use crate::model::{Horizon, Interval, Timestamp};

/// Whether the outcome of a moment is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OutcomeState {
    /// All bars of the horizon had closed.
    Closed,
    /// Some of them had not closed yet.
    Open,
    /// Some of them are missing.
    Missing,
}

/// What happened after a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OutcomeRow {
    /// How far it looks.
    pub horizon: Horizon,
    /// Whether it is known; the rest is nothing unless it is.
    pub outcome: OutcomeState,
    /// When the last bar closed.
    pub closed: Option<Timestamp>,
    /// The return to the last close.
    pub change: Option<f64>,
    /// The return to the highest high; not below 0.
    pub best: Option<f64>,
    /// The return to the lowest low; not above 0.
    pub worst: Option<f64>,
    /// The root mean square log return of a bar.
    pub volatility: Option<f64>,
}

impl OutcomeRow {
    pub(super) fn of(horizon: Horizon, outcome: &HitOutcome) -> Self {
        let closed = outcome.closed();
        Self {
            horizon,
            outcome: match outcome {
                HitOutcome::Closed(_) => OutcomeState::Closed,
                HitOutcome::Open => OutcomeState::Open,
                HitOutcome::Missing => OutcomeState::Missing,
            },
            closed: closed.map(|o| o.closed),
            change: closed.map(|o| change(o.change)),
            best: closed.map(|o| change(o.best)),
            worst: closed.map(|o| change(o.worst)),
            volatility: closed.map(|o| change(o.volatility)),
        }
    }
}

/// A summary of outcomes: see [`OutcomeSummary`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SummaryRow {
    /// Outcomes that had closed.
    pub n: usize,
    /// How many outcomes without overlap say as much.
    pub effective_n: f64,
    /// The mean change.
    pub mean: f64,
    /// The standard error of the mean; nothing where all outcomes overlap.
    pub standard_error: Option<f64>,
    /// The change below which 5 % lie.
    pub q05: f64,
    /// The change below which 25 % lie.
    pub q25: f64,
    /// The median.
    pub q50: f64,
    /// The change below which 75 % lie.
    pub q75: f64,
    /// The change below which 95 % lie.
    pub q95: f64,
    /// The share of changes above 0.
    pub hit_rate: f64,
    /// The mean best excursion.
    pub best: f64,
    /// The mean worst excursion.
    pub worst: f64,
    /// The mean volatility.
    pub volatility: f64,
}

impl From<&OutcomeSummary> for SummaryRow {
    fn from(summary: &OutcomeSummary) -> Self {
        let [q05, q25, q50, q75, q95] = summary.quantiles.map(change);
        Self {
            n: summary.n,
            effective_n: change(summary.effective_n),
            mean: change(summary.mean),
            standard_error: summary.standard_error.map(change),
            q05,
            q25,
            q50,
            q75,
            q95,
            hit_rate: change(summary.hit_rate),
            best: change(summary.best),
            worst: change(summary.worst),
            volatility: change(summary.volatility),
        }
    }
}

/// What happened within one horizon, beside what happens anyway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HorizonReply {
    /// The horizon.
    pub horizon: Horizon,
    /// After the moments that count and whose outcome had closed.
    pub hits: Option<SummaryRow>,
    /// After any window, from a sample.
    pub base: Option<SummaryRow>,
    /// The windows that the sample stands for.
    pub base_windows: u64,
    /// How likely moments after which nothing is different would move at least so far.
    pub p_value: Option<f64>,
    /// Why there is no p-value.
    pub no_p_value: Option<String>,
}

impl From<&HorizonOutcomes> for HorizonReply {
    fn from(outcomes: &HorizonOutcomes) -> Self {
        let (p_value, no_p_value) = p_of(&outcomes.p_value);
        Self {
            horizon: outcomes.horizon,
            hits: outcomes.summary.as_ref().map(SummaryRow::from),
            base: outcomes.base.as_ref().map(SummaryRow::from),
            base_windows: outcomes.base_windows,
            p_value,
            no_p_value,
        }
    }
}

/// A p-value, or why there is none.
pub(super) fn p_of(p_value: &Result<f64, NoPValue>) -> (Option<f64>, Option<String>) {
    match p_value {
        Ok(p) => (Some(change(*p)), None),
        Err(why) => (None, Some(why.to_string())),
    }
}

/// What happened after a hit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HitAfterwards {
    /// Why the summary does not count it, if it does not.
    pub left_out: Option<LeftOut>,
    /// One for each horizon.
    pub outcomes: Vec<OutcomeRow>,
}

/// What happened after the hits, in summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Afterwards {
    /// One for each horizon.
    pub outcomes: Vec<HorizonReply>,
    /// The interval of the windows that are counted; nothing if it is any.
    pub summary_interval: Option<Interval>,
    /// What the outcomes are net of, if of anything.
    pub net_of: Option<Benchmark>,
}

impl Afterwards {
    pub(super) fn of(answer: &OutcomeAnswer) -> Self {
        Self {
            outcomes: answer.horizons.iter().map(HorizonReply::from).collect(),
            summary_interval: answer.interval,
            net_of: answer.net_of.clone(),
        }
    }
}

impl HitAfterwards {
    /// Of the hit of this number, from 0.
    pub(super) fn of(answer: &OutcomeAnswer, hit: usize) -> Self {
        let rows = answer.horizons.iter();
        let rows = rows.filter_map(|h| Some(OutcomeRow::of(h.horizon, h.hits.get(hit)?)));
        Self {
            left_out: answer.left_out.get(hit).copied().flatten(),
            outcomes: rows.collect(),
        }
    }
}
