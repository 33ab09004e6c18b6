//! Times as digits and separators: a date, alone or with a time of day and a zone.
//!
//! Dates are `2024-01-31` (also with `/` or `.`) or `20240131` before a time of day. `31/01/2024` and dates
//! with two digits of the year, which mean 1970 to 2069, are dates only if the caller says which part comes first.
//! Times of day are `9:30`, `09:30:00.5`, `9:30 PM`, `9 PM`, `093000` or `0930`. Zones are those of
//! [`super::zones`].

use super::words;
use super::zones::{Zone, of_abbreviation};
use super::{DAY_MS, DateOrder, TimeDefect, TimeForm, WrittenTime, excel_time};
use crate::model::TimePrecision;

const YEARS: std::ops::Range<i64> = 1900..2100;

/// Reads a time, with dates like `31/01/2024` in the order given.
pub(super) fn parse(field: &[u8], order: Option<DateOrder>) -> Result<WrittenTime, TimeDefect> {
    let mut text = Text(field);
    if text.has_words() {
        return words::parse(field);
    }
    // A minus before a time of day is that of `20240131-093000`; elsewhere it may be an offset.
    let separators: &[u8] = if text.digits() == 8 {
        b"TtD_ -"
    } else {
        b"TtD_ "
    };
    let (year, month, day_of_month) = match text.date(order)? {
        Some(date) => date,
        None => return decimal(field, order),
    };
    let days = days_of(year, month, day_of_month).ok_or(TimeDefect::Implausible)?;
    if text.0.is_empty() {
        return Ok(day(days));
    }
    // `1/31/2024, 9:30:00 AM`
    text.one_of(b",");
    text.one_of(separators).ok_or(TimeDefect::Unreadable)?;
    let (time_ms, precision) = text.time_of_day().ok_or(TimeDefect::Unreadable)?;
    let local = days * DAY_MS + time_ms;
    Ok(WrittenTime {
        local,
        form: text.form(local)?,
        precision,
    })
}

/// A number with decimals, as Excel writes the time of day.
fn decimal(field: &[u8], order: Option<DateOrder>) -> Result<WrittenTime, TimeDefect> {
    let digits = field.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let text = std::str::from_utf8(field).unwrap_or_default();
    let number: f64 = text.parse().map_err(|_| TimeDefect::Unreadable)?;
    match digits {
        true => excel_time(number, order).map_err(|defect| match defect {
            TimeDefect::Implausible => TimeDefect::Unreadable,
            other => other,
        }),
        false => Err(TimeDefect::Unreadable),
    }
}

/// The orders in which a date like `31/01/2024` or `24-01-31` is one.
pub(crate) fn possible_orders(field: &[u8]) -> Vec<DateOrder> {
    let orders = [
        DateOrder::DayFirst,
        DateOrder::MonthFirst,
        DateOrder::YearFirst,
    ];
    let read = |order: &DateOrder| {
        let date = Text(field.trim_ascii()).date_in(*order);
        date.is_some_and(|(year, month, day)| days_of(year, month, day).is_some())
    };
    orders.into_iter().filter(read).collect()
}

/// A date so many days after 1970-01-01.
pub(super) fn day(days: i64) -> WrittenTime {
    WrittenTime {
        local: days * DAY_MS,
        form: TimeForm::Naive,
        precision: TimePrecision::Day,
    }
}

/// `20240131`, `202401310930` or `20240131093000`: 8, 12 or 14 digits that are a date.
pub(super) fn compact(value: i64, digits: usize) -> Option<WrittenTime> {
    let time_digits = match digits {
        12 => 10_000,
        14 => 1_000_000,
        _ => 1,
    };
    let date = value / time_digits;
    // Ahead of the rest: nearly all numbers of as many digits fail here.
    if !YEARS.contains(&(date / 10_000)) {
        return None;
    }
    let mut time = day(days_of(date / 10_000, date / 100 % 100, date % 100)?);
    let (clock, precision) = match digits {
        12 => (value % 10_000 * 100, TimePrecision::Minute),
        14 => (value % 1_000_000, TimePrecision::Second),
        _ => return Some(time),
    };
    let (ms, precision) = time_ms(clock / 10_000, clock / 100 % 100, clock % 100, precision)?;
    time.local += ms;
    time.precision = precision;
    Some(time)
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

/// A year of two digits is one of 1970 to 2069.
pub(super) fn full_year(year: i64) -> i64 {
    match year {
        0..=69 => year + 2_000,
        70..=99 => year + 1_900,
        _ => year,
    }
}

/// The rest of a text that is being read.
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl Text<'_> {
    /// Between `least` and `most` digits as a number.
    pub(super) fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let n = self.digits().min(most);
        let (digits, rest) = self.0.split_at_checked(n)?;
        if n < least {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |v, d| v * 10 + i64::from(d - b'0')))
    }

    /// How many digits come next.
    pub(super) fn digits(&self) -> usize {
        self.0.iter().take_while(|b| b.is_ascii_digit()).count()
    }

    pub(super) fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !wanted.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    /// Whether a month or a weekday has its name here, or the time of day comes first.
    fn has_words(&self) -> bool {
        let (digits, rest) = self.0.split_at_checked(self.digits()).unwrap_or_default();
        let rest = match rest.first() {
            Some(b'-' | b' ' | b'.' | b'/') if !digits.is_empty() => rest.get(1..),
            _ => Some(rest),
        };
        match rest.and_then(<[u8]>::first) {
            Some(b':') => matches!(digits.len(), 1 | 2),
            Some(first) => {
                let date_comes_first = matches!(digits.len(), 8 | 14);
                first.is_ascii_alphabetic() && !date_comes_first
            }
            None => false,
        }
    }

    /// The year, the month and the day; `None` if it is no date.
    fn date(&mut self, order: Option<DateOrder>) -> Result<Option<(i64, i64, i64)>, TimeDefect> {
        let date = match (Text(self.0).begins_with_day(), order) {
            (true, Some(order)) if order != DateOrder::Excel => self.date_in(order),
            (true, _) => return Err(TimeDefect::DayMonthOrder),
            (false, _) if self.digits() == 8 => self.compact_date(),
            (false, _) => self.year_first(),
        };
        Ok(date)
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

    /// `31/01/2024`, `1/31/24` or `24/01/31`.
    fn date_in(&mut self, order: DateOrder) -> Option<(i64, i64, i64)> {
        let first = self.number(1, 2)?;
        let separator = self.one_of(b"-/.")?;
        let second = self.number(1, 2)?;
        self.one_of(&[separator])?;
        let digits = self.digits();
        let third = self.number(1, 4)?;
        let year_last = matches!(digits, 2 | 4);
        match order {
            DateOrder::DayFirst if year_last => Some((full_year(third), second, first)),
            DateOrder::MonthFirst if year_last => Some((full_year(third), first, second)),
            DateOrder::YearFirst if digits < 3 => Some((full_year(first), second, third)),
            _ => None,
        }
    }

    /// `9:30`, `09:30:00.5`, `9:30 PM`, `9 PM`, `09-AM`, `0930` or `093000`.
    pub(super) fn time_of_day(&mut self) -> Option<(i64, TimePrecision)> {
        self.0 = self.0.trim_ascii_start();
        if matches!(self.digits(), 3..=6) {
            return self.compact_time();
        }
        let mut hour = self.number(1, 2)?;
        let (mut minute, mut second, mut fraction) = (0, 0, 0);
        let mut precision = TimePrecision::Minute;
        let has_minutes = self.one_of(b":").is_some();
        if has_minutes {
            minute = self.number(2, 2)?;
            if self.one_of(b":").is_some() {
                second = self.number(2, 2)?;
                precision = TimePrecision::Second;
                if self.one_of(b".,").is_some() {
                    fraction = self.fraction()?;
                }
            }
        } else {
            self.one_of(b"-");
        }
        match self.half_of_day() {
            Some(afternoon) => {
                hour = match hour {
                    1..=12 => hour % 12 + if afternoon { 12 } else { 0 },
                    _ => return None,
                };
            }
            // An hour alone may be a number of anything.
            None if !has_minutes => return None,
            None => {}
        }
        let (ms, precision) = time_ms(hour, minute, second, precision)?;
        Some((ms + fraction, precision))
    }

    /// `0930` or `093000`; programs that take it for a number leave out the first zero.
    fn compact_time(&mut self) -> Option<(i64, TimePrecision)> {
        let digits = self.digits();
        let number = self.number(3, 6)?;
        match digits {
            3 | 4 => time_ms(number / 100, number % 100, 0, TimePrecision::Minute),
            _ => {
                let (hour, minute) = (number / 10_000, number / 100 % 100);
                time_ms(hour, minute, number % 100, TimePrecision::Second)
            }
        }
    }

    /// `AM`, `p.m.` and the like: whether it is the afternoon.
    fn half_of_day(&mut self) -> Option<bool> {
        let text = self.0.trim_ascii_start();
        let first = text.first()?.to_ascii_lowercase();
        let mut rest = Text(text.get(1..)?);
        let dotted = rest.one_of(b".").is_some();
        rest.one_of(b"Mm")?;
        if dotted {
            rest.one_of(b".");
        }
        let whole = rest.0.is_empty() || rest.0.starts_with(b" ");
        if !whole || !matches!(first, b'a' | b'p') {
            return None;
        }
        self.0 = rest.0;
        Some(first == b'p')
    }

    /// The milliseconds of the digits after the decimal point.
    fn fraction(&mut self) -> Option<i64> {
        let before = self.0.len();
        let value = self.number(1, 9)?;
        let digits = u32::try_from(before - self.0.len()).ok()?;
        Some(value * 1_000 / 10_i64.pow(digits))
    }

    /// The form of a time whose date and time of day are read: what is left is a zone, or nothing.
    fn form(&self, local: i64) -> Result<TimeForm, TimeDefect> {
        let rest = self.0.trim_ascii();
        let utc = || TimeForm::Text { offset_minutes: 0 };
        match rest {
            b"" => return Ok(TimeForm::Naive),
            b"Z" | b"z" | b"UTC" | b"GMT" => return Ok(utc()),
            _ => {}
        }
        let zone = std::str::from_utf8(rest).map_err(|_| TimeDefect::UnknownZone)?;
        // A name stands apart from the time; an offset need not.
        let apart = self.0.starts_with(b" ") || of_abbreviation(zone).is_some();
        if !apart && !rest.starts_with(b"+") && !rest.starts_with(b"-") {
            return Err(TimeDefect::Unreadable);
        }
        let is_offset = rest.first().is_some_and(|b| !b.is_ascii_alphabetic());
        let zone = Zone::parse(zone).map_err(|defect| match is_offset {
            true => TimeDefect::Unreadable,
            false => defect,
        })?;
        let offset_minutes = zone.offset_at(local)?;
        Ok(TimeForm::Text { offset_minutes })
    }
}

/// The milliseconds since midnight; 24:00 is the end of the day.
fn time_ms(
    hour: i64,
    minute: i64,
    second: i64,
    precision: TimePrecision,
) -> Option<(i64, TimePrecision)> {
    let ms = ((hour * 60 + minute) * 60 + second) * 1_000;
    let valid = ms <= DAY_MS && minute < 60 && second < 60;
    valid.then_some((ms, precision))
}
