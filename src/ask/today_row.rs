//! A series in a report of today.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::after::HorizonReply;
use super::divergence::DivergenceMomentRow;
use super::headline_row::StoredHeadlineRow;
use super::similar::HitRow;
use super::window_row::{MoveRow, SeriesRow};
use crate::db::SeriesInfo;
use crate::model::Timestamp;

/// What a report of today could say about a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TodayState {
    /// How large its latest moves are among earlier ones.
    Measured,
    /// There is too little of it for that, or it has no windows.
    Unmeasured,
    /// Others of its market and interval go on where it ends: it is late, or gone.
    Stale,
    /// Nothing of that name is stored.
    Unknown,
}

/// The latest window of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TodayRow {
    /// 1 is the most unusual.
    pub rank: usize,
    /// The series' whole name, or the name of which nothing is stored.
    pub name: String,
    /// The series.
    #[serde(flatten)]
    pub series: Option<SeriesRow>,
    /// What could be said.
    pub state: TodayState,
    /// Why no more, if the size was not measured.
    pub why: Option<String>,
    /// When the first bar of its latest window opened.
    pub start: Option<Timestamp>,
    /// When the last bar of its latest window closed; without a window its last bar.
    pub end: Option<Timestamp>,
    /// How far the window moved.
    #[serde(flatten)]
    pub moved: MoveRow,
    /// The size of its moves, in deviations of the year before.
    pub size: Option<f64>,
    /// The share of earlier windows with smaller moves, 0 to 1, of equal ones half; of its own past and of its market,
    /// half each.
    pub size_rank: Option<f64>,
    /// The p-value of the size.
    pub size_p: Option<f64>,
    /// Whether that rank is at or above the level of the request.
    pub alarm: bool,
    /// Its regime; nothing where no label is clear.
    pub regime: Option<String>,
    /// Since the close of which window it has it.
    pub regime_since: Option<Timestamp>,
    /// The nearest of the similar charts, at most three.
    pub nearest: Vec<HitRow>,
    /// What followed all of them, beside what follows any window of the interval.
    pub after: Option<HorizonReply>,
    /// How many headlines about it were published in the last day.
    pub headlines: usize,
    /// The newest of those, newest first, at most three.
    pub news: Vec<StoredHeadlineRow>,
    /// Of the last day the latest bar with news: how well they agree with the chart. Flagged ones come first.
    pub divergence: Option<DivergenceMomentRow>,
    /// What could not be answered, and why.
    pub unanswered: Vec<String>,
}

impl TodayRow {
    fn bare(name: String, state: TodayState) -> Self {
        Self {
            rank: 0,
            name,
            series: None,
            state,
            why: None,
            start: None,
            end: None,
            moved: MoveRow {
                move_percent: None,
                move_sd: None,
            },
            size: None,
            size_rank: None,
            size_p: None,
            alarm: false,
            regime: None,
            regime_since: None,
            nearest: Vec::new(),
            after: None,
            headlines: 0,
            news: Vec::new(),
            divergence: None,
            unanswered: Vec::new(),
        }
    }

    /// Of a name of which nothing is stored.
    pub(super) fn unknown(name: &str, why: &str) -> Self {
        Self {
            why: Some(why.to_owned()),
            ..Self::bare(name.to_owned(), TodayState::Unknown)
        }
    }

    /// Of a series, before anything is known of its latest window.
    pub(super) fn of(info: &SeriesInfo) -> Self {
        Self {
            series: Some((&info.key).into()),
            end: info.last,
            ..Self::bare(info.key.to_string(), TodayState::Unmeasured)
        }
    }

    pub(super) fn unusual_first(a: &Self, b: &Self) -> Ordering {
        let p = |row: &Self| row.size_p.unwrap_or(1.0);
        let size = |row: &Self| row.size.unwrap_or_default();
        let states = a.state.cmp(&b.state).then(p(a).total_cmp(&p(b)));
        let sizes = states.then(size(b).total_cmp(&size(a)));
        sizes.then_with(|| a.name.cmp(&b.name))
    }
}
