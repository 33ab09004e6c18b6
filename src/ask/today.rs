//! What is unusual today: the latest window of each series, the most unusual first.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::today_names::{Named, named};
use super::today_one::{Day, one};
use super::today_request::TodayRequest;
use super::today_row::{TodayRow, TodayState};
use crate::db::{Control, Stage, View};
use crate::error::Result;
use crate::model::Timestamp;

impl TodayRequest {
    /// Asks a view. What one series cannot answer stands in its row and ends nothing.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if an option is out of its range, or if a name has a time; [`crate::Error::NotFound`] if nothing is
    /// stored of any of the names.
    pub fn ask(&self, view: &View) -> Result<TodayReply> {
        self.ask_watched(view, &Control::new())
    }

    /// Asks a view, and tells `control` how far it is.
    ///
    /// # Errors
    /// Those of [`Self::ask`], and [`crate::Error::Interrupted`].
    pub fn ask_watched(&self, view: &View, control: &Control) -> Result<TodayReply> {
        self.check()?;
        let asked = Asked::at(view, self.as_of);
        let infos = asked.view.series()?;
        let names = named(&asked.view, &infos, self)?;
        let day = Day::new(&asked.view, &infos, self)?;
        let mut rows = Vec::with_capacity(names.len());
        let mut trained = Vec::new();
        for (done, name) in names.iter().enumerate() {
            control.report(Stage::Ask, done as u64, names.len() as u64)?;
            rows.push(match name {
                Named::Series(info) => one(&day, info, &mut trained)?,
                Named::Unknown(name, why) => TodayRow::unknown(name, why),
            });
        }
        rows.sort_by(TodayRow::unusual_first);
        for (i, row) in rows.iter_mut().enumerate() {
            row.rank = i + 1;
        }
        let count = |state| rows.iter().filter(|row| row.state == state).count();
        let (measured, stale) = (count(TodayState::Measured), count(TodayState::Stale));
        let notes = trained
            .into_iter()
            .map(Some)
            .chain([self.by_chance(measured), Some(NO_FORECAST.to_owned())]);
        Ok(TodayReply {
            as_of: asked.view.as_of(),
            alarm: self.alarm,
            alarms: rows.iter().filter(|row| row.alarm).count(),
            measured,
            stale,
            notes: asked.notes(notes)?,
            series: rows,
        })
    }
}

/// What stands beside every report.
const NO_FORECAST: &str =
    "unusual is not bad and says no direction; what followed similar charts is no forecast";

/// The reply to a [`TodayRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TodayReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The rank of the size from which on a series is an alarm.
    pub alarm: Option<f64>,
    /// How many are.
    pub alarms: usize,
    /// Series of which the size could be measured.
    pub measured: usize,
    /// Series that ended before others of their market and interval, and were not asked about.
    pub stale: usize,
    /// The series: those that were measured, the most unusual first; then those that could not be, those that are
    /// stale, and names of which nothing is stored.
    pub series: Vec<TodayRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}
