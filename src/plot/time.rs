//! Moments as axes say them, in UTC.

use crate::model::{Interval, Timestamp};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    pub(super) day: i64,
    hour: i64,
    minute: i64,
}

impl Civil {
    /// By the days of the Gregorian calendar counted from 0000-03-01, where a leap day is the last
    /// day of a year and 400 years have 146,097 days.
    pub(super) fn of(millis: i64) -> Self {
        let days = millis.div_euclid(DAY) + 719_468;
        let of_day = millis.rem_euclid(DAY);
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let since_march = (5 * day_of_year + 2) / 153;
        let month = if since_march < 10 {
            since_march + 3
        } else {
            since_march - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * since_march + 2) / 5 + 1,
            hour: of_day / HOUR,
            minute: of_day % HOUR / MINUTE,
        }
    }

    fn month_name(&self) -> &'static str {
        let i = usize::try_from(self.month - 1).unwrap_or_default();
        MONTHS.get(i).copied().unwrap_or_default()
    }

    fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn clock(&self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }
}

/// A moment as long as bars of an interval need it: `2021-05-19`, or `2021-05-19 12:00`.
pub(super) fn moment(time: Timestamp, interval: Interval) -> String {
    let civil = Civil::of(time.millis());
    if interval.nominal_millis() >= DAY {
        civil.date()
    } else {
        format!("{} {}", civil.date(), civil.clock())
    }
}

/// When a bar that opens at `open` closes, as [`moment`] says it.
pub(super) fn closed(open: i64, interval: Interval) -> String {
    moment(interval.close_of(Timestamp::from_millis(open)), interval)
}

/// Where ticks may stand.
#[derive(Clone, Copy)]
enum Step {
    Minutes(i64),
    Hours(i64),
    Days(i64),
    Weeks,
    Months(i64),
    Years(i64),
}

const STEPS: [Step; 20] = [
    Step::Minutes(1),
    Step::Minutes(5),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Hours(1),
    Step::Hours(3),
    Step::Hours(6),
    Step::Hours(12),
    Step::Days(1),
    Step::Days(2),
    Step::Weeks,
    Step::Months(1),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(20),
    Step::Years(50),
];

impl Step {
    /// The number of the step that a moment is in.
    fn number(self, millis: i64) -> i64 {
        match self {
            Self::Minutes(n) => millis.div_euclid(n * MINUTE),
            Self::Hours(n) => millis.div_euclid(n * HOUR),
            Self::Days(n) => millis.div_euclid(n * DAY),
            // 1970-01-05 was a Monday.
            Self::Weeks => (millis - 4 * DAY).div_euclid(7 * DAY),
            Self::Months(n) => {
                let civil = Civil::of(millis);
                (civil.year * 12 + civil.month - 1).div_euclid(n)
            }
            Self::Years(n) => Civil::of(millis).year.div_euclid(n),
        }
    }

    /// What a tick says, after the one before it.
    fn label(self, millis: i64, before: Option<i64>) -> String {
        let civil = Civil::of(millis);
        let before = before.map(Civil::of);
        let new_year = before.is_none_or(|b| b.year != civil.year);
        let new_day = before.is_none_or(|b| b.date() != civil.date());
        let day = format!("{} {}", civil.month_name(), civil.day);
        match self {
            Self::Years(_) => civil.year.to_string(),
            Self::Months(_) if new_year && civil.month == 1 => civil.year.to_string(),
            Self::Months(_) if new_year => format!("{} {}", civil.month_name(), civil.year),
            Self::Months(_) => civil.month_name().to_owned(),
            _ if new_year => format!("{day}, {}", civil.year),
            Self::Days(_) | Self::Weeks => day,
            Self::Minutes(_) | Self::Hours(_) if new_day => day,
            Self::Minutes(_) | Self::Hours(_) => civil.clock(),
        }
    }
}

/// At most `most` of these ascending times that begin a minute, an hour, a day, ... or a number of
/// years, by their number, each with what it says. The first time of all begins nothing, and those
/// before number `first` have no room.
pub(super) fn ticks(times: &[i64], first: usize, most: usize) -> Vec<(usize, String)> {
    for step in STEPS {
        let begins = |(i, pair): (usize, &[i64])| match pair {
            [a, b] if i + 1 >= first && step.number(*a) != step.number(*b) => Some((i + 1, *b)),
            _ => None,
        };
        let found: Vec<(usize, i64)> = times.windows(2).enumerate().filter_map(begins).collect();
        if found.len() > most {
            continue;
        }
        let mut before = None;
        let label = |(i, time): (usize, i64)| (i, step.label(time, before.replace(time)));
        return found.into_iter().map(label).collect();
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn dates_are_those_of_timestamps(millis in -62_135_596_800_000_i64..253_402_300_799_000) {
            let written = Timestamp::from_millis(millis).to_string();
            let minutes = moment(Timestamp::from_millis(millis), Interval::hours(1));
            prop_assert_eq!(&written[..16], minutes.replace(' ', "T"));
        }
    }

    fn labels(from: &str, step: i64, n: i64, most: usize) -> Vec<(usize, String)> {
        let start: Timestamp = from.parse().unwrap();
        let times: Vec<i64> = (0..n).map(|i| start.millis() + i * step).collect();
        ticks(&times, 0, most)
    }

    fn texts(ticks: &[(usize, String)]) -> Vec<&str> {
        ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_stand_where_the_calendar_turns() {
        let hours = labels("2021-05-19T20:00", HOUR, 12, 5);
        assert_eq!(
            hours,
            [
                (1, "May 19, 2021".to_owned()),
                (4, "May 20".to_owned()),
                (7, "03:00".to_owned()),
                (10, "06:00".to_owned()),
            ]
        );
        let days = labels("2020-12-30", 12 * HOUR, 8, 6);
        assert_eq!(texts(&days), ["Dec 31, 2020", "Jan 1, 2021", "Jan 2"]);
        let months = labels("2020-10-05", DAY, 150, 6);
        assert_eq!(texts(&months), ["Nov 2020", "Dec", "2021", "Feb", "Mar"]);
        let years = labels("2001-06-01", DAY, 365 * 20, 5);
        assert_eq!(texts(&years), ["2005", "2010", "2015", "2020"]);
        assert!(labels("2021-05-19", HOUR, 1, 5).is_empty());
        assert!(ticks(&[], 0, 5).is_empty());
        let hours: Vec<i64> = (0..50).map(|i| i * HOUR + 23 * HOUR).collect();
        assert_eq!(
            texts(&ticks(&hours, 0, 3)),
            ["Jan 2, 1970", "Jan 3", "Jan 4"]
        );
        assert_eq!(texts(&ticks(&hours, 2, 2)), ["Jan 3, 1970", "Jan 4"]);
        for n in [2, 50, 900, 20_000, 400_000] {
            assert!(labels("1970-01-01T00:30", HOUR, n, 7).len() <= 7);
        }
    }
}
