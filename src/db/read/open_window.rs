//! The latest window of a series with a bar that has not closed yet.

use super::spelled;
use super::target::last_stretch;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Bar, Bars, Calendar, Modality, SeriesKey, Space, Target, Timestamp, Window};
use crate::store::SeriesId;

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
    check_follows(key, record.calendar, &bars, bar)?;
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

/// The open bar must be the next one: in a market that never closes it opens when the last closes.
fn check_follows(key: &SeriesKey, calendar: Calendar, bars: &Bars, bar: Bar) -> Result<()> {
    let last = bars.time.last().copied().map(Timestamp::from_millis);
    let last = last.ok_or_else(|| Error::internal("a window before an open bar has no bars"))?;
    let next = key.interval.close_of(last);
    let follows = match calendar {
        Calendar::Continuous => bar.time == next,
        Calendar::Session => bar.time > last,
    };
    if follows {
        return Ok(());
    }
    let why = if bar.time < next {
        "that one is stored already"
    } else {
        "the bars between are not stored; bring them in first"
    };
    Err(Error::invalid(format!(
        "expected the open bar of {key} to open at {next}, after the last that is stored, found one that opens at {}: {why}",
        bar.time
    )))
}
