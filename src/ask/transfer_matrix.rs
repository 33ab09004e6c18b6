//! How alike markets, symbols or sectors are.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, undated};
use super::rounded::figure;
use crate::analysis::{TransferGroup, TransferMatrixAnswer, TransferPair};
use crate::db::{Filter, View};
use crate::error::Result;
use crate::model::Timestamp;

/// Compares groups of windows with one another: see [`View::transfer_matrix`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TransferMatrixRequest {
    /// What makes a group: `market`, `symbol`, or an attribute like `sector`. Default: `market`.
    #[serde(default = "market")]
    pub by: String,
    /// Which windows are compared.
    #[serde(default)]
    pub filter: Filter,
    /// The most windows of a group that are compared. Default: 500.
    #[serde(default = "five_hundred")]
    pub sample: usize,
    /// The space. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The seed of the samples.
    #[serde(default)]
    pub seed: u64,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Compare every window instead of a sample.
    #[serde(default)]
    pub exact: bool,
}

fn market() -> String {
    "market".to_owned()
}

const fn five_hundred() -> usize {
    500
}

impl Default for TransferMatrixRequest {
    fn default() -> Self {
        Self {
            by: market(),
            filter: Filter::new(),
            sample: five_hundred(),
            space: None,
            seed: 0,
            as_of: None,
            exact: false,
        }
    }
}

impl TransferMatrixRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::TransferMatrix::run`].
    pub fn ask(&self, view: &View) -> Result<TransferMatrixReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(TransferMatrixReply, TransferMatrixAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut question = asked.view.transfer_matrix().sample(self.sample);
        question = question.seed(self.seed).exact(self.exact);
        question = match self.by.as_str() {
            "market" => question,
            "symbol" => question.by_symbol(true),
            name => question.by_attribute(name),
        };
        question = question.filter(self.filter.clone());
        pass_on!(question, self, names: space);
        let answer = question.run()?;
        let reply = TransferMatrixReply {
            space: answer.space.clone(),
            as_of: asked.view.as_of(),
            groups: answer.groups.iter().map(GroupRow::from).collect(),
            pairs: answer.pairs.iter().map(PairRow::from).collect(),
            took_us: answer.took.as_micros() as u64,
            notes: asked.notes([undated(&self.filter, &asked.view)?])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`TransferMatrixRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TransferMatrixReply {
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The groups, by name.
    pub groups: Vec<GroupRow>,
    /// All pairs of them.
    pub pairs: Vec<PairRow>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A group of windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GroupRow {
    /// The market, market and symbol as `crypto/BTCUSDT`, or the value of the attribute.
    pub name: String,
    /// Its windows.
    pub windows: u64,
    /// Those of them that were sampled.
    pub n: usize,
}

impl From<&TransferGroup> for GroupRow {
    fn from(group: &TransferGroup) -> Self {
        Self {
            name: group.name.clone(),
            windows: group.windows,
            n: group.n,
        }
    }
}

/// How alike two groups are: see [`TransferPair`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PairRow {
    /// The name of the one.
    pub a: String,
    /// The name of the other.
    pub b: String,
    /// The share of windows that are each other's nearest.
    pub mutual: f64,
    /// The same for two groups of one kind.
    pub mutual_null: Option<f64>,
    /// The mean cosine of a window and its nearest in the other group.
    pub similarity: f64,
    /// The same for two groups of one kind.
    pub similarity_null: Option<f64>,
    /// Windows of each that were compared.
    pub n: usize,
}

impl From<&TransferPair> for PairRow {
    fn from(pair: &TransferPair) -> Self {
        Self {
            a: pair.a.clone(),
            b: pair.b.clone(),
            mutual: figure(pair.mutual),
            mutual_null: pair.mutual_null.map(figure),
            similarity: figure(pair.similarity),
            similarity_null: pair.similarity_null.map(figure),
            n: pair.n,
        }
    }
}
