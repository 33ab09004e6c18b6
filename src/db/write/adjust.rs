//! Splits in stored bars: where they may be, and how they are mended.
//!
//! A split is mended only where the bars show it: the open of the first bar after it must be nearer to
//! the split's ratio of the close before it than to that close. Mended bars do not show it any
//! more, so a second time is refused instead of dividing again.

use serde::Serialize;

use super::ingest_report::IngestReport;
use crate::db::control::Control;
use crate::db::database::Database;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, SeriesBars, SeriesKey, Split, SplitJump, Target, Timestamp};

/// What [`Database::adjust`] did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct AdjustReport {
    /// The series whose bars were changed, by name.
    pub adjusted: Vec<AdjustedSeries>,
    /// The series of the symbol that do not show the split and stay as they are, by name.
    pub unchanged: Vec<String>,
    /// What became of bars and windows.
    pub stored: IngestReport,
}

/// A series whose bars before a split were changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AdjustedSeries {
    /// Its name.
    pub series: String,
    /// Bars that were changed: those that opened before the split.
    pub bars: u64,
    /// The last close before the split, as it was.
    pub before: f64,
    /// The same as it is now.
    pub adjusted: f64,
    /// The first open after the split.
    pub after: f64,
}

impl View {
    /// Jumps in the stored bars that look like splits which nobody adjusted for, by series and time: see
    /// [`SplitJump::find`]. Reads all bars.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn split_jumps(&self) -> Result<Vec<(SeriesKey, SplitJump)>> {
        let mut all = Vec::new();
        for info in self.series()? {
            let bars = self.bars(&info.key, None, None, None)?.bars;
            let jumps = SplitJump::find(&bars).into_iter();
            all.extend(jumps.map(|jump| (info.key.clone(), jump)));
        }
        Ok(all)
    }
}

impl Database {
    /// Mends bars that were stored without regard to a split: prices of all bars that opened before `on`
    /// are divided by its ratio and volumes multiplied, and their windows are embedded again. `target` names
    /// a series or a symbol with all its series. Series that do not show the split at that time stay as they are.
    /// Files that gave these bars stay remembered ([`Self::remember_files`]), since reading them again would
    /// put the old prices back.
    ///
    /// ```
    /// use rhymedb::{Bar, Control, Database, SeriesBars, Timestamp};
    /// use rhymedb::data::Calendar;
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// let bars = (0..10i32).map(|day| {
    ///     let price = if day < 5 { 400.0 } else { 101.0 };
    ///     let time = Timestamp::from_millis(i64::from(day) * 86_400_000);
    ///     Bar { time, open: price, high: price, low: price, close: price, volume: 10.0 }
    /// });
    /// let key: rhymedb::SeriesKey = "equity/nyse/ACME:1d".parse()?;
    /// let calendar = Calendar::Session;
    /// db.ingest_bars(&[SeriesBars { key: key.clone(), calendar, bars: bars.collect() }])?;
    ///
    /// let on: Timestamp = "1970-01-06".parse()?;
    /// let report = db.adjust(&"ACME".parse()?, "4:1".parse()?, on, &Control::new())?;
    /// assert_eq!(report.adjusted[0].bars, 5);
    /// let bars = db.now().bars(&key, None, None, None)?.bars;
    /// assert_eq!((bars.close[0], bars.volume[0]), (100.0, 40.0));
    /// assert!(db.adjust(&"ACME".parse()?, "4:1".parse()?, on, &Control::new()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] if nothing is stored under that name; [`Error::Ambiguous`] if it is that of
    /// symbols in several markets; [`Error::Invalid`] if no series shows the split at that time, or if
    /// a bar lasts from before it to after it.
    pub fn adjust(
        &self,
        target: &Target,
        split: Split,
        on: Timestamp,
        control: &Control,
    ) -> Result<AdjustReport> {
        let view = self.now();
        let (mut adjusted, mut unchanged, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = Vec::new();
        for (key, calendar) in series_of(&view, target)? {
            let mut bars = view.bars(&key, None, None, None)?.bars;
            let at = bars.time.partition_point(|&t| t < on.millis());
            let around = (at.checked_sub(1).and_then(|i| bars.get(i)), bars.get(at));
            let (Some(last), Some(first)) = around else {
                seen.push(format!("{key} has no bars on both sides of {on}"));
                unchanged.push(key.to_string());
                continue;
            };
            if key.interval.close_of(last.time) > on {
                return Err(Error::invalid(format!(
                    "expected a split between two bars, found the bar of {key} that opened {} and closed after {on}; bring {key} in again from adjusted prices, and name the other series with their intervals",
                    last.time
                )));
            }
            if !split.explains(last.close, first.open) {
                seen.push(format!(
                    "{key} goes from {} to {} on {}",
                    last.close, first.open, first.time
                ));
                unchanged.push(key.to_string());
                continue;
            }
            bars = bars.slice(0..at);
            scale(&mut bars, split);
            adjusted.push(AdjustedSeries {
                series: key.to_string(),
                bars: bars.len() as u64,
                before: last.close,
                adjusted: bars.close.last().copied().unwrap_or(last.close),
                after: first.open,
            });
            changes.push(SeriesBars {
                key,
                calendar,
                bars,
            });
        }
        if changes.is_empty() {
            return Err(Error::invalid(format!(
                "expected a jump near {:.4} times the price on {on}, as a split of {split} makes it, found none: {}; nothing was changed, since the bars may be adjusted already",
                split.price_factor(),
                seen.join(", ")
            )));
        }
        let mut ingest = self.ingest(control.clone());
        ingest.corrects = true;
        ingest.bars(&changes)?;
        Ok(AdjustReport {
            adjusted,
            unchanged,
            stored: ingest.finish()?,
        })
    }
}

/// The series that a target may mean, by name: all of one symbol in one market.
fn series_of(view: &View, target: &Target) -> Result<Vec<(SeriesKey, Calendar)>> {
    if target.time.is_some() {
        return Err(Error::invalid(format!(
            "expected a symbol or a series like AAPL or AAPL:1d, found {target} with a time"
        )));
    }
    let all = view.series()?;
    let fitting = |target: &Target| -> Vec<(SeriesKey, Calendar)> {
        let fits = all.iter().filter(|info| target.matches(&info.key));
        // A made series follows the one that it is made of.
        let own = fits.filter(|info| info.made_of.is_none());
        own.map(|info| (info.key.clone(), info.calendar)).collect()
    };
    let mut fits = fitting(target);
    if fits.is_empty() {
        // Another spelling of a stored name; if it is none, this says what is near.
        let key = view.series_of(target)?;
        let made = all.iter().find(|info| info.key == key);
        if let Some(source) = made.and_then(|info| info.made_of.as_ref()) {
            return Err(Error::invalid(format!(
                "{key} is made of {source} and follows it; adjust {source}"
            )));
        }
        fits = fitting(&Target {
            scope: vec![key.market, key.venue],
            symbol: key.symbol,
            interval: target.interval,
            time: None,
        });
    }
    let Some((first, _)) = fits.first() else {
        return Err(Error::internal(format!("{target} is in no list of series")));
    };
    if fits.iter().any(|(key, _)| key.market != first.market) {
        return Err(Error::Ambiguous {
            what: "the symbol",
            name: target.to_string(),
            choices: fits.iter().map(|(key, _)| key.to_string()).collect(),
        });
    }
    Ok(fits)
}

fn scale(bars: &mut Bars, split: Split) {
    let prices = [
        &mut bars.open,
        &mut bars.high,
        &mut bars.low,
        &mut bars.close,
    ];
    for price in prices.into_iter().flatten() {
        *price *= split.price_factor();
    }
    for volume in &mut bars.volume {
        *volume *= split.volume_factor();
    }
}
