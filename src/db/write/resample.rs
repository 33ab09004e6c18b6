use serde::Serialize;

use super::batch_store::BatchStore;
use super::ingest::{Ingest, chart_spaces};
use super::ingest_report::IngestReport;
use super::made::record_of;
use crate::db::control::Control;
use crate::db::database::Database;
use crate::error::{Error, Result};
use crate::model::{Calendar, Coarser, Interval, SeriesKey, Timestamp};
use crate::store::{BarReads, CatalogUse, MadeReads, SeriesId, SeriesRecord, WriteTxn};

/// What [`Database::resample`] did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ResampleReport {
    /// The made series, by name.
    pub series: String,
    /// The series that it is made of.
    pub made_of: String,
    /// Bars that it has now.
    pub bars: u64,
    /// Stretches of its interval that have finer bars and are not whole, so no bar was made of them.
    pub left_out: u64,
    /// Open time of its first bar.
    pub first: Option<Timestamp>,
    /// Close time of its last bar.
    pub last: Option<Timestamp>,
    /// What became of windows.
    pub stored: IngestReport,
}

impl Database {
    /// Makes a series of a longer interval of the bars of a stored one, and keeps it in step: whatever
    /// changes the finer bars later changes the made ones in the same commit. Bars are made of whole
    /// stretches alone, never across a gap. Weeks begin on Monday, and all stretches in UTC; in a market with
    /// sessions days are made of shorter bars, and weeks and months of days. Such a day must begin, pause
    /// and end as the day before did, but for a half day. A series that is made already is made anew.
    ///
    /// ```
    /// use rhymedb::{Control, Database, Interval};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let hourly = "crypto/synthetic/NOVAUSDT:1h".parse()?;
    /// let report = db.resample(&hourly, Interval::hours(4), &Control::new())?;
    /// assert_eq!((report.bars, report.left_out), (500, 0));
    /// let made = db.now().series()?.into_iter().find(|s| s.made_of.is_some()).unwrap();
    /// assert_eq!(made.key.to_string(), "crypto/synthetic/NOVAUSDT:4h");
    /// assert_eq!(made.made_of, Some(hourly));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] if the source is not stored; [`Error::Invalid`] if the interval is not
    /// several of the source's, if the series has bars of its own, or if the source has no whole stretch.
    pub fn resample(
        &self,
        source: &SeriesKey,
        interval: Interval,
        control: &Control,
    ) -> Result<ResampleReport> {
        interval.check()?;
        let made = SeriesKey {
            interval,
            ..source.clone()
        };
        let mut ingest = self.ingest(control.clone());
        let (source, left_out) = self.0.change(|| ingest.make_series(source, &made))?;
        let stored = ingest.finish()?;
        let info = self.now().series()?.into_iter().find(|s| s.key == made);
        let info = info.ok_or_else(|| Error::internal(format!("{made} is not there")))?;
        Ok(ResampleReport {
            series: made.to_string(),
            made_of: source.to_string(),
            bars: info.bars,
            left_out,
            first: info.first,
            last: info.last,
            stored,
        })
    }
}

impl Ingest<'_> {
    /// Makes a series of the bars of another; returns that, and the stretches that were left out.
    fn make_series(&mut self, source: &SeriesKey, made: &SeriesKey) -> Result<(SeriesKey, u64)> {
        let writer = self.inner.writer()?;
        let txn = writer.catalog.write()?;
        let spaces = chart_spaces(self.inner, &txn)?;
        let (source, record) = source_of(&txn, source, made.interval)?;
        Coarser::new(record.key.interval, made.interval, record.calendar)?;
        let id = id_of_made(&txn, made, (source, &record))?;
        let mut store = BatchStore::new(self.inner, &txn, &spaces)?;
        let left_out = store.make_all(id, source)?;
        store.follow()?;
        if txn.bar_extent(id)?.is_none() {
            return Err(Error::invalid(format!(
                "expected at least one whole stretch of {} in {}, found none: every one has a gap, begins or ends between bars, or is not known to be over",
                made.interval, record.key
            )));
        }
        let stored = store.done()?;
        self.commit(&writer, txn, stored)?;
        Ok((record.key, left_out))
    }
}

/// The number of the series to make.
fn id_of_made(
    txn: &WriteTxn,
    made: &SeriesKey,
    (source, record): (SeriesId, &SeriesRecord),
) -> Result<SeriesId> {
    match txn.series_by_name(made)? {
        None => txn.ensure_series(made, record.calendar),
        Some((id, _)) => match txn.made_series()?.get(&id) {
            Some(&of) if of == source => Ok(id),
            Some(&of) => Err(Error::invalid(format!(
                "{made} is made of {} already; to make it of {} instead, delete it first: rhyme delete {made}",
                record_of(txn, of)?.key,
                record.key
            ))),
            None => Err(Error::invalid(format!(
                "{made} is stored with bars of its own; delete it first: rhyme delete {made}"
            ))),
        },
    }
}

/// The stored series to make bars of. In a market with sessions weeks and months are made of days, so those are
/// taken in the place of shorter bars.
fn source_of(
    txn: &WriteTxn,
    named: &SeriesKey,
    interval: Interval,
) -> Result<(SeriesId, SeriesRecord)> {
    let found = txn.series_by_name(named)?;
    let (id, record) = found.ok_or_else(|| Error::NotFound {
        what: "series",
        name: named.to_string(),
        hint_text: "`rhyme series` lists those that are stored".to_owned(),
    })?;
    let day = Interval::days(1);
    let shorter = |a: Interval, b: Interval| a.nominal_millis() < b.nominal_millis();
    let by_days = record.calendar == Calendar::Session
        && shorter(record.key.interval, day)
        && shorter(day, interval);
    if !by_days {
        return Ok((id, record));
    }
    let daily = SeriesKey {
        interval: day,
        ..named.clone()
    };
    txn.series_by_name(&daily)?.ok_or_else(|| {
        Error::invalid(format!(
            "expected days to make {interval} of, and {daily} is not stored; make it first: rhyme resample {named} 1d"
        ))
    })
}
