//! What sentences about large moves find in real markets, in the space of the shipped weights.
//!
//! Needs minutes, so it runs where `RHYME_WORDS` is `all`, on the data of `RHYME_DATA` (or of
//! `../shared/data`):
//! `RHYME_WORDS=all cargo test --release --test crossmodal real_words -- --nocapture`

#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::path::{Path, PathBuf};

use rhymedb::data::Calendar;
use rhymedb::files::{BarOptions, find_inputs, read_bars};
use rhymedb::query::MoveDirection;
use rhymedb::{Database, Hit, SeriesBars, View};

/// Six sentences in each direction.
const SENTENCES: [(&str, MoveDirection); 12] = [
    ("bitcoin crashes", MoveDirection::Down),
    (
        "bitcoin plunges as exchanges halt withdrawals",
        MoveDirection::Down,
    ),
    ("crypto market collapses overnight", MoveDirection::Down),
    ("shares plunge after a profit warning", MoveDirection::Down),
    (
        "Facebook stock tumbles on weak guidance",
        MoveDirection::Down,
    ),
    (
        "stocks in free fall in a broad sell-off",
        MoveDirection::Down,
    ),
    ("bitcoin soars to a record high", MoveDirection::Up),
    ("ether skyrockets", MoveDirection::Up),
    ("dogecoin surges", MoveDirection::Up),
    ("shares soar on a takeover bid", MoveDirection::Up),
    ("Netflix stock surges after earnings", MoveDirection::Up),
    ("Apple shares rocket on strong sales", MoveDirection::Up),
];

/// Where the data is and what of it is read: every so many files, and those of these names.
const SOURCES: [(&str, usize, &[&str]); 2] = [
    (
        "ohlcv/binance_futures/*.csv.gz",
        6,
        &["BTCUSDT_", "ETHUSDT_", "DOGEUSDT_"],
    ),
    ("ohlcv/us_sp500/*.csv.gz", 12, &["AAPL_", "FB_", "NFLX_"]),
];

fn folder() -> Option<PathBuf> {
    if std::env::var_os("RHYME_WORDS").is_none_or(|value| value != "all") {
        println!("skipped: RHYME_WORDS is not all");
        return None;
    }
    let folder = std::env::var_os("RHYME_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no folder {}", folder.display());
    None
}

fn read(folder: &Path) -> Vec<SeriesBars> {
    let mut all = Vec::new();
    for (pattern, step, names) in SOURCES {
        let files = find_inputs(&[format!("{}/{pattern}", folder.display())]).unwrap();
        let stock = pattern.contains("us_");
        for (i, path) in files.iter().enumerate() {
            let name = path.file_name().unwrap().to_string_lossy();
            if i % step != 0 && !names.iter().any(|wanted| name.starts_with(wanted)) {
                continue;
            }
            let market = if stock { "equity" } else { "crypto" };
            let options = BarOptions {
                market: Some(market.to_owned()),
                ..BarOptions::default()
            };
            let mut one = read_bars(path, &options).unwrap().series.remove(0);
            if stock {
                one.calendar = Calendar::Session;
            }
            all.push(one);
        }
    }
    all
}

/// Whether the return of a hit's window is beyond the 2 % quantile of the returns over as many bars in
/// the symbol's own past: in all bars before the window.
fn beyond_own_past(view: &View, hit: &Hit, bars: usize, direction: MoveDirection) -> bool {
    let sign = match direction {
        MoveDirection::Down => -1.0,
        MoveDirection::Up => 1.0,
    };
    let past = view
        .bars(&hit.window.series, None, Some(hit.window.start), None)
        .unwrap()
        .bars;
    let own = sign * (1.0 + view.change(&hit.window).unwrap().unwrap()).ln();
    let moves: Vec<f64> = (bars - 1..past.len())
        .map(|last| sign * (past.close[last] / past.open[last + 1 - bars]).ln())
        .collect();
    let further = moves.iter().filter(|&&x| x >= own).count();
    !moves.is_empty() && further as f64 <= 0.02 * moves.len() as f64
}

#[test]
fn sentences_about_large_moves_find_large_moves() {
    let Some(folder) = folder() else { return };
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(&read(&folder)).unwrap();
    let view = db.now();
    let mut failed = Vec::new();
    for (sentence, direction) in SENTENCES {
        let counted = |by_words: bool| {
            let answer = view.search(sentence).by_words(by_words).run().unwrap();
            let charts = answer.charts;
            let told = charts.large_moves.as_ref().map(|told| told.direction);
            assert_eq!(told, (!by_words).then_some(direction), "{sentence}");
            let bars = charts.window_bars as usize;
            let beyond = |hit: &&Hit| beyond_own_past(&view, hit, bars, direction);
            let large = charts.hits.iter().filter(beyond).count();
            (large, charts.hits.len(), charts.narrowed_to, answer.took)
        };
        let (large, of, narrowed, took) = counted(false);
        let (by_words, ..) = counted(true);
        println!(
            "{large} of {of} (by words alone {by_words}) in {} ms: {sentence} {narrowed:?}",
            took.as_millis()
        );
        if large < 6 || of < 10 {
            failed.push(sentence);
        }
    }
    assert!(failed.is_empty(), "fewer than six of ten: {failed:?}");
}
