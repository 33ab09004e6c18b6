//! Times as files write them.
//!
//! The one rule for integers: the digits tell the unit. Seconds are 10^8 to 4.1 * 10^9, and
//! milliseconds, microseconds and nanoseconds 1,000 times as much each, so every unit covers
//! 1973-03-03 to 2099-12-31 and no integer fits two. Eight digits that are a date, like
//! `20240131`, are that date. Everything else is [`text`]. A file uses one unit, or text.

mod text;
mod written;

pub(crate) use text::only_order;
use written::DAY_MS;
pub use written::DateOrder;
pub(crate) use written::{TimeDefect, TimeForm, TimeUnit, WrittenTime};

use crate::model::{TimePrecision, Timestamp};

/// 1973-03-03T09:46:40Z in seconds; below it, integers are row numbers rather than times.
const FIRST_SECOND: i64 = 100_000_000;
/// 2100-01-01 in seconds.
const END_SECOND: i64 = 4_102_444_800;

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
        let days = text::days_of(value / 10_000, value / 100 % 100, value % 100);
        days.map(text::day).ok_or(TimeDefect::Implausible)
    } else {
        Err(TimeDefect::Implausible)
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
