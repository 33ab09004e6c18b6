//! The unusual episodes of a period.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::anomaly::{UNRANKED, five, two_hundred};
use super::asked::{Asked, trained, undated};
use super::label_text::{LabelText, set_of};
use super::reaction::twenty;
use super::rounded::figure;
use super::span::Span;
use super::window_row::{MoveRow, WindowRow};
use crate::analysis::{AnomalyEpisode, AnomalyScanAnswer, Measure};
use crate::db::{Filter, View};
use crate::error::Result;
use crate::model::Timestamp;

/// Asks for the unusual episodes of a market or symbol: see [`View::anomaly_scan`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AnomalyScanRequest {
    /// The market or symbol.
    pub scan: String,
    /// Which of its windows are scanned.
    #[serde(default)]
    pub filter: Filter,
    /// The measure that decides. Default: size.
    #[serde(default = "size")]
    pub by: Measure,
    /// The p-value up to which windows are unusual. Default: 0.01.
    #[serde(default = "hundredth")]
    pub level: f64,
    /// How many episodes to list. Default: 20.
    #[serde(default = "twenty")]
    pub k: usize,
    /// How many nearest episodes the distance is measured to: 1 to 1,000. Default: 5.
    #[serde(default = "five")]
    pub neighbours: usize,
    /// Compare with windows of these markets, symbols or attributes only. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<String>,
    /// The space. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// At least so many earlier windows to compare with. Default: 200.
    #[serde(default = "two_hundred")]
    pub calibration: usize,
    /// Labels that may fit a window, beside the headlines that were known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelText>,
    /// What `labels` are called; without them a built-in set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The time from the publication of a headline until somebody could know it.
    #[serde(default)]
    pub latency: Span,
    /// The seed of the samples.
    #[serde(default)]
    pub seed: u64,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Compare with every window.
    #[serde(default)]
    pub exact: bool,
    /// Whether [`Self::ask_in_full`] keeps the score of every window, for who draws them.
    #[serde(skip)]
    pub scores: bool,
}

const fn size() -> Measure {
    Measure::Size
}

const fn hundredth() -> f64 {
    0.01
}

impl AnomalyScanRequest {
    /// The request with the defaults.
    pub fn new(market_or_symbol: impl Into<String>) -> Self {
        Self {
            scan: market_or_symbol.into(),
            filter: Filter::new(),
            by: size(),
            level: hundredth(),
            k: twenty(),
            neighbours: five(),
            among: Vec::new(),
            space: None,
            calibration: two_hundred(),
            labels: Vec::new(),
            set: None,
            latency: Span::default(),
            seed: 0,
            as_of: None,
            exact: false,
            scores: false,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::AnomalyScan::run`].
    pub fn ask(&self, view: &View) -> Result<AnomalyScanReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(AnomalyScanReply, AnomalyScanAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut scan = asked.view.anomaly_scan().of(&self.scan).k(self.neighbours);
        scan = scan.exact(self.exact).seed(self.seed);
        scan = scan.calibration(self.calibration).latency(self.latency.0);
        scan = scan.filter(self.filter.clone()).by(self.by);
        scan = scan.level(self.level).limit(self.k).scores(self.scores);
        pass_on!(scan, self, names: space);
        pass_on!(scan, self, each: among);
        if let Some(set) = set_of(&self.labels, self.set.as_deref())? {
            scan = scan.labels(&set);
        }
        let answer = scan.run()?;
        let episodes = answer.episodes.iter();
        let episodes = episodes.map(|e| EpisodeRow::of(&asked.view, e));
        let reply = AnomalyScanReply {
            space: answer.space.clone(),
            as_of: asked.view.as_of(),
            trained_until: answer.trained_until,
            scanned: answer.scanned,
            skipped: answer.skipped,
            unusual: answer.unusual,
            by_chance: figure(answer.by_chance),
            by: answer.by,
            level: answer.level,
            episodes: episodes.collect::<Result<_>>()?,
            took_us: answer.took.as_micros() as u64,
            notes: asked.notes([
                trained(&answer.space, answer.trained_until, None, UNRANKED),
                undated(&self.filter, &asked.view)?,
            ])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to an [`AnomalyScanRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AnomalyScanReply {
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// Until when the weights of the space have seen a scanned series, if that is after a scanned window began.
    pub trained_until: Option<Timestamp>,
    /// Windows that were looked at.
    pub scanned: u64,
    /// Those of them before which there was too little history.
    pub skipped: u64,
    /// Those of them at or below the level.
    pub unusual: u64,
    /// How many of them chance alone would give.
    pub by_chance: f64,
    /// The measure that decided.
    pub by: Measure,
    /// The p-value up to which a window is unusual.
    pub level: f64,
    /// The episodes, most unusual first.
    pub episodes: Vec<EpisodeRow>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A stretch of unusual windows that overlap, by its most unusual one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EpisodeRow {
    /// 1 is the most unusual.
    pub rank: usize,
    /// Its most unusual window.
    #[serde(flatten)]
    pub window: WindowRow,
    /// How far that moved.
    #[serde(flatten)]
    pub moved: MoveRow,
    /// Windows that it stands for.
    pub windows: usize,
    /// When the first of them ended.
    pub from: Timestamp,
    /// When the last of them ended.
    pub to: Timestamp,
    /// Of each measure its value, like `size`, `size_p` and `size_percentile`.
    #[serde(flatten)]
    pub measures: BTreeMap<String, f64>,
}

impl EpisodeRow {
    fn of(view: &View, episode: &AnomalyEpisode) -> Result<Self> {
        let mut measures = BTreeMap::new();
        for m in &episode.unusual.measures {
            let name = m.measure.to_string().replace('-', "_");
            measures.insert(format!("{name}_p"), figure(m.p_value));
            measures.insert(format!("{name}_percentile"), figure(m.percentile));
            measures.insert(name, figure(m.value));
        }
        Ok(Self {
            rank: episode.rank,
            window: (&episode.window).into(),
            moved: MoveRow::of(view, &episode.window)?,
            windows: episode.windows,
            from: episode.from,
            to: episode.to,
            measures,
        })
    }
}
