//! Which label a chart is nearest to, and which labels a series had over time.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained};
use super::headline_row::percentile;
use super::label_text::{LabelText, set_of};
use super::rounded::figure;
use super::subject::Subject;
use super::window_row::MovedWindow;
use crate::analysis::{ClassifyAnswer, JudgedBy, LabelScore, LabelSet};
use crate::db::View;
use crate::error::Result;
use crate::model::Timestamp;

/// Asks which label a chart is nearest to: see [`View::classify`].
///
/// ```
/// use rhymedb::ask::ClassifyRequest;
/// let typed = r#"{"target": "BTCUSDT:1h", "labels": ["shares surge", "shares plunge"]}"#;
/// let request: ClassifyRequest = serde_json::from_str(typed)?;
/// assert_eq!(request.abstain, 0.05);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClassifyRequest {
    /// The chart.
    pub target: Subject,
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
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

pub(super) const fn twentieth() -> f64 {
    0.05
}

/// The labels of a request, or the regimes.
pub(super) fn labels_of(labels: &[LabelText], set: Option<&str>) -> Result<LabelSet> {
    set_of(labels, set)?.map_or_else(|| LabelSet::built_in_named("regimes"), Ok)
}

impl ClassifyRequest {
    /// The request with the defaults.
    pub fn new(target: impl Into<Subject>) -> Self {
        Self {
            target: target.into(),
            labels: Vec::new(),
            set: None,
            space: None,
            abstain: twentieth(),
            centred: false,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Classify::run`].
    pub fn ask(&self, view: &View) -> Result<ClassifyReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(ClassifyReply, ClassifyAnswer)> {
        let set = labels_of(&self.labels, self.set.as_deref())?;
        let asked = Asked::at(view, self.as_of);
        let mut classify = asked.view.classify(self.target.query()?, &set);
        classify = classify.abstain_below(self.abstain).centred(self.centred);
        pass_on!(classify, self, names: space);
        let answer = classify.run()?;
        let series = answer.query.as_ref().map(|w| &w.series);
        let space = answer.space.as_deref();
        let trained = space.and_then(|space| trained(space, answer.trained_until, series, ""));
        let reply = ClassifyReply {
            query: ClassifyQuery {
                target: self.target.name(),
                window: MovedWindow::of_some(&asked.view, answer.query.as_ref())?,
                space: answer.space.clone(),
                set: answer.set.clone(),
                judged_by: answer.judged_by,
                as_of: asked.view.as_of(),
            },
            chosen: answer.chosen.clone(),
            margin: figure(answer.margin),
            none: figure(answer.none),
            temperature: answer.temperature.map(figure),
            warning: answer.warning.clone(),
            trained_until: answer.trained_until,
            labels: answer.labels.iter().map(LabelRow::from).collect(),
            notes: asked.notes([answer.warning.clone(), trained])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`ClassifyRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClassifyReply {
    /// What was asked.
    pub query: ClassifyQuery,
    /// The label; nothing if two are too near, or if none fits.
    pub chosen: Option<String>,
    /// By how much its probability is above the next.
    pub margin: f64,
    /// The probability of none of the labels.
    pub none: f64,
    /// What the scores were divided by, if they are of words.
    pub temperature: Option<f64>,
    /// Why this is hardly an answer, if it is not; also among the notes.
    pub warning: Option<String>,
    /// Until when the weights of the space have seen the chart's series, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// The labels, most probable first.
    pub labels: Vec<LabelRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClassifyQuery {
    /// What it was asked with.
    pub target: String,
    /// The stored window, if it is one.
    pub window: Option<MovedWindow>,
    /// The space, if the labels are judged in one.
    pub space: Option<String>,
    /// The name of the set.
    pub set: String,
    /// How the labels were told apart.
    pub judged_by: JudgedBy,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// A label, and how well it fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LabelRow {
    /// Its name.
    pub label: String,
    /// Its probability among the labels.
    pub probability: f64,
    /// The cosine of chart and label, or of chart and drawing; by rules the probability.
    pub score: f64,
    /// The share of headlines that say less about charts, in percent.
    pub percentile: Option<f64>,
}

impl From<&LabelScore> for LabelRow {
    fn from(label: &LabelScore) -> Self {
        Self {
            label: label.label.clone(),
            probability: figure(label.probability),
            score: figure(label.score),
            percentile: label.expressiveness.map(percentile),
        }
    }
}
