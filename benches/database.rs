//! The database as a whole, on the synthetic market: opening, asking, appending.
//!
//! `cargo bench --bench database`. With `RHYME_BENCH_DB=DIR` and `RHYME_BENCH_TARGET=SERIES` the
//! questions go to a database of your own instead, which is only read.
//! `cargo bench --bench database append_to_many` appends to 1000 series, 80 times, and corrects their last bars 40
//! times.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::data::Calendar;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Bar, Bars, Database, Filter, OpenOptions, SeriesBars, SeriesKey, Target, Timestamp};

fn main() {
    // Divan's `append_to_many` would repeat a run that is about how commits follow each other.
    if std::env::args().any(|arg| arg == "append_to_many") {
        return append_to_many();
    }
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
            let db = OpenOptions::new()
                .clip_weights(None)
                .open(folder.path().join("bench.rhyme"))
                .unwrap();
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
    SyntheticMarket::new(config).unwrap().series()
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

/// All targets, one after the other on one thread.
#[divan::bench]
fn similar_one_by_one(bencher: Bencher<'_, '_>) {
    let f = fixture();
    bencher
        .counter(divan::counter::ItemsCount::new(f.targets.len()))
        .bench_local(|| {
            let view = f.db.now();
            let answers = f.targets.iter().map(|t| view.similar(t).run().unwrap());
            answers.map(|answer| answer.hits.len()).sum::<usize>()
        });
}

/// The same questions on all cores.
#[divan::bench]
fn similar_batch(bencher: Bencher<'_, '_>) {
    let f = fixture();
    bencher
        .counter(divan::counter::ItemsCount::new(f.targets.len()))
        .bench_local(|| {
            let answers = f.db.now().similar_batch(&f.targets).run().unwrap();
            answers
                .iter()
                .map(|answer| answer.hits.len())
                .sum::<usize>()
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
        let answer =
            f.db.now()
                .similar(t)
                .filter(Filter::new().market("equity"))
                .run();
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

/// One new bar for each of 26 series, made searchable: one commit, of which so many share a sync.
#[divan::bench(max_time = 5, args = [1, 64])]
fn append_a_bar_to_each_series(bencher: Bencher<'_, '_>, sync_every: u32) {
    append(bencher, &market(), sync_every);
}

/// The same with one series: the smallest commit there is.
#[divan::bench(max_time = 5, args = [1, 8, 64])]
fn append_a_bar(bencher: Bencher<'_, '_>, sync_every: u32) {
    append(bencher, &market()[..1], sync_every);
}

fn append(bencher: Bencher<'_, '_>, market: &[SeriesBars], sync_every: u32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("append.rhyme");
    let db = OpenOptions::new()
        .clip_weights(None)
        .sync_every(sync_every)
        .open(path)
        .unwrap();
    db.ingest_bars(market).unwrap();
    let mut step = 0;
    bencher.bench_local(|| {
        step += 1;
        let next: Vec<SeriesBars> = market.iter().map(|s| one_bar_later(s, step)).collect();
        db.ingest_bars(&next).unwrap().windows_embedded
    });
}

/// `count` series of random steps, of as many hourly bars.
fn many_series(count: usize, bars: usize) -> Vec<SeriesBars> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    (0..count)
        .map(|i| {
            let mut close = 100.0f64;
            let bars = (0..bars as i64).map(|hour| {
                let open = close;
                close *= 1.0 + 0.01 * rng.random_range(-1.0..1.0);
                Bar {
                    time: Timestamp::from_millis(hour * 3_600_000),
                    open,
                    high: open.max(close),
                    low: open.min(close),
                    close,
                    volume: 1.0,
                }
            });
            SeriesBars {
                key: format!("crypto/many/S{i:04}USDT:1h").parse().unwrap(),
                calendar: Calendar::Continuous,
                bars: bars.collect(),
            }
        })
        .collect()
}

const APPENDS: usize = 80;

/// One new bar for each of 1000 series, made searchable, and a question after each commit; the
/// windows that are there before come from `RHYME_BENCH_WINDOWS` (100000). Fresh rows pile up to
/// 32768 and become a segment, over and over.
#[expect(clippy::too_many_lines, reason = "one run, step by step")]
fn append_to_many() {
    let windows: usize =
        std::env::var("RHYME_BENCH_WINDOWS").map_or(100_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.path().join("many.rhyme"))
        .unwrap();
    let known = windows / 1000 + 63;
    let everything = many_series(1000, known + APPENDS);
    let part = |from: usize, to: usize| -> Vec<SeriesBars> {
        let slice = |s: &SeriesBars| SeriesBars {
            bars: s.bars.slice(from..to),
            ..s.clone()
        };
        everything.iter().map(slice).collect()
    };
    let market = part(0, known);
    let start = Instant::now();
    db.ingest_bars(&market).unwrap();
    let took = start.elapsed().as_secs_f64();
    let bytes = db.stats().unwrap().bytes_per_window;
    println!(
        "{windows} windows in {took:.1} s, {:.0} windows/s, {bytes:.1} bytes a window",
        windows as f64 / took
    );
    drop(db);
    let path = folder.path().join("many.rhyme");
    let opening = || {
        let start = Instant::now();
        let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
        let opened = start.elapsed();
        let target: Target = format!("{}", market[500].key).parse().unwrap();
        assert_eq!(db.now().similar(target).run().unwrap().hits.len(), 10);
        println!(
            "opened in {opened:.2?}, first answer after {:.2?}",
            start.elapsed()
        );
    };
    (0..3).for_each(|_| opening());
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    let ask = || {
        let start = Instant::now();
        for series in market.iter().step_by(50) {
            let target: Target = format!("{}", series.key).parse().unwrap();
            assert_eq!(db.now().similar(target).run().unwrap().hits.len(), 10);
        }
        start.elapsed() / 20
    };
    ask();
    println!(
        "{windows} windows of 1000 series; a question takes {:.2?}",
        ask()
    );
    let mut commits = Commits::default();
    for step in 1..=APPENDS {
        commits.time(&db, &part(known + step - 1, known + step), ask);
        if step % 10 == 0 {
            commits.print(&format!("append {step}"), ask());
        }
    }
    // A bar that is not over yet comes again with another close, over and over.
    for step in 1..=APPENDS / 2 {
        let mut last = part(known + APPENDS - 1, known + APPENDS);
        for bars in last.iter_mut().map(|s| &mut s.bars) {
            let part = step as f64 / APPENDS as f64;
            bars.close[0] = bars.low[0] + (bars.high[0] - bars.low[0]) * part;
        }
        commits.time(&db, &last, ask);
        if step % 10 == 0 {
            commits.print(&format!("correct {step}"), ask());
        }
    }
    let (mean, most) = (commits.bytes(), commits.slowest_question);
    println!("{mean} bytes a commit; slowest question after one {most:.2?}");
    drop(db);
    (0..3).for_each(|_| opening());
}

/// What commits took, and what they wrote.
#[derive(Default)]
struct Commits {
    took: Vec<Duration>,
    /// Bytes, where the system tells.
    wrote: Vec<u64>,
    slowest_question: Duration,
}

impl Commits {
    /// Ingests a bar for each of 1000 series, and asks.
    fn time(&mut self, db: &Database, bars: &[SeriesBars], ask: impl Fn() -> Duration) {
        let before = written();
        let start = Instant::now();
        assert_eq!(db.ingest_bars(bars).unwrap().windows_embedded, 1000);
        self.took.push(start.elapsed());
        self.wrote.push(written() - before);
        self.slowest_question = self.slowest_question.max(ask());
    }

    /// The last ten.
    fn print(&self, what: &str, question: Duration) {
        let mut took = self.took[self.took.len() - 10..].to_vec();
        let mut wrote = self.wrote[self.wrote.len() - 10..].to_vec();
        took.sort();
        wrote.sort_unstable();
        println!(
            "{what}: median {:.2?}, slowest {:.2?}; wrote {} KB, at most {} KB; question {question:.2?}",
            took[5],
            took[9],
            wrote[5] / 1000,
            wrote[9] / 1000
        );
    }

    fn bytes(&self) -> u64 {
        self.wrote.iter().sum::<u64>() / self.wrote.len() as u64
    }
}

/// Bytes that this process wrote so far, into files or to others; 0 where the system does not tell.
fn written() -> u64 {
    let told = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.map_or(0, |bytes| bytes.parse().unwrap())
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
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    db.ingest_bars(&market()).unwrap();
    drop(db);
    let target: Target = "crypto/synthetic/NOVAUSDT:1h".parse().unwrap();
    bencher.bench_local(|| {
        let db = Database::open(&path).unwrap();
        db.now().similar(target.clone()).run().unwrap().hits.len()
    });
}
