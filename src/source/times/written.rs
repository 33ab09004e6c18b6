//! Times as somebody wrote them, and what may be wrong with one.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, excerpt};
use crate::model::{TimePrecision, Timestamp};

pub(super) const DAY_MS: i64 = 86_400_000;

/// Which comes first in dates like `31/01/2024`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Day, month, year.
    DayFirst,
    /// Month, day, year.
    MonthFirst,
}

impl FromStr for DateOrder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "day-first" => Ok(Self::DayFirst),
            "month-first" => Ok(Self::MonthFirst),
            _ => Err(Error::invalid(format!(
                "expected the order of dates day-first or month-first, found {}",
                excerpt(text)
            ))),
        }
    }
}

/// The unit of an integer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// How a time was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    Integer(TimeUnit),
    /// Text with this offset from UTC.
    Text {
        offset_minutes: i64,
    },
}

impl TimeForm {
    /// Whether both are text, or integers of one unit.
    pub(crate) fn same_unit(self, other: Self) -> bool {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Text { .. }, Self::Text { .. }) => true,
            _ => false,
        }
    }

    pub(super) fn offset_ms(self) -> i64 {
        match self {
            Self::Integer(_) => 0,
            Self::Text { offset_minutes } => offset_minutes * 60_000,
        }
    }
}

impl fmt::Display for TimeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer(TimeUnit::Seconds) => "seconds",
            Self::Integer(TimeUnit::Millis) => "milliseconds",
            Self::Integer(TimeUnit::Micros) => "microseconds",
            Self::Integer(TimeUnit::Nanos) => "nanoseconds",
            Self::Text { .. } => "text",
        })
    }
}

/// A time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenTime {
    /// Milliseconds since 1970 on the clock that it was written with.
    pub(crate) local: i64,
    /// The unit, or the offset of that clock.
    pub(crate) form: TimeForm,
    /// What is known of the time of day.
    pub(crate) precision: TimePrecision,
}

impl WrittenTime {
    /// The moment in UTC.
    pub(crate) fn utc(self) -> Timestamp {
        Timestamp::from_millis(self.local - self.form.offset_ms())
    }
}

/// Why a field is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeDefect {
    Empty,
    Unreadable,
    DayMonthOrder,
    Implausible,
    UnknownZone,
    /// A clock that was put back showed it twice, or one that was put on never.
    TwiceOrNever,
}

impl fmt::Display for TimeDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the time is empty",
            Self::Unreadable => {
                "expected a time like 1577836800000, 2020-01-01 or 2020-01-01T00:00:00Z"
            }
            Self::DayMonthOrder => {
                "the order of day and month is not said; write dates as YYYY-MM-DD"
            }
            Self::Implausible => {
                "expected an integer from 1973 to 2099 in s, ms, us or ns, or a date from 1900 to 2099"
            }
            Self::UnknownZone => {
                "expected a zone like UTC, +02:00 or America/New_York behind the time"
            }
            Self::TwiceOrNever => {
                "the clocks of that zone were changed then, and showed this time twice or never; write the time in UTC or with an offset"
            }
        })
    }
}
