use serde::{Deserialize, Serialize};

use super::{SeriesKey, Target, Timestamp};
use crate::error::{Error, Result, excerpt};

/// A name that somebody gave to a window: a trade, a setup, an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// The series of the window.
    pub series: SeriesKey,
    /// The close time of the window's last bar.
    pub end: Timestamp,
    /// From when on the tag is known: views of an earlier time do not have it.
    pub known: Timestamp,
    /// A number of the caller's, such as the profit of a trade.
    pub value: Option<f64>,
}

/// A tag to store: [`crate::Database::add_tags`].
#[derive(Clone, Debug, PartialEq)]
pub struct NewTag {
    /// The name: 1 to 64 letters, digits, `-`, `_` or `.`.
    pub name: String,
    /// A stored series with a time: the window is the one that had closed by then.
    pub target: Target,
    /// A finite number, such as the profit of a trade.
    pub value: Option<f64>,
    /// From when on the tag is known. Default: the end of the window.
    pub known: Option<Timestamp>,
}

impl Tag {
    /// Checks that the parts can be ones.
    pub(crate) fn check(&self) -> Result<()> {
        let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(allowed) {
            return Err(Error::invalid(format!(
                "expected a tag's name of 1 to 64 letters, digits, '-', '_' or '.', found {}",
                excerpt(&self.name)
            )));
        }
        if let Some(value) = self.value.filter(|value| !value.is_finite()) {
            return Err(Error::invalid(format!(
                "expected a finite number of the tag {}, found {value}",
                self.name
            )));
        }
        if self.known < self.end {
            return Err(Error::invalid(format!(
                "expected a tag that is known after its window has closed at {}, found known at {}",
                self.end, self.known
            )));
        }
        self.series.check()
    }
}
