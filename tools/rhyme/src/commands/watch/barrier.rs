//! Until when all series are complete.

use std::time::{Duration, Instant};

use rhymedb::data::SeriesInfo;
use rhymedb::{Interval, Timestamp};

/// How far a series is.
pub(super) struct Progress {
    pub(super) interval: Interval,
    /// When its last bar closed.
    pub(super) last: Option<Timestamp>,
    /// Since when it cannot be brought up to date.
    pub(super) failing: Option<Instant>,
}

impl Progress {
    pub(super) fn of(info: &SeriesInfo, failing: Option<Instant>) -> Self {
        Self {
            interval: info.key.interval,
            last: info.last,
            failing,
        }
    }
}

/// Closes before this time can be decided: each series has its bar of them, or was waited for long enough. A question
/// looks at all series as of a close, so one that is late would make its answer another.
pub(super) fn horizon(series: &[Progress], now: Timestamp, patience: Duration) -> Timestamp {
    let patience_ms = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
    let mut horizon = Timestamp::from_millis(i64::MAX);
    for one in series {
        let Some(last) = one.last else { continue };
        // The bar after the last one opens where that closed.
        let next = one.interval.close_of(last);
        let waited_for = match one.failing {
            Some(since) => since.elapsed() < patience,
            None => now.millis().saturating_sub(next.millis()) < patience_ms,
        };
        if waited_for {
            horizon = horizon.min(next);
        }
    }
    horizon
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn minutes(last: i64, failing: Option<Instant>) -> Progress {
        Progress {
            interval: Interval::minutes(1),
            last: Some(at(last)),
            failing,
        }
    }

    #[test]
    fn closes_wait_for_a_late_series_and_not_for_ever() {
        let patience = Duration::from_secs(10);
        let until = |series: &[Progress], now: i64| horizon(series, at(now), patience).millis();
        let both = [minutes(600, None), minutes(540, None)];
        assert_eq!(until(&both, 605), 600_000, "the close at 600 s waits");
        assert_eq!(until(&both, 610), 660_000, "and waits no longer");
        let all = [minutes(600, None), minutes(600, None)];
        assert_eq!(until(&all, 605), 660_000);
    }

    #[test]
    fn what_fails_is_waited_for_by_the_clock_of_this_machine() {
        let patience = Duration::from_secs(10);
        let failing = Some(Instant::now());
        let both = [minutes(6000, None), minutes(540, failing)];
        assert_eq!(horizon(&both, at(6001), patience), at(600));
        let no_longer = horizon(&both, at(6055), Duration::from_nanos(1));
        assert_eq!(no_longer, at(6060), "the first alone counts");
    }
}
