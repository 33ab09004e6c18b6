//! The stored bars around a moment, and whether the moment lies among them or in a hole of the data.

use std::fmt;

use serde::Serialize;

use super::spelled;
use super::target::{last_stretch, window_of};
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::Result;
use crate::model::{Calendar, SeriesKey, Target, Timestamp, Window};
use crate::store::{SeriesId, SeriesRecord};

/// The longest time for which a market with sessions closes: that of September 2001 took six days.
/// What is longer is a hole of the data.
const LONGEST_PAUSE_MS: i64 = 7 * 86_400_000;

/// Why nothing can be counted from a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum NoStart {
    /// No bars are stored around it: it lies before the first, or in a hole.
    NoBars,
    /// No bar had closed at or after it: it lies behind the last, or after the view's time.
    NotClosed,
    /// It starts at the same close as a moment before it in the list.
    Repeated,
}

impl fmt::Display for NoStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBars => "no bars are stored around it",
            Self::NotClosed => "no bar had closed after it",
            Self::Repeated => "it starts at the same close as one before it",
        })
    }
}

/// A moment of a series, and the bars up to the first close at or after it.
pub(crate) struct Started {
    pub(crate) series: SeriesKey,
    pub(crate) time: Timestamp,
    pub(crate) window: Result<Window, NoStart>,
}

/// Of the bars around a moment, the nearest closes.
pub(in crate::db) struct Around {
    time: Timestamp,
    /// The close of the last bar that had closed at the moment.
    before: Option<Timestamp>,
    /// When the bar opens that is the first to close at the moment or after it, and when it closes.
    after: Option<(Timestamp, Timestamp)>,
    /// When the bar that follows the last one before would have closed, at the latest.
    due: Option<Timestamp>,
    /// How long there may be no bars.
    pause: i64,
}

impl Around {
    pub(in crate::db) fn new(
        snapshot: &Snapshot,
        (id, record): (SeriesId, &SeriesRecord),
        time: Timestamp,
    ) -> Result<Self> {
        let interval = record.key.interval;
        let pause = match record.calendar {
            Calendar::Continuous => 0,
            Calendar::Session => LONGEST_PAUSE_MS,
        };
        let spans = |times: &[i64]| -> Vec<(Timestamp, Timestamp)> {
            let opens = times.iter().map(|&t| Timestamp::from_millis(t));
            opens.map(|t| (t, interval.close_of(t))).collect()
        };
        let earlier = spans(&snapshot.bars_back(id, time, 2)?.time).into_iter();
        let before = earlier.map(|(_, close)| close).filter(|c| *c <= time).max();
        // Months that open on different days close alike, so one bar more is read.
        let later = snapshot.bars_from(id, interval.open_of(time), 3)?.time;
        Ok(Self {
            time,
            before,
            after: spans(&later).into_iter().find(|(_, close)| *close >= time),
            due: before.map(|close| interval.close_of(close).plus_millis(pause)),
            pause,
        })
    }

    /// The last close before the moment, whether or not the moment lies in a hole.
    pub(in crate::db) fn last(&self) -> Option<Timestamp> {
        self.before
    }

    /// The close of the last bar at or before the moment, if no later one would have closed by then.
    pub(in crate::db) fn last_due(&self) -> Option<Timestamp> {
        self.before
            .filter(|_| self.due.is_some_and(|due| self.time < due))
    }

    /// The first close at or after the moment that had happened at `now`, if no bars are missing before it.
    fn next_due(&self, now: Timestamp) -> Result<Timestamp, NoStart> {
        // A view knows of later bars neither that they are stored nor that they are missing.
        let after = self.after.filter(|(_, close)| *close <= now);
        let (open, close) = after.ok_or(NoStart::NotClosed)?;
        let paused = |before: Timestamp| open <= before.plus_millis(self.pause);
        if open > self.time && !self.before.is_some_and(paused) {
            return Err(NoStart::NoBars);
        }
        Ok(close)
    }
}

impl View {
    /// The window that ends with the first close at or after a moment, of up to `most` bars; of a target
    /// without a time the newest.
    pub(crate) fn started(&self, target: &Target, most: usize) -> Result<Started> {
        self.look(|snapshot| {
            let (id, record) = spelled::series(self, snapshot, target)?;
            let now = self.clamp(None);
            let window_to = |end: Timestamp| {
                let bars = last_stretch(snapshot, (id, record), (1, most), end)?;
                window_of(record, &bars, 0)
            };
            let series = record.key.clone();
            let Some(time) = target.time else {
                let window = window_to(now)?;
                return Ok(Started {
                    series,
                    time: window.end,
                    window: Ok(window),
                });
            };
            let close = Around::new(snapshot, (id, record), time)?.next_due(now);
            Ok(Started {
                series,
                time,
                window: match close {
                    Ok(close) => Ok(window_to(close)?),
                    Err(why) => Err(why),
                },
            })
        })
    }
}
