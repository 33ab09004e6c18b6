//! Reads a handful of real files, where they are: `RHYME_DATA` names the folder.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use rhymedb::data::{Calendar, TimePrecision};
use rhymedb::files::{
    BarOptions, HeadlineOptions, NoticeKind, find_inputs, read_bars, read_headlines,
};

/// The folder with the data, or a note that the test is skipped.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("RHYME_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there is no folder {}", folder.display());
    None
}

/// The `count` first files that a pattern below the folder finds.
fn some(folder: &Path, pattern: &str, count: usize) -> Vec<PathBuf> {
    let pattern = format!("{}/{pattern}", folder.display());
    let mut files = find_inputs(&[pattern]).unwrap_or_default();
    files.truncate(count);
    files
}

#[test]
fn candles() {
    let Some(folder) = data() else { return };
    let mut read = 0;
    for (pattern, market, calendar) in [
        ("ohlcv/bybit_*/*_1h.csv.gz", "crypto", Calendar::Continuous),
        (
            "ohlcv/binance_*/*_1h.csv.gz",
            "crypto",
            Calendar::Continuous,
        ),
        ("ohlcv/us_sp500/*_1d.csv.gz", "equity", Calendar::Session),
        ("ohlcv/us_stocks_1h/*.csv.gz", "equity", Calendar::Session),
        ("ohlcv/us_etf/*.csv.gz", "equity", Calendar::Session),
    ] {
        for path in some(&folder, pattern, 2) {
            let file = read_bars(&path, &BarOptions::default()).unwrap();
            let report = &file.report;
            assert_eq!(report.rows, report.accepted, "{report}");
            assert_eq!(
                report.notices.total(),
                report.notices.count(NoticeKind::Gap),
                "{report}"
            );
            let one = &file.series[0];
            assert_eq!((one.key.market.as_str(), one.calendar), (market, calendar));
            let name = format!("{}_{}", one.key.symbol, one.key.interval);
            assert!(path.to_string_lossy().contains(&name), "{}", one.key);
            assert!(one.bars.time.is_sorted_by(|a, b| a < b));
            assert_eq!(one.bars.len() as u64, report.rows);
            read += 1;
        }
    }
    eprintln!("read {read} files of candles");
}

#[test]
fn headlines() {
    let Some(folder) = data() else { return };
    for path in some(&folder, "headlines/c*.csv.gz", 2) {
        let file = read_headlines(&path, &HeadlineOptions::default()).unwrap();
        assert_eq!(file.report.defects.total(), 0, "{}", file.report);
        assert_eq!(file.headlines.len() as u64, file.report.accepted);
        assert!(file.headlines.is_sorted_by_key(|h| h.time));
        let day = |h: &&rhymedb::data::Headline| h.precision == TimePrecision::Day;
        assert!(
            file.headlines
                .iter()
                .filter(day)
                .all(|h| h.time.millis() % 86_400_000 == 0)
        );
    }
}

#[test]
fn answers_of_bybit() {
    let Some(folder) = data() else { return };
    for path in some(&folder, "bybit_api/error_*.json", 3) {
        let text = read_bars(&path, &BarOptions::default())
            .unwrap_err()
            .to_string();
        assert!(text.contains("retCode 10"), "{text}");
    }
    for path in some(&folder, "bybit_api/*[Gg]et-kline.json", 1) {
        let file = read_bars(&path, &BarOptions::default()).unwrap();
        let text = file.series[0].key.to_string();
        assert!(text.starts_with("crypto/bybit_"), "{text}");
    }
}
