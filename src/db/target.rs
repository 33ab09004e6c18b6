//! From what a user names to a window of bars.

use super::embed::stretches;
use super::rank::Candidate;
use super::snapshot::Snapshot;
use super::view::View;
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Interval, SeriesKey, Target, Timestamp, Window};
use crate::store::{BarReads, SeriesId, SeriesRecord};

/// A stored window, with the bars that its encoder reads.
pub(super) struct StoredWindow {
    pub(super) id: SeriesId,
    pub(super) window: Window,
    pub(super) bars: Bars,
}

/// The one series that a target may mean.
pub(super) fn series<'a>(
    snapshot: &'a Snapshot,
    target: &Target,
) -> Result<(SeriesId, &'a SeriesRecord)> {
    let fits: Vec<_> = snapshot
        .series
        .iter()
        .filter(|(_, s)| target.matches(&s.key))
        .collect();
    match fits.as_slice() {
        [(id, record)] => Ok((**id, record)),
        [] => Err(not_found(snapshot, target)),
        many => {
            let mut choices: Vec<_> = many.iter().map(|(_, s)| s.key.to_string()).collect();
            choices.sort();
            Err(Error::Ambiguous {
                what: "the series",
                name: target.to_string(),
                choices,
            })
        }
    }
}

impl View {
    /// The one stored series that a target may mean.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Ambiguous`] with the choices if there are
    /// several.
    pub fn series_of(&self, target: &Target) -> Result<SeriesKey> {
        series(self.snapshot()?, target).map(|(_, record)| record.key.clone())
    }
}

fn not_found(snapshot: &Snapshot, target: &Target) -> Error {
    let wanted = target.symbol.to_lowercase();
    let mut near: Vec<_> = snapshot
        .series
        .values()
        .filter(|s| {
            let symbol = s.key.symbol.to_lowercase();
            symbol == wanted || symbol.contains(&wanted) || wanted.contains(&symbol)
        })
        .map(|s| s.key.to_string())
        .collect();
    near.sort();
    near.truncate(5);
    Error::NotFound {
        what: "series",
        name: target.to_string(),
        hint_text: if near.is_empty() {
            "`rhyme series` lists those that are stored".to_owned()
        } else {
            format!("near it are: {}", near.join(", "))
        },
    }
}

/// The last whole window of `reach` bars of a series that closed at or before `time`.
pub(super) fn last_window(
    snapshot: &Snapshot,
    (id, record): (SeriesId, &SeriesRecord),
    window_bars: usize,
    reach: usize,
    time: Timestamp,
) -> Result<StoredWindow> {
    let interval = record.key.interval;
    let mut wanted = reach * 2 + 2;
    loop {
        let bars = snapshot.bars_back(id, time, wanted)?;
        let exhausted = bars.len() < wanted;
        let closed = bars
            .time
            .partition_point(|&t| interval.close_of(Timestamp::from_millis(t)) <= time);
        let closed = bars.slice(0..closed);
        let whole = stretches(&closed, interval, record.calendar)
            .into_iter()
            .rfind(|s| s.len() >= reach);
        if let Some(stretch) = whole {
            let bars = closed.slice(stretch.end - reach..stretch.end);
            let start = bars.time.get(reach - window_bars);
            let (Some(&start), Some(&last)) = (start, bars.time.last()) else {
                return Err(Error::internal(format!(
                    "a window of {window_bars} of {reach} bars has {}",
                    bars.len()
                )));
            };
            return Ok(StoredWindow {
                id,
                window: Window {
                    series: record.key.clone(),
                    start: Timestamp::from_millis(start),
                    end: interval.close_of(Timestamp::from_millis(last)),
                },
                bars,
            });
        }
        if exhausted {
            return Err(no_window(snapshot, id, record, reach, time));
        }
        wanted = wanted.saturating_mul(4);
    }
}

fn no_window(
    snapshot: &Snapshot,
    id: SeriesId,
    record: &SeriesRecord,
    reach: usize,
    time: Timestamp,
) -> Error {
    let extent = snapshot.txn.bar_extent(id).ok().flatten();
    let stored = extent.map_or("it has no bars".to_owned(), |e| {
        format!(
            "it has {} bars from {} to {}",
            e.count,
            Timestamp::from_millis(e.first),
            record.key.interval.close_of(Timestamp::from_millis(e.last))
        )
    });
    let until = if time.millis() == i64::MAX {
        String::new()
    } else {
        format!(" that closed at or before {time}")
    };
    Error::NotFound {
        what: "window",
        name: format!("of {reach} bars without a gap in {}{until}", record.key),
        hint_text: stored,
    }
}

/// The window of `window_bars` bars that ends where a candidate ends.
pub(super) fn stored_window(
    snapshot: &Snapshot,
    candidate: &Candidate,
    series: &SeriesRecord,
    window_bars: u32,
) -> Result<Window> {
    let end = Timestamp::from_millis(candidate.end);
    let interval = series.key.interval;
    // No window spans a gap where a market never closes, so its start follows from its end.
    let even = series.calendar == Calendar::Continuous && matches!(interval, Interval::Fixed(_));
    let start = if even {
        None
    } else {
        let bars = snapshot.last_bars(candidate.into(), series, window_bars as usize)?;
        let first = bars.and_then(|bars| bars.time.first().copied());
        first.map(Timestamp::from_millis)
    };
    // Imported vectors may have no bars: count back from the end.
    let start = start.unwrap_or_else(|| interval.before(end, window_bars));
    Ok(Window {
        series: series.key.clone(),
        start,
        end,
    })
}
