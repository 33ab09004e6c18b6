//! Vectors that other programs make or read.

use std::collections::HashMap;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::Weights;
use rhymedb::files::{HeadlineOptions, VectorOptions, read_headline_vectors, read_vectors};
use rhymedb::ingest::{HeadlineImportOptions, HeadlineImportReport, HeadlineVectorRow, VectorRow};
use rhymedb::{Control, Database, Error, Result, SeriesKey, Timestamp};

use crate::bars::{mapped, on_error};
use crate::database::{NativeDatabase, NativeView};
use crate::errors::Outcome;
use crate::frame::Frame;
use crate::headlines::headlines_of;
use crate::json::json;
use crate::waiting::{Told, wait};

/// Stores vectors of windows: for each the place of its series in `names`, its end in milliseconds and its
/// numbers, in the machine's order of bytes.
#[pyfunction]
#[pyo3(signature = (db, space, window, names, series, ends, vectors, dim, progress=None))]
#[allow(clippy::too_many_arguments, reason = "Python has keyword arguments")]
pub(crate) fn import_vectors(
    py: Python<'_>,
    db: &NativeDatabase,
    space: String,
    window: u32,
    names: Vec<String>,
    series: Vec<usize>,
    ends: Vec<i64>,
    vectors: &[u8],
    dim: usize,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    let (words, _) = vectors.as_chunks::<4>();
    let vectors: Vec<f32> = words.iter().map(|w| f32::from_ne_bytes(*w)).collect();
    wait(py, Control::new(), progress, move |control| {
        let names = names.iter().map(|name| name.parse());
        let names: Vec<SeriesKey> = names.collect::<Result<_>>()?;
        let rows = series.iter().zip(&ends).zip(vectors.chunks_exact(dim));
        let rows = rows.map(|((&at, &end), vector)| {
            let series = names.get(at);
            Ok(VectorRow {
                series: series.ok_or_else(|| Error::Invalid(format!("no series {at}")))?,
                end: Timestamp::from_millis(end),
                vector,
            })
        });
        let rows: Vec<VectorRow<'_>> = rows.collect::<Result<_>>()?;
        json(&db.import_vectors(&space, window, &rows, &control)?)
    })
}

/// Stores the vectors of a file.
#[pyfunction]
#[pyo3(signature = (db, path, space, window, meta=None, columns=Vec::new(), skip=false, progress=None))]
#[allow(clippy::too_many_arguments, reason = "Python has keyword arguments")]
pub(crate) fn import_vector_file(
    py: Python<'_>,
    db: &NativeDatabase,
    path: PathBuf,
    space: String,
    window: u32,
    meta: Option<PathBuf>,
    columns: Vec<(String, String)>,
    skip: bool,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    let options = VectorOptions {
        meta,
        map: mapped(columns),
        on_error: on_error(skip),
    };
    wait(py, Control::new(), progress, move |control| {
        json(&import_file(
            &db,
            &path,
            &options,
            (&space, window),
            &control,
        )?)
    })
}

fn import_file(
    db: &Database,
    path: &std::path::Path,
    options: &VectorOptions,
    (space, window): (&str, u32),
    control: &Control,
) -> Result<rhymedb::ingest::ImportReport> {
    let file = read_vectors(path, options)?;
    let keys = file
        .meta
        .iter()
        .map(|m| SeriesKey::new(&m.market, &m.venue, &m.symbol, m.interval));
    let keys: Vec<SeriesKey> = keys.collect::<Result<_>>()?;
    let rows = keys.iter().zip(&file.meta);
    let rows = rows.zip(file.rows.chunks_exact(file.dim));
    let rows: Vec<VectorRow<'_>> = rows
        .map(|((series, meta), vector)| VectorRow {
            series,
            end: meta.end,
            vector,
        })
        .collect();
    db.import_vectors(space, window, &rows, control)
}

/// Stores vectors of the headlines of a table: for each row its numbers, in the machine's order of bytes. The report
/// is JSON.
#[pyfunction]
#[pyo3(signature = (db, space, table, vectors, dim, columns, time_unit=None, window=None, skip=false))]
#[allow(clippy::too_many_arguments, reason = "Python has keyword arguments")]
pub(crate) fn import_headline_vectors(
    py: Python<'_>,
    db: &NativeDatabase,
    space: String,
    table: &Bound<'_, PyAny>,
    vectors: &[u8],
    dim: usize,
    columns: HashMap<String, String>,
    time_unit: Option<String>,
    window: Option<u32>,
    skip: bool,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    let frame = Frame::of(table)?;
    let (words, _) = vectors.as_chunks::<4>();
    let vectors: Vec<f32> = words.iter().map(|w| f32::from_ne_bytes(*w)).collect();
    wait(py, Control::new(), None, move |_| {
        // Which headline it is says its time, whatever that is known to.
        let precision = Some(TimePrecision::Second);
        let headlines = headlines_of(&frame, &columns, precision, time_unit.as_deref())?;
        let count = vectors.len() / dim.max(1);
        if headlines.len() != count {
            return Err(Error::Invalid(format!(
                "expected a headline for each of {count} vectors, found {}",
                headlines.len()
            )));
        }
        json(&store_headline_vectors(
            &db,
            &space,
            (&headlines, &vectors, dim),
            (window, skip),
        )?)
    })
}

/// Stores the vectors of headlines of a file. The report is JSON.
#[pyfunction]
#[pyo3(signature = (db, path, space, meta=None, columns=Vec::new(), window=None, skip=false))]
#[allow(clippy::too_many_arguments, reason = "Python has keyword arguments")]
pub(crate) fn import_headline_vector_file(
    py: Python<'_>,
    db: &NativeDatabase,
    path: PathBuf,
    space: String,
    meta: Option<PathBuf>,
    columns: Vec<(String, String)>,
    window: Option<u32>,
    skip: bool,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    let options = HeadlineOptions {
        map: mapped(columns),
        on_error: on_error(skip),
        ..HeadlineOptions::default()
    };
    wait(py, Control::new(), None, move |_| {
        let file = read_headline_vectors(&path, meta.as_deref(), &options)?;
        let rows = (&file.headlines[..], &file.rows[..], file.dim);
        json(&store_headline_vectors(&db, &space, rows, (window, skip))?)
    })
}

fn store_headline_vectors(
    db: &Database,
    space: &str,
    (headlines, vectors, dim): (&[Headline], &[f32], usize),
    (window, skip): (Option<u32>, bool),
) -> Result<HeadlineImportReport> {
    let rows = headlines.iter().zip(vectors.chunks_exact(dim));
    let rows: Vec<HeadlineVectorRow<'_>> = rows
        .map(|(headline, vector)| HeadlineVectorRow { headline, vector })
        .collect();
    let mut options = HeadlineImportOptions::default();
    options.window = window;
    options.skip_unknown = skip;
    db.import_headline_vectors(space, &rows, options)
}

/// What a space holds of series: their names with the number of their windows, the ends of windows in
/// milliseconds, the vectors, and their dimension.
type Stored<'py> = (
    Vec<(String, usize)>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    u32,
);

/// The vectors of a space.
#[pyfunction]
#[pyo3(signature = (view, space=None, series=Vec::new(), from_=None, until=None))]
pub(crate) fn vectors<'py>(
    py: Python<'py>,
    view: &NativeView,
    space: Option<String>,
    series: Vec<String>,
    from_: Option<String>,
    until: Option<String>,
) -> Outcome<Stored<'py>> {
    let view = view.open_one(py)?;
    let (names, ends, values, dim) = wait(py, Control::new(), None, move |control| {
        let wanted = series
            .iter()
            .map(|name| view.series_of(&name.parse()?))
            .collect::<Result<Vec<SeriesKey>>>()?;
        let from = from_.as_deref().map(str::parse).transpose()?;
        let until = until.as_deref().map(str::parse).transpose()?;
        let (mut names, mut ends, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let space = view.vectors(space.as_deref(), &wanted, from, until, |one| {
            control.check()?;
            names.push((one.series.to_string(), one.ends.len()));
            ends.extend(one.ends.iter().flat_map(|end| end.millis().to_ne_bytes()));
            values.extend(one.values.iter().flat_map(|value| value.to_ne_bytes()));
            Ok(())
        })?;
        Ok((names, ends, values, space.encoder.dim))
    })?;
    Ok((
        names,
        PyBytes::new(py, &ends),
        PyBytes::new(py, &values),
        dim,
    ))
}

/// Makes a space of weights from a file.
#[pyfunction]
#[pyo3(signature = (db, name, path, hop=1, progress=None))]
pub(crate) fn create_space_of_weights(
    py: Python<'_>,
    db: &NativeDatabase,
    name: String,
    path: PathBuf,
    hop: u32,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        let weights = Weights::read(&path)?;
        json(&db.create_space_of_weights(&name, &weights, hop, control)?)
    })
}
