//! What a timeline shows of one series.

use super::scale::Extent;
use super::scene::Ink;
use crate::model::{Bars, Interval, Timestamp};

/// A label as it is drawn.
pub(super) struct Kind {
    pub(super) label: String,
    pub(super) ink: Ink,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Its name: `BTCUSDT 1h`.
    pub name: String,
    /// The length of its bars.
    pub interval: Interval,
    /// Its bars.
    pub bars: Bars,
    /// Bands behind the price.
    pub bands: Vec<Band>,
    /// Stretches that are to be noticed, the most important first.
    pub flags: Vec<Flag>,
    /// Scores below the price.
    pub scores: Option<Scores>,
}

/// A stretch of time with a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// When its first bar closed.
    pub first: Timestamp,
    /// When its last bar closed.
    pub last: Timestamp,
    /// The number of the label; `None` where there is none.
    pub label: Option<usize>,
}

/// A stretch of time that is to be noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// When its first bar closed.
    pub first: Timestamp,
    /// When its last bar closed.
    pub last: Timestamp,
    /// What stands above it: a rank, or nothing.
    pub label: String,
    /// More about it, said where a reader asks.
    pub hint: String,
}

/// Scores below a price.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// What they are: `distance to the nearest episodes`.
    pub name: String,
    /// The scores, ascending in time.
    pub points: Vec<Score>,
    /// Whether a line joins them; else they are dots.
    pub joined: bool,
    /// Where a line is drawn across.
    pub threshold: Option<f64>,
    /// The ends of the axis, if it has some of its own.
    pub range: Option<Extent>,
}

/// The score of a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The close of the bar that it belongs to.
    pub end: Timestamp,
    /// Its value.
    pub value: f64,
    /// Whether it is to be noticed.
    pub flagged: bool,
    /// More about it, said where a reader asks; may be empty.
    pub hint: String,
}
