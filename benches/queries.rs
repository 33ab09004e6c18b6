//! Questions beyond similarity: outcomes, anomalies, transfer.
//!
//! `RHYME_BENCH_WINDOWS=1000000 cargo bench --bench queries` makes a database of so many windows
//! (100,000 by default): hourly random walks of 60 symbols in the market `crypto` and 40 in `equity`. The
//! first question of a kind works out what later ones find ready; `first_answers` prints what it costs, at
//! first and after a commit of one bar a series.
//! `transfer_to_one_symbol` has a database of its own, where one symbol has all of the windows.
//! The target of `anomaly_scan` is one year of hourly bars of one symbol.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

mod market;

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use divan::Bencher;
use market::{CRYPTO, HOUR, SYMBOLS, from_env, once, walk, walks};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::query::Refine;
use rhymedb::{Database, Filter, OpenOptions, SeriesBars, Target, Timestamp, View};

const YEAR: i64 = 365 * 24;

fn main() {
    first_answers("first");
    next_hour();
    first_answers("after a commit,");
    recall_as_of();
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

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let windows = from_env("RHYME_BENCH_WINDOWS", 100_000);
        let hours = (windows / SYMBOLS + 63) as i64;
        let folder = tempfile::tempdir().unwrap();
        let db = OpenOptions::new()
            .clip_weights(None)
            .open(folder.path().join("bench.rhyme"))
            .unwrap();
        db.ingest_bars(&walks(hours)).unwrap();
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

/// The first question of each kind, to a database that was just opened or that has new bars.
fn first_answers(when: &str) {
    let f = fixture();
    let target = || f.targets[0].clone();
    once(&format!("{when} similar"), || {
        f.db.now().similar(target()).run().unwrap()
    });
    once(&format!("{when} similar with outcomes"), || {
        f.db.now().similar(target()).outcomes(&[24]).run().unwrap()
    });
    once(&format!("{when} anomaly"), || {
        f.db.now().anomaly(target()).run().unwrap()
    });
    once(&format!("{when} transfer"), || {
        f.db.now().transfer(target()).to("equity").run().unwrap()
    });
    let from = Timestamp::from_millis((f.hours - 24 * 7) * HOUR);
    once(&format!("{when} scan of a week"), || {
        let view = f.db.now();
        view.anomaly_scan()
            .of("S000")
            .filter(Filter::new().from(from))
            .run()
            .unwrap()
    });
}

/// One bar more for every series, in one commit.
fn next_hour() {
    let f = fixture();
    let market = |i| if i < CRYPTO { "crypto" } else { "equity" };
    let bars: Vec<SeriesBars> = (0..SYMBOLS)
        .map(|i| walk(market(i), i, f.hours..f.hours + 1))
        .collect();
    f.db.ingest_bars(&bars).unwrap();
}

/// How many of the ten true episodes a search as of an arbitrary time finds.
fn recall_as_of() {
    let f = fixture();
    let (mut found, mut wanted) = (0, 0);
    for i in 0..f.targets.len() {
        let ask = |exact: bool| {
            let answer = at(f, i).similar(f.targets[i].clone()).exact(exact).run();
            let windows = answer.unwrap().hits.into_iter().map(|hit| hit.window);
            windows.map(|w| w.to_string()).collect::<HashSet<_>>()
        };
        let (some, all) = (ask(false), ask(true));
        found += all.intersection(&some).count();
        wanted += all.len();
    }
    println!(
        "recall@10 as of an arbitrary time            {:.4}",
        found as f64 / wanted as f64
    );
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
fn similar_as_of(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let answer = at(f, i).similar(f.targets[i].clone()).run();
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

/// Fifty hits, alone and with outcomes over three horizons: these may take 5 ms more at 3 million windows.
#[divan::bench]
fn similar_fifty(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = f.db.now();
        let question = view.similar(f.targets[i].clone()).k(50);
        question.run().unwrap().hits.len()
    });
}

#[divan::bench]
fn outcomes_fifty(bencher: Bencher<'_, '_>) {
    ask(bencher, |f, i| {
        let view = f.db.now();
        let question = view.similar(f.targets[i].clone()).k(50);
        let question = question.outcomes(&[1, 5, 24]);
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

/// Towards one symbol that holds all of the windows, whose quota cannot be exceeded.
#[divan::bench]
fn transfer_to_one_symbol(bencher: Bencher<'_, '_>) {
    let db = one_symbol();
    let ask = |hour: i64| {
        let at = Timestamp::from_millis(hour * HOUR);
        let target: Target = format!("S000@{at}").parse().unwrap();
        let answer = db.now().transfer(target).to("S001").run().unwrap();
        assert_eq!(answer.hits.len(), 3);
        answer.compared
    };
    ask(1_000);
    let mut hour = 1_000;
    bencher
        .with_inputs(|| {
            hour = 100 + (hour + 7) % 1_900;
            hour
        })
        .bench_local_values(ask);
}

/// 2,000 hours of one symbol, and another one with `RHYME_BENCH_WINDOWS` windows.
fn one_symbol() -> &'static Database {
    static MADE: OnceLock<(tempfile::TempDir, Database)> = OnceLock::new();
    let (_, db) = MADE.get_or_init(|| {
        let windows = from_env("RHYME_BENCH_WINDOWS", 100_000) as i64;
        let folder = tempfile::tempdir().unwrap();
        let db = OpenOptions::new()
            .clip_weights(None)
            .open(folder.path().join("one.rhyme"))
            .unwrap();
        let bars = [
            walk("crypto", 0, 0..2_000),
            walk("crypto", 1, 0..windows + 63),
        ];
        db.ingest_bars(&bars).unwrap();
        (folder, db)
    });
    db
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
            let answer = view
                .anomaly_scan()
                .of("S000")
                .filter(Filter::new().from(from))
                .run()
                .unwrap();
            assert!(answer.took > Duration::ZERO && answer.scanned > 0);
            answer.episodes.len()
        });
}

/// Nothing of what was worked out stays true where the oldest bars change.
fn drop_what_is_kept(db: &Database) {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    let hour = NEXT.fetch_add(1, Ordering::Relaxed);
    db.ingest_bars(&[walk("other", 999, hour..hour + 1)])
        .unwrap();
}
