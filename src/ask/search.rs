//! Which charts and headlines are nearest to a sentence or to a vector.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, few, quota, trained, undated};
use super::headline_row::{ExpressivenessRow, FoundHeadlineRow};
use super::similar::{HitRow, Told, ten};
use super::span::Span;
use crate::analysis::{Search, SearchAnswer};
use crate::db::{Filter, HeadlinesBy, Per, View};
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// Asks for the charts and the headlines nearest to a sentence, or to a vector of the asker's own: see
/// [`View::search`] and [`View::search_vector`].
///
/// ```
/// use rhymedb::ask::SearchRequest;
/// let typed = r#"{"text": "shares plunge", "k": 5, "filter": {"market": ["equity"]}, "latency": "5m"}"#;
/// let request: SearchRequest = serde_json::from_str(typed)?;
/// assert_eq!(request.latency.to_string(), "5m");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SearchRequest {
    /// The sentence. Either this or `vector` has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A vector of the asker's own, as many numbers as vectors of the space have: that of a sentence or of a
    /// headline by the model whose vectors were imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<f32>>,
    /// How many charts and how many headlines to find: 1 to 10,000. Default: 10.
    #[serde(default = "ten")]
    pub k: usize,
    /// At most so many charts, and so many headlines, of one symbol, one year, one market, like `{"symbol": 2}`.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// Choose charts and headlines that differ from one another, one by one from the nearest 5 `k`: each time
    /// the one with the most of this number times its score, less 1 - this number times its greatest cosine with
    /// one that is chosen. From 0 to 1, which is the order of nearness; 0.5 is usual. `k` is then at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Which windows may be found; symbols and times choose headlines too.
    #[serde(default)]
    pub filter: Filter,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// By what headlines are ranked: `both` (the default), `meaning` or `words`. By words, names and numbers are
    /// found that vectors do not know. A vector asks by `meaning`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headlines_by: Option<HeadlinesBy>,
    /// Rank a sentence about a large move by its words alone.
    #[serde(default)]
    pub by_words: bool,
    /// Search all symbols, whatever the sentence names.
    #[serde(default)]
    pub all_symbols: bool,
    /// The time from the publication of a headline until somebody can know it.
    #[serde(default)]
    pub latency: Span,
    /// The breadth of the search in a graph of charts, 1 to 100,000. Default: 128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ef: Option<usize>,
    /// Score every window; headlines are always all scored.
    #[serde(default)]
    pub exact: bool,
}

impl SearchRequest {
    /// The request about a vector with the defaults.
    pub fn of_vector(vector: Vec<f32>) -> Self {
        Self {
            text: None,
            vector: Some(vector),
            ..Self::new("")
        }
    }

    /// The request about a sentence with the defaults.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            vector: None,
            k: ten(),
            per: Per::new(),
            diverse: None,
            space: None,
            filter: Filter::new(),
            as_of: None,
            headlines_by: None,
            by_words: false,
            all_symbols: false,
            latency: Span::default(),
            ef: None,
            exact: false,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Search::run`].
    pub fn ask(&self, view: &View) -> Result<SearchReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(SearchReply, SearchAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut search = self.question(&asked.view)?.k(self.k).exact(self.exact);
        search = search.latency(self.latency.0).by_words(self.by_words);
        search = search.all_symbols(self.all_symbols);
        search = search.filter(self.filter.clone()).per(self.per);
        pass_on!(search, self, names: space);
        pass_on!(search, self, some: headlines_by diverse ef);
        let answer = search.run()?;
        let notes = asked.notes([
            answer.warning(),
            trained(&answer.charts.space, answer.trained_until, None, ""),
            few(
                &answer.charts,
                self.k,
                (self.filter.min_move, self.exact),
                self.per,
            )
            .map(|note| format!("charts: {note}")),
            quota(
                answer.headline_quota_reached,
                (answer.headlines.len(), self.k),
                self.per,
            )
            .map(|note| format!("headlines: {note}")),
            unknown(&answer),
            undated(&self.filter, &asked.view)?,
        ])?;
        let charts = answer.charts.hits.iter();
        let charts = charts.map(|hit| HitRow::of(&asked.view, hit));
        let reply = SearchReply {
            query: SearchQuery {
                text: answer.text.clone(),
                space: answer.charts.space.clone(),
                per: self.per,
                diverse: self.diverse,
                headlines_by: answer.headlines_by,
                as_of: asked.view.as_of(),
            },
            pattern: answer.pattern.clone(),
            told: Told::of(&answer.charts),
            expressiveness: answer.expressiveness.map(ExpressivenessRow::from),
            warning: answer.warning(),
            trained_until: answer.trained_until,
            charts: charts.collect::<Result<_>>()?,
            headlines: answer
                .headlines
                .iter()
                .map(FoundHeadlineRow::from)
                .collect(),
            searched: SearchedAll {
                windows: answer.charts.searched.windows,
                plan: answer.charts.searched.plan.to_owned(),
                headlines: answer.headlines_searched,
            },
            took_us: answer.took.as_micros() as u64,
            notes,
        };
        Ok((reply, answer))
    }
}

impl SearchRequest {
    /// What pictures of the answer call what was asked.
    pub fn name(&self) -> String {
        match &self.text {
            Some(text) => format!("“{text}”"),
            None => "a vector".to_owned(),
        }
    }

    fn question(&self, view: &View) -> Result<Search> {
        match (&self.text, &self.vector) {
            (Some(text), None) => Ok(view.search(text)),
            (None, Some(_))
                if self
                    .headlines_by
                    .is_some_and(|by| by != HeadlinesBy::Meaning) =>
            {
                Err(Error::invalid(
                    "expected headlines_by to be meaning for a vector, which has no words; leave it out",
                ))
            }
            (None, Some(vector)) => Ok(view.search_vector(vector.as_slice())),
            (Some(_), Some(_)) => Err(Error::invalid(
                "expected a sentence as `text` or a `vector`, found both",
            )),
            (None, None) => Err(Error::invalid(
                "expected a sentence as `text`, like \"shares plunge\", or a `vector`, found neither",
            )),
        }
    }
}

/// Which words no headline holds, where headlines are found by words alone.
fn unknown(answer: &SearchAnswer) -> Option<String> {
    let words = &answer.unknown_words;
    if answer.headlines_by != HeadlinesBy::Words || words.is_empty() {
        return None;
    }
    Some(format!(
        "no headline that was known then holds {}",
        words
            .iter()
            .map(|w| format!("“{w}”"))
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

/// The reply to a [`SearchRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SearchReply {
    /// What was asked.
    pub query: SearchQuery,
    /// The chart pattern that the sentence names; then the charts are those that end with it.
    pub pattern: Option<String>,
    /// How the sentence was understood.
    #[serde(flatten)]
    pub told: Told,
    /// How much the sentence says about charts, if the space can tell.
    pub expressiveness: Option<ExpressivenessRow>,
    /// Why the charts are hardly an answer, if they are not; also among the notes.
    pub warning: Option<String>,
    /// Until when the weights of the space have seen anything, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// The charts, best first.
    pub charts: Vec<HitRow>,
    /// The headlines, best first.
    pub headlines: Vec<FoundHeadlineRow>,
    /// What was looked at.
    pub searched: SearchedAll,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SearchQuery {
    /// The sentence; null if it was a vector.
    pub text: Option<String>,
    /// The space that was searched.
    pub space: String,
    /// The most hits of one symbol, year or market, if that was said.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// The lambda of a diverse choice, if there is one: then hits come in the order of the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// By what headlines are ranked.
    #[serde(default)]
    pub headlines_by: HeadlinesBy,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SearchedAll {
    /// Windows that passed the filter.
    pub windows: u64,
    /// `scan` (every window was scored), `graph`, or `graph+scan`.
    pub plan: String,
    /// Headlines, each of which was scored.
    pub headlines: u64,
}
