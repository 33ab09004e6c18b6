use std::time::Duration;

use crate::model::{Bars, Timestamp, Window};

/// One answer: the window that stands for an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// 1 is the best.
    pub rank: usize,
    /// Cosine of the query and the stored vector, -1 to 1.
    pub score: f32,
    /// Where the search was refined ([`crate::Similar::refine`]): the correlation or the distance
    /// of the two paths of closes, by which hits are then ordered.
    pub refined: Option<f64>,
    /// The window.
    pub window: Window,
}

/// What was looked at to find an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Windows that passed the filters.
    pub windows: u64,
    /// `scan` (every window was scored), `graph`, or `graph+scan` (some parts each way).
    pub plan: &'static str,
}

/// The answer to [`crate::View::similar`].
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarAnswer {
    /// The space that was searched.
    pub space: String,
    /// The stored window that was asked about, if it was one; of a sum that of the one added term
    /// that has a chart.
    pub query: Option<Window>,
    /// The bars of that window, or the query's own, if it has any.
    pub query_bars: Option<Bars>,
    /// Bars of a window.
    pub window_bars: u32,
    /// The exclusion zone in bars.
    pub exclusion: u32,
    /// Whether the hits are entries ([`crate::Similar::entries`]), the first windows of their runs,
    /// rather than the best ones.
    pub entries: bool,
    /// The episodes, best first.
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
