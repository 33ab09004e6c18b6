//! Whether the weights of a space have seen what came after the time of an answer.
//!
//! Vectors of a trained space follow from all that its weights were trained on. So an answer as of
//! a time before the end of that training knows what nobody could know then, however carefully it
//! leaves out what is stored.

use super::past::Past;
use super::query::Query;
use crate::db::place::Place;
use crate::db::snapshot::SpaceState;
use crate::encode::Weights;
use crate::error::Result;
use crate::model::{Modality, SeriesKey, Timestamp, Window};

impl SpaceState {
    /// Until when the weights of the space have seen a series, or anything where there is none, if
    /// that is after `time`; the end of time where nobody says until when. `None` too without a time, and where
    /// nothing was trained.
    pub(in crate::db) fn learned_after(
        &self,
        time: Option<Timestamp>,
        series: Option<&SeriesKey>,
    ) -> Result<Option<Timestamp>> {
        let Some(time) = time else {
            return Ok(None);
        };
        let trained = self.weights()?.map(Weights::trained);
        let until = match (self.space().encoder.modality, trained, series) {
            // Nobody says until when the model of imported vectors was trained.
            (Modality::Imported, ..) => Some(Timestamp::from_millis(i64::MAX)),
            (_, Some(trained), Some(series)) => trained.until(series),
            (_, Some(trained), None) => trained.latest(),
            (_, None, _) => None,
        };
        Ok(until.filter(|until| *until > time))
    }

    /// The same for a question: one about a stored window is about its series, any other one about
    /// whatever the weights have seen.
    pub(in crate::db) fn learned_about(
        &self,
        time: Option<Timestamp>,
        (query, window): (&Query, Option<&Window>),
    ) -> Result<Option<Timestamp>> {
        let window = window.filter(|_| matches!(query, Query::Target(_)));
        self.learned_after(time, window.map(|w| &w.series))
    }
}

impl Past<'_> {
    /// [`SpaceState::learned_after`] as of the view.
    pub(crate) fn learned_of(&self, series: &SeriesKey) -> Result<Option<Timestamp>> {
        self.state.learned_after(self.view.as_of(), Some(series))
    }

    /// [`SpaceState::learned_about`] as of the view.
    pub(crate) fn learned_about(
        &self,
        query: &Query,
        window: Option<&Window>,
    ) -> Result<Option<Timestamp>> {
        let as_of = self.view.as_of();
        self.state.learned_about(as_of, (query, window))
    }

    /// Until when the weights of the space have seen the series of a window, if that is after the
    /// window began: then they have seen some of its bars. Such a window is compared with no others,
    /// and no others with it.
    pub(crate) fn learned_window(&self, place: Place) -> Result<Option<Timestamp>> {
        let Some(until) = self.learned_until(place)? else {
            return Ok(None);
        };
        // Whether it began before is asked of the bars only where it ended after.
        let seen = place.end <= until || self.begins(place)? < until;
        Ok(seen.then_some(Timestamp::from_millis(until)))
    }

    /// Until when the weights of the space have seen a series, if that is after the view's time.
    pub(crate) fn learned_later(&self, series: &SeriesKey) -> Result<Option<Timestamp>> {
        self.state.learned_after(self.view.as_of(), Some(series))
    }

    /// Until when the weights of the space have seen the series of a window, in milliseconds UTC.
    pub(crate) fn learned_until(&self, place: Place) -> Result<Option<i64>> {
        let (series, _) = self.series(place.series)?;
        let always = Some(Timestamp::from_millis(i64::MIN));
        let until = self.state.learned_after(always, Some(series))?;
        Ok(until.map(Timestamp::millis))
    }
}
