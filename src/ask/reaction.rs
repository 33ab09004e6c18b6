//! What happened after headlines like a sentence.

use serde::{Deserialize, Serialize};

use super::after::{SummaryRow, p_of};
use super::asked::{Asked, trained};
use super::headline_row::ExpressivenessRow;
use super::rounded::{change, figure};
use super::span::Span;
use super::window_row::SeriesRow;
use crate::analysis::{Benchmark, NewsGroup, ReactionAnswer, ReactionOutcome};
use crate::db::View;
use crate::error::Result;
use crate::model::{Horizon, Interval, Timestamp};

/// Asks what happened after the past headlines that are most similar to a sentence: see [`View::reaction`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReactionRequest {
    /// The sentence.
    pub text: String,
    /// How many pieces of news to find: 1 to 10,000. Default: 20.
    #[serde(default = "twenty")]
    pub k: usize,
    /// How far to look; bars need `interval`. Default: 5 bars.
    #[serde(default = "five_bars")]
    pub horizon: Horizon,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Only series of this market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// Only series of this interval; needed where the symbols have several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Only headlines that name one of these symbols.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbol: Vec<String>,
    /// Only headlines published at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only headlines published at or before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can act on it.
    #[serde(default)]
    pub latency: Span,
    /// What the outcomes are net of: a stored symbol, or `market` for the mean of all other series of the same
    /// market and interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_of: Option<Benchmark>,
    /// The seed of the base rate's sample.
    #[serde(default)]
    pub seed: u64,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

pub(super) const fn twenty() -> usize {
    20
}

const fn five_bars() -> Horizon {
    Horizon::Bars(5)
}

impl ReactionRequest {
    /// The request with the defaults.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            k: twenty(),
            horizon: five_bars(),
            space: None,
            market: None,
            interval: None,
            symbol: Vec::new(),
            from: None,
            until: None,
            latency: Span::default(),
            net_of: None,
            seed: 0,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Reaction::run`].
    pub fn ask(&self, view: &View) -> Result<ReactionReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(ReactionReply, ReactionAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut reaction = asked.view.reaction(&self.text).k(self.k);
        reaction = reaction.horizon(self.horizon).seed(self.seed);
        reaction = reaction.latency(self.latency.0);
        pass_on!(reaction, self, names: space market);
        pass_on!(reaction, self, each: symbol);
        pass_on!(reaction, self, some: interval from until);
        pass_on!(reaction, self, clones: net_of);
        let answer = reaction.run()?;
        let notes = asked.notes([
            answer.warning(),
            trained(&answer.space, answer.trained_until, None, ""),
        ])?;
        let (p_value, no_p_value) = p_of(&answer.p_value);
        let news = answer.news.iter();
        let rows = news.flat_map(|news| news.outcomes.iter().map(|o| ReactionRow::of(news, o)));
        let reply = ReactionReply {
            query: ReactionQuery {
                text: answer.text.clone(),
                space: answer.space.clone(),
                horizon: answer.horizon,
                interval: answer.interval,
                net_of: answer.net_of.clone(),
                as_of: asked.view.as_of(),
            },
            expressiveness: answer.expressiveness.map(ExpressivenessRow::from),
            warning: answer.warning(),
            trained_until: answer.trained_until,
            summary: answer.summary.as_ref().map(SummaryRow::from),
            base: answer.base.as_ref().map(SummaryRow::from),
            base_windows: answer.base_windows,
            p_value,
            no_p_value,
            outcomes: rows.collect(),
            notes,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`ReactionRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReactionReply {
    /// What was asked.
    pub query: ReactionQuery,
    /// How much the sentence says about charts, if the space can tell.
    pub expressiveness: Option<ExpressivenessRow>,
    /// Why this is hardly an answer, if it is not; also among the notes.
    pub warning: Option<String>,
    /// Until when the weights of the space have seen anything, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// Of all outcomes, each counted once.
    pub summary: Option<SummaryRow>,
    /// After any window of the same series, from a sample.
    pub base: Option<SummaryRow>,
    /// The windows that the sample stands for.
    pub base_windows: u64,
    /// How likely series after whose news nothing is different would move at least so far.
    pub p_value: Option<f64>,
    /// Why there is no p-value.
    pub no_p_value: Option<String>,
    /// What each symbol did, by the similarity of the news.
    pub outcomes: Vec<ReactionRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReactionQuery {
    /// The sentence.
    pub text: String,
    /// The space.
    pub space: String,
    /// How far it looks.
    pub horizon: Horizon,
    /// The interval of the outcomes' bars; nothing if there are several or no outcome.
    pub interval: Option<Interval>,
    /// What the outcomes are net of, if of anything.
    pub net_of: Option<Benchmark>,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// What a series did after a piece of news. Changes are simple returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReactionRow {
    /// The cosine of the best headline with the sentence.
    pub score: f64,
    /// When the first headline was known.
    pub known: Timestamp,
    /// How many headlines the piece of news has.
    pub headlines: u64,
    /// The series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// When the outcome starts.
    pub start: Timestamp,
    /// Whether earlier news in the list had the same outcome, which then counts once.
    pub repeated: bool,
    /// When it ends.
    pub end: Timestamp,
    /// The return to the last close.
    pub change: f64,
    /// The return to the highest high.
    pub best: f64,
    /// The return to the lowest low.
    pub worst: f64,
    /// The root mean square log return of a bar.
    pub volatility: f64,
    /// The first headline.
    pub text: String,
}

impl ReactionRow {
    fn of(news: &NewsGroup, outcome: &ReactionOutcome) -> Self {
        let happened = &outcome.outcome;
        Self {
            score: figure(news.score),
            known: news.known,
            headlines: news.headlines,
            series: (&outcome.series).into(),
            start: outcome.start,
            repeated: outcome.repeated,
            end: happened.closed,
            change: change(happened.change),
            best: change(happened.best),
            worst: change(happened.worst),
            volatility: change(happened.volatility),
            text: news.headline.text.clone(),
        }
    }
}
