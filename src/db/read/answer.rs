use std::time::Duration;

use crate::model::{Bar, Bars, Timestamp, Window};
use serde::{Deserialize, Serialize};

use super::tags::TagsLeftOut;
use super::told_move::MoveDirection;

/// One answer: the window that stands for an episode.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// 1 is the best.
    pub rank: usize,
    /// Cosine of the query and the stored vector, -1 to 1.
    pub score: f32,
    /// Where the search was refined ([`crate::query::Similar::refine`]): the correlation or the distance
    /// of the two paths of closes, by which hits are then ordered.
    pub refined: Option<f64>,
    /// The window.
    pub window: Window,
}

/// What was looked at to find an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Searched {
    /// Windows that passed the filters.
    pub windows: u64,
    /// `scan` (every window was scored), `graph`, or `graph+scan` (some parts each way).
    pub plan: &'static str,
}

/// What a sentence says of a large move, and how many such moves it found.
///
/// A move is large if it is beyond the 2 % quantile of the returns over as many bars in its own series
/// before it (in the last 20,000 bars, or in what there is), and at least 1.5 deviations
/// ([`crate::query::Size::window`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LargeMoves {
    /// The word or words that say it, in lower case.
    pub word: String,
    /// Where to.
    pub direction: MoveDirection,
    /// The first so many hits are large moves, in the order of their cosines. The others are the largest
    /// of the nearest, in the order of their moves.
    pub large: usize,
}

/// The answer to [`crate::View::similar`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SimilarAnswer {
    /// The space that was searched.
    pub space: String,
    /// The stored window that was asked about, if it was one; of a sum that of the one added term
    /// that has a chart.
    pub query: Option<Window>,
    /// The bars of that window, or the query's own, if it has any.
    pub query_bars: Option<Bars>,
    /// The last of those bars, if it has not closed yet ([`crate::Query::Open`]).
    pub open_bar: Option<Bar>,
    /// Weekdays without a bar right before that one, in a market with sessions: holidays, or days that are
    /// not stored yet.
    pub weekdays_before_open: u32,
    /// Of a question with tags ([`crate::Query::tag`]), those that have no part in it.
    pub tags_left_out: TagsLeftOut,
    /// Bars of a window.
    pub window_bars: u32,
    /// The exclusion zone in bars.
    pub exclusion: u32,
    /// Whether the hits are entries ([`crate::query::Similar::entries`]), the first windows of their runs,
    /// rather than the best ones.
    pub entries: bool,
    /// The large move that the sentence tells of; then hits are ranked by words and size. `None` if it
    /// tells of none, if the query is no sentence, or if it was asked for by words alone.
    pub large_moves: Option<LargeMoves>,
    /// Whether there are fewer hits than were asked for, and some group has as many of them as
    /// [`crate::query::Similar::per`] allows.
    pub quota_reached: bool,
    /// The stored symbols that the sentence names; then no other was searched. Empty if it names none, or
    /// if symbols were chosen otherwise.
    pub narrowed_to: Vec<String>,
    /// The episodes, best first; of a diverse choice in its order.
    pub hits: Vec<Hit>,
    /// What was looked at.
    pub searched: Searched,
    /// Until when the weights of the space have seen the question's series, or anything where it is
    /// about none, if that is after the view's time: then the answer knows what came later. `None` in
    /// a view of now.
    pub trained_until: Option<Timestamp>,
    /// How long it took, encoding of the query included.
    pub took: Duration,
}
