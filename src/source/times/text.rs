//! Times as text: a date, alone or with a time of day and a zone.
//!
//! Dates are `2024-01-31` (also with `/` or `.`), `20240131` before a time of day, or have the
//! month's English name: `Jan 31, 2024`, `31-Jan-2024`. `31/01/2024` is a date only if the caller says
//! which of day and month comes first. Times of day are `9:30`, `09:30:00.5`, `9:30 PM` or `093000`. Zones
//! are `Z`, `UTC`, `+HH:MM` or a name like `America/New_York`; without one it is UTC.

use jiff::tz::TimeZone;

use super::written::{DAY_MS, DateOrder, TimeDefect, TimeForm, WrittenTime};
use crate::model::TimePrecision;

const YEARS: std::ops::Range<i64> = 1900..2100;
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads a time, with dates like `31/01/2024` in the order given.
pub(super) fn parse(field: &[u8], order: Option<DateOrder>) -> Result<WrittenTime, TimeDefect> {
    let mut text = Text(field);
    // A minus before a time of day is that of `20240131-093000`; elsewhere it may be an offset.
    let separators: &[u8] = if text.digits() == 8 { b"Tt -" } else { b"Tt " };
    let (year, month, day_of_month) = text.date(order)?;
    let days = days_of(year, month, day_of_month).ok_or(TimeDefect::Implausible)?;
    if text.0.is_empty() {
        return Ok(day(days));
    }
    let (time_ms, precision) = text.time_of_day(separators).ok_or(TimeDefect::Unreadable)?;
    let local = days * DAY_MS + time_ms;
    let offset_minutes = match text.zone().ok_or(TimeDefect::Unreadable)? {
        Zone::Offset(minutes) => minutes,
        Zone::Name(name) => offset_of(name, local)?,
    };
    Ok(WrittenTime {
        local,
        form: TimeForm::Text { offset_minutes },
        precision,
    })
}

/// The only order in which a date like `31/01/2024` is one.
pub(crate) fn only_order(field: &[u8]) -> Option<DateOrder> {
    let mut text = Text(field.trim_ascii());
    let first = text.number(1, 2)?;
    text.one_of(b"-/.")?;
    match (first, text.number(1, 2)?) {
        (1..=12, 13..=31) => Some(DateOrder::MonthFirst),
        (13..=31, 1..=12) => Some(DateOrder::DayFirst),
        _ => None,
    }
}

/// A date so many days after 1970-01-01.
pub(super) fn day(days: i64) -> WrittenTime {
    WrittenTime {
        local: days * DAY_MS,
        form: TimeForm::Text { offset_minutes: 0 },
        precision: TimePrecision::Day,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, if there is such a date in the
/// plausible years.
pub(super) fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !YEARS.contains(&year) || !(1..=length).contains(&day) {
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

/// The offset in minutes of the zone of this name when its clocks show `local`.
fn offset_of(name: &[u8], local: i64) -> Result<i64, TimeDefect> {
    let name = std::str::from_utf8(name).map_err(|_| TimeDefect::UnknownZone)?;
    let zone = TimeZone::get(name).map_err(|_| TimeDefect::UnknownZone)?;
    let clock = jiff::Timestamp::from_millisecond(local).map_err(|_| TimeDefect::Implausible)?;
    let clock = TimeZone::UTC.to_datetime(clock);
    let moment = zone.to_ambiguous_timestamp(clock).unambiguous();
    let moment = moment.map_err(|_| TimeDefect::TwiceOrNever)?;
    // A few were no whole minutes, the last one until 1972.
    match local - moment.as_millisecond() {
        offset if offset % 60_000 == 0 => Ok(offset / 60_000),
        _ => Err(TimeDefect::UnknownZone),
    }
}

enum Zone<'a> {
    /// Minutes ahead of UTC.
    Offset(i64),
    Name(&'a [u8]),
}

/// The rest of a text that is being read.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Between `least` and `most` digits as a number.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let n = self.digits().min(most);
        let (digits, rest) = self.0.split_at_checked(n)?;
        if n < least {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |v, d| v * 10 + i64::from(d - b'0')))
    }

    /// How many digits come next.
    fn digits(&self) -> usize {
        self.0.iter().take_while(|b| b.is_ascii_digit()).count()
    }

    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !wanted.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    fn date(&mut self, order: Option<DateOrder>) -> Result<(i64, i64, i64), TimeDefect> {
        let first = self.0.first().copied().unwrap_or_default();
        let with_name = first.is_ascii_alphabetic() || Text(self.0).begins_with_named_day();
        let date = match (Text(self.0).begins_with_day(), order) {
            _ if with_name => self.date_with_name(),
            (true, Some(order)) => self.date_in(order),
            (true, None) => return Err(TimeDefect::DayMonthOrder),
            (false, _) if self.digits() == 8 => self.compact_date(),
            (false, _) => self.year_first(),
        };
        date.ok_or(TimeDefect::Unreadable)
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

    /// Whether this looks like `31 Jan` or `31-Jan`.
    fn begins_with_named_day(mut self) -> bool {
        let day = self.number(1, 2).and_then(|_| self.one_of(b"- "));
        day.is_some() && self.0.first().is_some_and(u8::is_ascii_alphabetic)
    }

    fn year_first(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.number(4, 4)?;
        let separator = self.one_of(b"-/.")?;
        let month = self.number(1, 2)?;
        self.one_of(&[separator])?;
        Some((year, month, self.number(1, 2)?))
    }

    /// `20240131`.
    fn compact_date(&mut self) -> Option<(i64, i64, i64)> {
        Some((self.number(4, 4)?, self.number(2, 2)?, self.number(2, 2)?))
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

    /// `Jan 31, 2024`, `31 January 2024` or `31-Jan-2024`.
    fn date_with_name(&mut self) -> Option<(i64, i64, i64)> {
        if self.digits() == 0 {
            let month = self.month()?;
            self.one_of(b" ")?;
            let day = self.number(1, 2)?;
            self.one_of(b",");
            self.one_of(b" ")?;
            return Some((self.number(4, 4)?, month, day));
        }
        let day = self.number(1, 2)?;
        let separator = self.one_of(b"- ")?;
        let month = self.month()?;
        self.one_of(&[separator])?;
        Some((self.number(4, 4)?, month, day))
    }

    /// The number of a month by its name or the first three letters of it.
    fn month(&mut self) -> Option<i64> {
        let long = self.0.iter().take_while(|b| b.is_ascii_alphabetic());
        let (name, rest) = self.0.split_at_checked(long.count())?;
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        let fits = |month: &&str| *month == name || month.get(..3) == Some(&name);
        let at = MONTHS.iter().position(fits)?;
        self.0 = rest;
        i64::try_from(at + 1).ok()
    }

    fn time_of_day(&mut self, separators: &[u8]) -> Option<(i64, TimePrecision)> {
        self.one_of(separators)?;
        self.0 = self.0.trim_ascii_start();
        if self.digits() == 6 {
            let (hour, minute) = (self.number(2, 2)?, self.number(2, 2)?);
            return time_ms(hour, minute, self.number(2, 2)?, TimePrecision::Second);
        }
        let mut hour = self.number(1, 2)?;
        self.one_of(b":")?;
        let minute = self.number(2, 2)?;
        let (mut second, mut fraction) = (0, 0);
        let mut precision = TimePrecision::Minute;
        if self.one_of(b":").is_some() {
            second = self.number(2, 2)?;
            precision = TimePrecision::Second;
            if self.one_of(b".,").is_some() {
                fraction = self.fraction()?;
            }
        }
        if let Some(afternoon) = self.half_of_day() {
            hour = match hour {
                1..=12 => hour % 12 + if afternoon { 12 } else { 0 },
                _ => return None,
            };
        }
        let (ms, precision) = time_ms(hour, minute, second, precision)?;
        Some((ms + fraction, precision))
    }

    /// `AM` or `PM`: whether it is the latter.
    fn half_of_day(&mut self) -> Option<bool> {
        let (half, rest) = self.0.trim_ascii_start().split_at_checked(2)?;
        let afternoon = half.eq_ignore_ascii_case(b"PM");
        let whole = rest.is_empty() || rest.starts_with(b" ");
        if !whole || !(afternoon || half.eq_ignore_ascii_case(b"AM")) {
            return None;
        }
        self.0 = rest;
        Some(afternoon)
    }

    /// The milliseconds of the digits after the decimal point.
    fn fraction(&mut self) -> Option<i64> {
        let before = self.0.len();
        let value = self.number(1, 9)?;
        let digits = u32::try_from(before - self.0.len()).ok()?;
        Some(value * 1_000 / 10_i64.pow(digits))
    }

    /// What is left is a zone; nothing is UTC.
    fn zone(&self) -> Option<Zone<'a>> {
        let rest = self.0.trim_ascii();
        if rest.is_empty() || matches!(rest, b"Z" | b"z" | b"UTC" | b"utc" | b"GMT") {
            return Some(Zone::Offset(0));
        }
        // A name stands apart from the time.
        if self.0.starts_with(b" ") && rest.first().is_some_and(u8::is_ascii_alphabetic) {
            return Some(Zone::Name(rest));
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
        valid.then_some(Zone::Offset(sign * (hours * 60 + minutes)))
    }
}

fn time_ms(
    hour: i64,
    minute: i64,
    second: i64,
    precision: TimePrecision,
) -> Option<(i64, TimePrecision)> {
    let ms = ((hour * 60 + minute) * 60 + second) * 1_000;
    (hour < 24 && minute < 60 && second < 60).then_some((ms, precision))
}
