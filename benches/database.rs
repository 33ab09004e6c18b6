//! The database as a whole, on the synthetic market: opening, asking, appending.
//!
//! `cargo bench --bench database`. With `RHYME_BENCH_DB=DIR` and `RHYME_BENCH_TARGET=SERIES` the
//! questions go to a database of your own instead, which is only read.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first surprise"
)]

use std::path::PathBuf;
use std::sync::OnceLock;

use divan::Bencher;
use rhymedb::{
    Bar, Bars, Database, SeriesBars, SeriesKey, SyntheticConfig, SyntheticMarket, Target, Timestamp,
};

fn main() {
    divan::main();
}

struct Fixture {
    /// Removed when the program ends.
    _folder: Option<tempfile::TempDir>,
    db: Database,
    /// Windows to ask about, spread over the series' time.
    targets: Vec<Target>,
    /// The close time of the middle one.
    middle: Timestamp,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| match std::env::var_os("RHYME_BENCH_DB") {
        Some(path) => {
            let series = std::env::var("RHYME_BENCH_TARGET").unwrap();
            fixture_of(None, Database::open(PathBuf::from(path)).unwrap(), &series)
        }
        None => {
            let folder = tempfile::tempdir().unwrap();
            let db = Database::open(folder.path().join("bench.rhyme")).unwrap();
            db.ingest_bars(&market()).unwrap();
            fixture_of(Some(folder), db, "crypto/synthetic/NOVAUSDT:1h")
        }
    })
}

fn market() -> Vec<SeriesBars> {
    let config = SyntheticConfig {
        crypto_symbols: 6,
        crypto_bars: 12_000,
        equity_symbols: 20,
        equity_days: 1_500,
        ..SyntheticConfig::default()
    };
    let market = SyntheticMarket::new(config).unwrap();
    let series = market.series().into_iter();
    series
        .map(|(key, calendar, bars)| SeriesBars {
            key,
            calendar,
            bars,
        })
        .collect()
}

fn fixture_of(folder: Option<tempfile::TempDir>, db: Database, series: &str) -> Fixture {
    let key: SeriesKey = series.parse().unwrap();
    let bars = db.now().bars(&key, None, None, None).unwrap().bars;
    let ends: Vec<Timestamp> = bars
        .time
        .iter()
        .skip(200)
        .step_by((bars.len() / 64).max(1))
        .map(|&t| key.interval.close_of(Timestamp::from_millis(t)))
        .collect();
    let middle = ends[ends.len() / 2];
    let target = |end: &Timestamp| format!("{key}@{end}").parse().unwrap();
    Fixture {
        _folder: folder,
        db,
        targets: ends.iter().map(target).collect(),
        middle,
    }
}

/// Asks about one window after another.
fn ask(bencher: Bencher<'_, '_>, question: impl Fn(&Fixture, Target) -> usize + Sync) {
    let fixture = fixture();
    let mut next = 0;
    bencher
        .with_inputs(|| {
            next += 1;
            fixture.targets[next % fixture.targets.len()].clone()
        })
        .bench_local_values(|target| question(fixture, target));
}

#[divan::bench]
fn similar(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, t| {
        f.db.now().similar(t).run().unwrap().hits.len()
    });
}

#[divan::bench]
fn similar_exact(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, t| {
        let answer = f.db.now().similar(t).exact(true).run();
        answer.unwrap().hits.len()
    });
}

#[divan::bench]
fn similar_in_one_market(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, t| {
        let answer = f.db.now().similar(t).market("equity").run();
        answer.unwrap().hits.len()
    });
}

#[divan::bench]
fn similar_as_of(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, t| {
        let answer = f.db.at(f.middle).similar(t).run();
        answer.unwrap().hits.len()
    });
}

/// One new bar for each of 26 series, made searchable: one durable commit.
#[divan::bench(max_time = 5)]
fn append_a_bar_to_each_series(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path().join("append.rhyme")).unwrap();
    let market = market();
    db.ingest_bars(&market).unwrap();
    let mut step = 0;
    bencher.bench_local(|| {
        step += 1;
        let next: Vec<SeriesBars> = market.iter().map(|s| one_bar_later(s, step)).collect();
        db.ingest_bars(&next).unwrap().windows_embedded
    });
}

fn one_bar_later(series: &SeriesBars, step: i64) -> SeriesBars {
    let last = series.bars.get(series.bars.len() - 1).unwrap();
    let later = series.key.interval.nominal_millis() * step;
    let close = last.close * (1.0 + 0.001 * (step % 7) as f64);
    let bar = Bar {
        time: last.time.plus_millis(later),
        open: last.close,
        high: close.max(last.close),
        low: close.min(last.close),
        close,
        volume: last.volume,
    };
    SeriesBars {
        bars: [bar].into_iter().collect::<Bars>(),
        ..series.clone()
    }
}

#[divan::bench]
fn open_and_first_answer(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("open.rhyme");
    let db = Database::open(&path).unwrap();
    db.ingest_bars(&market()).unwrap();
    drop(db);
    let target: Target = "crypto/synthetic/NOVAUSDT:1h".parse().unwrap();
    bencher.bench_local(|| {
        let db = Database::open(&path).unwrap();
        db.now().similar(target.clone()).run().unwrap().hits.len()
    });
}
