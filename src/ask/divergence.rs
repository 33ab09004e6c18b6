//! At which moments chart and news disagree.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained};
use super::reaction::twenty;
use super::rounded::{figure, to};
use super::span::Span;
use super::subject::series_alone;
use super::window_row::SeriesRow;
use crate::analysis::{DivergenceAnswer, DivergenceEpisode, DivergenceMoment};
use crate::db::View;
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks at which moments of a series chart and news disagree: see [`View::divergence`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DivergenceRequest {
    /// The series, without a time.
    pub series: Target,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Headlines that name this symbol. Default: the series' own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Only moments at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only moments at or before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can know it.
    #[serde(default)]
    pub latency: Span,
    /// How many windows after the news the chart ends.
    #[serde(default)]
    pub lag: usize,
    /// Flag moments whose percentile is at most this. Default: 5.
    #[serde(default = "five_percent")]
    pub below: f64,
    /// The earlier moments that a percentile needs. Default: 30.
    #[serde(default = "thirty")]
    pub history: usize,
    /// List moments instead of episodes.
    #[serde(default)]
    pub moments: bool,
    /// How many episodes or moments to list; 0 is all. Default: 20.
    #[serde(default = "twenty")]
    pub k: usize,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

const fn five_percent() -> f64 {
    5.0
}

const fn thirty() -> usize {
    30
}

impl DivergenceRequest {
    /// The request with the defaults.
    pub fn new(series: Target) -> Self {
        Self {
            series,
            space: None,
            symbol: None,
            from: None,
            until: None,
            latency: Span::default(),
            lag: 0,
            below: five_percent(),
            history: thirty(),
            moments: false,
            k: twenty(),
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Divergence::run`].
    pub fn ask(&self, view: &View) -> Result<DivergenceReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(DivergenceReply, DivergenceAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut divergence = asked.view.divergence(series_alone(&self.series)?);
        divergence = divergence.latency(self.latency.0).lag(self.lag);
        divergence = divergence.below(self.below).history(self.history);
        pass_on!(divergence, self, names: space symbol);
        pass_on!(divergence, self, some: from until);
        let answer = divergence.run()?;
        let more = "; moments whose window began before have no percentile";
        let series = Some(&answer.series);
        let shown = if self.k == 0 { usize::MAX } else { self.k };
        let episodes = answer.episodes.iter().take(shown);
        let moments = answer.moments.iter().take(shown);
        let reply = DivergenceReply {
            query: DivergenceQuery {
                series: (&answer.series).into(),
                about: answer.symbol.clone(),
                space: answer.space.clone(),
                as_of: asked.view.as_of(),
            },
            trained_until: answer.trained_until,
            with_news: answer.moments.len(),
            flagged: answer.moments.iter().filter(|m| m.flagged).count(),
            episodes: (!self.moments).then(|| episodes.map(DivergenceRow::from).collect()),
            moments: (self.moments).then(|| moments.map(DivergenceMomentRow::from).collect()),
            notes: asked.notes([trained(&answer.space, answer.trained_until, series, more)])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`DivergenceRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DivergenceReply {
    /// What was asked.
    pub query: DivergenceQuery,
    /// Until when the weights of the space have seen the series, if that is after a moment's window began.
    pub trained_until: Option<Timestamp>,
    /// How many moments have news.
    pub with_news: usize,
    /// How many of them are flagged.
    pub flagged: usize,
    /// The episodes, the most divergent first, unless moments were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episodes: Option<Vec<DivergenceRow>>,
    /// The moments, the flagged ones first, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moments: Option<Vec<DivergenceMomentRow>>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DivergenceQuery {
    /// The series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// The symbol that the headlines name.
    pub about: String,
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// Flagged moments whose windows overlap, by the one of the lowest percentile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DivergenceRow {
    /// The end of its first moment.
    pub first: Timestamp,
    /// The end of its last moment.
    pub last: Timestamp,
    /// How many moments it has.
    pub moments: u64,
    /// Which way chart and news disagree, like `price rises, news bearish`.
    pub sign: Option<String>,
    /// The end of its lowest moment.
    pub end: Timestamp,
    /// The cosine of chart and news.
    pub similarity: f64,
    /// Its percentile among earlier moments.
    pub percentile: Option<f64>,
    /// How many those are.
    pub earlier: u64,
    /// What the price did over the last quarter of the window, in percent.
    pub price_change: Option<f64>,
    /// Where the news stand between bearish (-1) and bullish (1).
    pub news_direction: f64,
    /// The headlines.
    pub headlines: Vec<String>,
}

impl From<&DivergenceEpisode> for DivergenceRow {
    fn from(episode: &DivergenceEpisode) -> Self {
        let lowest = &episode.lowest;
        Self {
            first: episode.first,
            last: episode.last,
            moments: episode.moments,
            sign: episode.sign.map(|s| s.to_string()),
            end: lowest.end,
            similarity: figure(lowest.similarity),
            percentile: lowest.percentile.map(|p| to(1, p)),
            earlier: lowest.earlier,
            price_change: lowest.price_change.map(|c| to(1, 100.0 * c)),
            news_direction: figure(lowest.news_direction),
            headlines: lowest.headlines.clone(),
        }
    }
}

/// A bar in which headlines became known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DivergenceMomentRow {
    /// Whether its percentile is at most `below`.
    pub flagged: bool,
    /// When the bar closed.
    pub end: Timestamp,
    /// Which way chart and news disagree, like `price rises, news bearish`.
    pub sign: Option<String>,
    /// The cosine of chart and news.
    pub similarity: f64,
    /// Its percentile among earlier moments.
    pub percentile: Option<f64>,
    /// How many those are.
    pub earlier: u64,
    /// Until when the weights were trained, if they have seen some of its window.
    pub trained_until: Option<Timestamp>,
    /// What the price did over the last quarter of the window, in percent.
    pub price_change: Option<f64>,
    /// Where the news stand between bearish (-1) and bullish (1).
    pub news_direction: f64,
    /// The headlines.
    pub headlines: Vec<String>,
}

impl From<&DivergenceMoment> for DivergenceMomentRow {
    fn from(moment: &DivergenceMoment) -> Self {
        Self {
            flagged: moment.flagged,
            end: moment.end,
            sign: moment.sign().map(|s| s.to_string()),
            similarity: figure(moment.similarity),
            percentile: moment.percentile.map(|p| to(1, p)),
            earlier: moment.earlier,
            trained_until: moment.trained_until,
            price_change: moment.price_change.map(|c| to(1, 100.0 * c)),
            news_direction: figure(moment.news_direction),
            headlines: moment.headlines.clone(),
        }
    }
}
