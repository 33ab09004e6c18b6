//! Which window is meant.

use super::rank::Candidate;
use crate::store::SeriesId;

/// A window of a space. Ascending by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// Close time of the last bar, in milliseconds UTC.
    pub(crate) end: i64,
    pub(crate) series: SeriesId,
}

impl From<&Candidate> for Place {
    fn from(candidate: &Candidate) -> Self {
        Self {
            end: candidate.end,
            series: candidate.series,
        }
    }
}
