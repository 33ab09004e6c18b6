//! Threads that read while others ingest, correct, delete and compact. A view shows one commit and
//! nothing of another: which one is written into the prices.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod oracle;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use oracle::{DAY, HOUR, Lcg, START, crypto};
use rhymedb::data::Calendar;
use rhymedb::{
    Bar, Control, Database, Error, Filter, OpenOptions, SeriesBars, SeriesKey, Target, Timestamp,
    View,
};

const SYMBOLS: [&str; 3] = ["AAA", "BBB", "CCC"];
const W: usize = 64;
const BARS: i64 = 150;

fn key(symbol: &str) -> SeriesKey {
    crypto(symbol, 1, 1).key
}

/// The bars of all series in one generation, which is their volume and shapes their prices.
fn generation(generation: u64) -> Vec<SeriesBars> {
    let bar = |series: usize, i: i64| {
        let t = i as f64;
        let bend = 1.0 + (generation % 7) as f64;
        let close = 100.0 + (t * 0.05 * bend + series as f64).sin() * 9.0 + (t * 1.3).cos();
        Bar {
            time: Timestamp::from_millis(START + i * HOUR),
            open: close,
            high: close * 1.01,
            low: close * 0.99,
            close,
            volume: generation as f64,
        }
    };
    let series = |(number, symbol): (usize, &&str)| SeriesBars {
        key: key(symbol),
        calendar: Calendar::Continuous,
        bars: (0..BARS).map(|i| bar(number, i)).collect(),
    };
    SYMBOLS.iter().enumerate().map(series).collect()
}

/// Windows that the stored bars make: of those without a gap.
fn windows_of(times: &[i64]) -> u64 {
    let whole = |w: &&[i64]| w[W - 1] - w[0] == HOUR * (W as i64 - 1);
    times.windows(W).filter(whole).count() as u64
}

/// What a view shows, checked to be of one commit; `None` if nothing is stored yet.
fn look(view: &View) -> Option<(u64, String)> {
    let stored = view.series().unwrap();
    if stored.is_empty() {
        return None;
    }
    let mut generations = Vec::new();
    let mut said = String::new();
    for info in &stored {
        let bars = view.bars(&info.key, None, None, None).unwrap().bars;
        assert_eq!(bars.len() as u64, info.bars, "{}", info.key);
        generations.extend(bars.volume.iter().map(|v| *v as u64));
        let own = view
            .similar(vec![1.0; 48])
            .filter(Filter::new().symbol(&info.key.symbol));
        let answer = own.exact(true).exclusion(0).k(500).run().unwrap();
        let expected = windows_of(&bars.time);
        assert_eq!(
            answer.searched.windows, expected,
            "{}: windows of other bars",
            info.key
        );
        assert_eq!(answer.hits.len() as u64, expected, "{}", info.key);
        said += &format!("{bars:?}{:?}", answer.hits);
        // The row of the last window is made of these very bars.
        let last = bars.slice(bars.len() - W..bars.len());
        let whole = last.time[W - 1] - last.time[0] == HOUR * (W as i64 - 1);
        if whole {
            let end = Timestamp::from_millis(last.time[W - 1] + HOUR);
            let search = view
                .similar(last)
                .filter(Filter::new().symbol(&info.key.symbol).from(end));
            let score = search.exact(true).run().unwrap().hits[0].score;
            assert!(
                score > 0.9999,
                "{}: the row of another commit, {score}",
                info.key
            );
        }
    }
    generations.dedup();
    assert_eq!(
        generations.len(),
        1,
        "bars of several commits: {generations:?}"
    );
    Some((generations[0], said))
}

/// Looks at views until told to stop; some are held for a while and must not change.
fn read(db: &Database, stop: &AtomicBool, newest: &AtomicU64, seed: u64) -> u64 {
    let mut random = Lcg(seed);
    let mut held: Option<(View, String)> = None;
    let (mut looks, mut last) = (0, 0);
    while !stop.load(Ordering::Relaxed) || looks < 3 {
        let acknowledged = newest.load(Ordering::SeqCst);
        let view = db.now();
        let Some((generation, said)) = look(&view) else {
            continue;
        };
        assert!(
            generation >= acknowledged,
            "a commit that was acknowledged is not shown"
        );
        assert!(generation >= last, "time went backwards");
        last = generation;
        let early = db.at(Timestamp::from_millis(START + 4 * DAY));
        let answer = early
            .similar("AAA".parse::<Target>().unwrap())
            .k(5)
            .run()
            .unwrap();
        assert!(
            answer
                .hits
                .iter()
                .all(|h| h.window.end.millis() <= START + 4 * DAY)
        );
        if let Some((view, said)) = &held {
            assert_eq!(&look(view).unwrap().1, said, "a view changed");
        }
        if random.next() < 0.3 {
            held = Some((view, said)).filter(|_| random.next() < 0.7);
        }
        looks += 1;
    }
    looks
}

fn duration() -> Duration {
    let seconds = std::env::var("RHYME_THREADS_SECONDS");
    Duration::from_secs(seconds.map_or(2, |s| s.parse().unwrap()))
}

#[test]
fn every_view_shows_one_commit() {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path())
        .unwrap();
    let (stop, newest) = (AtomicBool::new(false), AtomicU64::new(0));
    let until = Instant::now() + duration();
    let (looks, generations) = std::thread::scope(|scope| {
        let (db, stop, newest) = (&db, &stop, &newest);
        let readers: Vec<_> = (1..=3)
            .map(|seed| scope.spawn(move || read(db, stop, newest, seed)))
            .collect();
        let compactor = scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                db.compact(&Control::new()).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let auditor = scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                db.verify(&Control::new()).unwrap();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let mut n = 0;
        while Instant::now() < until {
            n += 1;
            db.ingest_bars(&generation(n)).unwrap();
            newest.store(n, Ordering::SeqCst);
            if n % 3 == 0 {
                let hour = |i: i64| Timestamp::from_millis(START + i * HOUR);
                let gap = hour((n % 10) as i64)..=hour((n % 10) as i64 + 2);
                db.delete_bars(&key("CCC"), Some(gap)).unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
        compactor.join().unwrap();
        auditor.join().unwrap();
        (
            readers.into_iter().map(|r| r.join().unwrap()).sum::<u64>(),
            n,
        )
    });
    println!("{looks} views of {generations} generations");
    assert!(
        generations > 3 && looks > 10,
        "{generations} generations, {looks} views"
    );
    assert_eq!(look(&db.now()).unwrap().0, generations);
}

#[test]
fn writers_take_turns_and_none_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path())
        .unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let db = &db;
            scope.spawn(move || {
                let series = crypto(&format!("W{writer}"), 100, writer);
                for start in (0..100).step_by(20) {
                    let piece = SeriesBars {
                        bars: series.bars.slice(start..start + 20),
                        ..series.clone()
                    };
                    assert_eq!(db.ingest_bars(&[piece]).unwrap().bars_added, 20);
                    if start == 60 && writer % 2 == 0 {
                        db.compact(&Control::new()).unwrap();
                    }
                }
            });
        }
    });
    let counted = db.verify(&Control::new()).unwrap();
    assert_eq!((counted.bars, counted.windows), (400, 4 * 37));
    for writer in 0..4 {
        let series = crypto(&format!("W{writer}"), 100, writer);
        assert_eq!(
            db.now().bars(&series.key, None, None, None).unwrap().bars,
            series.bars
        );
    }
}

#[test]
fn a_database_is_opened_once_also_by_threads_of_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        let second = || Database::open(dir.path()).map(drop);
        let tries: Vec<_> = (0..4).map(|_| scope.spawn(second)).collect();
        for tried in tries {
            let error = tried.join().unwrap().unwrap_err();
            assert!(matches!(error, Error::Locked { .. }), "{error}");
        }
    });
    drop(db);
    Database::open(dir.path()).unwrap();
}
