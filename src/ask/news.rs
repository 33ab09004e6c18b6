//! Which headlines are nearest to a chart.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, quota, trained};
use super::headline_row::{ExpressivenessRow, HeadlineRow};
use super::similar::ten;
use super::span::Span;
use super::subject::Subject;
use super::window_row::MovedWindow;
use crate::analysis::{NewsAbout, NewsAnswer};
use crate::db::{Per, View};
use crate::error::Result;
use crate::model::Timestamp;

/// Asks for the headlines nearest to a chart, a sentence or a prototype: see [`View::news`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NewsRequest {
    /// What to compare with.
    pub target: Subject,
    /// How many headlines to find: 1 to 10,000. Default: 10.
    #[serde(default = "ten")]
    pub k: usize,
    /// At most so many headlines of one symbol, one year, one market, like `{"symbol": 2}`.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// Choose headlines that differ from one another, one by one from the nearest 5 `k`: each time the one with
    /// the most of this number times its score, less 1 - this number times its greatest cosine with one that is
    /// chosen. From 0 to 1, which is the order of nearness; 0.5 is usual. `k` is then at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Only headlines published at most so long before or after the window's last close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Only headlines that name one of these symbols. Default: the window's, or those of its market.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbol: Vec<String>,
    /// Headlines whatever symbol they name.
    #[serde(default)]
    pub any_symbol: bool,
    /// Headlines that were not known yet at the window's end too.
    #[serde(default)]
    pub any_time: bool,
    /// Only headlines published at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only headlines published at or before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can know it.
    #[serde(default)]
    pub latency: Span,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl NewsRequest {
    /// The request with the defaults.
    pub fn new(target: impl Into<Subject>) -> Self {
        Self {
            target: target.into(),
            k: ten(),
            per: Per::new(),
            diverse: None,
            space: None,
            within: None,
            symbol: Vec::new(),
            any_symbol: false,
            any_time: false,
            from: None,
            until: None,
            latency: Span::default(),
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::News::run`].
    pub fn ask(&self, view: &View) -> Result<NewsReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(NewsReply, NewsAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut news = asked.view.news(self.target.query()?).k(self.k);
        news = news.latency(self.latency.0).per(self.per);
        news = news.any_symbol(self.any_symbol).any_time(self.any_time);
        pass_on!(news, self, names: space);
        pass_on!(news, self, each: symbol);
        pass_on!(news, self, some: from until diverse);
        if let Some(within) = self.within {
            news = news.within(within.0);
        }
        let answer = news.run()?;
        let series = answer.query.as_ref().map(|w| &w.series);
        let notes = asked.notes([
            answer.warning(),
            trained(&answer.space, answer.trained_until, series, ""),
            quota(answer.quota_reached, (answer.hits.len(), self.k), self.per),
        ])?;
        let reply = NewsReply {
            query: NewsQuery {
                target: self.target.name(),
                window: MovedWindow::of_some(&asked.view, answer.query.as_ref())?,
                space: answer.space.clone(),
                per: self.per,
                diverse: self.diverse,
                as_of: asked.view.as_of(),
            },
            about: answer.about.clone(),
            known_by: answer.known_by,
            expressiveness: answer.expressiveness.map(ExpressivenessRow::from),
            warning: answer.warning(),
            trained_until: answer.trained_until,
            headlines: answer.hits.iter().map(HeadlineRow::from).collect(),
            searched: SearchedHeadlines {
                headlines: answer.searched,
            },
            took_us: answer.took.as_micros() as u64,
            notes,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`NewsRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NewsReply {
    /// What was asked.
    pub query: NewsQuery,
    /// Whose headlines these are, where nobody said and the target is a window.
    pub about: Option<NewsAbout>,
    /// The window's end, where only headlines that were known at it were looked at.
    pub known_by: Option<Timestamp>,
    /// How much a sentence says about charts, if the target is one and the space can tell.
    pub expressiveness: Option<ExpressivenessRow>,
    /// Why this is hardly an answer, if it is not; also among the notes.
    pub warning: Option<String>,
    /// Until when the weights of the space have seen the question's series, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// The headlines, best first.
    pub headlines: Vec<HeadlineRow>,
    /// What was looked at.
    pub searched: SearchedHeadlines,
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
pub struct NewsQuery {
    /// What it was asked with.
    pub target: String,
    /// The stored window, if it is one.
    pub window: Option<MovedWindow>,
    /// The space.
    pub space: String,
    /// The most hits of one symbol, year or market, if that was said.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// The lambda of a diverse choice, if there is one: then hits come in the order of the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SearchedHeadlines {
    /// Headlines, each of which was scored.
    pub headlines: u64,
}
