//! Headlines, and how much words say, as rows of an answer have them.

use serde::{Deserialize, Serialize};

use super::rounded::{self, figure};
use crate::db::{Expressiveness, FoundHeadline, HeadlineHit};
use crate::model::{Headline, Timestamp};

/// A headline that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeadlineRow {
    /// 1 is the best.
    pub rank: usize,
    /// The cosine with the query, -1 to 1.
    pub score: f64,
    /// When it was known.
    pub known: Timestamp,
    /// The share of headlines that say less about charts, in percent.
    pub percentile: Option<f64>,
    /// The headline.
    #[serde(flatten)]
    pub headline: StoredHeadlineRow,
    /// The passage of a long text, as of a report, that is nearest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<String>,
}

impl From<&HeadlineHit> for HeadlineRow {
    fn from(hit: &HeadlineHit) -> Self {
        Self {
            rank: hit.rank,
            score: figure(hit.score),
            known: hit.known,
            percentile: hit.expressiveness.map(percentile),
            headline: (&hit.headline).into(),
            passage: hit.passage.clone(),
        }
    }
}

/// A headline that fits a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FoundHeadlineRow {
    /// 1 is the best.
    pub rank: usize,
    /// The cosine with the query, -1 to 1; null if the headline has no vector.
    pub score: Option<f64>,
    /// How well its words fit (BM25, above 0); null if it holds none of them, or if words did not count.
    pub words: Option<f64>,
    /// When it was known.
    pub known: Timestamp,
    /// The share of headlines that say less about charts, in percent.
    pub percentile: Option<f64>,
    /// The headline.
    #[serde(flatten)]
    pub headline: StoredHeadlineRow,
    /// The passage of a long text, as of a report, that fits best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<String>,
}

impl From<&FoundHeadline> for FoundHeadlineRow {
    fn from(hit: &FoundHeadline) -> Self {
        Self {
            rank: hit.rank,
            score: hit.score.map(figure),
            words: hit.words.map(figure),
            known: hit.known,
            percentile: hit.expressiveness.map(percentile),
            headline: (&hit.headline).into(),
            passage: hit.passage.clone(),
        }
    }
}

/// A headline as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StoredHeadlineRow {
    /// When it was published.
    pub published: Timestamp,
    /// How exactly that is known: `day`, `minute` or `second`.
    pub precision: String,
    /// The symbols that it names.
    pub symbols: Vec<String>,
    /// Who published it.
    pub source: String,
    /// The headline.
    pub text: String,
}

impl From<&Headline> for StoredHeadlineRow {
    fn from(headline: &Headline) -> Self {
        Self {
            published: headline.time,
            precision: headline.precision.to_string(),
            symbols: headline.symbols.clone(),
            source: headline.source.clone(),
            text: headline.text.clone(),
        }
    }
}

/// The share of headlines that say less, in percent.
pub(super) fn percentile(told: Expressiveness) -> f64 {
    rounded::to(1, told.percentile.into())
}

/// How much a sentence says about charts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExpressivenessRow {
    /// The standard deviation of its cosine over a bank of charts.
    pub deviation: f64,
    /// The share of headlines that say less, in percent.
    pub percentile: f64,
}

impl From<Expressiveness> for ExpressivenessRow {
    fn from(told: Expressiveness) -> Self {
        Self {
            deviation: figure(told.deviation),
            percentile: percentile(told),
        }
    }
}
