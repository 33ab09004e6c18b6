//! Bars that are stamped with the time of their close.

use std::fmt;
use std::str::FromStr;

use super::super::columns::plain;
use super::super::input_report::{InputReport, NoticeKind};
use crate::error::{Error, excerpt};
use crate::model::{Calendar, Interval, Timestamp};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Which moment of a bar its time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeOf {
    /// When the bar opened.
    Open,
    /// When it closed, or the last second or millisecond before.
    Close,
}

impl fmt::Display for TimeOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Close => "close",
        })
    }
}

impl FromStr for TimeOf {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "open" => Ok(Self::Open),
            "close" => Ok(Self::Close),
            _ => Err(Error::invalid(format!(
                "expected open or close, found {}",
                excerpt(text)
            ))),
        }
    }
}

/// Turns ascending times of closes into times of opens.
///
/// A bar opens an interval before it closes. Where the market has sessions, it does not open before the bar
/// before it closed: the last bar of a session may be short. Bars of days and longer open at the first
/// midnight of the days that they end with.
pub(super) fn closes_to_opens(times: &mut [i64], interval: Interval, calendar: Calendar) {
    let mut before = i64::MIN;
    for time in times {
        let close = whole_close(*time);
        *time = match (calendar, interval) {
            (Calendar::Session, Interval::Fixed(ms)) if ms % DAY_MS == 0 => {
                let last_day = (close - 1).div_euclid(DAY_MS);
                (last_day + 1) * DAY_MS - ms
            }
            (Calendar::Session, Interval::Fixed(ms)) => before.max(close - ms),
            (Calendar::Continuous, Interval::Fixed(ms)) => close - ms,
            (_, Interval::Months(_)) => interval.open_of(month_after(close - 1)).millis(),
        };
        before = close;
    }
}

/// Turns the dates of bars of days and longer into the times of their closes: a date names the last day of its
/// bar, which ends with that day. One of months may as well be the first day of the next month, and stays.
pub(super) fn dates_to_closes(dates: &mut [i64], interval: Interval) {
    if matches!(interval, Interval::Fixed(ms) if ms % DAY_MS == 0) {
        dates.iter_mut().for_each(|date| *date += DAY_MS);
    }
}

/// The close that a stamp means: 09:59:59 and 09:59:59.999 are 10:00.
fn whole_close(time: i64) -> i64 {
    let steps = [1, 1_000];
    let whole = steps.into_iter().map(|step| time + step);
    let mut whole = whole.filter(|t| t.rem_euclid(MINUTE_MS) == 0);
    whole.next().unwrap_or(time)
}

/// The first moment of the month after the one of `time`.
fn month_after(time: i64) -> Timestamp {
    let date = Timestamp::from_millis(time).to_string();
    let first = date.get(..7).map(|month| format!("{month}-01T00:00:00Z"));
    let first = first.and_then(|first| first.parse().ok());
    let first = first.unwrap_or(Timestamp::from_millis(time));
    Interval::Months(1).close_of(first)
}

/// Whether a time that is off the grid of an interval is the last moment of one of its bars.
pub(super) fn ends_a_bar(time: i64, interval: Interval) -> bool {
    let Interval::Fixed(ms) = interval else {
        return false;
    };
    let close = whole_close(time);
    close != time && close.rem_euclid(ms) == 0
}

/// Says that the times may be those of closes, once for a text.
pub(super) fn notice_close_stamps(report: &mut InputReport, reason: &str) {
    if report.notices.count(NoticeKind::CloseStamps) == 0 {
        report.notices.add(NoticeKind::CloseStamps, None, || {
            format!(
                "{reason}; they are taken for times of the open, say --time-of close if they are not, or --time-of open"
            )
        });
    }
}

/// Names of columns that occur in files of one source, whose times are those of the close.
const CLOSE_STAMPED: [(&[&str], &str); 2] = [
    (&["up", "down"], "TradeStation"),
    (&["homenotional", "foreignnotional"], "BitMEX"),
];

/// What the names of the columns say about the times, if they are those of the close.
pub(super) fn header_suggests_close(names: &[String], time: usize) -> Option<String> {
    let plain_names: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let has = |name: &&str| plain_names.iter().any(|n| n == name);
    let source = CLOSE_STAMPED
        .iter()
        .find(|(marks, _)| marks.iter().all(has));
    if let Some((_, source)) = source {
        return Some(format!(
            "the columns are those of {source}, whose times are of the close"
        ));
    }
    let name = plain_names.get(time)?;
    let says_close = name.contains("close") || name.contains("end");
    says_close.then(|| "the name of the column of times says that they are of the close".to_owned())
}

/// Whether ascending times look like those of closes: days, or the file, begin one bar after a full or a half
/// hour and end at one. Open times do the reverse.
pub(super) fn times_suggest_close(times: &[i64], interval: Interval, calendar: Calendar) -> bool {
    let Interval::Fixed(ms) = interval else {
        return false;
    };
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return false;
    };
    match calendar {
        Calendar::Continuous => {
            let bars = times.len();
            ms < DAY_MS
                && bars > 2
                && last - first >= DAY_MS - ms
                && first.rem_euclid(DAY_MS) == ms
                && last.rem_euclid(DAY_MS) == 0
        }
        Calendar::Session => {
            const HALF_HOUR: i64 = 30 * MINUTE_MS;
            if ms >= HALF_HOUR || HALF_HOUR % ms != 0 {
                return false;
            }
            let days = times.chunk_by(|a, b| b - a < 4 * HOUR_MS);
            let (mut all, mut close) = (0_u64, 0_u64);
            for day in days {
                let (Some(first), Some(last)) = (day.first(), day.last()) else {
                    continue;
                };
                all += 1;
                let begins = first.rem_euclid(HALF_HOUR) == ms;
                close += u64::from(begins && last.rem_euclid(HALF_HOUR) == 0);
            }
            all > 1 && close * 5 > all * 4
        }
    }
}

/// Where daily bars of a market with sessions open if it is not midnight in UTC: the hours, if there are one or two of
/// them, as there are if they are midnights of a clock with summer time.
pub(super) fn hours_of_days(
    times: &[i64],
    interval: Interval,
    calendar: Calendar,
) -> Option<String> {
    let whole_days = matches!(interval, Interval::Fixed(ms) if ms % DAY_MS == 0);
    if calendar == Calendar::Continuous || !whole_days {
        return None;
    }
    let mut of_day: Vec<i64> = times.iter().map(|t| t.rem_euclid(DAY_MS)).collect();
    of_day.sort_unstable();
    of_day.dedup();
    let clock = |ms: &i64| {
        let minutes = ms / MINUTE_MS;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    // The day of currencies begins when New York closes, at 17:00 there.
    let new_york_close = [21 * HOUR_MS, 22 * HOUR_MS];
    match of_day.as_slice() {
        [0] | [] => None,
        hours if hours.iter().all(|hour| new_york_close.contains(hour)) => None,
        [one] => Some(clock(one)),
        [one, other] if [HOUR_MS, DAY_MS - HOUR_MS].contains(&(other - one)) => {
            Some(format!("{} and {}", clock(one), clock(other)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = HOUR_MS;

    fn opens(texts: &[&str], interval: Interval, calendar: Calendar) -> Vec<String> {
        let time = |text: &&str| text.parse::<Timestamp>().map_or(0, Timestamp::millis);
        let mut times: Vec<i64> = texts.iter().map(time).collect();
        closes_to_opens(&mut times, interval, calendar);
        let text = |t: &i64| Timestamp::from_millis(*t).to_string();
        times.iter().map(text).collect()
    }

    #[test]
    fn a_bar_opens_an_interval_before_its_close() {
        let closes = ["2024-01-01T01:00:00Z", "2024-01-01T02:59:59Z"];
        let hours = opens(&closes, Interval::hours(1), Calendar::Continuous);
        assert_eq!(hours, ["2024-01-01T00:00:00Z", "2024-01-01T02:00:00Z"]);
    }

    #[test]
    fn the_last_bar_of_a_session_may_be_short() {
        let closes = [
            "2024-01-02T20:30:00Z",
            "2024-01-02T21:00:00Z",
            "2024-01-03T15:30:00Z",
        ];
        let hours = opens(&closes, Interval::hours(1), Calendar::Session);
        let expected = [
            "2024-01-02T19:30:00Z",
            "2024-01-02T20:30:00Z",
            "2024-01-03T14:30:00Z",
        ];
        assert_eq!(hours, expected);
    }

    #[test]
    fn days_and_months_open_at_a_midnight() {
        let closes = ["2024-01-05T21:00:00Z", "2024-01-09T00:00:00Z"];
        let days = opens(&closes, Interval::days(1), Calendar::Session);
        assert_eq!(days, ["2024-01-05T00:00:00Z", "2024-01-08T00:00:00Z"]);
        let weeks = opens(
            &["2024-01-05T21:00:00Z"],
            Interval::days(7),
            Calendar::Session,
        );
        assert_eq!(weeks, ["2023-12-30T00:00:00Z"]);
        let closes = ["2024-01-31T00:00:01Z", "2024-03-01T00:00:00Z"];
        let months = opens(&closes, Interval::Months(1), Calendar::Session);
        assert_eq!(months, ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"]);
    }

    #[test]
    fn a_date_names_the_day_that_its_bar_ends_with() {
        let opens = |date: &str, interval: Interval| {
            let mut times = [date.parse::<Timestamp>().map_or(0, Timestamp::millis)];
            dates_to_closes(&mut times, interval);
            closes_to_opens(&mut times, interval, Calendar::Session);
            times.map(|t| Timestamp::from_millis(t).to_string())
        };
        let friday = "2024-01-05";
        assert_eq!(opens(friday, Interval::days(1)), ["2024-01-05T00:00:00Z"]);
        assert_eq!(opens(friday, Interval::days(7)), ["2023-12-30T00:00:00Z"]);
        for date in ["2024-01-31", "2024-02-01"] {
            assert_eq!(opens(date, Interval::Months(1)), ["2024-01-01T00:00:00Z"]);
        }
    }

    #[test]
    fn times_of_closes_are_suspected() {
        let day = |first: i64, last: i64, step: i64| -> Vec<i64> {
            let bars = (last - first) / step + 1;
            (0..bars).map(|i| first + i * step).collect()
        };
        let two_days = |first: i64, last: i64| {
            let second = day(first + DAY_MS, last + DAY_MS, MINUTE_MS);
            [day(first, last, MINUTE_MS), second].concat()
        };
        let minute = Interval::minutes(1);
        let session = |times: &[i64]| times_suggest_close(times, minute, Calendar::Session);
        let half_past_nine = 9 * HOUR + HOUR / 2;
        assert!(session(&two_days(half_past_nine + MINUTE_MS, 16 * HOUR)));
        assert!(!session(&two_days(half_past_nine, 16 * HOUR - MINUTE_MS)));
        assert!(!session(&day(
            half_past_nine + MINUTE_MS,
            16 * HOUR,
            MINUTE_MS
        )));
        let hours = |first: i64, last: i64| {
            let times = day(first, last, HOUR);
            times_suggest_close(&times, Interval::hours(1), Calendar::Continuous)
        };
        assert!(hours(HOUR, DAY_MS));
        assert!(!hours(0, DAY_MS - HOUR) && !hours(HOUR, DAY_MS + HOUR) && !hours(0, DAY_MS));
    }

    #[test]
    fn headers_of_some_sources_tell_it_too() {
        let suggests = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            header_suggests_close(&names, 0).is_some()
        };
        assert!(suggests(&["Date", "Time", "Open", "Up", "Down"]));
        assert!(suggests(&["timestamp", "homeNotional", "foreignNotional"]));
        assert!(suggests(&["close_time", "open"]));
        assert!(!suggests(&["Date", "Time", "Open", "Close", "Volume"]));
    }

    #[test]
    fn days_that_open_at_midnight_elsewhere_are_seen() {
        let hours = |times: &[i64]| hours_of_days(times, Interval::days(1), Calendar::Session);
        let at = |day: i64, hour: i64| day * DAY_MS + hour * HOUR;
        assert_eq!(hours(&[at(0, 5), at(1, 5)]).as_deref(), Some("05:00"));
        assert_eq!(
            hours(&[at(0, 5), at(1, 4)]).as_deref(),
            Some("04:00 and 05:00")
        );
        assert_eq!(
            hours(&[at(0, 0), at(1, 23)]).as_deref(),
            Some("00:00 and 23:00")
        );
        assert_eq!(hours(&[at(0, 0), at(1, 0)]), None);
        assert_eq!(hours(&[at(0, 21), at(1, 22)]), None);
        assert_eq!(hours(&[at(0, 3), at(1, 9)]), None);
    }
}
