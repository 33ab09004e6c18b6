//! How much assets move together.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, undated};
use super::asset_left_out::AssetLeftOutRow;
use super::clusters::{few, mixed};
use super::reaction::twenty;
use super::rounded::{figure, to};
use super::window_row::SeriesRow;
use crate::analysis::{CorrelationAnswer, CorrelationPair, CorrelationWindow};
use crate::db::{Filter, View};
use crate::error::Result;
use crate::model::{Interval, Timestamp};

/// Asks how much assets move together, and whether that is usual: see [`View::correlation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CorrelationRequest {
    /// Which assets, of one interval, and which closes.
    #[serde(default)]
    pub filter: Filter,
    /// The returns of a window. Default: 63.
    #[serde(default = "a_quarter")]
    pub window: usize,
    /// The most earlier windows that say what is usual. Default: 40.
    #[serde(default = "forty")]
    pub past: usize,
    /// Take off what the market did.
    #[serde(default)]
    pub less_market: bool,
    /// The most pairs in the answer. Default: 20.
    #[serde(default = "twenty")]
    pub k: usize,
    /// Give the correlation of each pair in every window.
    #[serde(default)]
    pub history: bool,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

const fn a_quarter() -> usize {
    63
}

const fn forty() -> usize {
    40
}

impl Default for CorrelationRequest {
    fn default() -> Self {
        Self {
            filter: Filter::new(),
            window: a_quarter(),
            past: forty(),
            less_market: false,
            k: twenty(),
            history: false,
            as_of: None,
        }
    }
}

impl CorrelationRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Correlation::run`].
    pub fn ask(&self, view: &View) -> Result<CorrelationReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(CorrelationReply, CorrelationAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut question = asked.view.correlation().filter(self.filter.clone());
        question = question.window(self.window).past(self.past).k(self.k);
        let answer = question.less_market(self.less_market).run()?;
        let notes = [
            undated(&self.filter, &asked.view)?,
            mixed(answer.mixed_calendars),
            few(answer.assets.len()).filter(|_| self.less_market),
        ];
        let reply = CorrelationReply {
            as_of: asked.view.as_of(),
            interval: answer.interval,
            returns: answer.returns,
            assets: answer.assets.iter().map(SeriesRow::from).collect(),
            mean: figure(answer.mean),
            mean_p: answer.mean_p.map(|p| to(9, p)),
            shrinkage: figure(answer.shrinkage),
            all_pairs: answer.all_pairs,
            alarms: answer.alarms,
            pairs: answer.pairs.iter().map(|p| self.row(&answer, p)).collect(),
            windows: answer
                .windows
                .iter()
                .map(CorrelationWindowRow::from)
                .collect(),
            left_out: answer.left_out.iter().map(AssetLeftOutRow::from).collect(),
            took_us: answer.took.as_micros() as u64,
            notes: asked.notes(notes)?,
        };
        Ok((reply, answer))
    }

    fn row(&self, answer: &CorrelationAnswer, pair: &CorrelationPair) -> CorrelationPairRow {
        let name = |at: usize| answer.assets.get(at).map(ToString::to_string);
        let history = pair.history.iter().map(|r| r.map(figure));
        CorrelationPairRow {
            a: name(pair.a).unwrap_or_default(),
            b: name(pair.b).unwrap_or_default(),
            correlation: figure(pair.correlation),
            shrunk: figure(pair.shrunk),
            usual: pair.usual.map(figure),
            past: pair.past,
            p_value: pair.p.map(|p| to(9, p)),
            q_value: pair.q.map(|q| to(9, q)),
            history: self.history.then(|| history.collect()),
        }
    }
}

/// The reply to a [`CorrelationRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CorrelationReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The length of a bar.
    pub interval: Interval,
    /// Returns of a window.
    pub returns: usize,
    /// The pairs whose correlation changed most, by p; those without p come last.
    pub pairs: Vec<CorrelationPairRow>,
    /// How many pairs there are.
    pub all_pairs: usize,
    /// How many of them have a `q_value` of at most 0.05.
    pub alarms: usize,
    /// The mean correlation of all pairs in the latest window.
    pub mean: f64,
    /// How often such a mean lies at least so far from what was usual.
    pub mean_p: Option<f64>,
    /// How much single correlations are drawn towards the mean, 0 to 1.
    pub shrinkage: f64,
    /// The windows, the oldest first; they do not overlap.
    pub windows: Vec<CorrelationWindowRow>,
    /// The assets, by name.
    pub assets: Vec<SeriesRow>,
    /// Assets that pass the filter and were not compared.
    pub left_out: Vec<AssetLeftOutRow>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Two assets that move together, or do no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CorrelationPairRow {
    /// The series of the one.
    pub a: String,
    /// The series of the other.
    pub b: String,
    /// The correlation of their returns in the latest window.
    pub correlation: f64,
    /// The same, drawn towards the mean of all pairs.
    pub shrunk: f64,
    /// What was usual for the pair.
    pub usual: Option<f64>,
    /// How many earlier windows of the pair there are.
    pub past: usize,
    /// How often the latest window of such a past lies at least so far from what was usual.
    pub p_value: Option<f64>,
    /// The same for many pairs at once: of all pairs with at most 0.05, one in twenty is there by chance.
    pub q_value: Option<f64>,
    /// The correlation in each window, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<Option<f64>>>,
}

/// A stretch of returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CorrelationWindowRow {
    /// Its first close.
    pub from: Timestamp,
    /// Its last one.
    pub until: Timestamp,
    /// The mean correlation of all pairs in it.
    pub mean: Option<f64>,
}

impl From<&CorrelationWindow> for CorrelationWindowRow {
    fn from(window: &CorrelationWindow) -> Self {
        Self {
            from: window.from,
            until: window.until,
            mean: window.mean.map(figure),
        }
    }
}
