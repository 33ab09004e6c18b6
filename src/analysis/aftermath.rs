//! What a series did after a moment.

use crate::db::View;
use crate::error::Result;
use crate::model::{Bars, SeriesKey, Timestamp};

/// A market may be closed for so long between the news and its next bar.
const HOLIDAYS_MS: i64 = 7 * 24 * 3_600_000;

/// What a series did after a headline: from the close of the first bar that closed when the
/// headline was known, to the close of the bar that is the horizon's number of bars later.
#[derive(Clone, Debug, PartialEq)]
pub struct ReactionOutcome {
    /// The series.
    pub series: SeriesKey,
    /// The close at which it starts.
    pub start: Timestamp,
    /// The close at which it ends.
    pub end: Timestamp,
    /// The return: 0.01 is 1 %.
    pub change: f64,
    /// The highest price on the way, as a return.
    pub best: f64,
    /// The lowest price on the way, as a return.
    pub worst: f64,
}

/// The outcome of a series after a moment, if it had closed at the view's time.
pub(super) fn after(
    view: &View,
    key: &SeriesKey,
    known: Timestamp,
    horizon: usize,
) -> Result<Option<ReactionOutcome>> {
    let bar = key.interval.nominal_millis();
    let wanted = horizon + 1;
    // Twice the time covers weekends; where it does not, more is read, up to all there is.
    let mut span = bar
        .saturating_mul(2 * wanted as i64)
        .saturating_add(HOLIDAYS_MS);
    loop {
        let to = known.millis().saturating_add(span);
        let last = Timestamp::from_millis(to);
        let bars = view.bars(key, Some(known), Some(last), None)?.bars;
        let first = bars.time.first().map(|&t| Timestamp::from_millis(t));
        let opened = first.map(|t| t.millis().saturating_sub(known.millis()));
        if opened.is_some_and(|late| late > bar.saturating_add(HOLIDAYS_MS)) {
            return Ok(None);
        }
        if bars.len() >= wanted || to == i64::MAX {
            return Ok(outcome(key, &bars, 0, horizon));
        }
        span = span.saturating_mul(4);
    }
}

/// The outcome from the close of bar `first` to the close `horizon` bars later.
pub(super) fn outcome(
    key: &SeriesKey,
    bars: &Bars,
    first: usize,
    horizon: usize,
) -> Option<ReactionOutcome> {
    let last = first + horizon;
    let close = |i: usize| bars.close.get(i).copied();
    let time = |i: usize| {
        let open = bars.time.get(i).map(|&t| Timestamp::from_millis(t))?;
        Some(key.interval.close_of(open))
    };
    let entry = close(first)?;
    let highest = bars
        .high
        .get(first + 1..=last)?
        .iter()
        .copied()
        .fold(f64::MIN, f64::max);
    let lowest = bars
        .low
        .get(first + 1..=last)?
        .iter()
        .copied()
        .fold(f64::MAX, f64::min);
    Some(ReactionOutcome {
        series: key.clone(),
        start: time(first)?,
        end: time(last)?,
        change: close(last)? / entry - 1.0,
        best: highest / entry - 1.0,
        worst: lowest / entry - 1.0,
    })
}
