//! Closes of many series side by side, as of a view.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::filter::{Filter, WHICH_AND_WHEN};
use super::panel_rows::{PanelColumn, PanelRows};
use super::row_filter::RowFilter;
use super::setters::setters;
use super::similar::within;
use crate::db::snapshot::Snapshot;
use crate::db::threads::start_threads;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Calendar, Interval, SeriesKey, Timestamp};
use crate::store::{BarReads, SeriesId};

/// The most closes of a table: 256 MB.
const MOST_CLOSES: usize = 1 << 25;
/// A series has ended if it has no bar for so many bars, and for a week: a long weekend ends nothing.
const BARS_OF_SILENCE: i64 = 5;
const WEEK: i64 = 7 * 86_400_000;

/// A question for the closes of many series side by side, made by [`View::panel`].
#[derive(Clone, Debug)]
pub struct ClosePanel {
    view: View,
    filter: Filter,
    rows: Option<usize>,
    quorum: f64,
}

/// The answer to [`View::panel`]: a table with a row for each close time and a column for each series.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClosePanelAnswer {
    /// The length of a bar of all of them.
    pub interval: Interval,
    /// The columns, ascending by name.
    pub series: Vec<SeriesKey>,
    /// The rows: close times, ascending.
    pub times: Vec<Timestamp>,
    /// Series that pass the filter and have no bar in the period.
    pub without_bars: Vec<SeriesKey>,
    /// Close times between the first and the last row at which fewer series than the quorum have a bar, and
    /// which are no rows.
    pub left_out_times: usize,
    /// Whether series of markets that never close stand beside series of markets with sessions: what both call
    /// a day then ends at different moments, as far as the stored times say.
    pub mixed_calendars: bool,
    /// How long it took.
    pub took: Duration,
    /// Column by column; NaN where there is no bar.
    closes: Vec<f64>,
}

/// A series that passes the filter and has begun.
struct PanelSeries {
    id: SeriesId,
    key: SeriesKey,
    calendar: Calendar,
    /// When its first and its last stored bar close, in milliseconds UTC; the last may be after the view's time.
    first: i64,
    last: i64,
}

impl View {
    /// Asks for the closes of many series side by side, each row one moment: what correlations, groups and
    /// portfolios are made of. All series have bars of one interval.
    ///
    /// A row is a close time at which at least half of the series have a bar ([`ClosePanel::quorum`]), of those
    /// that had begun and had not ended (no bar for five bars, and for a week). A missing bar is a missing close and is never filled. So a return from
    /// the row before ([`ClosePanelAnswer::log_return`]) covers the same time for every series that has one.
    ///
    /// Bars that were corrected later are seen as corrected, as everywhere.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let coins = Filter::new().market("crypto");
    /// let table = db.at("2015-02-01".parse()?).panel().filter(coins).rows(100).run()?;
    /// let last = table.times.len() - 1;
    /// for (column, series) in table.series.iter().enumerate() {
    ///     println!("{series} {:?} {:?}", table.close(last, column), table.log_return(last, column));
    /// }
    /// assert_eq!((table.times.len(), table.times[last]), (100, "2015-02-01".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn panel(&self) -> ClosePanel {
        ClosePanel {
            view: self.clone(),
            filter: Filter::default(),
            rows: None,
            quorum: 0.5,
        }
    }
}

impl ClosePanel {
    setters! {
        /// Which series, and the first and the last close; it replaces the one before. Default: all.
        fn filter(filter: Filter);

        /// The latest rows, so many at most. Default: all of the period.
        fn rows(rows: usize) as Some;

        /// The share of the series that must have a bar at a time that is a row, of those that had begun and had
        /// not ended: 0 takes every time, 1 takes those at which nobody misses. Default: 0.5.
        fn quorum(share: f64);
    }

    /// Reads the bars.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name of the filter is that of nothing stored; [`Error::Invalid`] if an option is
    /// out of range, if series of several intervals pass, if none has a bar in the period, or if the table
    /// would have more than 33,554,432 closes.
    pub fn run(&self) -> Result<ClosePanelAnswer> {
        if !(0.0..=1.0).contains(&self.quorum) {
            return Err(Error::invalid(format!(
                "expected a quorum from 0 to 1, found {}",
                self.quorum
            )));
        }
        if let Some(rows) = self.rows {
            within("a number of rows", rows, MOST_CLOSES)?;
        }
        self.filter.check()?;
        self.filter.only("a table of closes", WHICH_AND_WHEN)?;
        self.view.look(|snapshot| self.answer(snapshot))
    }

    fn answer(&self, snapshot: &Snapshot) -> Result<ClosePanelAnswer> {
        let start = Instant::now();
        let filter = self.filter.rows(&self.view, snapshot)?;
        let listed = listed(snapshot, &filter)?;
        let interval = one_interval(&listed)?;
        start_threads()?;
        let reading = PanelReading {
            view: &self.view,
            snapshot,
            listed: &listed,
            interval,
        };
        let (columns, rows) = self.read(&reading, filter.period())?;
        let mut answer = ClosePanelAnswer {
            interval,
            series: Vec::new(),
            times: rows
                .times
                .iter()
                .map(|&t| Timestamp::from_millis(t))
                .collect(),
            without_bars: Vec::new(),
            left_out_times: rows.left_out,
            mixed_calendars: false,
            took: Duration::ZERO,
            closes: Vec::new(),
        };
        let mut calendars = Vec::new();
        let mut held = Vec::new();
        for (series, column) in listed.into_iter().zip(&columns) {
            let of_rows = rows.times.first().copied();
            // A series may have ended before the first row.
            if column
                .times()
                .last()
                .is_none_or(|last| Some(*last) < of_rows)
            {
                answer.without_bars.push(series.key);
            } else {
                answer.series.push(series.key);
                calendars.push(series.calendar);
                held.push(column);
            }
        }
        if held.is_empty() {
            return Err(Error::invalid(
                "expected bars in the period of a table, found none of the series that pass the filter; `rhyme series` says from when to when there are bars",
            ));
        }
        answer.closes = rows.table(&held);
        answer.mixed_calendars = calendars
            .windows(2)
            .any(|two| !matches!(two, [a, b] if a == b));
        answer.took = start.elapsed();
        Ok(answer)
    }

    /// The bars of all series, and the rows that they make. Of the latest rows so much is read as they take.
    fn read(
        &self,
        reading: &PanelReading<'_>,
        period: RangeInclusive<i64>,
    ) -> Result<(Vec<PanelColumn>, PanelRows)> {
        let (from, to) = period.into_inner();
        let silence = (BARS_OF_SILENCE * reading.interval.nominal_millis()).max(WEEK);
        let Some(wanted) = self.rows else {
            let columns = reading.columns(from.saturating_sub(silence)..=to)?;
            let mut rows = PanelRows::of(&columns, self.quorum, silence);
            rows.keep_from(from);
            return Ok((columns, rows));
        };
        let newest = reading.listed.iter().map(|s| s.last.min(to)).max();
        let oldest = reading.listed.iter().map(|s| s.first).min();
        let (newest, oldest) = (newest.unwrap_or(to), oldest.unwrap_or(from));
        // With sessions the bars of an hour are spread over nights and weekends.
        let bar = reading.interval.nominal_millis();
        let mut span = bar.saturating_mul(wanted as i64).saturating_mul(2);
        loop {
            let start = newest.saturating_sub(span).max(from);
            let columns = reading.columns(start.saturating_sub(silence)..=to)?;
            let mut rows = PanelRows::of(&columns, self.quorum, silence);
            rows.keep_from(start);
            if rows.times.len() >= wanted || start <= oldest.max(from) {
                rows.keep_last(wanted);
                return Ok((columns, rows));
            }
            span = span.saturating_mul(4);
        }
    }
}

/// What the bars of a table are read with.
struct PanelReading<'a> {
    view: &'a View,
    snapshot: &'a Snapshot,
    listed: &'a [PanelSeries],
    interval: Interval,
}

impl PanelReading<'_> {
    /// The bars of each series that close in a range of time, in its order.
    fn columns(&self, closes: RangeInclusive<i64>) -> Result<Vec<PanelColumn>> {
        let read = AtomicUsize::new(0);
        let column = |series: &PanelSeries| {
            self.view.go_on()?;
            let column = self.column(series, closes.clone())?;
            let more = column.times().len();
            if read.fetch_add(more, Ordering::Relaxed) + more > MOST_CLOSES {
                return Err(Error::invalid(format!(
                    "expected a table of at most {MOST_CLOSES} closes, found more in the bars of {} series; choose fewer series or a shorter period",
                    self.listed.len()
                )));
            }
            Ok(column)
        };
        self.listed.par_iter().map(column).collect()
    }

    fn column(&self, series: &PanelSeries, closes: RangeInclusive<i64>) -> Result<PanelColumn> {
        let (from, to) = closes.into_inner();
        let first_open = match from {
            i64::MIN => i64::MIN,
            from => self.interval.open_of(Timestamp::from_millis(from)).millis(),
        };
        let found = self.snapshot.closes(series.id, first_open..=to)?;
        let close = |open: i64| self.interval.close_of(Timestamp::from_millis(open));
        let times = found.time.iter().map(|&open| close(open).millis());
        Ok(PanelColumn::new(series.first, times.collect(), found.close).within(from..=to))
    }
}

/// The series that pass a filter and have begun, by name: of what begins later nobody hears.
fn listed(snapshot: &Snapshot, filter: &RowFilter) -> Result<Vec<PanelSeries>> {
    let mut listed = Vec::new();
    for (&id, record) in snapshot.series.iter() {
        if !filter.wants(id) {
            continue;
        }
        let Some(extent) = snapshot.txn.bar_extent(id)? else {
            continue;
        };
        let close = |open: i64| record.key.interval.close_of(Timestamp::from_millis(open));
        let (first, last) = (close(extent.first).millis(), close(extent.last).millis());
        if first <= *filter.period().end() {
            listed.push(PanelSeries {
                id,
                key: record.key.clone(),
                calendar: record.calendar,
                first,
                last,
            });
        }
    }
    listed.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(listed)
}

fn one_interval(listed: &[PanelSeries]) -> Result<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    for series in listed {
        if !intervals.contains(&series.key.interval) {
            intervals.push(series.key.interval);
        }
    }
    match intervals.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::invalid(
            "expected a filter that some series pass, found none with a bar that is known; `rhyme series` lists what is stored",
        )),
        several => {
            let named: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Error::invalid(format!(
                "expected series of one interval, found {}; choose one, like --interval {}",
                named.join(", "),
                several.first().map_or(String::new(), ToString::to_string)
            )))
        }
    }
}

impl ClosePanelAnswer {
    /// The close of a column in a row; `None` where there is no bar.
    pub fn close(&self, row: usize, column: usize) -> Option<f64> {
        let close = self.closes(column).get(row).copied()?;
        (!close.is_nan()).then_some(close)
    }

    /// The closes of a column, row by row; NaN where there is no bar.
    pub fn closes(&self, column: usize) -> &[f64] {
        let n = self.times.len();
        let from = column.saturating_mul(n);
        let part = self.closes.get(from..from.saturating_add(n));
        part.unwrap_or_default()
    }

    /// The log return of a column from the row before to this one; `None` of the first row, and where one of
    /// the two bars is missing.
    pub fn log_return(&self, row: usize, column: usize) -> Option<f64> {
        let before = self.close(row.checked_sub(1)?, column)?;
        Some((self.close(row, column)? / before).ln())
    }

    /// The log returns of a column from row to row, one fewer than there are rows; NaN where one of the two bars
    /// is missing.
    pub fn log_returns(&self, column: usize) -> Vec<f64> {
        let two = self.closes(column).array_windows::<2>();
        two.map(|[a, b]| (b / a).ln()).collect()
    }
}
