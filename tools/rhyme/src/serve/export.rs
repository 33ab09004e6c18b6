//! Bars and vectors as Arrow, for programs that take many: `/v1/export/bars?series=BTCUSDT:1h`.

use std::io::{self, Write};

use axum::http::{HeaderValue, header};
use axum::response::Response;
use rhymedb::files::ArrowStream;
use rhymedb::{Bars, Error, Timestamp, View};

use super::asking::{json, work_of};
use super::client::Client;
use super::refusal::Refusal;
use super::server::Server;
use crate::tables::{bar_columns, series, vector_columns};

pub(super) const KIND: &str = "application/vnd.apache.arrow.stream";

/// What is exported, the name under which it is counted, and its options.
pub(super) const TABLES: [(&str, &str, &[&str]); 2] = [
    ("bars", "export-bars", &["series", "from", "until", "as_of"]),
    (
        "vectors",
        "export-vectors",
        &["series", "from", "until", "as_of", "space"],
    ),
];

/// The longest answer in bytes.
const MOST: usize = 256 << 20;

#[derive(Default)]
struct Wanted {
    series: Vec<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    as_of: Option<Timestamp>,
    space: Option<String>,
}

pub(super) async fn export(
    server: &Server,
    client: Client,
    name: &str,
    query: &str,
) -> Result<Response, Refusal> {
    let table = TABLES.iter().find(|(table, ..)| *table == name);
    let (table, counted, options) = *table.ok_or_else(|| {
        Refusal::not_found(format!("no table {name:?}; there are bars and vectors"))
    })?;
    let wanted = read(query, options)?;
    let work = move |view: &View| {
        let known = wanted.as_of.map_or_else(|| view.clone(), |t| view.at(t));
        match table {
            "bars" => bars(&known, &wanted),
            _ => vectors(&known, &wanted),
        }
    };
    let mut response = work_of(server, client, counted, work).await.map(json)?;
    let kind = HeaderValue::from_static(KIND);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

fn read(query: &str, options: &[&str]) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::default();
    let time = |text: &str| text.parse().map(Some).map_err(Refusal::from);
    for (option, text) in form_urlencoded::parse(query.as_bytes()) {
        if !options.contains(&option.as_ref()) {
            return Err(Refusal::bad_request(format!(
                "no option {option:?}; there are: {}",
                options.join(", ")
            )));
        }
        match option.as_ref() {
            "from" => wanted.from = time(&text)?,
            "until" => wanted.until = time(&text)?,
            "as_of" => wanted.as_of = time(&text)?,
            "space" => wanted.space = Some(text.into_owned()),
            // One after the other, or with commas.
            _ => wanted.series.extend(text.split(',').map(str::to_owned)),
        }
    }
    match (wanted.from, wanted.until) {
        (Some(from), Some(until)) if from > until => Err(Refusal::bad_request(format!(
            "expected a start before the end, found {from} to {until}"
        ))),
        _ => Ok(wanted),
    }
}

fn bars(view: &View, wanted: &Wanted) -> rhymedb::Result<Vec<u8>> {
    let mut stream = ArrowStream::new(Bounded::default());
    let series = series(view, &wanted.series)?;
    // A table without rows has columns, too.
    if let Some(any) = series.first() {
        stream.write(&bar_columns(any, &Bars::default()))?;
    }
    for key in &series {
        let found = view.bars(key, wanted.from, wanted.until, None)?;
        stream.write(&bar_columns(key, &found.bars))?;
    }
    if series.is_empty() {
        return Err(Error::Invalid("no series is stored yet".to_owned()));
    }
    Ok(stream.finish()?.0)
}

fn vectors(view: &View, wanted: &Wanted) -> rhymedb::Result<Vec<u8>> {
    let keys = match wanted.series.is_empty() {
        true => Vec::new(),
        false => series(view, &wanted.series)?,
    };
    let space = wanted.space.as_deref();
    // The dimension is known from the space alone, so that a table without rows has it too.
    let never = Some(Timestamp::from_millis(i64::MIN));
    let described = view.vectors(space, &keys, None, never, |_| Ok(()))?;
    let dim = described.encoder.dim as usize;
    let mut stream = ArrowStream::new(Bounded::default());
    stream.write(&vector_columns(None, &[], dim, Vec::new()))?;
    view.vectors(space, &keys, wanted.from, wanted.until, |one| {
        stream.write(&vector_columns(
            Some(&one.series),
            &one.ends,
            dim,
            one.values,
        ))
    })?;
    Ok(stream.finish()?.0)
}

/// Bytes in memory, of which there may not be too many.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::Error::other(format!(
                "it has more than {MOST} bytes; ask for fewer series or a shorter period, or use `rhyme export`"
            )));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
