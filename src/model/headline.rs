use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::error::{Error, Result, excerpt};

/// How exactly the time of a headline is known.
///
/// A headline of `Day` precision happened at some time of that day (UTC). It must not be used as
/// if it had been known at the day's first moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimePrecision {
    /// The day alone.
    Day,
    /// The minute.
    Minute,
    /// The second or better.
    Second,
}

impl fmt::Display for TimePrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "day",
            Self::Minute => "minute",
            Self::Second => "second",
        })
    }
}

impl FromStr for TimePrecision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "day" => Ok(Self::Day),
            "minute" => Ok(Self::Minute),
            "second" => Ok(Self::Second),
            _ => Err(Error::invalid(format!(
                "expected the time precision day, minute or second, found {}",
                excerpt(text)
            ))),
        }
    }
}

/// A sentence about the market with its time of publication.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Headline {
    /// When it was published; for [`TimePrecision::Day`] the first moment of the day.
    pub time: Timestamp,
    /// How exactly `time` is known.
    pub precision: TimePrecision,
    /// The text.
    pub text: String,
    /// Who published it, or an empty string.
    pub source: String,
    /// The symbols that it names; may be empty.
    pub symbols: Vec<String>,
}

impl Headline {
    /// When the headline can first have been known: at the end of the day, of the minute, or at
    /// its time, by its precision.
    pub fn known_from(&self) -> Timestamp {
        const MINUTE_MS: i64 = 60_000;
        match self.precision {
            TimePrecision::Day => self.time.plus_millis(24 * 60 * MINUTE_MS),
            TimePrecision::Minute => self.time.plus_millis(MINUTE_MS),
            TimePrecision::Second => self.time,
        }
    }
}
