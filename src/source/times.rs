//! Times as files write them.
//!
//! The one rule for integers: the digits tell the unit, of each number for itself. Seconds are 10^8 to
//! 4.1 * 10^9, and milliseconds, microseconds and nanoseconds 1,000 times as much each, so every unit
//! covers 1973-03-03 to 2099-12-31 and no integer fits two. Eight digits that are a date, like
//! `20240131`, are that date, and fourteen that are a date and a time of day are both. Twelve digits like
//! `202401310930` could be either, so the caller has to say. Days of Excel, like `45322.5`, are
//! read only if the caller says so: they look like numbers of rows. Everything else is [`text`] or, where
//! a month or a weekday has its name, [`words`]. A file has numbers or text, not both.
//!
//! What a time says without a zone is [`clock`]'s to turn into UTC, for a whole column at once.

mod clock;
mod days;
mod forms;
mod order;
mod text;
mod words;
mod zones;

pub(crate) use clock::Clock;
#[cfg(feature = "parquet")]
pub(crate) use days::{ZoneText, naive};
pub(crate) use forms::{TimeForm, TimeForms, TimeUnit};
pub use order::DateOrder;
pub(crate) use text::possible_orders;
pub use zones::ClockZone;

use std::fmt;

use crate::model::{TimePrecision, Timestamp};

const DAY_MS: i64 = 86_400_000;
/// 1973-03-03T09:46:40Z in seconds; below it, integers are row numbers rather than times.
const FIRST_SECOND: i64 = 100_000_000;
/// 2100-01-01 in seconds.
const END_SECOND: i64 = 4_102_444_800;

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
    Implausible,
    /// As [`Self::Implausible`], where the number would be a day of Excel.
    MaybeExcel,
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
            Self::CompactOrMillis => {
                "these digits may be YYYYMMDDhhmm or milliseconds of 1976; if they are a date say --dates year-first"
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
            Self::TwiceOrNever => {
                "the clocks of that zone were changed then, and showed this time twice or never; write the time in UTC or with an offset"
            }
        })
    }
}

/// Reads a time in any of the forms of this module's rule.
pub(crate) fn parse_time(field: &[u8]) -> Result<WrittenTime, TimeDefect> {
    parse_time_in(field, None)
}

/// As [`parse_time`], with dates like `31/01/2024` in the order given.
pub(crate) fn parse_time_in(
    field: &[u8],
    order: Option<DateOrder>,
) -> Result<WrittenTime, TimeDefect> {
    let field = field.trim_ascii();
    if field.is_empty() {
        return Err(TimeDefect::Empty);
    }
    match plain_integer_of(field).or_else(|| integer_of(field)) {
        Some(value) => integer_time(value, field.len(), order),
        None => text::parse(field, order),
    }
}

/// The value of a plain integer: the path of nearly all rows.
fn plain_integer_of(field: &[u8]) -> Option<i64> {
    if field.len() > 18 {
        return None;
    }
    field.iter().try_fold(0_i64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| value * 10 + i64::from(digit))
    })
}

/// The value of `123`, `-123` or, as some tools write integers, `123.0`.
fn integer_of(field: &[u8]) -> Option<i64> {
    let mut parts = field.splitn(2, |b| *b == b'.');
    let whole = parts.next()?;
    if let Some(fraction) = parts.next()
        && (fraction.is_empty() || fraction.iter().any(|b| *b != b'0'))
    {
        return None;
    }
    let (negative, digits) = match whole.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, whole),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    Some(if negative { -value } else { value })
}

fn integer_time(
    value: i64,
    digits: usize,
    order: Option<DateOrder>,
) -> Result<WrittenTime, TimeDefect> {
    let integer = |unit, local| WrittenTime {
        local,
        form: TimeForm::Integer(unit),
        precision: TimePrecision::Second,
    };
    let range = |scale: i64| (FIRST_SECOND * scale)..(END_SECOND * scale);
    if range(1_000).contains(&value) {
        match text::compact(value, 12) {
            None => Ok(integer(TimeUnit::Millis, value)),
            Some(time) if order == Some(DateOrder::YearFirst) => Ok(time),
            Some(_) => Err(TimeDefect::CompactOrMillis),
        }
    } else if range(1).contains(&value) {
        Ok(integer(TimeUnit::Seconds, value * 1_000))
    } else if range(1_000_000).contains(&value) {
        Ok(integer(TimeUnit::Micros, value.div_euclid(1_000)))
    } else if range(1_000_000_000).contains(&value) {
        Ok(integer(TimeUnit::Nanos, value.div_euclid(1_000_000)))
    } else if matches!(digits, 8 | 14) {
        text::compact(value, digits).ok_or(TimeDefect::Implausible)
    } else {
        excel_time(value as f64, order)
    }
}

/// The days of Excel from 1900-03-01, where its calendar becomes right, to 2099-12-31.
const EXCEL_DAYS: std::ops::Range<f64> = 61.0..73_051.0;
/// Those that are worth a hint: 1954 to 2064.
const LIKELY_EXCEL_DAYS: std::ops::Range<f64> = 20_000.0..60_000.0;
/// 1899-12-30, where they begin, in days since 1970.
const EXCEL_START: i64 = -25_569;

/// A number that is too small for a time since 1970: a day of Excel, if the caller says so.
fn excel_time(days: f64, order: Option<DateOrder>) -> Result<WrittenTime, TimeDefect> {
    if order != Some(DateOrder::Excel) {
        return Err(match LIKELY_EXCEL_DAYS.contains(&days) {
            true => TimeDefect::MaybeExcel,
            false => TimeDefect::Implausible,
        });
    }
    if !EXCEL_DAYS.contains(&days) {
        return Err(TimeDefect::Implausible);
    }
    // Whole seconds: a fraction of a day in decimals is not exact.
    let seconds = (days * 86_400.0).round() as i64;
    Ok(WrittenTime {
        local: seconds * 1_000 + EXCEL_START * DAY_MS,
        form: TimeForm::Naive,
        precision: match seconds % 86_400 {
            0 => TimePrecision::Day,
            _ => TimePrecision::Second,
        },
    })
}

/// Whether a moment is the first one of a day in UTC.
pub(crate) fn is_midnight(time: Timestamp) -> bool {
    time.millis().rem_euclid(DAY_MS) == 0
}

/// The first moment of the day of `time` in UTC.
pub(crate) fn start_of_day(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis().div_euclid(DAY_MS) * DAY_MS)
}

#[cfg(test)]
#[path = "times_tests.rs"]
mod tests;
