//! Where charts and headlines stand between two meanings.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::headline_row::ExpressivenessRow;
use super::rounded::{figure, to};
use super::subject::{Subject, series_alone};
use crate::analysis::Axis;
use crate::db::{Query, View};
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks where charts stand between two meanings: see [`View::axis`].
///
/// ```
/// use rhymedb::ask::AxisRequest;
/// let typed = r#"{"low": "bearish", "high": "bullish", "targets": ["BTCUSDT:1h", "ETHUSDT:1h"]}"#;
/// let request: AxisRequest = serde_json::from_str(typed)?;
/// assert_eq!(request.targets.len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AxisRequest {
    /// What the low end means: a sentence, or `prototype:NAME`.
    pub low: String,
    /// What the high end means: a sentence, or `prototype:NAME`.
    pub high: String,
    /// What to place.
    pub targets: Vec<Subject>,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl AxisRequest {
    /// The request with the defaults.
    pub fn new(low: impl Into<String>, high: impl Into<String>, targets: Vec<Subject>) -> Self {
        Self {
            low: low.into(),
            high: high.into(),
            targets,
            space: None,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`Axis::of`].
    pub fn ask(&self, view: &View) -> Result<AxisReply> {
        let asked = Asked::at(view, self.as_of);
        let ends = AxisEnds::of(&self.low, &self.high);
        let axis = ends.axis(&asked.view, self.space.as_deref());
        let warning = axis.warning()?;
        let mut direction = None;
        let mut points = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            let point = axis.of(target.query()?)?;
            direction = point.expressiveness;
            points.push(AxisPointRow {
                target: target.name(),
                end: point.window.as_ref().map(|w| w.end),
                value: figure(point.value),
                deviations: point.deviations.map(|d| to(2, d)),
            });
        }
        Ok(AxisReply {
            axis: ends,
            as_of: asked.view.as_of(),
            expressiveness: direction.map(ExpressivenessRow::from),
            warning: warning.clone(),
            points,
            notes: asked.notes([warning])?,
        })
    }
}

/// The two ends of an axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AxisEnds {
    /// The low end.
    pub low: String,
    /// The high end.
    pub high: String,
}

impl AxisEnds {
    fn of(low: &str, high: &str) -> Self {
        Self {
            low: low.to_owned(),
            high: high.to_owned(),
        }
    }

    fn axis(&self, view: &View, space: Option<&str>) -> Axis {
        let end = |text: &str| match text.strip_prefix("prototype:") {
            Some(name) => Query::prototype(name),
            None => Query::text(text.strip_prefix("text:").unwrap_or(text)),
        };
        let axis = view.axis(end(&self.low), end(&self.high));
        match space {
            Some(space) => axis.space(space),
            None => axis,
        }
    }
}

/// The reply to an [`AxisRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AxisReply {
    /// The two ends.
    pub axis: AxisEnds,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// How much the direction says about charts, if the space can tell.
    pub expressiveness: Option<ExpressivenessRow>,
    /// Why the values mean little, if they do; also among the notes.
    pub warning: Option<String>,
    /// Where each target stands.
    pub points: Vec<AxisPointRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Where a target stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AxisPointRow {
    /// What was placed.
    pub target: String,
    /// When its window closed, if it is a stored one.
    pub end: Option<Timestamp>,
    /// The cosine with the direction from the low to the high end: -1 to 1.
    pub value: f64,
    /// Its distance from the mean of all charts, in standard deviations.
    pub deviations: Option<f64>,
}

/// Asks where all windows of a series stand between two meanings: see [`Axis::history`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AxisHistoryRequest {
    /// What the low end means: a sentence, or `prototype:NAME`.
    pub low: String,
    /// What the high end means: a sentence, or `prototype:NAME`.
    pub high: String,
    /// The series, without a time.
    pub series: Target,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
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

impl AxisHistoryRequest {
    /// The request with the defaults.
    pub fn new(low: impl Into<String>, high: impl Into<String>, series: Target) -> Self {
        Self {
            low: low.into(),
            high: high.into(),
            series,
            space: None,
            from: None,
            until: None,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`Axis::history`].
    pub fn ask(&self, view: &View) -> Result<AxisHistoryReply> {
        let asked = Asked::at(view, self.as_of);
        let ends = AxisEnds::of(&self.low, &self.high);
        let axis = ends.axis(&asked.view, self.space.as_deref());
        let warning = axis.warning()?;
        let history = axis.history(&series_alone(&self.series)?, self.from, self.until)?;
        let point = |&(end, value, deviations): &(Timestamp, f64, Option<f64>)| AxisTimeRow {
            end,
            value: figure(value),
            deviations: deviations.map(|d| to(2, d)),
        };
        Ok(AxisHistoryReply {
            axis: ends,
            as_of: asked.view.as_of(),
            warning: warning.clone(),
            points: history.points.iter().map(point).collect(),
            notes: asked.notes([warning])?,
        })
    }
}

/// The reply to an [`AxisHistoryRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AxisHistoryReply {
    /// The two ends.
    pub axis: AxisEnds,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// Why the values mean little, if they do; also among the notes.
    pub warning: Option<String>,
    /// Where each window stands, ascending by time.
    pub points: Vec<AxisTimeRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Where a window stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AxisTimeRow {
    /// When it closed.
    pub end: Timestamp,
    /// The cosine with the direction from the low to the high end: -1 to 1.
    pub value: f64,
    /// Its distance from the mean of all charts, in standard deviations.
    pub deviations: Option<f64>,
}

/// Asks where the headlines about a symbol stand between two meanings: see [`Axis::headlines`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AxisHeadlinesRequest {
    /// What the low end means: a sentence, or `prototype:NAME`.
    pub low: String,
    /// What the high end means: a sentence, or `prototype:NAME`.
    pub high: String,
    /// The symbol.
    pub symbol: String,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Only headlines published at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only headlines published at or before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl AxisHeadlinesRequest {
    /// The request with the defaults.
    pub fn new(low: impl Into<String>, high: impl Into<String>, symbol: impl Into<String>) -> Self {
        Self {
            low: low.into(),
            high: high.into(),
            symbol: symbol.into(),
            space: None,
            from: None,
            until: None,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`Axis::headlines`].
    pub fn ask(&self, view: &View) -> Result<AxisHeadlinesReply> {
        let asked = Asked::at(view, self.as_of);
        let ends = AxisEnds::of(&self.low, &self.high);
        let axis = ends.axis(&asked.view, self.space.as_deref());
        let warning = axis.warning()?;
        let found = axis.headlines(&self.symbol, self.from, self.until)?;
        let headlines = found.iter().map(|line| AxisHeadlineRow {
            known: line.known,
            value: figure(line.value),
            text: line.headline.text.clone(),
        });
        Ok(AxisHeadlinesReply {
            axis: ends,
            as_of: asked.view.as_of(),
            warning: warning.clone(),
            headlines: headlines.collect(),
            notes: asked.notes([warning])?,
        })
    }
}

/// The reply to an [`AxisHeadlinesRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AxisHeadlinesReply {
    /// The two ends.
    pub axis: AxisEnds,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// Why the values mean little, if they do; also among the notes.
    pub warning: Option<String>,
    /// Where each headline stands, ascending by when it was known.
    pub headlines: Vec<AxisHeadlineRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Where a headline stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AxisHeadlineRow {
    /// When it was known.
    pub known: Timestamp,
    /// The cosine with the direction from the low to the high end: -1 to 1.
    pub value: f64,
    /// The headline.
    pub text: String,
}
