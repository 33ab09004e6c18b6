//! Times as somebody wrote them, and what may be wrong with one.

use std::fmt;

use super::forms::TimeForm;
use crate::model::{TimePrecision, Timestamp};

pub(super) const DAY_MS: i64 = 86_400_000;

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
    /// Twelve digits that are a date and a time of day, or milliseconds of 1976.
    CompactOrMillis,
    /// Ten digits that are a date and an hour, or seconds of the years from 2030.
    CompactOrSeconds,
    Implausible,
    /// As [`Self::Implausible`], where the number would be a day of Excel.
    MaybeExcel,
    UnknownZone,
    /// `CST`, which clocks of several countries are called.
    AmbiguousZone,
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
            Self::CompactOrMillis => {
                "these digits may be YYYYMMDDhhmm or milliseconds of 1976; if they are a date say --dates year-first"
            }
            Self::CompactOrSeconds => {
                "these digits may be YYYYMMDDhh or seconds of the 2030s; if they are a date say --dates year-first, if not write them in milliseconds"
            }
            Self::Implausible => {
                "expected an integer from 1973 to 2099 in s, ms, us or ns, or a date from 1900 to 2099"
            }
            Self::MaybeExcel => {
                "expected an integer from 1973 to 2099 in s, ms, us or ns, or a date; if this is a day as Excel counts them say --dates excel"
            }
            Self::UnknownZone => {
                "expected a zone like UTC, +02:00, EST or America/New_York behind the time"
            }
            Self::AmbiguousZone => {
                "CST may be the time of Chicago or of China; write an offset like -06:00, or say --zone America/Chicago or --zone Asia/Shanghai where that can be said"
            }
            Self::TwiceOrNever => {
                "the clocks of that zone were changed then, and showed this time twice or never; write the time in UTC or with an offset"
            }
        })
    }
}
