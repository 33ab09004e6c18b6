//! How far bars are apart: the interval, the grid that it spans, and the gaps in it.

use std::collections::HashMap;
use std::ops::Range;

use super::super::input_report::{InputReport, NoticeKind};
use crate::model::{Calendar, Interval, Timestamp};

const DAY_MS: i64 = 86_400_000;
/// Spacings of months: that of February to that of two months with 31 days.
const MONTH_MS: Range<i64> = 28 * DAY_MS..31 * DAY_MS + 1;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// The interval, known and confirmed by the ascending times of the series of a file or, if it is not
/// known, taken from them. Fewer than 3 bars confirm nothing and tell nothing.
pub(super) fn settle_interval(
    series: &[&[i64]],
    known: Option<Interval>,
) -> Result<Interval, String> {
    let bars = series.iter().map(|times| times.len()).sum::<usize>();
    let longest = series.iter().map(|times| times.len()).max().unwrap_or(0);
    let frequent = frequent_spacing(series).filter(|_| longest >= 3);
    let found = |spacing| interval_of(spacing, series);
    match (known, frequent) {
        (Some(known), None) => Ok(known),
        (Some(known), Some((spacing, _))) if confirms(spacing, known) => Ok(known),
        (Some(known), Some((spacing, _))) => {
            let found = found(spacing);
            Err(format!(
                "expected bars of {known}, and most bars are {found} apart; correct the file's name or say --interval {found}"
            ))
        }
        (None, Some((spacing, share))) if share >= 0.5 => Ok(found(spacing)),
        (None, _) => {
            let symbols = series.len();
            let found = match symbols {
                1 => format!("{bars} in all"),
                _ => format!("{longest} at most of each of {symbols} symbols"),
            };
            let example = example_for(series);
            Err(format!(
                "the length of a bar is not known: expected 3 or more bars of a regular spacing to tell it, found {found}; say it, for example with --interval {example}"
            ))
        }
    }
}

/// Whether the bars of one series of a file can be of the interval of most: they are as far apart, too
/// few to tell, or thin, so that bars are missing between them. Those that are regularly farther apart are
/// only if the caller `said` the interval.
pub(super) fn fits_interval(times: &[i64], interval: Interval, said: bool) -> Result<(), String> {
    let Some((spacing, share)) = frequent_spacing(&[times]).filter(|_| times.len() >= 3) else {
        return Ok(());
    };
    if confirms(spacing, interval) {
        return Ok(());
    }
    let thin = match interval {
        Interval::Fixed(ms) => spacing % ms == 0,
        Interval::Months(months) => spacing >= MONTH_MS.start * i64::from(months),
    };
    let regular = share >= 0.5 && is_regular(times, spacing);
    if thin && (said || !regular) {
        return Ok(());
    }
    let found = interval_of(spacing, &[times]);
    let thin = match thin {
        true => format!(", or say --interval {interval} if it lacks the bars between them"),
        false => String::new(),
    };
    Err(format!(
        "its bars are {found} apart, and those of most symbols in the file {interval}; keep one interval a file, or read it apart with --interval {found}{thin}"
    ))
}

/// Whether no bars are much closer than this, which is no chance if there are some: days in summer and in winter
/// are an hour closer or farther.
fn is_regular(times: &[i64], spacing: i64) -> bool {
    let pairs = times.iter().zip(times.iter().skip(1));
    times.len() >= 6
        && pairs
            .map(|(a, b)| b - a)
            .all(|apart| apart > spacing - spacing / 10)
}

/// An interval that the bars may have: a day if all open at one time of a day.
fn example_for(series: &[&[i64]]) -> &'static str {
    let mut times = series.iter().flat_map(|times| times.iter());
    let first = times.next().map(|t| t.rem_euclid(DAY_MS));
    match times.all(|t| Some(t.rem_euclid(DAY_MS)) == first) {
        true => "1d",
        false => "1h",
    }
}

fn confirms(spacing: i64, interval: Interval) -> bool {
    match interval {
        Interval::Fixed(ms) => ms == spacing,
        Interval::Months(months) => {
            let months = i64::from(months);
            (MONTH_MS.start * months..MONTH_MS.end * months).contains(&spacing)
        }
    }
}

/// The most frequent difference of neighbours and its share of all; of equals the shortest.
fn frequent_spacing(series: &[&[i64]]) -> Option<(i64, f64)> {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    let mut total = 0;
    for times in series {
        let pairs = times.iter().zip(times.iter().skip(1));
        let mut spacings = pairs.map(|(a, b)| b - a).peekable();
        while let Some(spacing) = spacings.next() {
            // Equal spacings come in runs, which cost one look-up.
            let mut run = 1;
            while spacings.next_if_eq(&spacing).is_some() {
                run += 1;
            }
            *counts.entry(spacing).or_default() += run;
            total += run;
        }
    }
    let best = counts
        .into_iter()
        .max_by_key(|(spacing, count)| (*count, std::cmp::Reverse(*spacing)));
    best.map(|(spacing, count)| (spacing, count as f64 / total as f64))
}

/// A spacing as an interval; that of bars on the first days of months is a number of months.
fn interval_of(spacing: i64, series: &[&[i64]]) -> Interval {
    let months = u32::try_from((spacing + 15 * DAY_MS) / (30 * DAY_MS));
    let first_day = |t: &i64| at(*t).to_string().ends_with("-01T00:00:00Z");
    match months {
        Ok(months)
            if spacing >= MONTH_MS.start && series.iter().all(|s| s.iter().all(first_day)) =>
        {
            Interval::Months(months)
        }
        _ => Interval::Fixed(spacing),
    }
}

/// The bars that do not fit the interval, and why. Where the market never closes, bars of up to a
/// day open at multiples of the interval. Elsewhere sessions open at any minute, so bars need only
/// be an interval apart; months may begin at their first trading day.
pub(super) fn off_grid(
    times: &[i64],
    interval: Interval,
    calendar: Calendar,
) -> Vec<(usize, String)> {
    if let (Calendar::Continuous, Interval::Fixed(ms @ 1..=DAY_MS)) = (calendar, interval) {
        return times
            .iter()
            .enumerate()
            .filter(|(_, time)| *time % ms != 0)
            .map(|(row, _)| (row, format!("is no multiple of {interval}")))
            .collect();
    }
    let least = match interval {
        Interval::Fixed(ms) => ms,
        Interval::Months(months) => i64::from(months) * 25 * DAY_MS,
    };
    let mut off = Vec::new();
    let mut previous: Option<i64> = None;
    for (row, &time) in times.iter().enumerate() {
        match previous {
            Some(before) if time - before < least => {
                let reason = format!("is less than {interval} after the bar of {}", at(before));
                off.push((row, reason));
            }
            _ => previous = Some(time),
        }
    }
    off
}

/// Counts the places where bars are missing between ascending `times`, and the bars.
pub(super) fn count_gaps(
    times: &[i64],
    line: impl Fn(usize) -> Option<u64>,
    interval: Interval,
    report: &mut InputReport,
) {
    for (row, (&before, &time)) in times.iter().zip(times.iter().skip(1)).enumerate() {
        let missing = missing_between(before, time, interval);
        if missing == 0 {
            continue;
        }
        report.gaps += 1;
        report.missing_bars += missing;
        report.notices.add(NoticeKind::Gap, line(row + 1), || {
            format!("{missing} bars are missing after {}", at(before))
        });
    }
}

fn missing_between(before: i64, time: i64, interval: Interval) -> u64 {
    let steps = match interval {
        Interval::Fixed(ms) => (time - before) / ms,
        Interval::Months(_) => {
            let next = |t: &i64| Some(interval.close_of(at(*t)).millis());
            std::iter::successors(Some(before), next)
                .skip(1)
                .take_while(|t| *t <= time)
                .count() as i64
        }
    };
    u64::try_from(steps - 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn times(hours: &[i64]) -> Vec<i64> {
        hours.iter().map(|h| h * HOUR).collect()
    }

    #[test]
    fn the_most_frequent_spacing_is_the_interval() {
        let session = times(&[0, 1, 2, 24, 25, 26, 48, 49, 50]);
        assert_eq!(settle_interval(&[&session], None), Ok(Interval::hours(1)));
        assert_eq!(
            settle_interval(&[&session], Some(Interval::hours(1))),
            Ok(Interval::hours(1))
        );
        let error = settle_interval(&[&session], Some(Interval::days(1)));
        assert!(error.is_err_and(|e| e.contains("bars of 1d") && e.contains("are 1h apart")));
    }

    #[test]
    fn few_or_irregular_bars_tell_nothing() {
        for hours in [vec![], vec![0], vec![0, 1], vec![0, 1, 3, 6, 10]] {
            let times = times(&hours);
            assert!(settle_interval(&[&times], None).is_err());
        }
        assert_eq!(
            settle_interval(&[&times(&[0, 7])], Some(Interval::hours(1))),
            Ok(Interval::hours(1))
        );
    }

    #[test]
    fn a_thin_series_takes_the_interval_of_the_others() {
        let dense = times(&[0, 1, 2, 3, 4, 5]);
        let thin = times(&[0, 4, 8, 16]);
        let file = settle_interval(&[&dense, &thin, &times(&[7])], None);
        assert_eq!(file, Ok(Interval::hours(1)));
        for fits in [&dense, &thin, &times(&[0, 9])] {
            assert_eq!(fits_interval(fits, Interval::hours(1), false), Ok(()));
        }
        let odd = fits_interval(&dense, Interval::hours(4), false).unwrap_err();
        assert!(
            odd.contains("are 1h apart") && odd.contains("--interval 1h"),
            "{odd}"
        );
    }

    /// They are of another interval, unless the caller says which.
    #[test]
    fn a_series_that_is_regularly_coarser_is_not_thin() {
        let hour = Interval::hours(1);
        let days: Vec<i64> = [0, 24, 48, 72, 96, 168, 192, 215]
            .map(|h| h * HOUR)
            .to_vec();
        let odd = fits_interval(&days, hour, false).unwrap_err();
        assert!(
            odd.contains("are 1d apart")
                && odd.contains("with --interval 1d, or say --interval 1h"),
            "{odd}"
        );
        assert_eq!(fits_interval(&days, hour, true), Ok(()));
        let holed: Vec<i64> = [0, 24, 48, 72, 75, 96, 168, 192].map(|h| h * HOUR).to_vec();
        assert_eq!(fits_interval(&holed, hour, false), Ok(()));
    }

    #[test]
    fn months_are_recognised_and_their_gaps_counted() {
        let months: Vec<i64> = std::iter::successors(Some(0), |t| {
            Some(Interval::Months(1).close_of(at(*t)).millis())
        })
        .take(24)
        .collect();
        assert_eq!(settle_interval(&[&months], None), Ok(Interval::Months(1)));
        assert_eq!(
            settle_interval(&[&months], Some(Interval::Months(1))),
            Ok(Interval::Months(1))
        );
        assert!(off_grid(&months, Interval::Months(1), Calendar::Session).is_empty());
        let mut report = InputReport::default();
        let holed: Vec<i64> = [0, 1, 4, 5]
            .iter()
            .filter_map(|i| months.get(*i))
            .copied()
            .collect();
        count_gaps(&holed, |_| None, Interval::Months(1), &mut report);
        assert_eq!((report.gaps, report.missing_bars), (1, 2));
    }

    /// The close of such a bar is no date, which must not make time stand still.
    #[test]
    fn months_beyond_all_dates_are_no_gap() {
        let mut report = InputReport::default();
        let months = Interval::Months(100_000);
        count_gaps(&[0, 20 * 365 * DAY_MS], |_| None, months, &mut report);
        assert_eq!((report.gaps, report.missing_bars), (0, 0));
        assert!(months.close_of(at(0)) > at(0) && months.open_of(at(0)) < at(0));
    }

    #[test]
    fn the_grid_is_strict_only_where_the_market_never_closes() {
        let half = [HOUR / 2, HOUR + HOUR / 2, 2 * HOUR + 1];
        let rows = |calendar| {
            let off = off_grid(&half, Interval::hours(1), calendar);
            off.into_iter().map(|(row, _)| row).collect::<Vec<_>>()
        };
        assert_eq!(rows(Calendar::Continuous), [0, 1, 2]);
        assert_eq!(rows(Calendar::Session), [2]);
    }

    proptest! {
        #[test]
        fn gaps_are_what_was_taken_out(mask in proptest::collection::vec(any::<bool>(), 2..200)) {
            let kept: Vec<i64> = (0_i64..)
                .zip(&mask)
                .filter(|(_, keep)| **keep)
                .map(|(i, _)| i * HOUR)
                .collect();
            let mut report = InputReport::default();
            count_gaps(&kept, |_| None, Interval::hours(1), &mut report);
            let span = kept.last().zip(kept.first()).map_or(0, |(b, a)| (b - a) / HOUR + 1);
            prop_assert_eq!(report.missing_bars as i64, span - kept.len() as i64);
            prop_assert_eq!(report.gaps, report.notices.count(NoticeKind::Gap));
        }
    }
}
