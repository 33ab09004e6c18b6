//! Which moments looked like this one, and what came after them.

use serde::{Deserialize, Serialize};

use super::after::{Afterwards, HitAfterwards};
use super::asked::{Asked, few, trained, undated};
use super::bar_row::BarRow;
use super::rounded::figure;
use super::subject::Subject;
use super::window_row::{MoveRow, WindowRow};
use crate::analysis::{Benchmark, OutcomeAnswer};
use crate::db::{
    Filter, Hit, LargeMoves, Per, Refine, Searched, Similar, SimilarAnswer, TagsLeftOut, View,
};
use crate::error::Result;
use crate::model::{Horizon, Timestamp};

/// Asks for the windows that are most similar to a chart, a sentence or a prototype, and perhaps for what
/// came after them: see [`Similar`] and [`crate::query::Outcomes`].
///
/// ```
/// use rhymedb::ask::SimilarRequest;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
/// let mut request = SimilarRequest::new("NOVAUSDT:1h@2015-03-01");
/// request.outcome = vec!["24h".parse()?];
/// let reply = request.ask(&db.now())?;
/// for hit in &reply.hits {
///     println!("{} {} {}", hit.score, hit.window.symbol, hit.window.end);
/// }
/// let saved = serde_json::to_string(&request)?;
/// assert_eq!(serde_json::from_str::<SimilarRequest>(&saved)?, request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SimilarRequest {
    /// What to compare with.
    pub target: Subject,
    /// How many distinct episodes to find: 1 to 10,000. Default: 10.
    #[serde(default = "ten")]
    pub k: usize,
    /// Compare the candidates again on their bars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refine: Option<Refine>,
    /// What happened after each hit and after all windows that pass, within each of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcome: Vec<Horizon>,
    /// With `outcome`: count hits that overlap the target in time too.
    #[serde(default)]
    pub same_moment: bool,
    /// With `outcome`: count hits of other intervals too.
    #[serde(default)]
    pub other_intervals: bool,
    /// With `outcome`: what they are net of: a stored symbol, or `market` for the mean of all other series of the same
    /// market and interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_of: Option<Benchmark>,
    /// With `outcome`: the seed of the base rate's sample.
    #[serde(default)]
    pub seed: u64,
    /// Answer with the first window of each run of similar ones rather than the best; with `outcome` always.
    #[serde(default)]
    pub entries: bool,
    /// At most so many hits of one symbol, one year, one market, like `{"symbol": 2}`.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// Choose hits that differ from one another, one by one from the nearest 5 `k`: each time the one with
    /// the most of this number times its score, less 1 - this number times its greatest cosine with one that is
    /// chosen. From 0 to 1, which is the order of nearness; 0.5 is usual. `k` is then at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// The space. Default: `shape`, or the only one; for a sentence one that reads text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Which windows may be hits.
    #[serde(default)]
    pub filter: Filter,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The least distance in bars between two hits of one symbol, and from the target. Default: a quarter of
    /// the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion: Option<u32>,
    /// Rank a sentence about a large move by its words alone.
    #[serde(default)]
    pub by_words: bool,
    /// Search all symbols, whatever a sentence names.
    #[serde(default)]
    pub all_symbols: bool,
    /// The breadth of the search in a graph, 1 to 100,000. Default: 128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ef: Option<usize>,
    /// Score every window.
    #[serde(default)]
    pub exact: bool,
}

pub(super) const fn ten() -> usize {
    10
}

/// What a [`SimilarRequest`] found, for who goes on from it: draws it, or asks for its bars.
#[derive(Clone, Debug, PartialEq)]
pub enum FoundSimilar {
    /// Without `outcome`.
    Hits(SimilarAnswer),
    /// With `outcome`.
    Outcomes(OutcomeAnswer),
}

impl FoundSimilar {
    /// The hits.
    pub fn similar(&self) -> &SimilarAnswer {
        match self {
            Self::Hits(answer) => answer,
            Self::Outcomes(answer) => &answer.similar,
        }
    }
}

impl SimilarRequest {
    /// The request with the defaults.
    pub fn new(target: impl Into<Subject>) -> Self {
        Self {
            target: target.into(),
            k: ten(),
            refine: None,
            outcome: Vec::new(),
            same_moment: false,
            other_intervals: false,
            net_of: None,
            seed: 0,
            entries: false,
            per: Per::new(),
            diverse: None,
            space: None,
            filter: Filter::new(),
            as_of: None,
            exclusion: None,
            by_words: false,
            all_symbols: false,
            ef: None,
            exact: false,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`Similar::run`] and of [`crate::query::Outcomes::run`].
    pub fn ask(&self, view: &View) -> Result<SimilarReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(SimilarReply, FoundSimilar)> {
        let asked = Asked::at(view, self.as_of);
        let similar = self.question(&asked.view)?;
        let found = if self.outcome.is_empty() {
            FoundSimilar::Hits(similar.run()?)
        } else {
            let outcomes = similar.outcomes(&self.outcome).seed(self.seed);
            let mut outcomes = outcomes.same_moment(self.same_moment);
            pass_on!(outcomes, self, clones: net_of);
            FoundSimilar::Outcomes(outcomes.other_intervals(self.other_intervals).run()?)
        };
        let answer = found.similar();
        let notes = asked.notes([
            self.later_than(&asked.view),
            tags_left_out(answer),
            weekdays_before_open(answer),
            trained_note(answer),
            few(answer, self.k, (self.filter.min_move, self.exact), self.per),
            undated(&self.filter, &asked.view)?,
        ])?;
        let mut reply = SimilarReply::of(&asked.view, self.target.name(), answer)?;
        reply.notes = notes;
        reply.query.spread(self.per, self.diverse);
        if let FoundSimilar::Outcomes(answer) = &found {
            for (i, hit) in reply.hits.iter_mut().enumerate() {
                hit.after = Some(HitAfterwards::of(answer, i));
            }
            reply.after = Some(Afterwards::of(answer));
            reply.took_us = answer.took.as_micros() as u64;
        }
        Ok((reply, found))
    }

    fn question(&self, view: &View) -> Result<Similar> {
        let mut similar = view.similar(self.target.query()?).k(self.k);
        similar = similar.exact(self.exact).entries(self.entries);
        similar = similar.by_words(self.by_words);
        similar = similar.all_symbols(self.all_symbols);
        similar = similar.filter(self.filter.clone()).per(self.per);
        pass_on!(similar, self, names: space);
        pass_on!(similar, self, some: diverse exclusion ef refine);
        Ok(similar)
    }

    fn later_than(&self, view: &View) -> Option<String> {
        let later = view.as_of().is_some_and(|t| self.target.time() > Some(t));
        later.then(|| {
            "the target's time is later than the view; this is its last window that was known then"
                .to_owned()
        })
    }
}

/// Which tags have no part in the question.
pub(super) fn tags_left_out(answer: &SimilarAnswer) -> Option<String> {
    let left_out = &answer.tags_left_out;
    (left_out.total() > 0).then(|| format!("tags that have no part in the question: {left_out}"))
}

fn weekdays_before_open(answer: &SimilarAnswer) -> Option<String> {
    let days = answer.weekdays_before_open;
    (days > 0).then(|| {
        format!(
            "{days} weekdays before the open bar have no bar: holidays, or days that are not stored yet"
        )
    })
}

/// Until when the weights of the space that was searched were trained.
pub(super) fn trained_note(answer: &SimilarAnswer) -> Option<String> {
    let series = answer.query.as_ref().map(|w| &w.series);
    trained(&answer.space, answer.trained_until, series, "")
}

/// The reply to a [`SimilarRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SimilarReply {
    /// What was asked.
    pub query: SimilarQuery,
    /// Until when the weights of the space have seen the question's series, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// The episodes, best first.
    pub hits: Vec<HitRow>,
    /// What was looked at.
    pub searched: SearchedWindows,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// How a sentence was understood.
    #[serde(flatten)]
    pub told: Told,
    /// What happened after the hits, if that was asked.
    #[serde(flatten)]
    pub after: Option<Afterwards>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl SimilarReply {
    pub(super) fn of(view: &View, target: String, answer: &SimilarAnswer) -> Result<Self> {
        let hits = answer.hits.iter().map(|hit| HitRow::of(view, hit));
        Ok(Self {
            query: SimilarQuery {
                target,
                space: answer.space.clone(),
                window_bars: answer.window_bars,
                exclusion: answer.exclusion,
                entries: answer.entries,
                per: Per::new(),
                diverse: None,
                as_of: view.as_of(),
                open_bar: answer.open_bar.map(BarRow::from),
                weekdays_before_open: answer.open_bar.map(|_| answer.weekdays_before_open),
                tags_left_out: answer.tags_left_out,
                window: answer.query.as_ref().map(WindowRow::from),
            },
            trained_until: answer.trained_until,
            hits: hits.collect::<Result<_>>()?,
            searched: (&answer.searched).into(),
            took_us: answer.took.as_micros() as u64,
            told: Told::of(answer),
            after: None,
            notes: Vec::new(),
        })
    }
}

/// What similar windows were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SimilarQuery {
    /// What it was asked with.
    pub target: String,
    /// The space that was searched.
    pub space: String,
    /// Bars of a window.
    pub window_bars: u32,
    /// The least distance in bars between two hits.
    pub exclusion: u32,
    /// Whether hits are the first windows of their runs rather than the best.
    pub entries: bool,
    /// The most hits of one symbol, year or market, if that was said.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// The lambda of a diverse choice, if there is one: then hits come in the order of the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The bar of the target that has not closed yet, if there is one.
    pub open_bar: Option<BarRow>,
    /// Weekdays without a bar right before that one, in a market with sessions.
    pub weekdays_before_open: Option<u32>,
    /// Of a question with tags, those that have no part in it.
    pub tags_left_out: TagsLeftOut,
    /// The stored window that was asked about, if it is one.
    #[serde(flatten)]
    pub window: Option<WindowRow>,
}

impl SimilarQuery {
    pub(super) fn spread(&mut self, per: Per, diverse: Option<f64>) {
        (self.per, self.diverse) = (per, diverse);
    }
}

/// How a sentence was understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Told {
    /// `similarity`, or `words and size` of a sentence about a large move.
    pub ranked_by: String,
    /// The large move that it tells of.
    pub large_moves: Option<LargeMoves>,
    /// The stored symbols that it names; then no other was searched.
    pub narrowed_to: Vec<String>,
}

impl Told {
    pub(super) fn of(answer: &SimilarAnswer) -> Self {
        let ranked_by = match answer.large_moves {
            Some(_) => "words and size",
            None => "similarity",
        };
        Self {
            ranked_by: ranked_by.to_owned(),
            large_moves: answer.large_moves.clone(),
            narrowed_to: answer.narrowed_to.clone(),
        }
    }
}

/// A window that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HitRow {
    /// 1 is the best.
    pub rank: usize,
    /// The cosine with the query, -1 to 1.
    pub score: f64,
    /// The window.
    #[serde(flatten)]
    pub window: WindowRow,
    /// Where the search was refined: the correlation or the distance by which hits are ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refined: Option<f64>,
    /// How far it moved.
    #[serde(flatten)]
    pub moved: MoveRow,
    /// What happened after it, if that was asked.
    #[serde(flatten)]
    pub after: Option<HitAfterwards>,
}

impl HitRow {
    pub(super) fn of(view: &View, hit: &Hit) -> Result<Self> {
        Ok(Self {
            rank: hit.rank,
            score: figure(hit.score),
            window: (&hit.window).into(),
            refined: hit.refined.map(figure),
            moved: MoveRow::of(view, &hit.window)?,
            after: None,
        })
    }
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SearchedWindows {
    /// Windows that passed the filter.
    pub windows: u64,
    /// `scan` (every window was scored), `graph`, or `graph+scan`.
    pub plan: String,
}

impl From<&Searched> for SearchedWindows {
    fn from(searched: &Searched) -> Self {
        Self {
            windows: searched.windows,
            plan: searched.plan.to_owned(),
        }
    }
}
