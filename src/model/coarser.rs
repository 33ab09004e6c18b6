//! Bars of a longer interval made of those of a shorter one: `4h` of `1h`, `1d` of `1h`, `1w` of `1d`.
//!
//! A market that never closes has buckets of the clock in UTC; weeks begin on Monday. A bucket is
//! whole if every finer bar of it is there, one closing where the next opens.
//!
//! A market with sessions has no timetable here, so its buckets are days of UTC, and weeks and months of
//! days. What tells a whole one:
//! - a later bar is stored, so it is over;
//! - a day begins no later and ends no earlier than the day with bars before it, or both an hour earlier or
//!   later, when clocks change; and it pauses only where that one did. A day that begins in time and has
//!   about half the bars is a half day of the market. The first day has none before it, so it is left out;
//! - no session runs through midnight: a day whose first bar goes on from the day before, and that pauses for
//!   hours afterwards, holds parts of two sessions;
//! - a week or a month has at least half as many days as the one before it: holidays cannot be told from
//!   days that are missing.

use std::ops::Range;

use super::{Bar, Bars, Calendar, Interval, Timestamp};
use crate::error::{Error, Result};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
/// 1970-01-05, a Monday.
const MONDAY: i64 = 4 * DAY;
/// Longer than any pause at noon, shorter than any night.
const NIGHT: i64 = 4 * HOUR;

/// How bars of one interval are made of those of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coarser {
    fine: Interval,
    coarse: Interval,
    calendar: Calendar,
}

/// Bars that were made.
#[derive(Debug, Default)]
pub(crate) struct MadeBars {
    pub(crate) bars: Bars,
    /// Buckets that have bars and are not whole.
    pub(crate) left_out: u64,
}

impl Coarser {
    /// # Errors
    /// [`Error::Invalid`] if bars of `coarse` cannot be made of bars of `fine`.
    pub(crate) fn new(fine: Interval, coarse: Interval, calendar: Calendar) -> Result<Self> {
        let this = Self {
            fine,
            coarse,
            calendar,
        };
        let fits = match (calendar, fine, coarse) {
            (Calendar::Continuous, Interval::Fixed(fine), Interval::Fixed(coarse)) => {
                fine < coarse && coarse % fine == 0
            }
            (Calendar::Continuous, Interval::Fixed(fine), Interval::Months(_)) => DAY % fine == 0,
            (Calendar::Continuous, Interval::Months(fine), Interval::Months(coarse)) => {
                fine < coarse && coarse % fine == 0
            }
            (Calendar::Session, Interval::Fixed(fine), Interval::Fixed(DAY)) => {
                fine < DAY && DAY % fine == 0
            }
            (Calendar::Session, Interval::Fixed(DAY), coarse) => {
                matches!(coarse, Interval::Fixed(WEEK) | Interval::Months(_))
            }
            _ => false,
        };
        if fits {
            return Ok(this);
        }
        let expected = match calendar {
            Calendar::Continuous => {
                format!("an interval that is several of {fine}")
            }
            Calendar::Session => {
                "1d of shorter bars, or 1w or months like 1M of 1d, in a market with sessions"
                    .to_owned()
            }
        };
        Err(Error::invalid(format!(
            "expected {expected}, found {coarse} of bars of {fine}"
        )))
    }

    /// The open times that the bucket around a time has: the first, and the first that it has not.
    pub(crate) fn bucket(self, open: i64) -> Range<i64> {
        let start = match self.coarse {
            Interval::Fixed(ms) => {
                let from = if ms % WEEK == 0 { MONDAY } else { 0 };
                from + (open - from).div_euclid(ms) * ms
            }
            Interval::Months(_) => {
                let open = Timestamp::from_millis(open);
                self.coarse.first_of_months(open).millis()
            }
        };
        let end = self.coarse.close_of(Timestamp::from_millis(start));
        start..end.millis()
    }

    /// Whether a bucket's neighbours tell whether it is whole.
    pub(crate) fn asks_neighbours(self) -> bool {
        self.calendar == Calendar::Session
    }

    /// The whole bars of ascending finer ones. Where neighbours are asked, the first and the last bucket
    /// are only that.
    pub(crate) fn make(self, bars: &Bars) -> MadeBars {
        let mut made = MadeBars::default();
        let mut before: Option<Range<usize>> = None;
        let mut start = 0;
        while let Some(&open) = bars.time.get(start) {
            let bucket = self.bucket(open);
            let rest = bars.time.get(start..).unwrap_or_default();
            let end = start + rest.partition_point(|&t| t < bucket.end).max(1);
            let rows = start..end;
            let whole = match self.calendar {
                Calendar::Continuous => {
                    self.is_filled(bars.time.get(rows.clone()).unwrap_or_default(), &bucket)
                }
                Calendar::Session => {
                    end < bars.len()
                        && before
                            .as_ref()
                            .is_some_and(|b| self.is_session(&bars.time, b, &rows, &bucket))
                }
            };
            let parts: Vec<Bar> = bars.slice(rows.clone()).iter().collect();
            match Bar::merged(&parts).filter(|_| whole) {
                Some(bar) => made.bars.push(Bar {
                    time: Timestamp::from_millis(bucket.start),
                    ..bar
                }),
                None => made.left_out += 1,
            }
            before = Some(rows);
            start = end;
        }
        made
    }

    /// Whether bars follow one another from the beginning of a bucket to its end.
    fn is_filled(self, opens: &[i64], bucket: &Range<i64>) -> bool {
        let mut next = bucket.start;
        for &open in opens {
            if open != next {
                return false;
            }
            next = self.close(open);
        }
        next == bucket.end
    }

    fn is_session(
        self,
        times: &[i64],
        before: &Range<usize>,
        rows: &Range<usize>,
        bucket: &Range<i64>,
    ) -> bool {
        let opens = times.get(rows.clone()).unwrap_or_default();
        let earlier = times.get(before.clone()).unwrap_or_default();
        let closes_inside = opens.last().is_some_and(|&t| self.close(t) <= bucket.end);
        let whole = if self.coarse == Interval::days(1) {
            self.is_day(earlier, opens)
        } else {
            2 * opens.len() >= earlier.len()
        };
        closes_inside && whole
    }

    /// Whether the bars of a day are all that there are, by those of the day before.
    fn is_day(self, before: &[i64], opens: &[i64]) -> bool {
        let ends = |all: &[i64]| Some((*all.first()?, *all.last()?));
        let (Some((first_before, last_before)), Some((first, last))) = (ends(before), ends(opens))
        else {
            return false;
        };
        let time_of_day = |t: i64| t.rem_euclid(DAY);
        let begins = time_of_day(first) - time_of_day(first_before);
        let finishes = time_of_day(last) - time_of_day(last_before);
        let clocks_changed = begins == finishes && begins.abs() <= HOUR;
        let in_time = begins <= 0 || clocks_changed;
        let to_the_end = finishes >= 0 || clocks_changed;
        let (bars, usual) = (opens.len(), before.len());
        let half_day = (9 * usual..=12 * usual).contains(&(20 * bars));

        let moved = if clocks_changed { begins } else { 0 };
        let pauses = |all: &[i64], moved: i64| -> Vec<(i64, i64)> {
            let pairs = all.array_windows::<2>().map(|[a, b]| (self.close(*a), *b));
            pairs
                .filter(|(close, open)| close != open)
                .map(|(close, open)| (time_of_day(close - moved), time_of_day(open - moved)))
                .collect()
        };
        let usual_pauses = pauses(before, 0);
        let end_before = time_of_day(self.close(last_before));
        let pauses = pauses(opens, moved);
        // A half day ends where the others pause.
        let as_usual = pauses
            .iter()
            .all(|pause| usual_pauses.contains(pause) || pause.0 == end_before);

        let continues = self.close(last_before) == first;
        let over_night = |[a, b]: &[i64; 2]| b - self.close(*a) >= NIGHT;
        let two_sessions = continues && opens.array_windows::<2>().any(over_night);
        in_time && (to_the_end || half_day) && as_usual && !two_sessions
    }

    fn close(self, open: i64) -> i64 {
        self.fine.close_of(Timestamp::from_millis(open)).millis()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    /// Bars of an hour that open at these hours after a date; each has a price of its own.
    fn hourly(day: &str, hours: impl IntoIterator<Item = i64>) -> Bars {
        let start: Timestamp = day.parse().unwrap();
        let bar = |hour: i64| {
            let price = 100.0 + hour as f64;
            Bar {
                time: start.plus_millis(hour * HOUR),
                open: price,
                high: price + 2.0,
                low: price - 3.0,
                close: price + 1.0,
                volume: 10.0,
            }
        };
        hours.into_iter().map(bar).collect()
    }

    fn made(bars: &Bars, fine: &str, coarse: &str, calendar: Calendar) -> MadeBars {
        let coarser = Coarser::new(fine.parse().unwrap(), coarse.parse().unwrap(), calendar);
        coarser.unwrap().make(bars)
    }

    fn opens(made: &MadeBars) -> Vec<String> {
        let times = made.bars.time.iter();
        times
            .map(|&t| Timestamp::from_millis(t).to_string())
            .collect()
    }

    #[test]
    fn a_whole_bucket_has_first_open_extremes_last_close_and_summed_volume() {
        let bars = hourly("2021-05-19", 2..11);
        let made = made(&bars, "1h", "4h", Calendar::Continuous);
        assert_eq!(opens(&made), ["2021-05-19T04:00:00Z"]);
        assert_eq!(made.left_out, 2);
        let bar = made.bars.get(0).unwrap();
        assert_eq!(
            (bar.open, bar.high, bar.low, bar.close, bar.volume),
            (104.0, 109.0, 101.0, 108.0, 40.0)
        );
    }

    #[test]
    fn no_bar_is_made_across_a_gap() {
        let bars = hourly("2021-05-19", (0..48).filter(|h| *h != 9));
        let by_four = made(&bars, "1h", "4h", Calendar::Continuous);
        assert_eq!(by_four.bars.len(), 11);
        assert!(!opens(&by_four).contains(&"2021-05-19T08:00:00Z".to_owned()));
        let by_day = made(&bars, "1h", "1d", Calendar::Continuous);
        assert_eq!(opens(&by_day), ["2021-05-20T00:00:00Z"]);
        // Bars that open between the hours fill no bucket.
        let mut shifted = hourly("2021-05-19", 0..48);
        shifted.time.iter_mut().for_each(|t| *t += HOUR / 2);
        assert!(
            made(&shifted, "1h", "4h", Calendar::Continuous)
                .bars
                .is_empty()
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_their_first() {
        let bars = hourly("2021-05-01", 0..24 * 62);
        let weeks = made(&bars, "1h", "1w", Calendar::Continuous);
        assert_eq!(opens(&weeks)[0], "2021-05-03T00:00:00Z");
        assert_eq!(weeks.bars.len(), 8);
        let months = made(&bars, "1h", "1M", Calendar::Continuous);
        assert_eq!(
            opens(&months),
            ["2021-05-01T00:00:00Z", "2021-06-01T00:00:00Z"]
        );
        let quarters = made(
            &hourly("2021-01-01", 0..24 * 365),
            "1h",
            "3M",
            Calendar::Continuous,
        );
        assert_eq!(quarters.bars.len(), 4);
        assert_eq!(opens(&quarters)[1], "2021-04-01T00:00:00Z");
    }

    /// Sessions from 14 to 21 o'clock on these days after a Monday.
    fn sessions(days: &[i64], hours: Range<i64>) -> Bars {
        let all = days
            .iter()
            .flat_map(|day| hours.clone().map(move |hour| day * 24 + hour));
        hourly("2021-05-17", all)
    }

    #[test]
    fn a_session_makes_a_day_once_it_is_over() {
        let days = [0, 1, 2, 3, 4, 7, 8];
        let day = made(&sessions(&days, 14..21), "1h", "1d", Calendar::Session);
        // The first may have begun earlier, and the last may go on.
        let days = opens(&day);
        assert_eq!(days.first().unwrap(), "2021-05-18T00:00:00Z");
        assert_eq!(days.last().unwrap(), "2021-05-24T00:00:00Z");
        assert_eq!(days.len(), 5);
        let bar = day.bars.get(0).unwrap();
        assert_eq!((bar.open, bar.close, bar.volume), (138.0, 145.0, 70.0));
    }

    #[test]
    fn half_a_session_makes_no_day() {
        let mut bars = sessions(&[0, 1], 14..21);
        bars.extend(&sessions(&[2], 14..17));
        bars.extend(&sessions(&[3, 4], 14..21));
        let day = made(&bars, "1h", "1d", Calendar::Session);
        assert_eq!(
            opens(&day),
            ["2021-05-18T00:00:00Z", "2021-05-20T00:00:00Z"]
        );
    }

    /// A day that lacks an hour, wherever, makes none; those after it do.
    #[test]
    fn a_day_that_lacks_an_hour_is_left_out() {
        for lost in [14, 15, 17, 20] {
            let mut bars = sessions(&[0, 1], 14..21);
            let parts = [2 * 24 + 14..2 * 24 + lost, 2 * 24 + lost + 1..2 * 24 + 21];
            bars.extend(&hourly("2021-05-17", parts.into_iter().flatten()));
            bars.extend(&sessions(&[3, 4], 14..21));
            let day = made(&bars, "1h", "1d", Calendar::Session);
            assert_eq!(
                opens(&day),
                ["2021-05-18T00:00:00Z", "2021-05-20T00:00:00Z"],
                "without {lost}"
            );
        }
    }

    #[test]
    fn half_days_pauses_at_noon_and_other_clocks_make_days() {
        let days = |parts: &[(i64, Range<i64>)]| {
            let hours = parts
                .iter()
                .flat_map(|(day, hours)| hours.clone().map(move |hour| day * 24 + hour));
            let bars = hourly("2021-05-17", hours);
            opens(&made(&bars, "1h", "1d", Calendar::Session)).len()
        };
        // A half day between whole ones.
        assert_eq!(
            days(&[
                (0, 14..21),
                (1, 14..21),
                (2, 14..18),
                (3, 14..21),
                (4, 14..21)
            ]),
            3
        );
        // Clocks change twice.
        assert_eq!(
            days(&[
                (0, 14..21),
                (1, 13..20),
                (2, 13..20),
                (3, 14..21),
                (4, 14..21)
            ]),
            3
        );
        // A pause at noon on every day, and a half day without an afternoon.
        let noon = [
            (0, 1..4),
            (0, 5..8),
            (1, 1..4),
            (1, 5..8),
            (2, 1..4),
            (3, 1..4),
            (3, 5..8),
            (4, 1..4),
            (4, 5..8),
        ];
        assert_eq!(days(&noon), 3);
    }

    #[test]
    fn sessions_through_midnight_make_no_days() {
        let bars = sessions(&[0, 1, 2, 3, 4], 22..29);
        let day = made(&bars, "1h", "1d", Calendar::Session);
        assert!(day.bars.is_empty(), "{:?}", opens(&day));
    }

    #[test]
    fn days_of_sessions_make_weeks() {
        let days: Vec<i64> = (0..28).filter(|d| d % 7 < 5).collect();
        let bars = hourly("2021-05-17", days.iter().map(|d| d * 24));
        let weeks = made(&bars, "1d", "1w", Calendar::Session);
        assert_eq!(
            opens(&weeks),
            ["2021-05-24T00:00:00Z", "2021-05-31T00:00:00Z"]
        );
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        let refused = |fine: &str, coarse: &str, calendar| {
            let made = Coarser::new(fine.parse().unwrap(), coarse.parse().unwrap(), calendar);
            assert!(made.is_err(), "{coarse} of {fine}");
        };
        for (fine, coarse) in [("4h", "1h"), ("1h", "1h"), ("4h", "6h"), ("1w", "1M")] {
            refused(fine, coarse, Calendar::Continuous);
        }
        for (fine, coarse) in [("1h", "4h"), ("1h", "1w"), ("1d", "2d"), ("1d", "1d")] {
            refused(fine, coarse, Calendar::Session);
        }
    }
}
