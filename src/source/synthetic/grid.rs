//! When bars open: every hour in the crypto market, every session in the equity market.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::error::{Error, Result};
use crate::model::{Interval, Timestamp};

/// Days without a session, as month and day.
const HOLIDAYS: [(i8, i8); 5] = [(1, 1), (5, 1), (7, 4), (12, 25), (12, 26)];

/// The open times of `bars` hourly bars from `start`, in milliseconds.
pub(super) fn hours(start: Timestamp, bars: usize) -> Vec<i64> {
    let hour = Interval::hours(1).nominal_millis();
    (0..bars as i64)
        .map(|i| start.millis() + i * hour)
        .collect()
}

/// The open times of `days` daily bars from `start`, in milliseconds: weekdays that are no
/// holidays.
pub(super) fn sessions(start: Timestamp, days: usize) -> Result<Vec<i64>> {
    let day = Interval::days(1).nominal_millis();
    let mut date = date_of(start)?;
    let mut time = start.millis();
    let mut sessions = Vec::with_capacity(days);
    while sessions.len() < days {
        if is_session(date) {
            sessions.push(time);
        }
        time += day;
        date = date.tomorrow().map_err(|_| out_of_range(start))?;
    }
    Ok(sessions)
}

fn is_session(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
        && !HOLIDAYS.contains(&(date.month(), date.day()))
}

fn date_of(start: Timestamp) -> Result<Date> {
    jiff::Timestamp::from_millisecond(start.millis())
        .map(|t| t.to_zoned(TimeZone::UTC).date())
        .map_err(|_| out_of_range(start))
}

fn out_of_range(start: Timestamp) -> Error {
    Error::invalid(format!(
        "expected a synthetic market within the years 1 to 9999, found one that starts at {start}"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn sessions_skip_weekends_and_holidays() {
        let opens = sessions("2024-12-20".parse().unwrap(), 8).unwrap();
        let dates: Vec<String> = opens
            .iter()
            .map(|&ms| Timestamp::from_millis(ms).to_string())
            .collect();
        let expected = [
            "2024-12-20",
            "2024-12-23",
            "2024-12-24",
            "2024-12-27",
            "2024-12-30",
            "2024-12-31",
            "2025-01-02",
            "2025-01-03",
        ];
        assert_eq!(dates, expected.map(|d| format!("{d}T00:00:00Z")));
    }

    #[test]
    fn the_end_of_time_is_an_error() {
        let start = "9999-12-01".parse().unwrap();
        assert!(sessions(start, 100).is_err());
    }
}
