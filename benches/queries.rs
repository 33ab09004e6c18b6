//! Questions beyond similarity: outcomes, anomalies, transfer.
//!
//! `RHYME_BENCH_WINDOWS=1000000 cargo bench --bench queries` makes a database of so many windows
//! (100,000 by default): hourly random walks of 60 symbols in the market `crypto` and 40 in `equity`. The
//! first question of a kind works out what later ones find ready; `first_answers` prints what it costs.
//! The target of `anomaly_scan` is one year of hourly bars of one symbol.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::{Bar, Calendar, Database, OpenOptions, Refine, SeriesBars, Target, Timestamp, View};

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24;
const SYMBOLS: usize = 100;
const CRYPTO: usize = 60;

fn main() {
    first_answers();
    divan::main();
}

struct Fixture {
    _folder: tempfile::TempDir,
    db: Database,
    /// Hours of the longest series.
    hours: i64,
    targets: Vec<Target>,
    /// Times in the second half.
    times: Vec<Timestamp>,
}

fn walk(market: &str, symbol: usize, hours: i64) -> SeriesBars {
    let mut rng = ChaCha8Rng::seed_from_u64(symbol as u64);
    let mut close = 100.0f64;
    let bars = (0..hours).map(|hour| {
        let open = close;
        close *= 1.0 + 0.01 * rng.random_range(-1.0..1.0);
        Bar {
            time: Timestamp::from_millis(hour * HOUR),
            open,
            high: open.max(close) * 1.001,
            low: open.min(close) * 0.999,
            close,
            volume: f64::from(rng.random_range(1..10_000u32)),
        }
    });
    SeriesBars {
        key: format!("{market}/bench/S{symbol:03}:1h").parse().unwrap(),
        calendar: Calendar::Continuous,
        bars: bars.collect(),
    }
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let windows = std::env::var("RHYME_BENCH_WINDOWS");
        let windows: usize = windows.map_or(100_000, |text| text.parse().unwrap());
        let hours = (windows / SYMBOLS + 63) as i64;
        let folder = tempfile::tempdir().unwrap();
        let db = OpenOptions::new()
            .clip_weights(None)
            .open(folder.path().join("bench.rhyme"))
            .unwrap();
        let market = |i| if i < CRYPTO { "crypto" } else { "equity" };
        let all: Vec<SeriesBars> = (0..SYMBOLS).map(|i| walk(market(i), i, hours)).collect();
        db.ingest_bars(&all).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut time = || Timestamp::from_millis(rng.random_range(hours / 2..hours) * HOUR);
        let times: Vec<Timestamp> = (0..64).map(|_| time()).collect();
        let target =
            |(i, t): (usize, &Timestamp)| format!("S{:03}@{t}", i % CRYPTO).parse().unwrap();
        Fixture {
            targets: times.iter().enumerate().map(target).collect(),
            times,
            hours,
            db,
            _folder: folder,
        }
    })
}

/// The first question of each kind to a database that was just opened.
fn first_answers() {
    let f = fixture();
    let say = |name: &str, start: Instant| println!("first {name}: {:.1?}", start.elapsed());
    let target = || f.targets[0].clone();
    let start = Instant::now();
    f.db.now().similar(target()).run().unwrap();
    say("similar", start);
    let start = Instant::now();
    f.db.now().similar(target()).outcomes(&[24]).run().unwrap();
    say("similar with outcomes", start);
    let start = Instant::now();
    f.db.now().anomaly(target()).run().unwrap();
    say("anomaly", start);
    let start = Instant::now();
    f.db.now().transfer(target()).to("equity").run().unwrap();
    say("transfer", start);
}

/// Asks about one window after another: 64 targets, whose first round is not counted.
fn ask(bencher: Bencher<'_, '_>, question: impl Fn(&Fixture, usize) -> usize + Sync) {
    let f = fixture();
    for i in 0..f.targets.len() {
        question(f, i);
    }
    let mut next = 0;
    bencher
        .with_inputs(|| {
            next += 1;
            next % f.targets.len()
        })
        .bench_local_values(|i| question(f, i));
}

fn at(f: &Fixture, i: usize) -> View {
    f.db.at(f.times[i])
}

#[divan::bench]
fn similar(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let answer = f.db.now().similar(f.targets[i].clone()).run();
        answer.unwrap().hits.len()
    });
}

#[divan::bench]
fn outcomes(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = f.db.now();
        let question = view.similar(f.targets[i].clone()).outcomes(&[24]);
        question.run().unwrap().horizons.len()
    });
}

#[divan::bench]
fn outcomes_as_of(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = at(f, i);
        let question = view.similar(f.targets[i].clone()).outcomes(&[24]);
        question.run().unwrap().horizons.len()
    });
}

#[divan::bench]
fn refined_by_correlation(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = f.db.now();
        let question = view
            .similar(f.targets[i].clone())
            .refine(Refine::Correlation);
        question.run().unwrap().hits.len()
    });
}

#[divan::bench]
fn refined_by_dtw(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = f.db.now();
        let question = view.similar(f.targets[i].clone()).refine(Refine::Dtw);
        question.run().unwrap().hits.len()
    });
}

/// As of the close of each target: an anomaly always is.
#[divan::bench]
fn anomaly(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let answer = f.db.now().anomaly(f.targets[i].clone()).run();
        answer.unwrap().nearest.len()
    });
}

#[divan::bench]
fn transfer(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = f.db.now();
        let question = view.transfer(f.targets[i].clone()).to("equity");
        question.run().unwrap().hits.len()
    });
}

#[divan::bench]
fn transfer_as_of(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = at(f, i);
        let question = view.transfer(f.targets[i].clone()).to("equity");
        question.run().unwrap().hits.len()
    });
}

#[divan::bench]
fn transfer_matrix(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| {
        fixture()
            .db
            .now()
            .transfer_matrix()
            .run()
            .unwrap()
            .pairs
            .len()
    });
}

/// Before anything was worked out, as the program finds it.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn anomaly_scan_of_a_year(bencher: Bencher<'_, '_>) {
    let f = fixture();
    let from = Timestamp::from_millis((f.hours - YEAR).max(f.hours / 2) * HOUR);
    bencher
        .with_inputs(|| drop_what_is_kept(&f.db))
        .bench_local_values(|()| {
            let view = f.db.now();
            let answer = view.anomaly_scan().of("S000").from(from).run().unwrap();
            assert!(answer.took > Duration::ZERO && answer.scanned > 0);
            answer.episodes.len()
        });
}

/// A commit begins with nothing worked out.
fn drop_what_is_kept(db: &Database) {
    static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let hour = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut one = walk("other", 999, 1);
    one.bars.time = vec![hour * HOUR];
    db.ingest_bars(&[one]).unwrap();
}
