//! Sizes of stored windows.

use std::sync::Arc;

use super::size::{Size, Usual, change};
use crate::db::memo::ByWindow;
use crate::db::place::Place;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Interval, Timestamp, Window};
use crate::store::{SeriesId, SeriesRecord};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// What is usual is worked out for every 16th bar and holds for windows that begin up to the next:
/// neighbours share it, and a year that ends up to 15 bars earlier is as good.
pub(in crate::db) const FRESHNESS: i64 = 16;

impl View {
    /// How large the moves of a stored window were, in units of what was usual for its series in the
    /// year before it; `None` if its bars are not stored, or if there were fewer than 64 bars before it.
    ///
    /// ```
    /// # use rhymedb::{Database, Target};
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
    /// let view = db.now();
    /// for hit in view.similar(target).run()?.hits {
    ///     if let (Some(change), Some(size)) = (view.change(&hit.window)?, view.size(&hit.window)?) {
    ///         println!("{:+.1} %, {:+.1} deviations", 100.0 * change, size.window);
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the view does not know the window yet; those of the catalog.
    pub fn size(&self, window: &Window) -> Result<Option<Size>> {
        self.of_bars(window, |snapshot, id, bars| snapshot.size_of(id, bars))
    }

    /// The simple return of a stored window, from the open of its first bar to the close of its last:
    /// 0.02 is a rise of 2 %. `None` if its bars are not stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the view does not know the window yet; those of the catalog.
    pub fn change(&self, window: &Window) -> Result<Option<f64>> {
        self.of_bars(window, |_, _, bars| Ok(change(bars)))
    }

    fn of_bars<T>(
        &self,
        window: &Window,
        of: impl FnOnce(&Snapshot, SeriesId, &Bars) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        if window.end > self.clamp(None) {
            return Err(Error::invalid(format!(
                "expected a window that the view knows, found {window}; ask a later view"
            )));
        }
        self.look(|snapshot| {
            let Some((id, record)) = snapshot.id_of(&window.series) else {
                return Ok(None);
            };
            let bars = snapshot.bars_between(id, record, window)?;
            bars.map_or(Ok(None), |bars| of(snapshot, id, &bars))
        })
    }
}

impl Snapshot {
    /// The size of the window of so many bars that ends at a place.
    pub(in crate::db) fn size(&self, place: Place, window_bars: u32) -> Result<Option<Size>> {
        let bars = self.window_bars(place, window_bars)?;
        bars.map_or(Ok(None), |bars| self.size_of(place.series, &bars))
    }

    /// The bars of the window of so many bars that ends at a place, if all of them are stored.
    pub(in crate::db) fn window_bars(
        &self,
        place: Place,
        window_bars: u32,
    ) -> Result<Option<Bars>> {
        let record = self.record(place.series)?;
        self.last_bars(place, record, window_bars as usize)
    }

    /// The same of a known series.
    pub(in crate::db) fn last_bars(
        &self,
        place: Place,
        record: &SeriesRecord,
        wanted: usize,
    ) -> Result<Option<Bars>> {
        let interval = record.key.interval;
        let last_open = match interval {
            Interval::Fixed(ms) => place.end.saturating_sub(ms),
            // Those that open on the 30th and on the 31st close alike, so one bar too many is read.
            Interval::Months(_) => place.end.saturating_sub(1),
        };
        let last_open = Timestamp::from_millis(last_open);
        let stored = self.bars_back(place.series, last_open, wanted.saturating_add(1))?;
        let close = |open: i64| interval.close_of(Timestamp::from_millis(open)).millis();
        let closed = stored.time.partition_point(|&t| close(t) <= place.end);
        let times = stored.time.get(..closed).unwrap_or_default();
        let ends_there = times.last().is_some_and(|&t| close(t) == place.end);
        let first = closed.checked_sub(wanted).filter(|_| ends_there);
        Ok(first.map(|first| stored.slice(first..closed)))
    }

    /// The bars of a window that is given by its ends.
    fn bars_between(
        &self,
        id: SeriesId,
        record: &SeriesRecord,
        window: &Window,
    ) -> Result<Option<Bars>> {
        let interval = record.key.interval;
        let length = window.end.millis().saturating_sub(window.start.millis());
        let most = usize::try_from(length / interval.nominal_millis()).unwrap_or_default();
        // Months are shorter than they are taken to be.
        let bars = self.bars_from(id, window.start, most.saturating_add(2 + most / 8))?;
        let close = |open: i64| interval.close_of(Timestamp::from_millis(open));
        let closed = bars.time.partition_point(|&t| close(t) <= window.end);
        let times = bars.time.get(..closed).unwrap_or_default();
        let whole = times.first() == Some(&window.start.millis())
            && times.last().is_some_and(|&t| close(t) == window.end);
        Ok(whole.then(|| bars.slice(0..closed)))
    }

    /// The size of a window by its bars.
    pub(in crate::db) fn size_of(&self, series: SeriesId, bars: &Bars) -> Result<Option<Size>> {
        let Some(&start) = bars.time.first() else {
            return Ok(None);
        };
        let usual = self.usual(series, start)?;
        Ok(usual.and_then(|usual| Size::of(bars, &usual)))
    }

    /// What was usual for a series when a window began; `None` if there were too few bars.
    fn usual(&self, series: SeriesId, start: i64) -> Result<Option<Usual>> {
        let record = self.record(series)?;
        let interval = record.key.interval;
        let grid = interval.nominal_millis().saturating_mul(FRESHNESS);
        let until = start.saturating_sub(start.rem_euclid(grid));
        let known: Arc<ByWindow<Option<Usual>>> = self.memo.by_window(Vec::new())?;
        let place = Place { end: until, series };
        known.get(place, || {
            let opens = until.saturating_sub(YEAR_MS)..until;
            let continuous = record.calendar == Calendar::Continuous;
            let step = match interval {
                Interval::Fixed(ms) if continuous => Some(ms),
                Interval::Fixed(_) | Interval::Months(_) => None,
            };
            let sums = self.bar_sums(series, opens, step)?;
            let usual = Usual::new(sums.squares, sums.returns, sums.volume_squares, sums.bars);
            // The last of these bars may close a bar later.
            let looked = interval.close_of(Timestamp::from_millis(until)).millis();
            Ok((usual, looked))
        })
    }
}
