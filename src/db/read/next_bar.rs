//! Whether a bar is the one that follows the last bar of a series.
//!
//! A market that never closes leaves no choice. A market with sessions has no timetable here, so its own
//! bars tell: after a bar at whose time of day a session never ended, and before one at whose time of day
//! none ever began, nothing may be missing. Of whole days a holiday cannot be told from a day that is not
//! stored yet, so up to two weekdays may be missing, and answers say how many are.

use crate::model::{Calendar, Interval, Timestamp};

const DAY: i64 = 86_400_000;
/// Longer than any pause at noon, shorter than any night.
const NIGHT: i64 = 4 * 3_600_000;
/// Easter and Christmas close many markets on two weekdays in a row.
const HOLIDAYS: u32 = 2;

/// Why a bar is not the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotNext {
    /// It opens before the last bar has closed.
    Stored,
    /// Bars before it are missing.
    Missing,
}

/// Checks that a bar that opens at `open` follows bars that opened at these times, ascending.
pub(super) fn check_next(
    (interval, calendar): (Interval, Calendar),
    times: &[i64],
    open: i64,
) -> Result<(), NotNext> {
    let close = |t: i64| interval.close_of(Timestamp::from_millis(t)).millis();
    let Some(&last) = times.last() else {
        return Ok(());
    };
    let next = close(last);
    if open < next {
        return Err(NotNext::Stored);
    }
    if open == next {
        return Ok(());
    }
    let follows = match (calendar, interval) {
        (Calendar::Continuous, _) => false,
        // A week or a month may open with its first day of trading.
        (Calendar::Session, Interval::Months(_)) => open < close(next),
        (Calendar::Session, Interval::Fixed(ms)) if ms > DAY => open < close(next),
        (Calendar::Session, Interval::Fixed(ms)) => {
            weekdays_between(last, open) <= HOLIDAYS
                && (ms == DAY || pauses_there(times, close, (last, open)))
        }
    };
    if follows {
        Ok(())
    } else {
        Err(NotNext::Missing)
    }
}

/// Whether as long a pause, or a night, came after a bar of the same time of day as the last one, and
/// before one of the same time of day as the open one.
fn pauses_there(times: &[i64], close: impl Fn(i64) -> i64, (last, open): (i64, i64)) -> bool {
    let needed = (open - close(last)).min(NIGHT);
    let time_of_day = |t: i64| t.rem_euclid(DAY);
    let (mut after, mut before) = (None, None);
    for [a, b] in times.array_windows() {
        let pause = Some(b - close(*a));
        if time_of_day(*a) == time_of_day(last) {
            after = after.max(pause);
        }
        if time_of_day(*b) == time_of_day(open) {
            before = before.max(pause);
        }
    }
    // What never was there before says nothing.
    [after, before]
        .into_iter()
        .flatten()
        .all(|longest| longest >= needed)
}

/// How many days from Monday to Friday lie between the days of two moments, in UTC.
pub(super) fn weekdays_between(from: i64, to: i64) -> u32 {
    let day = |t: i64| t.div_euclid(DAY);
    // 1970-01-01 was a Thursday.
    let weekday = |day: &i64| (day + 3).rem_euclid(7) < 5;
    let most = day(from).saturating_add(1 + 60);
    let days = (day(from).saturating_add(1)..day(to).min(most)).filter(weekday);
    u32::try_from(days.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().millis()
    }

    fn check(interval: &str, times: &[i64], open: &str) -> Result<(), NotNext> {
        let kind = (interval.parse().unwrap(), Calendar::Session);
        check_next(kind, times, at(open))
    }

    #[test]
    fn a_day_follows_over_weekends_and_holidays_and_not_over_a_lost_week() {
        // Thursday and Friday.
        let times = ["2021-05-20", "2021-05-21"].map(at);
        assert_eq!(check("1d", &times, "2021-05-24"), Ok(()));
        assert_eq!(check("1d", &times, "2021-05-26"), Ok(()));
        assert_eq!(weekdays_between(at("2021-05-21"), at("2021-05-26")), 2);
        assert_eq!(check("1d", &times, "2021-05-27"), Err(NotNext::Missing));
        assert_eq!(check("1d", &times, "2021-05-21"), Err(NotNext::Stored));
        assert_eq!(
            check("1d", &times, "2021-05-21T12:00"),
            Err(NotNext::Stored)
        );
    }

    #[test]
    fn hours_of_a_session_follow_one_another_and_days_begin_as_they_did() {
        let monday = at("2021-05-17");
        let times: Vec<i64> = (0..5)
            .flat_map(|day| (14..21).map(move |hour| monday + day * DAY + hour * 3_600_000))
            .collect();
        assert_eq!(check("1h", &times, "2021-05-24T14:00"), Ok(()));
        // A session never began then.
        assert_eq!(
            check("1h", &times, "2021-05-24T17:00"),
            Err(NotNext::Missing)
        );
        // One never ended then.
        let midway = times.get(..times.len() - 4).unwrap();
        assert_eq!(check("1h", midway, "2021-05-21T17:00"), Ok(()));
        for late in ["2021-05-21T18:00", "2021-05-24T14:00"] {
            assert_eq!(check("1h", midway, late), Err(NotNext::Missing), "{late}");
        }
    }

    #[test]
    fn a_week_may_open_on_its_first_day_of_trading() {
        let times = [at("2021-05-17")];
        assert_eq!(check("1w", &times, "2021-05-25"), Ok(()));
        assert_eq!(check("1w", &times, "2021-05-31"), Err(NotNext::Missing));
    }
}
