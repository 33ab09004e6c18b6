//! What a database costs as it grows: one line a size.
//!
//! `cargo bench --bench growth`, or `RHYME_BENCH_WINDOWS=100000,1000000,10000000 cargo bench --bench
//! growth` for other sizes: 1000 series of random steps each time, in a folder for temporary files
//! (10 million windows take 3 GB there). Asking is measured in a process of its own, so that its
//! memory is its own.
//!
//! `RHYME_BENCH_PLOT=growth.svg` draws the same figures too.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::data::Calendar;
#[cfg(feature = "plot")]
use rhymedb::plot::{Growth, GrowthCurve, GrowthPanel, GrowthPoint, Picture, PlotOptions};
use rhymedb::query::SimilarAnswer;
use rhymedb::{
    Bar, Database, Interval, OpenOptions, SeriesBars, SeriesKey, Target, Timestamp, Window,
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
    let mut rows = Vec::new();
    for size in sizes.split(',') {
        let row = Row::measured(size.trim().parse().unwrap());
        println!("{}", row.line());
        rows.push(row);
    }
    if let Some(file) = std::env::var_os("RHYME_BENCH_PLOT") {
        draw(&rows, Path::new(&file));
    }
}

/// What a database of one size costs. Times are in seconds, memory in MiB.
struct Row {
    windows: usize,
    ingested: f64,
    peak: f64,
    bytes_a_window: f64,
    bytes_a_bar: f64,
    asked: Asked,
}

/// What it is like to ask a database that was just opened.
#[derive(Clone, Copy)]
struct Asked {
    opened: f64,
    answered: f64,
    question: f64,
    exact: f64,
    recall: f64,
    memory: f64,
}

impl Row {
    fn measured(windows: usize) -> Self {
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
        let ingested = start.elapsed().as_secs_f64();
        let peak = memory("VmHWM:") - before;
        let stats = db.stats().unwrap();
        drop((db, market));
        let asked = Command::new(std::env::current_exe().unwrap())
            .env("RHYME_GROWTH_ASK", &path)
            .output()
            .unwrap();
        assert!(asked.status.success(), "{asked:?}");
        Self {
            windows,
            ingested,
            peak,
            bytes_a_window: stats.bytes_per_window,
            bytes_a_bar: stats.bar_bytes as f64 / stats.bars as f64,
            asked: Asked::parsed(&String::from_utf8(asked.stdout).unwrap()),
        }
    }

    fn line(&self) -> String {
        let time = Duration::from_secs_f64;
        let asked = self.asked;
        format!(
            "| {} | {:.1} s | {:.0} | {:.0} MiB | {:.1} | {:.1} | {:.2?} | {:.2?} | {:.0?} | {:.2?} | {:.4} | {:.0} MiB |",
            self.windows,
            self.ingested,
            self.windows as f64 / self.ingested,
            self.peak,
            self.bytes_a_window,
            self.bytes_a_bar,
            time(asked.opened),
            time(asked.answered),
            time(asked.question),
            time(asked.exact),
            asked.recall,
            asked.memory,
        )
    }
}

impl Asked {
    /// From the line that [`ask`] prints.
    fn parsed(line: &str) -> Self {
        let figures: Vec<f64> = line
            .split_whitespace()
            .map(|w| w.parse().unwrap())
            .collect();
        let [opened, answered, question, exact, recall, memory] = figures[..] else {
            panic!("expected six figures, found {line:?}");
        };
        Self {
            opened,
            answered,
            question,
            exact,
            recall,
            memory,
        }
    }
}

#[cfg(feature = "plot")]
fn draw(rows: &[Row], file: &Path) {
    let curve = |name: &str, value: &dyn Fn(&Row) -> f64| GrowthCurve {
        name: name.to_owned(),
        points: rows
            .iter()
            .map(|r| GrowthPoint {
                size: r.windows as f64,
                value: value(r),
            })
            .collect(),
    };
    let panel = |title: &str, curves: Vec<GrowthCurve>| GrowthPanel {
        title: title.to_owned(),
        curves,
    };
    let ms = 1e3;
    let picture = Picture::from(Growth {
        title: "What a database costs as it grows".to_owned(),
        subtitle: format!("{SERIES} series of random steps, windows of 64 bars in the space shape"),
        note: "Both axes are logarithmic. A question finds the ten best distinct episodes; its time is the median."
            .to_owned(),
        sizes: "windows".to_owned(),
        panels: vec![
            panel("time to ingest, s", vec![curve("", &|r| r.ingested)]),
            panel(
                "windows ingested a second",
                vec![curve("", &|r| r.windows as f64 / r.ingested)],
            ),
            panel("bytes on disk a window", vec![curve("", &|r| r.bytes_a_window)]),
            panel(
                "time of a question, ms",
                vec![
                    curve("by graph", &|r| ms * r.asked.question),
                    curve("every window scored", &|r| ms * r.asked.exact),
                ],
            ),
            panel(
                "time from opening, ms",
                vec![
                    curve("opened", &|r| ms * r.asked.opened),
                    curve("first answer", &|r| ms * r.asked.answered),
                ],
            ),
            panel(
                "memory, MiB",
                vec![
                    curve("peak of ingestion", &|r| r.peak),
                    curve("while asking", &|r| r.asked.memory),
                ],
            ),
        ],
    });
    picture.write(file, &PlotOptions::default()).unwrap();
    println!("\ndrawn: {}", file.display());
}

#[cfg(not(feature = "plot"))]
fn draw(_: &[Row], _: &Path) {
    panic!("RHYME_BENCH_PLOT needs the feature plot");
}

/// Prints what it is like to ask a database that was just opened: the figures of [`Asked`].
fn ask(path: &Path) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut opened = Vec::new();
    let mut answered = Vec::new();
    let open = || OpenOptions::new().read_only(true).open(path).unwrap();
    let bars = open().stats().unwrap().bars as usize / SERIES;
    // The first time reads what is not in the page cache yet.
    for _ in 0..4 {
        let start = Instant::now();
        let db = open();
        opened.push(start.elapsed());
        similar(&db, &target(bars, &mut rng), false);
        answered.push(start.elapsed());
    }
    let (opened, answered) = (median(opened), median(answered));
    let before = memory("RssAnon:");
    let db = open();
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
        "{} {} {} {} {} {anonymous}",
        opened.as_secs_f64(),
        answered.as_secs_f64(),
        question.as_secs_f64(),
        exact.as_secs_f64(),
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
