//! The care of a database: verification, backup, repair, compaction, deletion, and bars made of others.

use std::path::PathBuf;

use pyo3::prelude::*;
use rhymedb::admin::RecallOptions;
use rhymedb::data::ChangePosition;
use rhymedb::{Control, Database, Target, Timestamp};
use serde_json::json as object;

use crate::database::NativeDatabase;
use crate::errors::Outcome;
use crate::json::{json, value, with};
use crate::waiting::{Told, wait};

/// Reads all that is stored and checks it; with a sample the graphs are asked as well.
#[pyfunction]
#[pyo3(signature = (db, recall_of=None, seed=0, progress=None))]
pub(crate) fn verify(
    py: Python<'_>,
    db: &NativeDatabase,
    recall_of: Option<usize>,
    seed: u64,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        let report = value(&db.verify(&control)?)?;
        let Some(sample) = recall_of else {
            return json(&report);
        };
        let options = RecallOptions {
            sample,
            seed,
            ..RecallOptions::default()
        };
        let recall = value(&db.measure_recall(&options, &control)?)?;
        json(&with(report, "recall", recall))
    })
}

/// What the commits after a position changed.
#[pyfunction]
pub(crate) fn changes_since(
    py: Python<'_>,
    db: &NativeDatabase,
    position: &str,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    let position: ChangePosition = position.parse()?;
    wait(py, Control::new(), None, move |_| {
        json(&db.changes_since(position)?)
    })
}

/// What may be wrong though every file is whole.
#[pyfunction]
pub(crate) fn health(py: Python<'_>, db: &NativeDatabase) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| json(&db.health()?))
}

/// Copies what is committed into a new folder.
#[pyfunction]
#[pyo3(signature = (db, to, progress=None))]
pub(crate) fn backup(
    py: Python<'_>,
    db: &NativeDatabase,
    to: PathBuf,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        json(&db.backup(&to, &control)?)
    })
}

/// Writes a backup into a new folder.
#[pyfunction]
#[pyo3(signature = (backup, to, progress=None))]
pub(crate) fn restore(
    py: Python<'_>,
    backup: PathBuf,
    to: PathBuf,
    progress: Told,
) -> Outcome<String> {
    wait(py, Control::new(), progress, move |control| {
        json(&Database::restore(&backup, &to, &control)?)
    })
}

/// Makes what is missing or damaged anew, as far as it can be.
#[pyfunction]
#[pyo3(signature = (path, progress=None))]
pub(crate) fn repair(py: Python<'_>, path: PathBuf, progress: Told) -> Outcome<String> {
    wait(py, Control::new(), progress, move |control| {
        let report = Database::repair(&path, &control)?;
        let is_whole = object!(report.is_whole());
        json(&with(value(&report)?, "is_whole", is_whole))
    })
}

/// Rewrites segments and gives space back.
#[pyfunction]
#[pyo3(signature = (db, progress=None))]
pub(crate) fn compact(py: Python<'_>, db: &NativeDatabase, progress: Told) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        json(&db.compact(&control)?)
    })
}

/// Both ends of a range of times; `None` if neither is said.
fn range(
    from: Option<&str>,
    until: Option<&str>,
) -> rhymedb::Result<Option<std::ops::RangeInclusive<Timestamp>>> {
    if from.is_none() && until.is_none() {
        return Ok(None);
    }
    let first = from.map(str::parse).transpose()?;
    let last = until.map(str::parse).transpose()?;
    let first = first.unwrap_or(Timestamp::from_millis(i64::MIN));
    Ok(Some(
        first..=last.unwrap_or(Timestamp::from_millis(i64::MAX)),
    ))
}

/// Deletes bars of a series that opened in a range, or all of them.
#[pyfunction]
#[pyo3(signature = (db, series, from_=None, until=None))]
pub(crate) fn delete_bars(
    py: Python<'_>,
    db: &NativeDatabase,
    series: String,
    from_: Option<String>,
    until: Option<String>,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let key = db.now().series_of(&of_a_series(&series)?)?;
        let range = range(from_.as_deref(), until.as_deref())?;
        json(&db.delete_bars(&key, range)?)
    })
}

/// A target without a time.
fn of_a_series(text: &str) -> rhymedb::Result<Target> {
    let target: Target = text.parse()?;
    match target.time {
        None => Ok(target),
        Some(_) => Err(rhymedb::Error::Invalid(format!(
            "expected a series like BTCUSDT:1h, found {text} with a time"
        ))),
    }
}

/// Deletes headlines that were published in a range.
#[pyfunction]
#[pyo3(signature = (db, from_=None, until=None))]
pub(crate) fn delete_headlines(
    py: Python<'_>,
    db: &NativeDatabase,
    from_: Option<String>,
    until: Option<String>,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let all = Timestamp::from_millis(i64::MIN)..=Timestamp::from_millis(i64::MAX);
        let range = range(from_.as_deref(), until.as_deref())?.unwrap_or(all);
        json(&db.delete_headlines(range)?)
    })
}

/// Makes a series of longer bars and keeps it in step.
#[pyfunction]
#[pyo3(signature = (db, series, interval, progress=None))]
pub(crate) fn resample(
    py: Python<'_>,
    db: &NativeDatabase,
    series: String,
    interval: String,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        let source = db.now().series_of(&of_a_series(&series)?)?;
        json(&db.resample(&source, interval.parse()?, &control)?)
    })
}

/// Mends bars that were stored without regard to a split.
#[pyfunction]
#[pyo3(signature = (db, target, split, on, progress=None))]
pub(crate) fn adjust(
    py: Python<'_>,
    db: &NativeDatabase,
    target: String,
    split: String,
    on: String,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        let (target, split) = (target.parse()?, split.parse()?);
        json(&db.adjust(&target, split, on.parse()?, &control)?)
    })
}
