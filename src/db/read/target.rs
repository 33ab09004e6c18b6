//! From what a user names to a window of bars.

use std::ops::Range;

use super::query::Query;
use super::spelled;
use crate::db::embed::stretches;
use crate::db::rank::Candidate;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Interval, SeriesKey, Target, Timestamp, Window};
use crate::store::{BarReads, SeriesId, SeriesRecord};

/// A stored window, with the bars that its encoder reads.
pub(in crate::db) struct StoredWindow {
    pub(in crate::db) id: SeriesId,
    pub(in crate::db) window: Window,
    pub(in crate::db) bars: Bars,
}

impl View {
    /// The one stored series that a target may mean. Names as they are stored go before those of
    /// another case or with other signs; [`View::on_spelling`] tells of the latter.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Ambiguous`] with the choices if there are
    /// several.
    pub fn series_of(&self, target: &Target) -> Result<SeriesKey> {
        spelled::series(self, self.snapshot()?, target).map(|(_, record)| record.key.clone())
    }
}

/// The last bars of a chart, oldest first.
pub(crate) struct LastBars {
    pub(crate) bars: Bars,
    /// Where they are stored, if they are.
    pub(crate) window: Option<Window>,
}

/// The bars of a series that a view knows, oldest first.
pub(crate) struct WholeHistory {
    pub(crate) key: SeriesKey,
    pub(crate) bars: Bars,
    /// The stretches of them without gaps.
    pub(crate) stretches: Vec<Range<usize>>,
}

impl View {
    /// All bars of a series that closed at or before a time.
    pub(crate) fn whole_history(
        &self,
        target: &Target,
        to: Option<Timestamp>,
    ) -> Result<WholeHistory> {
        let (key, calendar) = self.look(|snapshot| {
            let (_, record) = spelled::series(self, snapshot, target)?;
            Ok((record.key.clone(), record.calendar))
        })?;
        let bars = self.bars(&key, None, to, None)?.bars;
        Ok(WholeHistory {
            stretches: stretches(&bars, key.interval, calendar),
            key,
            bars,
        })
    }

    /// The last bars without a gap that a query means, `least` to `most` of them.
    pub(crate) fn last_bars(
        &self,
        query: &Query,
        (least, most): (usize, usize),
    ) -> Result<LastBars> {
        match query {
            Query::Target(target) => self.look(|snapshot| {
                let time = self.clamp(target.time);
                let (id, record) = spelled::series(self, snapshot, target)?;
                let bars = last_stretch(snapshot, (id, record), (least, most), time)?;
                let window = Some(window_of(record, &bars, 0)?);
                Ok(LastBars { bars, window })
            }),
            Query::Bars(bars) if bars.len() >= least => Ok(LastBars {
                bars: bars.slice(bars.len().saturating_sub(most)..bars.len()),
                window: None,
            }),
            Query::Bars(bars) => Err(Error::invalid(format!(
                "expected at least {least} bars, found {}",
                bars.len()
            ))),
            _ => Err(Error::invalid(
                "expected a stored window like BTCUSDT:1h@2021-05-19 or a candle file, found a query without bars",
            )),
        }
    }
}

/// The last whole window of `reach` bars of a series that closed at or before `time`.
pub(in crate::db) fn last_window(
    snapshot: &Snapshot,
    (id, record): (SeriesId, &SeriesRecord),
    window_bars: usize,
    reach: usize,
    time: Timestamp,
) -> Result<StoredWindow> {
    let bars = last_stretch(snapshot, (id, record), (reach, reach), time)?;
    let window = window_of(record, &bars, reach - window_bars)?;
    Ok(StoredWindow { id, window, bars })
}

/// The window of bars without a gap, from the bar of that number on.
pub(super) fn window_of(record: &SeriesRecord, bars: &Bars, first: usize) -> Result<Window> {
    let ends = bars.time.get(first).zip(bars.time.last());
    let (&start, &last) = ends.ok_or_else(|| {
        Error::internal(format!(
            "a window from bar {first} of {} on has none",
            bars.len()
        ))
    })?;
    Ok(Window {
        series: record.key.clone(),
        start: Timestamp::from_millis(start),
        end: record.key.interval.close_of(Timestamp::from_millis(last)),
    })
}

/// The last bars of a series without a gap that closed at or before `time`: of the last stretch that
/// has at least `least` of them, up to `most`.
pub(in crate::db) fn last_stretch(
    snapshot: &Snapshot,
    (id, record): (SeriesId, &SeriesRecord),
    (least, most): (usize, usize),
    time: Timestamp,
) -> Result<Bars> {
    let interval = record.key.interval;
    let mut wanted = most * 2 + 2;
    loop {
        let bars = snapshot.bars_back(id, time, wanted)?;
        let exhausted = bars.len() < wanted;
        let closed = bars
            .time
            .partition_point(|&t| interval.close_of(Timestamp::from_millis(t)) <= time);
        let closed = bars.slice(0..closed);
        let whole = stretches(&closed, interval, record.calendar)
            .into_iter()
            .rfind(|s| s.len() >= least);
        // One that begins with the first bar that was read may begin earlier.
        let whole = whole.filter(|s| exhausted || s.start > 0 || s.len() >= most);
        if let Some(stretch) = whole {
            let start = stretch.start.max(stretch.end.saturating_sub(most));
            return Ok(closed.slice(start..stretch.end));
        }
        if exhausted {
            return Err(no_window(snapshot, id, record, least, time));
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
    let close = |open: i64| record.key.interval.close_of(Timestamp::from_millis(open));
    let extent = snapshot.txn.bar_extent(id).ok().flatten();
    let stored = match extent {
        None => "it has no bars".to_owned(),
        Some(e) if close(e.last) <= time => format!(
            "it has {} bars from {} to {}",
            e.count,
            Timestamp::from_millis(e.first),
            close(e.last)
        ),
        // How many come later, and until when, is nothing to be known at that time.
        Some(e) => format!("its bars begin at {}", Timestamp::from_millis(e.first)),
    };
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
pub(in crate::db) fn stored_window(
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
