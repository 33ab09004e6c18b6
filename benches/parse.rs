//! Rows of candles a second out of CSV, plain and in a gzip.

#![allow(clippy::unwrap_used, reason = "benches")]

use std::fmt::Write as _;
use std::io::Write as _;

use divan::counter::{BytesCount, ItemsCount};
use rhymedb::files::{BarOptions, HeadlineOptions, read_bars, read_headlines};

const ROWS: usize = 500_000;

fn main() {
    divan::main();
}

/// Candles of a minute that wander like prices do, without randomness.
fn candles() -> String {
    let mut text = String::from("timestamp_ms_utc,open,high,low,close,volume\n");
    let mut close = 30_000.0;
    for i in 0..ROWS {
        let time = 1_577_836_800_000 + i * 60_000;
        let step = ((i * 7_919) % 2_001) as f64 / 100.0 - 10.0;
        let (open, next) = (close, close + step);
        let (high, low) = (f64::max(open, next) + 1.25, f64::min(open, next) - 1.5);
        let volume = ((i * 104_729) % 1_000_003) as f64 / 1_000.0;
        writeln!(
            text,
            "{time},{open:.2},{high:.2},{low:.2},{next:.2},{volume}"
        )
        .unwrap();
        close = next.clamp(1_000.0, 100_000.0);
    }
    text
}

fn headlines() -> String {
    let mut text = String::from("timestamp_ms_utc,symbols,headline,source,ts_precision\n");
    for i in 0..ROWS / 10 {
        let time = 1_577_836_800_000 + i * 60_000;
        writeln!(
            text,
            "{time},AAA;B{},\"Number {i} rises, then falls\",wire,minute",
            i % 50
        )
        .unwrap();
    }
    text
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn saved(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crypto");
    std::fs::create_dir(&path).unwrap();
    let path = path.join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[divan::bench(sample_count = 10)]
fn candles_plain(bencher: divan::Bencher<'_, '_>) {
    let text = candles();
    let (_folder, path) = saved("X_1m.csv", text.as_bytes());
    bencher
        .counter(ItemsCount::new(ROWS))
        .counter(BytesCount::new(text.len()))
        .bench(|| read_bars(&path, &BarOptions::default()).unwrap());
}

#[divan::bench(sample_count = 10)]
fn candles_gz(bencher: divan::Bencher<'_, '_>) {
    let text = candles();
    let (_folder, path) = saved("X_1m.csv.gz", &gz(&text));
    bencher
        .counter(ItemsCount::new(ROWS))
        .counter(BytesCount::new(text.len()))
        .bench(|| read_bars(&path, &BarOptions::default()).unwrap());
}

#[divan::bench(sample_count = 10)]
fn headlines_gz(bencher: divan::Bencher<'_, '_>) {
    let (_folder, path) = saved("news.csv.gz", &gz(&headlines()));
    bencher
        .counter(ItemsCount::new(ROWS / 10))
        .bench(|| read_headlines(&path, &HeadlineOptions::default()).unwrap());
}
