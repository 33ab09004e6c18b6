//! Which moments of other markets look like this one.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained, undated};
use super::rounded::figure;
use super::similar::ten;
use super::window_row::{MoveRow, WindowRow};
use crate::analysis::{TransferAnswer, TransferHit};
use crate::db::{Filter, Per, View};
use crate::error::Result;
use crate::model::Timestamp;

/// Asks for the windows elsewhere that are most similar to a stored one: see [`View::transfer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TransferRequest {
    /// A stored window: `[market/][venue/]SYMBOL[:interval][@time]`.
    pub target: String,
    /// Where to look: markets, symbols, or attributes like `sector=Energy`.
    pub to: Vec<String>,
    /// How many distinct episodes to find: 1 to 10,000. Default: 10.
    #[serde(default = "ten")]
    pub k: usize,
    /// The most hits of one symbol. Default: 3. `per` may say it too, and then counts.
    #[serde(default = "three")]
    pub quota: usize,
    /// At most so many hits of one symbol, one year, one market, like `{"symbol": 2}`.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// Choose hits that differ from one another, one by one from the nearest 5 `k`: each time the one with
    /// the most of this number times its score, less 1 - this number times its greatest cosine with one that is
    /// chosen. From 0 to 1, which is the order of nearness; 0.5 is usual. `k` is then at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// Which windows may be hits, besides `to`.
    #[serde(default)]
    pub filter: Filter,
    /// The least distance in bars between two hits of one symbol. Default: a quarter of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion: Option<u32>,
    /// The space. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The seed of the samples.
    #[serde(default)]
    pub seed: u64,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Score every window to find the candidates.
    #[serde(default)]
    pub exact: bool,
}

const fn three() -> usize {
    3
}

impl TransferRequest {
    /// The request with the defaults.
    pub fn new(target: impl Into<String>, to: Vec<String>) -> Self {
        Self {
            target: target.into(),
            to,
            k: ten(),
            quota: three(),
            per: Per::new(),
            diverse: None,
            filter: Filter::new(),
            exclusion: None,
            space: None,
            seed: 0,
            as_of: None,
            exact: false,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Transfer::run`].
    pub fn ask(&self, view: &View) -> Result<TransferReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(TransferReply, TransferAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut question = asked.view.transfer(self.target.parse()?);
        question = question.k(self.k).quota(self.quota);
        question = question.seed(self.seed).exact(self.exact);
        question = question.filter(self.filter.clone()).per(self.per);
        pass_on!(question, self, names: space);
        pass_on!(question, self, each: to);
        pass_on!(question, self, some: diverse exclusion);
        let answer = question.run()?;
        let series = Some(&answer.query.series);
        let fewer = answer
            .fewer
            .map(|why| format!("{} of {}: {why}", answer.hits.len(), answer.k));
        let hits = answer.hits.iter();
        let hits = hits.map(|hit| TransferRow::of(&asked.view, hit));
        let reply = TransferReply {
            query: TransferQuery {
                target: self.target.clone(),
                to: self.to.clone(),
                space: answer.space.clone(),
                as_of: asked.view.as_of(),
                window: (&answer.query).into(),
                exclusion: answer.exclusion,
                k: answer.k,
                quota: answer.quota,
                per: self.per,
                diverse: self.diverse,
            },
            fewer,
            trained_until: answer.trained_until,
            shift: figure(answer.shift),
            hits: hits.collect::<Result<_>>()?,
            searched: Compared {
                windows: answer.searched.windows,
                compared: answer.compared,
                plan: answer.searched.plan.to_owned(),
            },
            took_us: answer.took.as_micros() as u64,
            notes: asked.notes([
                trained(&answer.space, answer.trained_until, series, ""),
                undated(&self.filter, &asked.view)?,
            ])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`TransferRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TransferReply {
    /// What was asked.
    pub query: TransferQuery,
    /// Why there are fewer hits than were asked for, if there are.
    pub fewer: Option<String>,
    /// Until when the weights of the space have seen the target's series, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// The distance between the mean vectors of the two sides.
    pub shift: f64,
    /// The hits, best first.
    pub hits: Vec<TransferRow>,
    /// What was looked at.
    pub searched: Compared,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TransferQuery {
    /// What it was asked with.
    pub target: String,
    /// Where it was looked for.
    pub to: Vec<String>,
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The window.
    pub window: WindowRow,
    /// The least distance in bars between two hits of one symbol.
    pub exclusion: u32,
    /// How many hits were asked for.
    pub k: usize,
    /// The most hits of one symbol.
    pub quota: usize,
    /// The most hits of one symbol, year or market, if that was said.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// The lambda of a diverse choice, if there is one: then hits come in the order of the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
}

/// A similar window elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TransferRow {
    /// 1 is the best.
    pub rank: usize,
    /// The corrected score, by which hits are ordered.
    pub score: f64,
    /// The cosine after the shift between the two sides was removed.
    pub similarity: f64,
    /// The cosine of the stored vectors.
    pub raw: f64,
    /// The window.
    #[serde(flatten)]
    pub window: WindowRow,
    /// How far it moved.
    #[serde(flatten)]
    pub moved: MoveRow,
}

impl TransferRow {
    fn of(view: &View, hit: &TransferHit) -> Result<Self> {
        Ok(Self {
            rank: hit.rank,
            score: figure(hit.score),
            similarity: figure(hit.similarity),
            raw: figure(hit.raw),
            window: (&hit.window).into(),
            moved: MoveRow::of(view, &hit.window)?,
        })
    }
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Compared {
    /// Windows that passed the filter.
    pub windows: u64,
    /// Those that were compared after the shift was removed.
    pub compared: u64,
    /// `scan` (every window was scored), `graph`, or `graph+scan`.
    pub plan: String,
}
