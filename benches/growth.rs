//! What a database costs as it grows: one line a size.
//!
//! `cargo bench --bench growth`, or `RHYME_BENCH_WINDOWS=100000,1000000,10000000 cargo bench --bench
//! growth` for other sizes: 1000 series of random steps each time, in a folder for temporary files
//! (10 million windows take 3 GB there). Asking is measured in a process of its own, so that its
//! memory is its own.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::{
    Bar, Calendar, Database, Interval, OpenOptions, SeriesBars, SeriesKey, SimilarAnswer, Target,
    Timestamp, Window,
};

const SERIES: usize = 1000;
const HOUR_MS: i64 = 3_600_000;
/// Questions that are asked, and those whose exact answers are looked up as well.
const QUESTIONS: usize = 1000;
const EXACT: usize = 100;

fn main() {
    if let Some(path) = std::env::var_os("RHYME_GROWTH_ASK") {
        return ask(Path::new(&path));
    }
    let sizes = std::env::var("RHYME_BENCH_WINDOWS").unwrap_or("100000,300000,1000000".into());
    println!(
        "| windows | ingested | windows/s | peak memory | bytes a window | bytes a bar | opened | \
         first answer | question | exact | recall@10 | memory while asking |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for size in sizes.split(',') {
        println!("{}", row(size.trim().parse().unwrap()));
    }
}

fn row(windows: usize) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growth.rhyme");
    let market = market(windows / SERIES + 63);
    let before = memory("VmRSS:");
    // Resets the peak of the resident memory.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let start = Instant::now();
    let only_shape = OpenOptions::new().clip_weights(None);
    let db = only_shape.open(&path).unwrap();
    db.ingest_bars(&market).unwrap();
    let took = start.elapsed().as_secs_f64();
    let peak = memory("VmHWM:") - before;
    let stats = db.stats().unwrap();
    drop((db, market));
    let asked = Command::new(std::env::current_exe().unwrap())
        .env("RHYME_GROWTH_ASK", &path)
        .output()
        .unwrap();
    assert!(asked.status.success(), "{asked:?}");
    format!(
        "| {windows} | {took:.1} s | {:.0} | {peak:.0} MiB | {:.1} | {:.1} | {}",
        windows as f64 / took,
        stats.bytes_per_window,
        stats.bar_bytes as f64 / stats.bars as f64,
        String::from_utf8(asked.stdout).unwrap().trim_end()
    )
}

/// The rest of a row: what it is like to ask a database that was just opened.
fn ask(path: &Path) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut opened = Vec::new();
    let mut answered = Vec::new();
    let bars = Database::open(path).unwrap().stats().unwrap().bars as usize / SERIES;
    // The first time reads what is not in the page cache yet.
    for _ in 0..4 {
        let start = Instant::now();
        let db = Database::open(path).unwrap();
        opened.push(start.elapsed());
        similar(&db, &target(bars, &mut rng), false);
        answered.push(start.elapsed());
    }
    let (opened, answered) = (median(opened), median(answered));
    let before = memory("RssAnon:");
    let db = Database::open(path).unwrap();
    let targets: Vec<Target> = (0..QUESTIONS).map(|_| target(bars, &mut rng)).collect();
    let timed = |exact: bool, targets: &[Target]| {
        let ask = |target| {
            let start = Instant::now();
            let answer = similar(&db, target, exact);
            (start.elapsed(), answer)
        };
        let (times, answers): (Vec<_>, Vec<_>) = targets.iter().map(ask).unzip();
        (median(times), answers)
    };
    timed(false, &targets);
    let (question, answers) = timed(false, &targets);
    let anonymous = memory("RssAnon:") - before;
    let (exact, truth) = timed(true, &targets[..EXACT]);
    let found: usize = truth.iter().zip(&answers).map(|(t, a)| common(t, a)).sum();
    println!(
        "{opened:.2?} | {answered:.2?} | {question:.0?} | {exact:.2?} | {:.4} | {anonymous:.0} MiB |",
        found as f64 / (10 * EXACT) as f64
    );
}

fn similar(db: &Database, target: &Target, exact: bool) -> SimilarAnswer {
    let view = db.now();
    let asked = view.similar(target.clone()).space("shape").exact(exact);
    asked.run().unwrap()
}

fn common(truth: &SimilarAnswer, answer: &SimilarAnswer) -> usize {
    let windows: Vec<&Window> = answer.hits.iter().map(|h| &h.window).collect();
    let found = truth.hits.iter().filter(|h| windows.contains(&&h.window));
    found.count()
}

/// A window of any series that ends at any of its bars.
fn target(bars: usize, rng: &mut ChaCha8Rng) -> Target {
    let series = key(rng.random_range(0..SERIES));
    let last = rng.random_range(64..=bars) as i64;
    let end = Timestamp::from_millis(last * HOUR_MS);
    format!("{series}@{end}").parse().unwrap()
}

fn key(i: usize) -> SeriesKey {
    let symbol = format!("S{i:04}USDT");
    SeriesKey::new("crypto", "many", &symbol, Interval::Fixed(HOUR_MS)).unwrap()
}

fn market(bars: usize) -> Vec<SeriesBars> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    (0..SERIES)
        .map(|i| {
            let mut close = 100.0f64;
            let bars = (0..bars as i64).map(|hour| {
                let open = close;
                close *= 1.0 + 0.01 * rng.random_range(-1.0..1.0);
                Bar {
                    time: Timestamp::from_millis(hour * HOUR_MS),
                    open,
                    high: open.max(close),
                    low: open.min(close),
                    close,
                    volume: 1.0,
                }
            });
            SeriesBars {
                key: key(i),
                calendar: Calendar::Continuous,
                bars: bars.collect(),
            }
        })
        .collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A line of /proc/self/status, in MiB.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with(field)).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}
