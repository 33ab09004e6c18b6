//! Times as digits and separators: a date, alone or with a time of day and a zone.
//!
//! Dates are `2024-01-31` (also with `/` or `.`) or `20240131` before a time of day. `31/01/2024` and dates
//! with two digits of the year, which mean 1970 to 2069, are dates only if the caller says which part comes first.
//! Times of day are `9:30`, `09:30:00.5`, `9:30 PM`, `9 PM`, `093000` or `0930`. Zones are those of
//! [`super::zones`].

use super::digits::{Text, day, days_of, full_year};
use super::excel::excel_time;
use super::forms::TimeForm;
use super::order::{DateOrder, SaidOfTimes};
use super::words;
use super::written::{DAY_MS, TimeDefect, WrittenTime};
use super::zones::{Zone, is_ambiguous, of_abbreviation};

/// Reads a time, with dates like `31/01/2024` in the order that the caller says.
pub(super) fn parse(field: &[u8], said: SaidOfTimes) -> Result<WrittenTime, TimeDefect> {
    let mut text = Text(field);
    if text.has_words() {
        return words::parse(field, said.has_zone);
    }
    let order = said.order;
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
        form: text.form(local, said.has_zone)?,
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

/// What a time in digits is made of.
impl Text<'_> {
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

    /// The form of a time whose date and time of day are read: what is left is a zone, or nothing.
    fn form(&self, local: i64, has_zone: bool) -> Result<TimeForm, TimeDefect> {
        let rest = self.0.trim_ascii();
        let utc = || TimeForm::Text { offset_minutes: 0 };
        match rest {
            b"" => return Ok(TimeForm::Naive),
            b"Z" | b"z" | b"UTC" | b"GMT" => return Ok(utc()),
            _ => {}
        }
        let zone = std::str::from_utf8(rest).map_err(|_| TimeDefect::UnknownZone)?;
        if has_zone && is_ambiguous(zone) {
            return Ok(TimeForm::Naive);
        }
        // A name stands apart from the time; an offset need not.
        let abbreviation = of_abbreviation(zone).is_some() || is_ambiguous(zone);
        let apart = self.0.starts_with(b" ") || abbreviation;
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
