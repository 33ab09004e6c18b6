//! Times as files write them.
//!
//! The one rule for integers: the digits tell the unit, of each number for itself. Seconds are 10^8 to
//! 4.1 * 10^9, and milliseconds, microseconds and nanoseconds 1,000 times as much each, so every unit
//! covers 1973-03-03 to 2099-12-31 and no integer fits two. Eight digits that are a date, like
//! `20240131`, are that date, and fourteen that are a date and a time of day are both. Ten or twelve digits like
//! `2024013109` and `202401310930` could be either, so the caller has to say. Days of Excel, like `45322.5`, are
//! read only if the caller says so: they look like numbers of rows. Everything else is [`text`] or, where
//! a month or a weekday has its name, [`words`]. A file has numbers or text, not both.
//!
//! What a time says without a zone is [`clock`]'s to turn into UTC, for a whole column at once.

mod clock;
mod days;
mod digits;
mod excel;
mod forms;
mod order;
mod text;
mod words;
mod written;
mod zones;

pub(crate) use clock::Clock;
#[cfg(feature = "parquet")]
pub(crate) use days::{ZoneText, naive};
pub(crate) use forms::{TimeForm, TimeForms, TimeUnit};
pub use order::DateOrder;
pub(crate) use order::SaidOfTimes;
pub(crate) use text::possible_orders;
pub(crate) use written::{TimeDefect, WrittenTime};
pub use zones::ClockZone;
pub(crate) use zones::is_ambiguous;

use crate::model::{TimePrecision, Timestamp};
use excel::excel_time;
use written::DAY_MS;

/// 1973-03-03T09:46:40Z in seconds; below it, integers are row numbers rather than times.
const FIRST_SECOND: i64 = 100_000_000;
/// 2100-01-01 in seconds.
const END_SECOND: i64 = 4_102_444_800;

/// Reads a time in any of the forms of this module's rule.
pub(crate) fn parse_time(field: &[u8]) -> Result<WrittenTime, TimeDefect> {
    parse_time_in(field, SaidOfTimes::default())
}

/// Whether a field is a time of day and nothing else: `09:30`, `9:30 PM`, `0930` or `93000`.
pub(crate) fn is_time_of_day(field: &[u8]) -> bool {
    let mut text = digits::Text(field);
    text.time_of_day().is_some() && text.0.trim_ascii().is_empty()
}

/// As [`parse_time`], with dates like `31/01/2024` in the order that the caller says.
pub(crate) fn parse_time_in(field: &[u8], said: SaidOfTimes) -> Result<WrittenTime, TimeDefect> {
    let field = field.trim_ascii();
    if field.is_empty() {
        return Err(TimeDefect::Empty);
    }
    match plain_integer_of(field).or_else(|| integer_of(field)) {
        Some(value) => integer_time(value, field.len(), said.order),
        None => text::parse(field, said),
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
        match digits::compact(value, 12) {
            None => Ok(integer(TimeUnit::Millis, value)),
            Some(time) if order == Some(DateOrder::YearFirst) => Ok(time),
            Some(_) => Err(TimeDefect::CompactOrMillis),
        }
    } else if range(1).contains(&value) {
        match digits::compact(value, 10).filter(|_| digits == 10) {
            None => Ok(integer(TimeUnit::Seconds, value * 1_000)),
            Some(time) if order == Some(DateOrder::YearFirst) => Ok(time),
            Some(_) => Err(TimeDefect::CompactOrSeconds),
        }
    } else if range(1_000_000).contains(&value) {
        Ok(integer(TimeUnit::Micros, value.div_euclid(1_000)))
    } else if range(1_000_000_000).contains(&value) {
        Ok(integer(TimeUnit::Nanos, value.div_euclid(1_000_000)))
    } else if matches!(digits, 8 | 14) {
        digits::compact(value, digits).ok_or(TimeDefect::Implausible)
    } else {
        excel_time(value as f64, order)
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
