//! Which assets move first.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, undated};
use super::asset_left_out::AssetLeftOutRow;
use super::reaction::twenty;
use super::rounded::{figure, to};
use super::window_row::SeriesRow;
use crate::analysis::{LeadLagAnswer, LeadLagAsset, LeadLagPair};
use crate::db::{Filter, View};
use crate::error::Result;
use crate::model::{Interval, Timestamp};

/// Asks which assets move first, and whether they do so in both halves of the period: see [`View::lead_lag`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LeadLagRequest {
    /// Which assets, of one interval, and which closes.
    #[serde(default)]
    pub filter: Filter,
    /// How many of the latest returns count, 120 at least. Default: 504, or all where the filter says from when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<usize>,
    /// The longest lag in bars. Default: 3.
    #[serde(default = "three")]
    pub lags: usize,
    /// The most pairs in the answer. Default: 20.
    #[serde(default = "twenty")]
    pub k: usize,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

const fn three() -> usize {
    3
}

impl Default for LeadLagRequest {
    fn default() -> Self {
        Self {
            filter: Filter::new(),
            returns: None,
            lags: three(),
            k: twenty(),
            as_of: None,
        }
    }
}

impl LeadLagRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::LeadLag::run`].
    pub fn ask(&self, view: &View) -> Result<LeadLagReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(LeadLagReply, LeadLagAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut question = asked.view.lead_lag().filter(self.filter.clone());
        question = question.lags(self.lags).k(self.k);
        pass_on!(question, self, some: returns);
        let answer = question.run()?;
        let later = answer.mixed_calendars.then(|| {
            "markets that never close stand beside markets with sessions: who closes later seems to follow".to_owned()
        });
        let n = answer.assets.len();
        let few = (n < 10).then(|| {
            format!("the market is the mean of these {n} assets alone, so a lead of one shows in part as an opposite lead of the others; ask about ten or more")
        });
        let notes = [undated(&self.filter, &asked.view)?, later, few];
        let mut assets: Vec<LeadLagAssetRow> =
            answer.assets.iter().map(LeadLagAssetRow::from).collect();
        assets.sort_by(|a, b| b.lead.total_cmp(&a.lead));
        let reply = LeadLagReply {
            as_of: asked.view.as_of(),
            interval: answer.interval,
            from: answer.from,
            until: answer.until,
            returns: answer.returns,
            lags: answer.lags,
            pairs: answer.pairs.iter().map(|p| row(&answer, p)).collect(),
            all_pairs: answer.all_pairs,
            called: answer.called,
            stability: figure(answer.stability),
            stability_p: figure(answer.stability_p),
            assets,
            left_out: answer.left_out.iter().map(AssetLeftOutRow::from).collect(),
            took_us: answer.took.as_micros() as u64,
            notes: asked.notes(notes)?,
        };
        Ok((reply, answer))
    }
}

fn row(answer: &LeadLagAnswer, pair: &LeadLagPair) -> LeadLagPairRow {
    let name = |at: usize| answer.assets.get(at).map(|a| a.series.to_string());
    let [first, second] = pair.halves;
    LeadLagPairRow {
        leader: name(pair.leader).unwrap_or_default(),
        follower: name(pair.follower).unwrap_or_default(),
        lag: pair.lag,
        partial: figure(pair.partial),
        p_value: to(9, pair.p),
        q_value: to(9, pair.q),
        first_half: figure(first),
        second_half: figure(second),
        stable: pair.stable,
        called: pair.called(),
    }
}

/// The reply to a [`LeadLagRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LeadLagReply {
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
    /// The lags that were looked at, from 1 bar on.
    pub lags: usize,
    /// The pairs with the smallest p, called ones first.
    pub pairs: Vec<LeadLagPairRow>,
    /// How many ordered pairs there are.
    pub all_pairs: usize,
    /// How many of them are called: a `q_value` of at most 0.05, and in both halves.
    pub called: usize,
    /// The rank correlation of how much assets lead between the two halves: near 0 nobody leads for long.
    pub stability: f64,
    /// How often chance gives such a rank correlation or a larger one.
    pub stability_p: f64,
    /// The assets, the one that leads most first.
    pub assets: Vec<LeadLagAssetRow>,
    /// Assets that pass the filter and were not compared.
    pub left_out: Vec<AssetLeftOutRow>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A leader and a follower.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LeadLagPairRow {
    /// The series whose return comes first.
    pub leader: String,
    /// The series that follows.
    pub follower: String,
    /// How many bars later.
    pub lag: usize,
    /// The partial correlation, given the follower's own earlier returns, those of the market, and those of the
    /// leader that it follows most.
    pub partial: f64,
    /// How often chance gives one at least as far from 0.
    pub p_value: f64,
    /// The same for all pairs and lags at once.
    pub q_value: f64,
    /// The partial correlation in the first half of the period.
    pub first_half: f64,
    /// That in the second.
    pub second_half: f64,
    /// Whether both halves have one of the same sign, each with a p of at most 0.05.
    pub stable: bool,
    /// Whether it is called: stable, with a `q_value` of at most 0.05.
    pub called: bool,
}

/// An asset, and how much it leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LeadLagAssetRow {
    /// Its series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// The mean of its squared partial correlations as a leader, less that as a follower.
    pub lead: f64,
    /// The same in the first half of the period.
    pub first_half: f64,
    /// That in the second.
    pub second_half: f64,
}

impl From<&LeadLagAsset> for LeadLagAssetRow {
    fn from(asset: &LeadLagAsset) -> Self {
        let [first, second] = asset.halves;
        Self {
            series: (&asset.series).into(),
            lead: figure(asset.lead),
            first_half: figure(first),
            second_half: figure(second),
        }
    }
}
