//! What a question is about.

use serde::{Deserialize, Serialize};

use super::bar_row::BarRow;
use crate::db::Query;
use crate::error::{Error, Result};
use crate::model::{Bar, Bars as Columns, Target, Timestamp};

/// What a question is about: a text in the syntax of the command line, or a chart of the asker's own. A
/// request never reads files: who has a file of candles sends its bars.
///
/// ```
/// use rhymedb::ask::Subject;
/// let stored: Subject = serde_json::from_str(r#""BTCUSDT:1h@2021-05-19T12:00""#)?;
/// let words = Subject::from("text:shares plunge");
/// let drawn: Subject = serde_json::from_str(r#"{"path": [1, 3, 2, 5, 4]}"#)?;
/// assert_eq!(drawn.name(), "1,3,2,5,4");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected a target as text, like \"BTCUSDT:1h@2021-05-19T12:00\", \"text:SENTENCE\", \"prototype:NAME\" or \"tag:NAME\", or as {\"bars\": [...]}, {\"path\": [...]}, {\"vector\": [...]} or {\"target\": \"BTCUSDT:1h\", \"open_bar\": {...}}"
)]
#[non_exhaustive]
pub enum Subject {
    /// `[market/][venue/]SYMBOL[:interval][@time]`, or `text:SENTENCE`, `prototype:NAME` or `tag:NAME`.
    Text(String),
    /// Candles.
    Bars(Bars),
    /// A drawn path.
    Path(Path),
    /// A vector of the space.
    Vector(Vector),
    /// A stored window with a bar after it that has not closed yet.
    Open(Open),
}

/// Candles of the asker's own, ascending by time and without gaps; the last window of them counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bars {
    /// The candles.
    pub bars: Vec<BarRow>,
    /// What the answer calls them. Default: `bars`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A drawn path, for spaces of the encoder `shape`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// At least 4 prices above 0 at equal distances in time. Their level and the size of their moves do not
    /// matter.
    pub path: Vec<f64>,
    /// What the answer calls it. Default: the prices with commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A vector of the asker's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// As many numbers as vectors of the space have.
    pub vector: Vec<f32>,
    /// What the answer calls it. Default: `vector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A stored window, with a bar after it that has not closed yet and is not stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// `[market/][venue/]SYMBOL[:interval][@time]`.
    pub target: String,
    /// The bar.
    pub open_bar: BarRow,
}

impl From<&str> for Subject {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Subject {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&Target> for Subject {
    fn from(target: &Target) -> Self {
        Self::Text(target.to_string())
    }
}

impl From<&Columns> for Subject {
    fn from(bars: &Columns) -> Self {
        Self::Bars(Bars {
            bars: bars.iter().map(BarRow::from).collect(),
            name: None,
        })
    }
}

impl Subject {
    /// What answers call it.
    pub fn name(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bars(Bars { name, .. }) => name.clone().unwrap_or_else(|| "bars".to_owned()),
            Self::Path(Path { path, name }) => name.clone().unwrap_or_else(|| {
                let prices: Vec<String> = path.iter().map(ToString::to_string).collect();
                prices.join(",")
            }),
            Self::Vector(Vector { name, .. }) => {
                name.clone().unwrap_or_else(|| "vector".to_owned())
            }
            Self::Open(Open { target, .. }) => target.clone(),
        }
    }

    /// The query that it means.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a text is no target, or if bars cannot have happened or do not ascend by time.
    pub fn query(&self) -> Result<Query> {
        match self {
            Self::Text(text) => {
                if let Some(sentence) = text.strip_prefix("text:") {
                    return Ok(Query::text(sentence));
                }
                if let Some(name) = text.strip_prefix("prototype:") {
                    return Ok(Query::prototype(name));
                }
                if let Some(name) = text.strip_prefix("tag:") {
                    return Ok(Query::tag(name));
                }
                text.parse::<Target>().map(Query::Target)
            }
            Self::Bars(Bars { bars, .. }) => checked(bars).map(Query::Bars),
            Self::Path(Path { path, .. }) => Ok(Query::Path(path.clone())),
            Self::Vector(Vector { vector, .. }) => Ok(Query::Vector(vector.clone())),
            Self::Open(Open { target, open_bar }) => {
                Ok(Query::open(target.parse()?, (*open_bar).into()))
            }
        }
    }

    /// The time that a text names, if it names a window.
    pub(super) fn time(&self) -> Option<Timestamp> {
        match self.query() {
            Ok(Query::Target(target) | Query::Open(target, _)) => target.time,
            _ => None,
        }
    }
}

/// A series without a time.
pub(super) fn series_alone(target: &Target) -> Result<Target> {
    match target.time {
        None => Ok(target.clone()),
        Some(_) => Err(Error::invalid(format!(
            "expected a series like BTCUSDT:1h, found {target} with a time; use `from` and `until`"
        ))),
    }
}

/// Bars that can have happened, in order.
fn checked(rows: &[BarRow]) -> Result<Columns> {
    let bars = || rows.iter().copied().map(Bar::from);
    for bar in bars() {
        bar.check().map_err(|defect| {
            Error::invalid(format!(
                "expected bars that can have happened, found one at {}: {defect}",
                bar.time
            ))
        })?;
    }
    let out_of_order = bars().zip(bars().skip(1)).find(|(a, b)| a.time >= b.time);
    match out_of_order {
        Some((before, after)) => Err(Error::invalid(format!(
            "expected bars ascending by time, found {} after {}",
            after.time, before.time
        ))),
        None => Ok(bars().collect()),
    }
}
