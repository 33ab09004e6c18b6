//! What happened after a window.

use super::benchmark::Net;
use crate::db::{Past, Place};
use crate::error::Result;
use crate::model::{Bars, Calendar, Horizon, Interval, Timestamp};

/// What happened in the bars after a window, counted from its last close.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// When the last of these bars closed.
    pub closed: Timestamp,
    /// The simple return to the last close: 0.02 is a rise of 2 %.
    pub change: f64,
    /// The best excursion: the simple return to the highest high; not below 0.
    pub best: f64,
    /// The worst excursion: the simple return to the lowest low; not above 0.
    pub worst: f64,
    /// The root of the mean squared log return of a bar.
    pub volatility: f64,
}

/// What is known of what happened after a window.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum HitOutcome {
    /// All bars of the horizon had closed.
    Closed(Outcome),
    /// Some of them had not closed yet.
    Open,
    /// Some of them are missing: a gap in a market that never closes, or a window without bars. Also
    /// where more than 10,000 bars of an interval that is not counted would have to be read.
    Missing,
}

impl HitOutcome {
    /// The outcome, if it had closed.
    pub fn closed(&self) -> Option<&Outcome> {
        match self {
            Self::Closed(outcome) => Some(outcome),
            Self::Open | Self::Missing => None,
        }
    }
}

/// The outcome of a window, as of `now`, net of a benchmark if there is one.
pub(super) fn outcome_of(
    (past, net): (&Past<'_>, Option<&Net<'_, '_>>),
    place: Place,
    horizon: Horizon,
    now: i64,
) -> Result<HitOutcome> {
    let (key, calendar) = past.series(place.series)?;
    let mut bars = past.bars_after(place, horizon.most_bars(key.interval))?;
    if let (Some(net), Some(own)) = (net, &bars) {
        bars = net.bars(place.series, own, false)?;
    }
    Ok(bars.map_or(HitOutcome::Missing, |bars| {
        let kind = (key.interval, calendar);
        measure(&bars, kind, bars_within(horizon, &bars, kind), now)
    }))
}

/// How many of the bars after the first one a horizon takes; more than there are if it ends later.
pub(super) fn bars_within(
    horizon: Horizon,
    bars: &Bars,
    (interval, calendar): (Interval, Calendar),
) -> usize {
    let most = horizon.most_bars(interval);
    let (Horizon::Time(time), Calendar::Session) = (horizon, calendar) else {
        return most;
    };
    // Nights and weekends have no bars: the first that closes late enough.
    let close = |open: &i64| interval.close_of(Timestamp::from_millis(*open)).millis();
    let until = bars
        .time
        .first()
        .map(|first| close(first).saturating_add(time));
    let after = bars.time.iter().skip(1);
    let reaches = after.map(close).position(|c| until.is_some_and(|u| c >= u));
    reaches.map_or(most, |i| i + 1)
}

/// The outcome of the window whose last bar is the first of `bars`.
pub(super) fn measure(
    bars: &Bars,
    (interval, calendar): (Interval, Calendar),
    horizon: usize,
    now: i64,
) -> HitOutcome {
    let Some(first) = bars.get(0) else {
        return HitOutcome::Missing;
    };
    let mut before = first;
    let (mut high, mut low, mut squares, mut seen) = (first.close, first.close, 0.0, 0);
    for bar in bars.iter().skip(1).take(horizon) {
        if interval.close_of(bar.time).millis() > now {
            return HitOutcome::Open;
        }
        if calendar == Calendar::Continuous && interval.close_of(before.time) != bar.time {
            return HitOutcome::Missing;
        }
        high = high.max(bar.high);
        low = low.min(bar.low);
        squares += (bar.close / before.close).ln().powi(2);
        seen += 1;
        before = bar;
    }
    if seen < horizon {
        return HitOutcome::Open;
    }
    HitOutcome::Closed(Outcome {
        closed: interval.close_of(before.time),
        change: before.close / first.close - 1.0,
        best: high / first.close - 1.0,
        worst: low / first.close - 1.0,
        volatility: (squares / horizon as f64).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use crate::model::Bar;

    fn bars(hours: &[i64]) -> Bars {
        let bar = |(i, &hour): (usize, &i64)| Bar {
            time: Timestamp::from_millis(hour * 3_600_000),
            open: 100.0,
            high: 110.0 + i as f64,
            low: 95.0 - i as f64,
            close: 100.0 + i as f64,
            volume: 1.0,
        };
        hours.iter().enumerate().map(bar).collect()
    }

    const HOURLY: (Interval, Calendar) = (Interval::hours(1), Calendar::Continuous);

    #[test]
    fn the_window_itself_does_not_count() {
        let found = measure(&bars(&[0, 1, 2, 3]), HOURLY, 2, 4 * 3_600_000);
        let HitOutcome::Closed(outcome) = found else {
            panic!("{found:?}");
        };
        assert_eq!(outcome.closed.millis(), 3 * 3_600_000);
        assert!((outcome.change - 0.02).abs() < 1e-12);
        assert!(
            (outcome.best - 0.12).abs() < 1e-12,
            "the high of the second bar"
        );
        assert!((outcome.worst + 0.07).abs() < 1e-12);
        let (a, b) = (1.01f64.ln(), (102.0f64 / 101.0).ln());
        assert!((outcome.volatility - ((a * a + b * b) / 2.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_had_not_closed_is_open_and_a_gap_is_missing() {
        let hour = 3_600_000;
        let four = bars(&[0, 1, 2, 3]);
        assert_eq!(measure(&four, HOURLY, 3, 4 * hour - 1), HitOutcome::Open);
        assert!(measure(&four, HOURLY, 3, 4 * hour).closed().is_some());
        assert_eq!(measure(&four, HOURLY, 4, i64::MAX), HitOutcome::Open);
        let gap = bars(&[0, 1, 4]);
        assert_eq!(measure(&gap, HOURLY, 2, i64::MAX), HitOutcome::Missing);
        assert_eq!(
            measure(&gap, HOURLY, 2, 4 * hour),
            HitOutcome::Open,
            "nobody knew"
        );
        let nights = (Interval::hours(1), Calendar::Session);
        assert!(measure(&gap, nights, 2, i64::MAX).closed().is_some());
        assert_eq!(measure(&Bars::default(), HOURLY, 1, 0), HitOutcome::Missing);
    }
}
