//! Bars of windows and of what came after them, as far as the view knows.

use rhymedb::data::Calendar;
use rhymedb::plot::Chart;
use rhymedb::{Bars, SeriesKey, Timestamp, View, Window};

use super::names::name;
use crate::failure::Outcome;

/// A market may be closed for so long.
const HOLIDAYS_MS: i64 = 7 * 24 * 3_600_000;

/// The bars of a window, with what came after them.
pub(super) fn chart(view: &View, window: &Window, label: String, ahead: usize) -> Outcome<Chart> {
    let series = &window.series;
    let first = series.interval.close_of(window.start);
    Ok(Chart {
        name: format!("{} · {}", name(series), series.market),
        label,
        interval: Some(series.interval),
        bars: view.bars(series, Some(first), Some(window.end), None)?.bars,
        later: later(view, series, window.end, ahead)?,
        same_moment: false,
    })
}

/// Up to `ahead` bars of a series that closed after `end`. In a market that never closes they end
/// before a gap.
pub(super) fn later(
    view: &View,
    series: &SeriesKey,
    end: Timestamp,
    ahead: usize,
) -> Outcome<Bars> {
    let first = end.plus_millis(1);
    let bar = series.interval.nominal_millis();
    // Twice the time covers weekends; where it does not, more is read, up to all there is.
    let mut span = bar
        .saturating_mul(2 * ahead as i64)
        .saturating_add(HOLIDAYS_MS);
    let bars = loop {
        let last = end.plus_millis(span);
        let bars = view.bars(series, Some(first), Some(last), None)?.bars;
        let all = last.millis() == i64::MAX || view.as_of().is_some_and(|now| last >= now);
        if bars.len() >= ahead || all {
            break bars.slice(0..ahead);
        }
        span = span.saturating_mul(4);
    };
    let infos = view.series()?;
    let calendar = infos.iter().find(|i| i.key == *series).map(|i| i.calendar);
    if calendar == Some(Calendar::Session) {
        return Ok(bars);
    }
    let mut open = end;
    let whole = bars.time.iter().take_while(|&&time| {
        let follows = time == open.millis();
        open = series.interval.close_of(open);
        follows
    });
    let whole = whole.count();
    Ok(bars.slice(0..whole))
}

/// The closes of bars as simple returns from a price.
pub(super) fn returns(from: f64, bars: &Bars) -> Vec<f64> {
    bars.close.iter().map(|close| close / from - 1.0).collect()
}
