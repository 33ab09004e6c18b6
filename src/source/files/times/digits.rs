//! Digits as dates and times of day.

use super::forms::TimeForm;
use super::written::{DAY_MS, WrittenTime};
use crate::model::TimePrecision;

const YEARS: std::ops::Range<i64> = 1900..2100;

/// A date so many days after 1970-01-01.
pub(super) fn day(days: i64) -> WrittenTime {
    WrittenTime {
        local: days * DAY_MS,
        form: TimeForm::Naive,
        precision: TimePrecision::Day,
    }
}

/// `20240131`, `2024013109`, `202401310930` or `20240131093000`: 8, 10, 12 or 14 digits that are a date.
pub(super) fn compact(value: i64, digits: usize) -> Option<WrittenTime> {
    let time_digits = match digits {
        10 => 100,
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
        10 => (value % 100 * 10_000, TimePrecision::Minute),
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
