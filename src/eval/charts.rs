//! Series with their bars, windows named by their last bar, and what came after them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::vectors::Vectors;
use crate::db::{Control, View};
use crate::encode::ChartEncoder;
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Interval, SeriesKey, Timestamp};

/// Bars that an estimate of volatility leaves out at its end, so that what has just happened is
/// measured against what was before.
const LATEST: usize = 5;
/// Windows that are encoded between two looks whether to stop.
const BATCH: usize = 4096;

/// A series.
pub(super) struct Chart {
    pub(super) key: SeriesKey,
    pub(super) bars: Bars,
    /// When each bar closed.
    pub(super) closes: Vec<Timestamp>,
    /// Bars since the last gap, up to and with each.
    run: Vec<usize>,
    /// Logarithms of the closes.
    logs: Vec<f64>,
}

/// A window: which of the charts, and its last bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ChartWindow {
    pub(super) series: usize,
    pub(super) bar: usize,
}

impl Chart {
    pub(super) fn new(key: SeriesKey, calendar: Calendar, bars: Bars) -> Self {
        let close_of = |&t: &i64| key.interval.close_of(Timestamp::from_millis(t));
        let closes: Vec<_> = bars.time.iter().map(close_of).collect();
        let mut run = Vec::with_capacity(bars.len());
        let mut length = 0;
        let mut before: Option<Timestamp> = None;
        for (&open, &close) in bars.time.iter().zip(&closes) {
            let joined = before.is_some_and(|b| b.millis() == open);
            length = if joined || calendar == Calendar::Session {
                length + 1
            } else {
                1
            };
            run.push(length);
            before = Some(close);
        }
        let logs = bars.close.iter().map(|c| c.ln()).collect();
        Self {
            key,
            bars,
            closes,
            run,
            logs,
        }
    }

    /// The series of a view.
    pub(super) fn all(
        view: &View,
        market: Option<&str>,
        interval: Option<Interval>,
    ) -> Result<Vec<Self>> {
        let mut charts = Vec::new();
        for info in view.series()? {
            let admitted = market.is_none_or(|m| m == info.key.market);
            if admitted && interval.is_none_or(|i| i == info.key.interval) {
                let bars = view.bars(&info.key, None, None, None)?.bars;
                charts.push(Self::new(info.key, info.calendar, bars));
            }
        }
        if charts.is_empty() {
            return Err(Error::NotFound {
                what: "series",
                name: format!(
                    "of {}",
                    market.map_or_else(|| "the wanted interval".to_owned(), str::to_owned)
                ),
                hint_text: "`rhyme series` lists what is stored".to_owned(),
            });
        }
        Ok(charts)
    }

    /// Whether a window that reaches back `reach` bars ends with this bar, moves, and has `after`
    /// bars behind it.
    pub(super) fn has_window(&self, bar: usize, reach: usize, after: usize) -> bool {
        let gapless = self.run.get(bar).is_some_and(|&r| r >= reach);
        let followed = self.run.get(bar + after).is_some_and(|&r| r > after);
        let moved = || {
            let first = (bar + 1).saturating_sub(reach);
            let part = self.logs.get(first..=bar).unwrap_or(&[]);
            part.array_windows::<2>().any(|[a, b]| a != b)
        };
        gapless && followed && moved()
    }

    /// When the first bar opened that a window reads.
    pub(super) fn start(&self, bar: usize, reach: usize) -> i64 {
        let first = (bar + 1).checked_sub(reach);
        let open = first.and_then(|i| self.bars.time.get(i));
        open.copied().unwrap_or(i64::MIN)
    }

    pub(super) fn end(&self, bar: usize) -> Timestamp {
        let end = self.closes.get(bar).copied();
        end.unwrap_or(Timestamp::from_millis(i64::MAX))
    }

    /// The return up to `bar` since the last close before a headline's own time, in units of the
    /// volatility before and of the root of its bars.
    ///
    /// `after` bars follow the moment when the headline was surely known. Its own time may lie in the bar
    /// before them: one dated by its day can have been told at the day's start, so a daily bar counts. `None`
    /// where more bars than that one lie between: nobody knows to which of them it belongs.
    pub(super) fn reaction(
        &self,
        bar: usize,
        time: Timestamp,
        after: usize,
        window: usize,
    ) -> Option<f64> {
        let closed = self.closes.partition_point(|&c| c <= time);
        let bars = (bar + 1).saturating_sub(closed);
        if bars > after + 1 {
            return None;
        }
        let before = bar.checked_sub(bars.saturating_sub(LATEST))?;
        let volatility = self.volatility(before, window)?;
        Some(self.move_to(bar, bars)? / (volatility * (bars.max(1) as f64).sqrt()))
    }

    /// `ln(close / close so many bars before)`.
    pub(super) fn move_to(&self, bar: usize, bars: usize) -> Option<f64> {
        Some(self.logs.get(bar)? - self.logs.get(bar.checked_sub(bars)?)?)
    }

    /// The root of the mean squared log return of a bar over `bars` bars, without the latest five
    /// up to `bar`.
    pub(super) fn volatility(&self, bar: usize, bars: usize) -> Option<f64> {
        let last = bar.checked_sub(LATEST)?;
        let first = (bar + 1).checked_sub(bars)?;
        let part = self.logs.get(first..=last)?;
        let squares = part.array_windows::<2>().map(|[a, b]| (b - a).powi(2));
        let volatility = (squares.sum::<f64>() / part.len().saturating_sub(1).max(1) as f64).sqrt();
        (volatility > 1e-9).then_some(volatility)
    }

    /// The return over the `horizon` bars after `bar`, in units of the window's volatility and of
    /// the root of the horizon.
    pub(super) fn outcome(&self, bar: usize, window: usize, horizon: usize) -> Option<f64> {
        let after = self.move_to(bar + horizon, horizon)?;
        Some(after / (self.volatility(bar, window)? * (horizon as f64).sqrt()))
    }
}

/// Encodes windows, in the order given. `None` for a window without an embedding.
pub(super) fn encode(
    encoder: &dyn ChartEncoder,
    charts: &[Chart],
    places: &[ChartWindow],
    control: &Control,
) -> Result<Vec<Option<Vec<f32>>>> {
    let mut by_series: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (number, place) in places.iter().enumerate() {
        let list = by_series.entry(place.series).or_default();
        list.push((place.bar, number));
    }
    by_series.values_mut().for_each(|list| list.sort_unstable());
    let jobs: Vec<(usize, &[(usize, usize)])> = by_series
        .iter()
        .flat_map(|(&series, list)| list.chunks(BATCH).map(move |part| (series, part)))
        .collect();
    let encoded: Vec<_> = jobs
        .par_iter()
        .map(|(series, part)| {
            if control.is_stopped() {
                return Err(Error::Interrupted);
            }
            let Some(chart) = charts.get(*series) else {
                return Ok(Vec::new());
            };
            let ends: Vec<usize> = part.iter().map(|(bar, _)| *bar).collect();
            let rows = encoder.encode_series(&chart.bars, &ends)?;
            let row = |(i, (_, number)): (usize, &(usize, usize))| {
                (*number, rows.row(i).map(<[f32]>::to_vec))
            };
            Ok(part.iter().enumerate().map(row).collect())
        })
        .collect::<Result<_>>()?;
    let mut found = vec![None; places.len()];
    for (number, row) in encoded.into_iter().flatten() {
        if let Some(slot) = found.get_mut(number) {
            *slot = row;
        }
    }
    Ok(found)
}

/// Encodes windows by several encoders: the indices of those that have an embedding in all, and
/// their vectors.
pub(super) fn encode_by_all(
    encoders: &[&dyn ChartEncoder],
    charts: &[Chart],
    places: &[ChartWindow],
    control: &Control,
) -> Result<(Vec<usize>, Vec<Vectors>)> {
    let mut kept: Vec<usize> = (0..places.len()).collect();
    let mut all = Vec::with_capacity(encoders.len());
    for encoder in encoders {
        let rows = encode(*encoder, charts, places, control)?;
        kept.retain(|&i| rows.get(i).is_some_and(Option::is_some));
        all.push((encoder.spec().dim as usize, rows));
    }
    let vectors = all.into_iter().map(|(dim, rows)| {
        let mut vectors = Vectors::new(dim);
        for row in kept.iter().filter_map(|&i| rows.get(i)?.as_deref()) {
            vectors.push(row);
        }
        vectors
    });
    let vectors = vectors.collect();
    Ok((kept, vectors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bar;

    const HOUR_MS: i64 = 3_600_000;
    const DAY_MS: i64 = 24 * HOUR_MS;

    /// Bars whose price doubles in the first, quadruples in the second and so on of the last three.
    fn chart(interval: Interval, calendar: Calendar, opens: &[i64]) -> Chart {
        let mut bars = Bars::default();
        for (i, &open) in opens.iter().enumerate() {
            let last = (i + 3).saturating_sub(opens.len());
            let price = 100.0 * (1.0 + 0.01 * (i % 2) as f64) * 2_f64.powi((last * last) as i32);
            bars.push(Bar {
                time: Timestamp::from_millis(open),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 1.0,
            });
        }
        let key = SeriesKey {
            market: "any".to_owned(),
            venue: "any".to_owned(),
            symbol: "ACME".to_owned(),
            interval,
        };
        Chart::new(key, calendar, bars)
    }

    /// How many bars a reaction is told from, by its size.
    fn bars_of(chart: &Chart, bar: usize, time: i64, after: usize) -> Option<usize> {
        let found = chart.reaction(bar, Timestamp::from_millis(time), after, 16)?;
        let size = |bars: usize| {
            let moved = chart.move_to(bar, bars)?;
            let volatility = chart.volatility(bar, 16)?;
            Some(moved / (volatility * (bars.max(1) as f64).sqrt()))
        };
        (0..=5).find(|&bars| size(bars).is_some_and(|z| (z - found).abs() < 1e-9))
    }

    #[test]
    fn the_day_of_a_headline_dated_by_its_day_is_part_of_the_reaction() {
        // Sessions from Monday to Friday; day 4 was a Monday, the last bar is one.
        let opens = (4..54).filter(|day| (day - 4) % 7 < 5).map(|d| d * DAY_MS);
        let mut opens: Vec<i64> = opens.collect();
        opens.truncate(36);
        let chart = chart(Interval::days(1), Calendar::Session, &opens);
        let monday = opens.len() - 1;
        let friday = opens.get(monday - 1).copied().unwrap_or_default();
        // Told on Friday, seen at the end of Monday: both bars. Told on Saturday: Monday's alone.
        assert_eq!(bars_of(&chart, monday, friday, 1), Some(2));
        assert_eq!(bars_of(&chart, monday, friday + DAY_MS, 1), Some(1));
        // On Thursday: too long ago for a window that ends one bar after it was known.
        assert_eq!(bars_of(&chart, monday, friday - DAY_MS, 1), None);
    }

    #[test]
    fn a_day_says_nothing_of_hours() {
        let opens: Vec<i64> = (0..100).map(|i| i * HOUR_MS).collect();
        let chart = chart(Interval::hours(1), Calendar::Continuous, &opens);
        let end = 100 * HOUR_MS;
        assert_eq!(bars_of(&chart, 99, end - 4 * HOUR_MS, 4), Some(4));
        assert_eq!(bars_of(&chart, 99, end - 4 * HOUR_MS - 60_000, 4), Some(5));
        assert_eq!(bars_of(&chart, 99, end - 28 * HOUR_MS, 4), None);
    }
}
