use rhymedb::data::TimePrecision;
use rhymedb::{Database, Error, Interval, Result, SeriesBars};
use serde::{Deserialize, Serialize};

use super::Gathered;
use crate::config::SplitConfig;

/// The bars and headlines of a database, the one given with `--db`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSource {
    /// One market alone.
    pub market: Option<String>,
    /// One interval alone, such as `1d`.
    pub interval: Option<String>,
    /// Bars that close between the moment when a headline was known and the window's end.
    pub reaction: u32,
    /// In training a window ends up to so many bars earlier or later, by lot anew in each step; at most
    /// `reaction`, never after what is trained on, and without a gap.
    pub wander: u32,
    /// `minute` or `second`: headlines whose time is known less exactly are left out of all parts.
    pub precision: Option<String>,
    /// Headlines that name more symbols are about the market and are left out.
    pub most_symbols: usize,
    /// Without headlines: one window every so many bars.
    pub hop: usize,
    /// Pairs, or windows, of a step, if not as many as the run says.
    pub batch: Option<usize>,
    /// The share of its steps that an epoch has, drawn by lot anew in each. Default 1.
    pub share: f32,
    /// Charts of moments drawn by lot that a step sees besides: each is a counterexample of all its
    /// headlines.
    pub others: usize,
    /// What is kept apart, if not what the run keeps apart.
    pub split: Option<SplitConfig>,
}

impl Default for DatabaseSource {
    fn default() -> Self {
        Self {
            market: None,
            interval: None,
            reaction: 1,
            wander: 0,
            precision: None,
            most_symbols: 3,
            hop: 8,
            batch: None,
            share: 1.0,
            others: 0,
            split: None,
        }
    }
}

impl DatabaseSource {
    pub(super) fn gather(&self, db: Option<&Database>, gathered: &mut Gathered) -> Result<()> {
        let interval: Option<Interval> = self.interval.as_ref().map(|i| i.parse()).transpose()?;
        let db = named(db)?;
        let view = db.now();
        let series = series_of(Some(db), self.market.as_deref(), interval)?;
        if !gathered.texts {
            return gathered.add_windows(series, self.hop);
        }
        let mut options = gathered
            .pairs(self.reaction)
            .most_symbols(self.most_symbols);
        if let Some(market) = &self.market {
            options = options.market(market);
        }
        if let Some(interval) = interval {
            options = options.interval(interval);
        }
        let mut pairs = view.pairs(&options)?;
        if let Some(precision) = &self.precision {
            let least = coarseness(precision.parse()?);
            let headlines = &pairs.headlines;
            pairs.list.retain(|pair| {
                let headline = headlines.get(pair.headline);
                headline.is_some_and(|h| coarseness(h.precision) <= least)
            });
        }
        gathered.add(series, pairs)
    }
}

/// How little is known of a time.
fn coarseness(precision: TimePrecision) -> u8 {
    match precision {
        TimePrecision::Second => 0,
        TimePrecision::Minute => 1,
        TimePrecision::Day => 2,
    }
}

/// The database of a run.
fn named(db: Option<&Database>) -> Result<&Database> {
    db.ok_or_else(|| Error::Invalid("the config reads a database; name it with --db".to_owned()))
}

/// The series of a market and of an interval, or of all.
pub(super) fn series_of(
    db: Option<&Database>,
    market: Option<&str>,
    interval: Option<Interval>,
) -> Result<Vec<SeriesBars>> {
    let view = named(db)?.now();
    let mut series = Vec::new();
    for info in view.series()? {
        let wanted = market.is_none_or(|m| m == info.key.market);
        if wanted && interval.is_none_or(|i| i == info.key.interval) {
            series.push(SeriesBars {
                bars: view.bars(&info.key, None, None, None)?.bars,
                key: info.key,
                calendar: info.calendar,
            });
        }
    }
    Ok(series)
}
