//! Windows of a space with their bars: what they were, how far they moved, what came after them.

use std::sync::Arc;

use super::least_move::LeastMove;
use super::moving::Moving;
use super::past::Past;
use super::size::Size;
use super::target::{last_stretch, stored_window};
use crate::db::memo::ByWindow;
use crate::db::place::Place;
use crate::db::rank::Candidate;
use crate::error::{Error, Result};
use crate::model::{Bars, Timestamp, Window};
use crate::store::SeriesId;

/// What is kept of the size of a window.
#[derive(Clone, Copy, Debug)]
struct SizeScore(Option<f64>);

impl Past<'_> {
    /// A window by its place.
    pub(crate) fn window(&self, place: Place) -> Result<Window> {
        self.go_on()?;
        let series = self.snapshot.record(place.series)?;
        let candidate = Candidate {
            series: place.series,
            end: place.end,
            score: 0.0,
        };
        stored_window(self.snapshot, &candidate, series, self.window_bars())
    }

    /// The last bars without a gap up to the end of a window, `least` to `most` of them; `None` if there
    /// are fewer.
    pub(crate) fn bars_before(
        &self,
        place: Place,
        lengths: (usize, usize),
    ) -> Result<Option<Bars>> {
        let series = self.snapshot.record(place.series)?;
        let end = Timestamp::from_millis(place.end);
        let found = last_stretch(self.snapshot, (place.series, series), lengths, end);
        let bars = match found {
            Ok(bars) => bars,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(other) => return Err(other),
        };
        let close = |open: i64| series.key.interval.close_of(Timestamp::from_millis(open));
        let ends_there = bars.time.last().is_some_and(|&open| close(open) == end);
        Ok(ends_there.then_some(bars))
    }

    /// The last bar of a window and up to `n` stored bars after it, also those after the view's
    /// time: the caller looks at their close. `None` if the last bar is not stored.
    pub(crate) fn bars_after(&self, place: Place, n: usize) -> Result<Option<Bars>> {
        let interval = self.snapshot.record(place.series)?.key.interval;
        let bars = self.bars_closing_from(place.series, place.end, n)?;
        let first = bars.time.first().map(|&t| Timestamp::from_millis(t));
        let stored = first.is_some_and(|t| interval.close_of(t).millis() == place.end);
        Ok(stored.then_some(bars))
    }

    /// The last `n` bars up to a window's end.
    pub(crate) fn bars_until(&self, place: Place, n: usize) -> Result<Bars> {
        self.go_on()?;
        let interval = self.snapshot.record(place.series)?.key.interval;
        let last = interval.open_of(Timestamp::from_millis(place.end));
        self.snapshot.bars_back(place.series, last, n)
    }

    /// The first `n` bars of a series that open at or after a time, also those after the view's time.
    pub(crate) fn bars_opening_from(
        &self,
        series: SeriesId,
        time: Timestamp,
        n: usize,
    ) -> Result<Bars> {
        self.go_on()?;
        self.snapshot.bars_from(series, time, n)
    }

    /// The first stored bar of a series that closes at or after a time and up to `n` after it, also
    /// those after the view's time: the caller looks at their close.
    pub(crate) fn bars_closing_from(&self, series: SeriesId, time: i64, n: usize) -> Result<Bars> {
        self.go_on()?;
        let interval = self.snapshot.record(series)?.key.interval;
        let first = interval.open_of(Timestamp::from_millis(time));
        // Months that open on different days close alike, so one bar too many is read.
        let wanted = n.saturating_add(2);
        let bars = self.snapshot.bars_from(series, first, wanted)?;
        let ends = |t: i64| interval.close_of(Timestamp::from_millis(t)).millis();
        let start = bars.time.partition_point(|&t| ends(t) < time);
        Ok(bars.slice(start..start.saturating_add(n).saturating_add(1)))
    }

    /// The size of a window; `None` if it has no bars, or too few before it.
    pub(crate) fn size(&self, place: Place) -> Result<Option<Size>> {
        self.snapshot.size(place, self.window_bars())
    }

    /// The score of that size, kept for the next question.
    pub(crate) fn size_score(&self, place: Place) -> Result<Option<f64>> {
        let key = vec![u64::from(self.window_bars())];
        let known: Arc<ByWindow<SizeScore>> = self.memo().by_window(key)?;
        let SizeScore(score) = known.get(place, || {
            let size = self.size(place)?;
            // Nothing later than its close was looked at.
            Ok((SizeScore(size.map(|size| size.score())), place.end))
        })?;
        Ok(score)
    }

    /// When the first bar of a window opened, which nights and weekends put further back than its
    /// number of bars says.
    pub(crate) fn begins(&self, place: Place) -> Result<i64> {
        Ok(self.window(place)?.start.millis())
    }

    /// Those of the windows that moved far enough; all of them where nothing is asked of that.
    pub(crate) fn moving(&self, places: &[Place], least: Option<LeastMove>) -> Result<Vec<Place>> {
        let Some(least) = least else {
            return Ok(places.to_vec());
        };
        let moving = Moving {
            view: self.view,
            snapshot: self.snapshot,
            window_bars: self.window_bars(),
            least: Some(least),
            large: None,
        };
        let mut passing = Vec::new();
        for &place in places {
            if moving.passes(place)? {
                passing.push(place);
            }
        }
        Ok(passing)
    }
}
