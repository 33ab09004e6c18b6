//! What encoders of the caller's own could not do, for reports.

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::model::{SeriesKey, Timestamp};

/// A window that has no vector, because the encoder of its space failed on it or gave something that
/// is no vector. It is left out like a flat one; a corrected encoder gives it a vector with
/// [`crate::Database::replace_space`], or when its bars change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FailedWindow {
    /// The space.
    pub space: String,
    /// The series.
    #[serde(serialize_with = "as_text")]
    pub series: SeriesKey,
    /// The close time of the window's last bar.
    #[serde(serialize_with = "as_text")]
    pub end: Timestamp,
    /// What the encoder said.
    pub reason: String,
}

fn as_text<S: Serializer>(name: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&name.to_string())
}

/// A space whose new windows wait, because its encoder is not known to this program or fails. Bars
/// are stored all the same; whoever writes next with a sound encoder embeds the windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WaitingSpace {
    /// The space.
    pub space: String,
    /// The id of its encoder.
    pub encoder: String,
    /// Why its windows cannot be embedded, and what to do.
    pub reason: String,
}

/// Windows on which encoders failed: how many, and the first ones by name.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) count: u64,
    pub(super) first: Vec<FailedWindow>,
}

impl Failures {
    /// How many are named.
    const NAMED: usize = 10;

    /// Adds others, in any order: those that are named do not depend on it.
    pub(super) fn add(&mut self, others: Failures) {
        self.count += others.count;
        self.first.extend(others.first);
        let key = |w: &FailedWindow| (w.space.clone(), w.series.to_string(), w.end);
        self.first.sort_by_cached_key(key);
        self.first.truncate(Self::NAMED);
    }

    /// The windows of a series that end at these times, with what the encoder said.
    pub(super) fn of(space: &str, series: &SeriesKey, failed: Vec<(i64, Error)>) -> Self {
        let count = failed.len() as u64;
        let first = failed.into_iter().take(Self::NAMED);
        let first = first.map(|(end, error)| FailedWindow {
            space: space.to_owned(),
            series: series.clone(),
            end: Timestamp::from_millis(end),
            reason: error.to_string(),
        });
        Self {
            count,
            first: first.collect(),
        }
    }
}

/// A space whose encoder fails as a whole, and why.
pub(super) struct Unable {
    pub(super) space: String,
    pub(super) encoder: String,
    pub(super) why: Error,
}

impl Unable {
    pub(super) fn report(&self) -> WaitingSpace {
        WaitingSpace {
            space: self.space.clone(),
            encoder: self.encoder.clone(),
            reason: self.why.to_string(),
        }
    }
}
