//! From what a user types to what is compared.

use crate::failure::Outcome;
use rhymedb::Error;
use rhymedb::ask::{BarRow, Bars, Subject, Vector};
use rhymedb::files::{BarOptions, read_bars, read_one_vector};
use std::path::Path;

/// The vector of a .npy file or the bars of a candle file, if there is one of that name, else the text as it
/// is.
pub(super) fn subject(text: &str) -> Outcome<Subject> {
    let in_words = ["text:", "prototype:", "tag:"];
    if in_words.iter().any(|prefix| text.starts_with(prefix)) {
        return Ok(text.into());
    }
    let path = Path::new(text);
    if !path.is_file() {
        if reads_as_file(text) {
            return Err(Error::NotFound {
                what: match is_array(text) {
                    true => "file of a vector",
                    false => "candle file",
                },
                name: text.to_owned(),
                hint_text: "name a file that exists, or a stored series like BTCUSDT:1h".to_owned(),
            }
            .into());
        }
        return Ok(text.into());
    }
    if is_array(text) {
        return Ok(Subject::Vector(Vector {
            vector: read_one_vector(path)?,
            name: Some(text.to_owned()),
        }));
    }
    let options = BarOptions {
        // A query belongs to no market; the name only lets files without one be read.
        market: Some("query".to_owned()),
        ..BarOptions::default()
    };
    let mut series = read_bars(path, &options)?.series;
    match (series.pop(), series.len()) {
        (Some(one), 0) => Ok(Subject::Bars(Bars {
            bars: one.bars.iter().map(BarRow::from).collect(),
            name: Some(text.to_owned()),
        })),
        (_, others) => Err(Error::Invalid(format!(
            "expected a candle file of one series, found {} in {text}",
            others + 1
        ))
        .into()),
    }
}

/// Whether a file is an array of NumPy, by its name.
fn is_array(text: &str) -> bool {
    text.to_lowercase().ends_with(".npy")
}

/// Whether a user who types this means a file, though none of that name is there.
fn reads_as_file(text: &str) -> bool {
    let endings = [
        ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".zip",
    ];
    let lower = text.to_lowercase();
    text.starts_with(['.', '/'])
        || is_array(text)
        || endings.iter().any(|ending| lower.ends_with(ending))
}
