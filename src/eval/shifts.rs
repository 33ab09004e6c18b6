//! The same windows with the outcomes of other times: what forecasts find that know nothing.
//!
//! All outcomes are moved together in time, so what is common to many series on one day, and what
//! hangs together from bar to bar, stays as it is; only what forecasts and outcomes have to do with
//! each other is lost. Random forecasts are no such null: they break what is common too, and find
//! agreement less often by chance than forecasts do that follow the market.

use super::charts::ChartWindow;
use super::ground::Ground;
use crate::model::Timestamp;

/// How many shifts are tried, evenly spread.
const SHIFTS: i64 = 199;

/// The outcomes of windows at other times; `None` where a series has none there.
pub(super) type Shifted = Vec<Option<f64>>;

/// The outcomes of the windows over `horizon` bars, shifted in [`SHIFTS`] ways within the time from the
/// first window to the last, around its end. No shift is so small that a window would meet an outcome
/// that overlaps its own bars or its own outcome: where the whole time is too short there is none.
pub(super) fn shifted(ground: &Ground<'_>, places: &[ChartWindow], horizon: usize) -> Vec<Shifted> {
    let ends = places.iter().map(|p| ground.end(*p).millis());
    let (first, last) = (ends.clone().min(), ends.max());
    let (Some(first), Some(last)) = (first, last) else {
        return Vec::new();
    };
    let length = |p: &ChartWindow| {
        let chart = ground.chart(*p)?;
        let end = chart.end(p.bar + horizon).millis();
        Some(end.saturating_sub(chart.start(p.bar, ground.window)))
    };
    let least = places.iter().filter_map(length).max().unwrap_or(i64::MAX);
    let whole = last - first + 1;
    let shifts = (1..=SHIFTS).map(|k| whole / (SHIFTS + 1) * k);
    let far = shifts.filter(|&by| by >= least && whole - by >= least);
    far.map(|by| {
        let outcome = |place: &ChartWindow| {
            let at = first + (ground.end(*place).millis() - first + by).rem_euclid(whole);
            let chart = ground.chart(*place)?;
            let closed = Timestamp::from_millis(at);
            let bar = chart
                .closes
                .partition_point(|&c| c <= closed)
                .checked_sub(1)?;
            // Where the series was not traded then, its last bar is an old one.
            let fresh = at - chart.end(bar).millis() < least;
            let there = fresh && chart.has_window(bar, ground.window, horizon);
            let outcome = chart.outcome(bar, ground.window, horizon);
            outcome.filter(|_| there)
        };
        places.iter().map(outcome).collect()
    })
    .collect()
}
