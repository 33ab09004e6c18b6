//! Closes of many series side by side, and groups of them: 500 series of ten years of days.
//!
//! `cargo bench --bench panel`; `RHYME_BENCH_SERIES` and `RHYME_BENCH_DAYS` say how many there are of both (500 and
//! 2,520).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

mod market;

use market::{HOUR, from_env, once, timed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::data::Calendar;
use rhymedb::{Bar, Database, OpenOptions, SeriesBars, Timestamp};

const DAY: i64 = 24 * HOUR;

/// Bars on five days of seven; each twentieth series began late.
fn walk(symbol: usize, days: std::ops::Range<i64>) -> SeriesBars {
    let mut rng = ChaCha8Rng::seed_from_u64(symbol as u64 ^ ((days.start as u64) << 20));
    let mut close = 100.0f64;
    let late = if symbol.is_multiple_of(20) {
        days.end / 2
    } else {
        0
    };
    let open_days = days.filter(|day| *day >= late);
    let bars = open_days.map(|day| {
        let open = close;
        close *= 1.0 + 0.02 * rng.random_range(-1.0..1.0);
        Bar {
            time: Timestamp::from_millis((day / 5 * 7 + day % 5) * DAY),
            open,
            high: open.max(close) * 1.001,
            low: open.min(close) * 0.999,
            close,
            volume: f64::from(rng.random_range(1..10_000u32)),
        }
    });
    SeriesBars {
        key: format!("equity/bench/S{symbol:03}:1d").parse().unwrap(),
        calendar: Calendar::Session,
        bars: bars.collect(),
    }
}

fn main() {
    let (series, days) = (
        from_env("RHYME_BENCH_SERIES", 500),
        from_env("RHYME_BENCH_DAYS", 2_520) as i64,
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.rhyme");
    let open = || OpenOptions::new().clip_weights(None).open(&path).unwrap();
    let all: Vec<SeriesBars> = (0..series).map(|i| walk(i, 0..days)).collect();
    let db = open();
    once("ingest, with the space shape", || {
        db.ingest_bars(&all).unwrap()
    });
    drop(db);
    let db = open();
    println!("{series} series, {days} days");
    let cells = once("the whole table, first of a process", || {
        let table = db.now().panel().run().unwrap();
        table.series.len() * table.times.len()
    });
    println!("{cells} closes");
    tables(&db, days);
    let bars: Vec<SeriesBars> = (0..series).map(|i| walk(i, days..days + 1)).collect();
    once("a bar more of each series", || {
        db.ingest_bars(&bars).unwrap()
    });
    timed("the whole table, after that", || {
        db.now().panel().run().unwrap();
    });
    let view = db.now();
    for draws in [0, 50] {
        once(&format!("clusters, {draws} draws"), || {
            view.clusters().draws(draws).run().unwrap()
        });
    }
}

fn tables(db: &Database, days: i64) {
    let middle = Timestamp::from_millis(days / 2 / 5 * 7 * DAY);
    timed("the whole table", || {
        db.now().panel().run().unwrap();
    });
    timed("the whole table, as of the middle", || {
        db.at(middle).panel().run().unwrap();
    });
    let mut back = 0;
    timed("the last 253 rows, as of any of 201 days", || {
        back += 1;
        let day = Timestamp::from_millis((days - back) / 5 * 7 * DAY);
        db.at(day).panel().rows(253).run().unwrap();
    });
}
