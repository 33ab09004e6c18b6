//! Where candles come from.

use std::time::Duration;

use rhymedb::{Control, Database, SeriesKey, Target, Timestamp};

use crate::failure::Outcome;

/// What a source did in one round.
pub(super) struct Round {
    /// Whether bars were stored.
    pub(super) changed: bool,
    /// Closes before this time can be decided: all that is known at them is stored.
    pub(super) horizon: Timestamp,
    /// Whether a candle that has closed is still waited for.
    pub(super) late: bool,
    /// When to look again.
    pub(super) wait: Duration,
    /// How many series could not be brought up to date, and are tried again.
    pub(super) failing: usize,
}

/// Where candles come from.
pub(super) trait Source {
    /// Brings in what there is, so that the series can be found.
    fn begin(&mut self, db: &Database, control: &Control) -> Outcome;
    /// Takes the series to follow.
    fn follow(&mut self, db: &Database, series: &[SeriesKey]) -> Outcome;
    /// Stores what closed since.
    fn round(&mut self, db: &Database) -> Outcome<Round>;
    /// What to type if a series is not stored.
    fn missing(&self, target: &Target) -> Option<String>;
}
