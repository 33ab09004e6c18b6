//! Times as files write them.
//!
//! The one rule for integers: the digits tell the unit. Seconds are 10^8 to 4.1 * 10^9, and
//! milliseconds, microseconds and nanoseconds 1,000 times as much each, so every unit covers
//! 1973-03-03 to 2099-12-31 and no integer fits two. Eight digits that are a date, like
//! `20240131`, are that date. Text may be `YYYY-MM-DD` or `YYYY/MM/DD`, alone or with a time of
//! day and a zone (`Z`, `UTC`, `+HH:MM`); without a zone it is UTC. `31/01/2024` is a date only if the
//! caller says which of day and month comes first. A file uses one unit, or text.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, excerpt};
use crate::model::{TimePrecision, Timestamp};

const DAY_MS: i64 = 86_400_000;
/// 1973-03-03T09:46:40Z in seconds; below it, integers are row numbers rather than times.
const FIRST_SECOND: i64 = 100_000_000;
/// 2100-01-01 in seconds.
const END_SECOND: i64 = 4_102_444_800;
const TEXT_YEARS: std::ops::Range<i64> = 1900..2100;

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

    fn offset_ms(self) -> i64 {
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
}

impl fmt::Display for TimeDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the time is empty",
            Self::Unreadable => {
                "expected a time like 1577836800000, 2020-01-01 or 2020-01-01T00:00:00Z"
            }
            Self::DayMonthOrder => {
                "the order of day and month cannot be told; write dates as YYYY-MM-DD"
            }
            Self::Implausible => {
                "expected an integer from 1973 to 2099 in s, ms, us or ns, or a date from 1900 to 2099"
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
        Some(value) => integer_time(value, field.len()),
        None => Text(field).date_time(order),
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

fn integer_time(value: i64, digits: usize) -> Result<WrittenTime, TimeDefect> {
    let integer = |unit, local| WrittenTime {
        local,
        form: TimeForm::Integer(unit),
        precision: TimePrecision::Second,
    };
    let range = |scale: i64| (FIRST_SECOND * scale)..(END_SECOND * scale);
    if range(1_000).contains(&value) {
        Ok(integer(TimeUnit::Millis, value))
    } else if range(1).contains(&value) {
        Ok(integer(TimeUnit::Seconds, value * 1_000))
    } else if range(1_000_000).contains(&value) {
        Ok(integer(TimeUnit::Micros, value.div_euclid(1_000)))
    } else if range(1_000_000_000).contains(&value) {
        Ok(integer(TimeUnit::Nanos, value.div_euclid(1_000_000)))
    } else if digits == 8 {
        let days = days_of(value / 10_000, value / 100 % 100, value % 100);
        days.map(day).ok_or(TimeDefect::Implausible)
    } else {
        Err(TimeDefect::Implausible)
    }
}

fn day(days: i64) -> WrittenTime {
    WrittenTime {
        local: days * DAY_MS,
        form: TimeForm::Text { offset_minutes: 0 },
        precision: TimePrecision::Day,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, if there is such a date in the
/// plausible years.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !TEXT_YEARS.contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March put the leap day at their end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

/// The rest of a text that is being read.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// Between `least` and `most` digits as a number.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let n = self.0.iter().take(most).take_while(|b| b.is_ascii_digit());
        let n = n.count();
        let (digits, rest) = self.0.split_at_checked(n)?;
        if n < least {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |v, d| v * 10 + i64::from(d - b'0')))
    }

    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !wanted.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    fn date_time(mut self, order: Option<DateOrder>) -> Result<WrittenTime, TimeDefect> {
        let date = match (Text(self.0).begins_with_day(), order) {
            (false, _) => self.date(),
            (true, Some(order)) => self.date_in(order),
            (true, None) => return Err(TimeDefect::DayMonthOrder),
        };
        let (year, month, day_of_month) = date.ok_or(TimeDefect::Unreadable)?;
        let days = days_of(year, month, day_of_month).ok_or(TimeDefect::Implausible)?;
        if self.0.is_empty() {
            return Ok(day(days));
        }
        let (time_ms, precision) = self.time_of_day().ok_or(TimeDefect::Unreadable)?;
        let offset_minutes = self.offset().ok_or(TimeDefect::Unreadable)?;
        Ok(WrittenTime {
            local: days * DAY_MS + time_ms,
            form: TimeForm::Text { offset_minutes },
            precision,
        })
    }

    /// Whether this looks like `31-01-2024` or `1/31/24`.
    fn begins_with_day(mut self) -> bool {
        let mut read = || {
            self.number(1, 2)?;
            let separator = self.one_of(b"-/.")?;
            self.number(1, 2)?;
            self.one_of(&[separator])?;
            self.number(2, 4)
        };
        read().is_some()
    }

    fn date(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.number(4, 4)?;
        let separator = self.one_of(b"-/")?;
        let month = self.number(1, 2)?;
        self.one_of(&[separator])?;
        Some((year, month, self.number(1, 2)?))
    }

    /// `31/01/2024`, with all four digits of the year.
    fn date_in(&mut self, order: DateOrder) -> Option<(i64, i64, i64)> {
        let first = self.number(1, 2)?;
        let separator = self.one_of(b"-/.")?;
        let second = self.number(1, 2)?;
        self.one_of(&[separator])?;
        let year = self.number(4, 4)?;
        Some(match order {
            DateOrder::DayFirst => (year, second, first),
            DateOrder::MonthFirst => (year, first, second),
        })
    }

    fn time_of_day(&mut self) -> Option<(i64, TimePrecision)> {
        self.one_of(b"Tt ")?;
        let hour = self.number(1, 2)?;
        self.one_of(b":")?;
        let minute = self.number(2, 2)?;
        let mut ms = (hour * 60 + minute) * 60_000;
        let mut precision = TimePrecision::Minute;
        let mut second = 0;
        if self.one_of(b":").is_some() {
            second = self.number(2, 2)?;
            precision = TimePrecision::Second;
            if self.one_of(b".,").is_some() {
                ms += self.fraction()?;
            }
        }
        (hour < 24 && minute < 60 && second < 60).then_some((ms + second * 1_000, precision))
    }

    /// The milliseconds of the digits after the decimal point.
    fn fraction(&mut self) -> Option<i64> {
        let before = self.0.len();
        let value = self.number(1, 9)?;
        let digits = u32::try_from(before - self.0.len()).ok()?;
        Some(value * 1_000 / 10_i64.pow(digits))
    }

    /// The offset from UTC in minutes; nothing is UTC.
    fn offset(&mut self) -> Option<i64> {
        let rest = self.0.trim_ascii();
        if rest.is_empty() || matches!(rest, b"Z" | b"z" | b"UTC" | b"utc" | b"GMT") {
            return Some(0);
        }
        let mut rest = Text(rest);
        let sign = if rest.one_of(b"+-")? == b'-' { -1 } else { 1 };
        let hours = rest.number(2, 2)?;
        let colon = rest.one_of(b":").is_some();
        let minutes = if rest.0.is_empty() && !colon {
            0
        } else {
            rest.number(2, 2)?
        };
        let valid = rest.0.is_empty() && hours < 24 && minutes < 60;
        valid.then_some(sign * (hours * 60 + minutes))
    }
}

/// The forms of a column of times, as runs of equal ones: nearly always a single run.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimeForms {
    runs: Vec<(usize, TimeForm)>,
    len: usize,
}

impl TimeForms {
    /// Adds the form of the next row.
    pub(crate) fn push(&mut self, form: TimeForm) {
        if self.runs.last().is_none_or(|(_, last)| *last != form) {
            self.runs.push((self.len, form));
        }
        self.len += 1;
    }

    /// The ranges of rows of one form.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (std::ops::Range<usize>, TimeForm)> + '_ {
        let ends = self.runs.iter().skip(1).map(|(start, _)| *start);
        let ends = ends.chain(std::iter::once(self.len));
        self.runs
            .iter()
            .zip(ends)
            .map(|((start, form), end)| (*start..end, *form))
    }

    /// The form with the unit of most rows of all `columns`, and of equals the first: the file's
    /// form.
    pub(crate) fn of_most<'a>(columns: impl Iterator<Item = &'a Self>) -> Option<TimeForm> {
        let mut votes: Vec<(TimeForm, usize)> = Vec::new();
        for (range, form) in columns.flat_map(|c| c.ranges()) {
            match votes.iter_mut().find(|(seen, _)| seen.same_unit(form)) {
                Some((_, count)) => *count += range.len(),
                None => votes.push((form, range.len())),
            }
        }
        // `max_by_key` takes the last of equals.
        let winner = votes.into_iter().rev().max_by_key(|(_, count)| *count);
        winner.map(|(form, _)| form)
    }

    /// Turns local times into UTC. With `trading_dates`, local midnights stay as they are if all
    /// rows are such; the result says whether that changed anything.
    pub(crate) fn to_utc(&self, local: &mut [i64], trading_dates: bool) -> bool {
        let shifted = self.ranges().any(|(_, form)| form.offset_ms() != 0);
        if !shifted {
            return false;
        }
        if trading_dates && local.iter().all(|t| t.rem_euclid(DAY_MS) == 0) {
            return true;
        }
        for (range, form) in self.ranges() {
            for time in local.get_mut(range).unwrap_or_default() {
                *time -= form.offset_ms();
            }
        }
        false
    }
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
