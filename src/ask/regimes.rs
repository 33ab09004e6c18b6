//! Which labels a series had over time.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained};
use super::classify::{labels_of, twentieth};
use super::label_text::LabelText;
use super::rounded::figure;
use super::subject::series_alone;
use super::window_row::SeriesRow;
use crate::analysis::{JudgedBy, LabelSet, RegimeRun, RegimesAnswer};
use crate::db::View;
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks which labels the windows of a series had, as runs of equal ones: see [`View::regimes`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClassifyHistoryRequest {
    /// The series, without a time.
    pub series: Target,
    /// Labels of the asker's own. Default: those of `set`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelText>,
    /// What `labels` are called; without them a built-in set. Default: `regimes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Choose no label if the two best probabilities are nearer than this. Default: 0.05.
    #[serde(default = "twentieth")]
    pub abstain: f64,
    /// Subtract from each label what it has in common with all charts.
    #[serde(default)]
    pub centred: bool,
    /// Windows that confirm a label before it counts. Default: an eighth of the window; of patterns 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<usize>,
    /// Only windows that closed at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only windows that closed at or before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl ClassifyHistoryRequest {
    /// The request with the defaults.
    pub fn new(series: Target) -> Self {
        Self {
            series,
            labels: Vec::new(),
            set: None,
            space: None,
            abstain: twentieth(),
            centred: false,
            confirm: None,
            from: None,
            until: None,
            as_of: None,
        }
    }

    /// The set of labels that it asks with.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if no built-in set has that name, [`crate::Error::Invalid`] if labels are
    /// too few or not distinct.
    pub fn label_set(&self) -> Result<LabelSet> {
        labels_of(&self.labels, self.set.as_deref())
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Regimes::run`].
    pub fn ask(&self, view: &View) -> Result<ClassifyHistoryReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(ClassifyHistoryReply, RegimesAnswer)> {
        let set = self.label_set()?;
        let asked = Asked::at(view, self.as_of);
        let mut regimes = asked.view.regimes(series_alone(&self.series)?, &set);
        regimes = regimes.abstain_below(self.abstain).centred(self.centred);
        pass_on!(regimes, self, names: space);
        pass_on!(regimes, self, some: confirm from until);
        let answer = regimes.run()?;
        let space = answer.space.as_deref();
        let series = Some(&answer.series);
        let trained = space.and_then(|space| trained(space, answer.trained_until, series, ""));
        let runs = answer.runs.iter();
        let reply = ClassifyHistoryReply {
            query: ClassifyHistoryQuery {
                series: (&answer.series).into(),
                space: answer.space.clone(),
                set: answer.set.clone(),
                judged_by: answer.judged_by,
                confirm: answer.confirm,
                as_of: asked.view.as_of(),
            },
            warning: answer.warning.clone(),
            trained_until: answer.trained_until,
            runs: runs
                .map(|run| RunRow::of(run, answer.trained_until))
                .collect(),
            notes: asked.notes([answer.warning.clone(), trained])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`ClassifyHistoryRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClassifyHistoryReply {
    /// What was asked.
    pub query: ClassifyHistoryQuery,
    /// Why this is hardly an answer, if it is not; also among the notes.
    pub warning: Option<String>,
    /// Until when the weights of the space have seen the series, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// The runs, ascending by time.
    pub runs: Vec<RunRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClassifyHistoryQuery {
    /// The series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// The space, if the labels are judged in one.
    pub space: Option<String>,
    /// The name of the set.
    pub set: String,
    /// How the labels were told apart.
    pub judged_by: JudgedBy,
    /// Windows that confirm a label before it counts.
    pub confirm: usize,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// Windows of one label, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RunRow {
    /// When the first of them closed.
    pub first: Timestamp,
    /// When the last of them closed.
    pub last: Timestamp,
    /// How many.
    pub windows: u64,
    /// The label; nothing if none was chosen.
    pub label: Option<String>,
    /// The mean of its probability.
    pub probability: f64,
    /// As in the reply.
    pub trained_until: Option<Timestamp>,
}

impl RunRow {
    fn of(run: &RegimeRun, trained_until: Option<Timestamp>) -> Self {
        Self {
            first: run.first,
            last: run.last,
            windows: run.windows,
            label: run.label.clone(),
            probability: figure(run.probability),
            trained_until,
        }
    }
}
