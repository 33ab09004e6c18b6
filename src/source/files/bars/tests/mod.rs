#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::fmt::Write as _;

mod adjusted;
mod checks;
mod clocks;
mod dialects;
mod parts;
mod properties;

use super::*;
use crate::model::{Bar, Bars, Calendar, Interval, Timestamp};
use crate::source::files::input_report::{DefectKind, NoticeKind};
use crate::source::files::times::DateOrder;

const HEADER: &str = "timestamp_ms_utc,open,high,low,close,volume\n";
const START: i64 = 1_577_836_800_000;
const HOUR: i64 = 3_600_000;

fn read_named(name: &str, bytes: impl AsRef<[u8]>, options: &BarOptions) -> Result<BarFile> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    read_bars(&path, options)
}

/// Reads a text as `crypto/v/X.csv`.
fn read(text: impl AsRef<[u8]>) -> Result<BarFile> {
    read_named("crypto/v/X.csv", text, &BarOptions::default())
}

fn skip(text: impl AsRef<[u8]>) -> Result<BarFile> {
    let options = BarOptions {
        on_error: OnError::Skip,
        ..BarOptions::default()
    };
    read_named("crypto/v/X.csv", text, &options)
}

/// Hourly rows in milliseconds with a header.
fn hourly(hours: impl IntoIterator<Item = i64>) -> String {
    let mut text = HEADER.to_owned();
    for hour in hours {
        writeln!(text, "{},10,12,9,11,{hour}", START + hour * HOUR).unwrap();
    }
    text
}

/// The one series of a file as `key` and its times in hours after 2020.
fn only(file: &BarFile) -> (String, Vec<i64>) {
    assert_eq!(file.series.len(), 1);
    let one = &file.series[0];
    let hours = one.bars.time.iter().map(|t| (t - START) / HOUR);
    (one.key.to_string(), hours.collect())
}
