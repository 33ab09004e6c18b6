//! Which windows end with a chart pattern.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, few, undated};
use super::similar::{SimilarReply, ten, trained_note};
use crate::analysis::PatternAnswer;
use crate::db::{Filter, Per, View};
use crate::error::Result;
use crate::model::Timestamp;

/// Asks for the windows that end with a pattern of the built-in set: see [`View::pattern`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PatternRequest {
    /// The pattern's name, like `double bottom`.
    pub pattern: String,
    /// How many distinct episodes to find: 1 to 10,000. Default: 10.
    #[serde(default = "ten")]
    pub k: usize,
    /// At most so many hits of one symbol, one year, one market, like `{"symbol": 2}`.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// Choose hits that differ from one another, one by one from the nearest 5 `k`: each time the one with
    /// the most of this number times its score, less 1 - this number times its greatest cosine with one that is
    /// chosen. From 0 to 1, which is the order of nearness; 0.5 is usual. `k` is then at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// The space of the encoder `shape`. Default: `shape`, or another of that encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Which windows may be hits.
    #[serde(default)]
    pub filter: Filter,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The least distance in bars between two hits of one symbol. Default: a quarter of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion: Option<u32>,
    /// The breadth of the search in a graph, 1 to 100,000. Default: 128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ef: Option<usize>,
    /// Score every window.
    #[serde(default)]
    pub exact: bool,
}

impl PatternRequest {
    /// The request with the defaults.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            k: ten(),
            per: Per::new(),
            diverse: None,
            space: None,
            filter: Filter::new(),
            as_of: None,
            exclusion: None,
            ef: None,
            exact: false,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::PatternSearch::run`].
    pub fn ask(&self, view: &View) -> Result<PatternReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(PatternReply, PatternAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut search = asked.view.pattern(&self.pattern).k(self.k);
        search = search.exact(self.exact).filter(self.filter.clone());
        search = search.per(self.per);
        pass_on!(search, self, names: space);
        pass_on!(search, self, some: diverse exclusion ef);
        let answer = search.run()?;
        let target = format!("pattern {}", answer.pattern);
        let mut found = SimilarReply::of(&asked.view, target, &answer.found)?;
        found.query.spread(self.per, self.diverse);
        found.notes = asked.notes([
            trained_note(&answer.found),
            few(
                &answer.found,
                self.k,
                (self.filter.min_move, self.exact),
                self.per,
            ),
            undated(&self.filter, &asked.view)?,
        ])?;
        let reply = PatternReply {
            found,
            pattern: answer.pattern.clone(),
            bars: answer.bars.clone(),
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`PatternRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PatternReply {
    /// The windows that end with it. A score is the likeness to the nearest drawing.
    #[serde(flatten)]
    pub found: SimilarReply,
    /// The pattern's name.
    pub pattern: String,
    /// For each hit the bars at its end that look like the pattern.
    pub bars: Vec<usize>,
}
