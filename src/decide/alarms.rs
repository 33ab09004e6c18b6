//! What followed the alarms of a monitor of risk: the size of moves, beside that of any moves.

use crate::model::{Bars, Horizon};

/// The alarms of a monitor, and the moves that followed them. A move counts without its sign: a monitor says that much
/// will happen, and not which way.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alarms {
    /// How far moves reach.
    pub horizon: Horizon,
    /// Closes that it was asked at.
    pub asked: usize,
    /// Those of them with an alarm.
    pub alarms: usize,
    /// Alarms in runs: one that comes within the horizon of the first of a run belongs to it.
    pub episodes: usize,
    /// Closes with an alarm a day of the calendar; `None` for a period without length.
    pub a_day: Option<f64>,
    /// Episodes a day.
    pub episodes_a_day: Option<f64>,
    /// The moves after alarms; `None` if there was none after which the horizon had passed.
    pub after: Option<MovesAfter>,
    /// The moves after every close that it was asked at.
    pub base: Option<MovesAfter>,
    /// How likely alarms in runs of the same lengths at other times are followed by moves at least so large; `None` if
    /// there is nothing to compare.
    pub p: Option<f64>,
}

/// How large moves were.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MovesAfter {
    /// How many.
    pub n: usize,
    /// How many of them do not overlap.
    pub apart: usize,
    /// The mean of the absolute returns: 0.01 is 1 %.
    pub mean: f64,
    /// The standard error of the mean, as of so many moves as do not overlap; `None` of one.
    pub standard_error: Option<f64>,
}

impl Alarms {
    /// Of closes, each with the number of its bar and whether there was an alarm, ascending.
    pub(super) fn of(
        bars: &Bars,
        asked: &[(usize, bool)],
        (horizon, ahead): (Horizon, usize),
        draws: usize,
    ) -> Self {
        let moved = |&(at, alarm): &(usize, bool)| {
            let (now, then) = (bars.close.get(at)?, bars.close.get(at + ahead)?);
            Some((at, alarm, (then / now - 1.0).abs()))
        };
        let moves: Vec<(usize, bool, f64)> = asked.iter().filter_map(moved).collect();
        let all = moves.iter().map(|&(at, _, size)| (at, size));
        let after = moves.iter().filter(|(_, alarm, _)| *alarm);
        let after = after.map(|&(at, _, size)| (at, size));
        let alarms = asked.iter().filter(|(_, alarm)| *alarm);
        let alarms: Vec<usize> = alarms.map(|&(at, _)| at).collect();
        let episodes = apart(alarms.iter().copied(), ahead);
        let days = days(bars);
        let a_day = |n: usize| days.map(|days| n as f64 / days);
        Self {
            horizon,
            asked: asked.len(),
            alarms: alarms.len(),
            episodes,
            a_day: a_day(alarms.len()),
            episodes_a_day: a_day(episodes),
            after: MovesAfter::of(&after.collect::<Vec<_>>(), ahead),
            base: MovesAfter::of(&all.collect::<Vec<_>>(), ahead),
            p: by_shifts(&moves, draws),
        }
    }
}

impl MovesAfter {
    fn of(moves: &[(usize, f64)], ahead: usize) -> Option<Self> {
        let n = moves.len();
        let apart = apart(moves.iter().map(|(at, _)| *at), ahead);
        let mean = moves.iter().map(|(_, size)| size).sum::<f64>() / n as f64;
        let squares = moves.iter().map(|(_, size)| (size - mean).powi(2));
        let variance = squares.sum::<f64>() / (n.max(2) - 1) as f64;
        (n > 0).then(|| Self {
            n,
            apart,
            mean,
            standard_error: (apart > 1).then(|| (variance / apart as f64).sqrt()),
        })
    }
}

/// How many of these bars, ascending, are at least so many bars behind the last one that counts.
fn apart(bars: impl Iterator<Item = usize>, ahead: usize) -> usize {
    let (mut n, mut last) = (0, None);
    for at in bars {
        if last.is_none_or(|last| at >= last + ahead) {
            (n, last) = (n + 1, Some(at));
        }
    }
    n
}

fn days(bars: &Bars) -> Option<f64> {
    let (first, last) = (bars.time.first()?, bars.time.last()?);
    let days = (last - first) as f64 / 86_400_000.0;
    (days > 0.0).then_some(days)
}

/// The p-value of the mean move after alarms, among the same alarms at other times: all of them shifted by as many
/// closes, and from the end on at the beginning. So runs stay runs, and a walk whose moves have no memory has none here.
fn by_shifts(moves: &[(usize, bool, f64)], draws: usize) -> Option<f64> {
    let n = moves.len();
    let alarms: Vec<usize> = (0..n)
        .filter(|&i| moves.get(i).is_some_and(|(_, alarm, _)| *alarm))
        .collect();
    if alarms.is_empty() || alarms.len() == n || draws == 0 {
        return None;
    }
    let sum = |by: usize| -> f64 {
        let size = |i: &usize| moves.get((i + by) % n).map_or(0.0, |(_, _, size)| *size);
        alarms.iter().map(size).sum()
    };
    let own = sum(0);
    let draws = draws.min(n - 1);
    // Evenly over the period.
    let shifts = (1..=draws).map(|k| (k * n / (draws + 1)).max(1));
    let as_large = shifts.filter(|&by| sum(by) >= own).count();
    Some((1 + as_large) as f64 / (1 + draws) as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Bar, Timestamp};

    fn bars(closes: &[f64]) -> Bars {
        let bar = |(i, &close): (usize, &f64)| Bar {
            time: Timestamp::from_millis(i as i64 * 86_400_000),
            open: close,
            high: close,
            low: close,
            close,
            volume: 1.0,
        };
        closes.iter().enumerate().map(bar).collect()
    }

    #[test]
    fn moves_after_alarms_are_counted_by_hand() {
        let bars = bars(&[100.0, 110.0, 99.0, 99.0, 99.0, 108.9, 108.9]);
        let asked: Vec<(usize, bool)> = [true, true, false, false, true, false, true]
            .into_iter()
            .enumerate()
            .collect();
        let found = Alarms::of(&bars, &asked, (Horizon::bars(1), 1), 100);
        // The last alarm has no bar after it.
        assert_eq!((found.asked, found.alarms, found.episodes), (7, 4, 4));
        let after = found.after.unwrap();
        assert_eq!(after.n, 3);
        assert!((after.mean - 0.1).abs() < 1e-12, "{after:?}");
        let base = found.base.unwrap();
        assert_eq!(base.n, 6);
        assert!((base.mean - 0.3 / 6.0).abs() < 1e-12, "{base:?}");
        assert!((found.a_day.unwrap() - 4.0 / 6.0).abs() < 1e-12);
        // No other shift of the three alarms meets all three moves.
        assert!((found.p.unwrap() - 1.0 / 6.0).abs() < 1e-12, "{found:?}");
        // Within two bars of the first they are one episode.
        let found = Alarms::of(&bars, &asked, (Horizon::bars(2), 2), 0);
        assert_eq!((found.episodes, found.p), (3, None));
        let none = Alarms::of(&bars, &[], (Horizon::bars(1), 1), 100);
        assert_eq!((none.alarms, none.after, none.p), (0, None, None));
    }
}
