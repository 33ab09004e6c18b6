//! Which hits a summary of outcomes counts.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::db::{Hit, SimilarAnswer};
use crate::model::Interval;

/// Why a hit stands in the list and is not counted in the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum LeftOut {
    /// It overlaps the question in time: the same event on another chart is no further evidence.
    #[serde(rename = "same moment")]
    SameMoment,
    /// Its bars are of another interval than the question's.
    #[serde(rename = "other interval")]
    OtherInterval,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameMoment => "same moment",
            Self::OtherInterval => "other interval",
        })
    }
}

/// What is counted besides the ordinary.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub(super) same_moment: bool,
    pub(super) other_intervals: bool,
}

impl Counted {
    /// Why a hit is left out, if it is. `interval` is that of the question, if it has one.
    pub(super) fn left_out(
        self,
        similar: &SimilarAnswer,
        interval: Option<Interval>,
        hit: &Hit,
    ) -> Option<LeftOut> {
        let other = interval.is_some_and(|i| i != hit.window.series.interval);
        if other && !self.other_intervals {
            return Some(LeftOut::OtherInterval);
        }
        let asked = asked_span(similar)?;
        let window = &hit.window;
        let overlaps = window.start.millis() < asked.end && asked.start < window.end.millis();
        (overlaps && !self.same_moment).then_some(LeftOut::SameMoment)
    }
}

/// From when to when the question goes, if it is of some time.
fn asked_span(similar: &SimilarAnswer) -> Option<Range<i64>> {
    if let Some(window) = &similar.query {
        return Some(window.start.millis()..window.end.millis());
    }
    // Bars of a file have no interval; the last of them is counted by its opening.
    let times = &similar.query_bars.as_ref()?.time;
    Some(*times.first()?..times.last()?.saturating_add(1))
}
