use std::fmt;

use serde::{Deserialize, Serialize};

use super::{SeriesKey, Timestamp};

/// Consecutive bars of one series, named by its series and the close time of its last bar.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The series.
    pub series: SeriesKey,
    /// The open time of the first bar.
    pub start: Timestamp,
    /// The close time of the last bar.
    pub end: Timestamp,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.series, self.end)
    }
}
