//! The latest window of a series with a bar that has not closed yet.

use super::next_bar::{NotNext, check_next};
use super::spelled;
use super::target::last_stretch;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Bar, Bars, Calendar, Modality, Space, Target, Timestamp, Window};
use crate::store::{SeriesId, SeriesRecord};

/// The bars that an encoder reads, and the window that they end with.
pub(in crate::db) fn open_window(
    (view, snapshot): (&View, &Snapshot),
    space: &Space,
    target: &Target,
    bar: Bar,
) -> Result<(Bars, (SeriesId, Window))> {
    if space.encoder.modality != Modality::Chart {
        return Err(Error::invalid(format!(
            "expected a space of charts for a bar that is open, found {}, whose vectors were imported",
            space.name
        )));
    }
    let (id, record) = spelled::series(view, snapshot, target)?;
    let key = &record.key;
    bar.check()
        .map_err(|defect| Error::invalid(format!("the open bar of {key}: {defect}")))?;
    if view.as_of().is_some_and(|t| bar.time > t) {
        return Err(Error::invalid(format!(
            "expected an open bar that the view knows, found one of {}, which is later",
            bar.time
        )));
    }
    let before = space.reach().saturating_sub(1).max(1);
    let time = view.clamp(target.time);
    let mut bars = last_stretch(snapshot, (id, record), (before, before), time)?;
    check_follows((snapshot, id), record, bar, &bars)?;
    bars.push(bar);
    let shown = bars.len() - (space.encoder.window as usize).min(bars.len());
    let start = bars.time.get(shown).copied().unwrap_or_default();
    let window = Window {
        series: key.clone(),
        start: Timestamp::from_millis(start),
        end: key.interval.close_of(bar.time),
    };
    Ok((bars, (id, window)))
}

/// How many bars tell when sessions begin and end: more than a year of hours.
const TELLING: usize = 2000;

/// The open bar must be the next one.
fn check_follows(
    (snapshot, id): (&Snapshot, SeriesId),
    record: &SeriesRecord,
    bar: Bar,
    bars: &Bars,
) -> Result<()> {
    let key = &record.key;
    let last = bars.time.last().copied().map(Timestamp::from_millis);
    let last = last.ok_or_else(|| Error::internal("a window before an open bar has no bars"))?;
    let telling = snapshot.bars_back(id, last, TELLING)?;
    let kind = (key.interval, record.calendar);
    let why = match check_next(kind, &telling.time, bar.time.millis()) {
        Ok(()) => return Ok(()),
        Err(NotNext::Stored) => "that one is stored already",
        Err(NotNext::Missing) => "the bars between are not stored; bring them in first",
    };
    let next = key.interval.close_of(last);
    Err(Error::invalid(format!(
        "expected the open bar of {key} to open at {next}{}, after the last that is stored, found one that opens at {}: {why}",
        match record.calendar {
            Calendar::Continuous => "",
            Calendar::Session => " or when the next session begins",
        },
        bar.time
    )))
}
