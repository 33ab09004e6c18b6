//! Small tables that people keep by hand: a CSV file with a header, a row for each thing to store.

use std::path::Path;

use super::times::parse_time;
use crate::error::{Error, Result, excerpt};
use crate::model::Timestamp;

/// Reads a CSV file: `columns` finds the columns of its header, `read` what a row says. An error names the
/// file and the line.
pub(super) fn read_table<C, T>(
    path: &Path,
    columns: impl FnOnce(&csv::StringRecord) -> Result<C, String>,
    mut read: impl FnMut(&C, &csv::StringRecord) -> Result<T>,
) -> Result<Vec<T>> {
    let file = std::fs::File::open(path).map_err(Error::io("open", path))?;
    let mut rows = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(std::io::BufReader::new(file));
    let wrong = |line: Option<u64>, text: String| Error::input(path, line, text);
    let header = rows.headers().map_err(|e| wrong(Some(1), e.to_string()))?;
    let columns = columns(header).map_err(|e| wrong(Some(1), e))?;
    let mut all = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|e| {
            let line = e.position().map(csv::Position::line);
            wrong(line, e.to_string())
        })?;
        let line = row.position().map(csv::Position::line);
        all.push(read(&columns, &row).map_err(|e| wrong(line, e.to_string()))?);
    }
    Ok(all)
}

/// The names of a header as they are compared: in lower case, `_` for blanks and hyphens.
pub(super) fn plain_names(header: &csv::StringRecord) -> Vec<String> {
    let plain = |name: &str| {
        name.trim_start_matches('\u{feff}')
            .to_lowercase()
            .replace([' ', '-'], "_")
    };
    header.iter().map(plain).collect()
}

/// The names of a header for a message.
pub(super) fn listed(header: &csv::StringRecord) -> String {
    let found: Vec<String> = header.iter().map(excerpt).collect();
    found.join(", ")
}

/// A time as people type it, or as programs count it.
pub(super) fn time(text: &str) -> Result<Timestamp> {
    text.parse().or_else(|refused| {
        parse_time(text.as_bytes())
            .map(super::times::WrittenTime::utc)
            .map_err(|_| refused)
    })
}
