use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::text_form::{schema_as_text, serde_as_text_or};
use super::typed_time;
use crate::error::{Error, Result};

/// A moment in UTC, in milliseconds since 1970-01-01.
///
/// Text without a zone is UTC. Text of only a date is the first moment of that day. Dates may name
/// their month, as in `19 May 2021`; one like `05/06/21`, which may be two days, is refused.
///
/// ```
/// use rhymedb::Timestamp;
/// let t: Timestamp = "2021-05-19T12:00".parse()?;
/// assert_eq!(t.to_string(), "2021-05-19T12:00:00Z");
/// assert_eq!("2021-05-19T14:00+02:00".parse::<Timestamp>()?, t);
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// How the catalog has it.
#[derive(Serialize, Deserialize)]
struct StoredTimestamp(i64);

impl From<StoredTimestamp> for Timestamp {
    fn from(stored: StoredTimestamp) -> Self {
        Self(stored.0)
    }
}

impl From<Timestamp> for StoredTimestamp {
    fn from(time: Timestamp) -> Self {
        Self(time.0)
    }
}

serde_as_text_or!(Timestamp, StoredTimestamp);
schema_as_text!(
    Timestamp,
    "A time in UTC as in RFC 3339, like 2021-05-19T12:00:00Z; a question may also say 2021-05-19."
);

impl Timestamp {
    /// Refuses a period that ends before it begins.
    pub(crate) fn check_period(from: Option<Self>, until: Option<Self>) -> Result<()> {
        match (from, until) {
            (Some(from), Some(until)) if from > until => Err(Error::invalid(format!(
                "expected a start before the end, found {from} to {until}"
            ))),
            _ => Ok(()),
        }
    }

    /// The earliest and the latest moment that can be written as a date (years -9999 to 9999): those that jiff
    /// takes in milliseconds.
    const RANGE_MS: std::ops::RangeInclusive<i64> = -377_705_023_201_000..=253_402_207_200_000;

    /// The moment this many milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment `millis` later, saturating at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The time from an earlier moment to this one; `None` if that one is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rhymedb::Timestamp;
    /// let open: Timestamp = "2021-05-19T12:00".parse()?;
    /// let close = open + Duration::from_secs(3600);
    /// assert_eq!(close.since(open), Some(Duration::from_secs(3600)));
    /// assert_eq!(open.since(close), None);
    /// assert_eq!(Timestamp::from(std::time::UNIX_EPOCH).millis(), 0);
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    pub fn since(self, earlier: Self) -> Option<Duration> {
        let millis = self.0.checked_sub(earlier.0)?;
        u64::try_from(millis).ok().map(Duration::from_millis)
    }

    /// Now, by the system's clock.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    /// Whether it lies in the years that can be written as a date.
    pub(crate) fn is_date(self) -> bool {
        Self::RANGE_MS.contains(&self.0)
    }

    pub(super) fn to_jiff(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(*Self::RANGE_MS.start(), *Self::RANGE_MS.end());
        jiff::Timestamp::from_millisecond(clamped).unwrap_or_default()
    }
}

/// Milliseconds of a duration; one that is too long for that is as long as can be.
fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Saturates at the ends of the range, as [`Timestamp::plus_millis`] does.
impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        self.plus_millis(millis_of(later))
    }
}

/// Saturates at the ends of the range, as [`Timestamp::plus_millis`] does.
impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        self.plus_millis(-millis_of(earlier))
    }
}

/// To the millisecond, before 1970 too.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(millis_of(after)),
            Err(before) => Self(-millis_of(before.duration())),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        if trimmed.contains('[') {
            return typed_time::in_a_place(trimmed)
                .map(Self)
                .ok_or_else(|| typed_time::refusal(text));
        }
        if let Ok(t) = trimmed.parse::<jiff::Timestamp>() {
            return Ok(Self(t.as_millisecond()));
        }
        let utc = |dt: jiff::civil::DateTime| {
            dt.to_zoned(jiff::tz::TimeZone::UTC)
                .map(|z| Self(z.timestamp().as_millisecond()))
        };
        if let Ok(dt) = trimmed.parse::<jiff::civil::DateTime>()
            && let Ok(t) = utc(dt)
        {
            return Ok(t);
        }
        typed_time::read(trimmed)
            .map(Self)
            .ok_or_else(|| typed_time::refusal(text))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_moment_out_of_range_is_written_as_the_end_of_the_range() {
        for (millis, text) in [
            (i64::MAX, "9999-12-30T22:00:00Z"),
            (*Timestamp::RANGE_MS.end(), "9999-12-30T22:00:00Z"),
            (*Timestamp::RANGE_MS.start(), "-009999-01-02T01:59:59Z"),
            (i64::MIN, "-009999-01-02T01:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
        }
    }
}
