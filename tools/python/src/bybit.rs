//! Candles from Bybit.

use pyo3::prelude::*;
use rhymedb::bybit::{
    BybitClient, SyncReport, SyncRequest, bybit_series_key, parse_bybit_interval, sync_klines,
};
use rhymedb::data::Calendar;
use rhymedb::{Control, Database, Result, SeriesBars, Timestamp};
use serde_json::{Value, json as object};

use crate::database::NativeDatabase;
use crate::errors::Outcome;
use crate::json::{json, value, with};
use crate::waiting::{Told, wait};

/// What to bring up to date.
#[derive(FromPyObject)]
pub(crate) struct Wanted {
    symbols: Vec<String>,
    intervals: Vec<String>,
    category: String,
    from_time: Option<String>,
    until: Option<String>,
    base_url: Option<String>,
}

/// Brings series up to date, one after the other. What came before an error stays.
#[pyfunction]
#[pyo3(signature = (db, wanted, progress=None))]
pub(crate) fn ingest_bybit(
    py: Python<'_>,
    db: &NativeDatabase,
    wanted: Wanted,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        json(&download(&db, &wanted, control)?)
    })
}

fn download(db: &Database, wanted: &Wanted, control: Control) -> Result<Value> {
    let client = BybitClient::builder().interrupt(control.stop_flag());
    let client = match &wanted.base_url {
        Some(url) => client.base_url(url).build()?,
        None => client.build()?,
    };
    let category = wanted.category.parse()?;
    let (start, end) = (wanted.from_time.as_deref(), wanted.until.as_deref());
    let start = start.map(str::parse).transpose()?;
    let end = end.map(str::parse).transpose()?;
    let stored = db.now().series()?;
    let mut ingest = db.ingest(control);
    let mut rows = Vec::new();
    for symbol in &wanted.symbols {
        for interval in &wanted.intervals {
            let interval = parse_bybit_interval(interval)?;
            let key = bybit_series_key(category, symbol, interval)?;
            let known = stored.iter().find(|s| s.key == key);
            let request = SyncRequest {
                category,
                symbol: symbol.clone(),
                interval,
                start,
                end,
                stored: known.and_then(|s| Some(s.first?..=interval.open_of(s.last?))),
            };
            let report = sync_klines(&client, &request, Timestamp::now(), &mut |bars| {
                ingest.bars(&[SeriesBars {
                    key: key.clone(),
                    calendar: Calendar::Continuous,
                    bars,
                }])
            })?;
            rows.push(row(&key.to_string(), &report));
        }
    }
    let report = value(&ingest.finish()?)?;
    Ok(with(report, "downloads", Value::Array(rows)))
}

fn row(series: &str, report: &SyncReport) -> Value {
    object!({
        "series": series,
        "pages": report.pages,
        "bars": report.bars,
        "left_out": report.left_out,
        "retries": report.retries,
        "first": report.first.map(|t| t.to_string()),
        "last": report.last.map(|t| t.to_string()),
    })
}
