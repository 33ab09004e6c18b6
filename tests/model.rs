//! Random operations on a database and on its mirror, which must agree at every step.
//!
//! `RHYME_MODEL_OPS` says how many operations to try (default 1500); each database lives for 150
//! of them. A failure prints the seed of its database; `RHYME_MODEL_SEED` starts there.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod mirror;
mod oracle;

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use mirror::Asked;
use mirror::listings::Listing;
use mirror::world::{NET, World};
use oracle::START;
use rhymedb::data::Calendar;
use rhymedb::{Control, Database, Error, SeriesBars, Timestamp};

const OPS_PER_DATABASE: u64 = 150;

impl World {
    fn check_counts(&self, db: &Database) {
        let verified = db.verify(&Control::new()).unwrap();
        let charts = self
            .charts
            .iter()
            .filter(|c| self.has(c.name))
            .map(|c| self.mirror.count(&Asked::Chart(c.clone())));
        let windows = charts.sum::<u64>() + self.mirror.count(&Asked::Imported);
        assert_eq!(
            (verified.bars, verified.windows),
            (self.mirror.bars(), windows)
        );
        let stats = db.stats().unwrap();
        assert_eq!((stats.bars, stats.windows), (verified.bars, windows));
        let stored = db.now().series().unwrap().len();
        assert_eq!(stored, self.mirror.series.len());
        let headlines = (verified.headlines, verified.headline_rows);
        let expected = (self.mirror.headlines.len() as u64, self.headline_rows());
        assert_eq!(headlines, expected);
        assert_eq!(verified.spaces, self.spaces.len() as u64);
        assert_eq!(verified.weights, u64::from(self.has(NET)));
        self.check_prototypes(db);
    }

    /// As if the power had gone now, right after a segment was published and not committed.
    fn crash(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.dir.path().join("db"), copy.path());
        let segments = copy.path().join("segments");
        let some = std::fs::read_dir(&segments).unwrap().next();
        let content = some.map_or(b"half".to_vec(), |e| {
            std::fs::read(e.unwrap().path()).unwrap()
        });
        for name in ["000000999999.seg", "000000999998.tmp"] {
            std::fs::write(segments.join(name), &content).unwrap();
        }
        let db = Database::open(copy.path()).unwrap();
        assert!(!segments.join("000000999999.seg").exists());
        assert!(!segments.join("000000999998.tmp").exists());
        self.check_counts(&db);
        self.follower.clone().follow(&db);
        self.compare_now(&db);
        self.compare_headlines_now(&db);
        self.compare_prototype_now(&db);
    }

    /// A backup answers like the database, and beside it.
    fn back_up(&mut self) {
        let copies = tempfile::tempdir().unwrap();
        let to = copies.path().join("backup");
        let report = self.db().backup(&to, &Control::new()).unwrap();
        assert_eq!(report.verified.bars, self.mirror.bars());
        let copy = Database::open(&to).unwrap();
        self.check_counts(&copy);
        self.compare_now(&copy);
        self.compare_headlines_now(&copy);
        self.compare_prototype_now(&copy);
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..28 => self.ingest(),
            28..36 => self.append(),
            36..41 => self.delete(),
            41..45 => self.import(),
            45..49 => self.ingest_headlines(),
            49 => self.delete_headlines(),
            50..54 => {
                let report = self.db().compact(&Control::new()).unwrap();
                assert_eq!(report.catalog_compacted, self.old.is_none());
            }
            54..57 => {
                self.reopen();
            }
            57..59 => self.crash(),
            59..62 => self.check_counts(&self.db().clone()),
            62..64 => self.back_up(),
            64..71 => self.compare_old(),
            71..75 => self.make_or_drop(),
            75..80 => self.compare_headlines_now(&self.db().clone()),
            80..83 => self.change_prototypes(),
            83..86 => self.compare_prototype_now(&self.db().clone()),
            _ => self.compare_now(&self.db().clone()),
        }
        self.follow();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("segments")).unwrap();
    for folder in ["", "segments"] {
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
}

/// The stages of a bulk ingestion show progress; it is stopped at one of those moments.
fn stopped_at(moment: usize) -> Control {
    let control = Control::new();
    let (handle, seen) = (control.clone(), AtomicUsize::new(0));
    control.on_progress(move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) == moment {
            handle.stop();
        }
    })
}

impl World {
    /// Corrects bars, and leaves before their windows are made searchable.
    fn ingest_and_leave(&mut self, series: usize, bars: Range<usize>, control: Control) -> bool {
        let Listing { key, calendar, .. } = &self.listings[series];
        let (key, calendar) = (key.clone(), *calendar);
        let piece = SeriesBars {
            key,
            calendar,
            bars: bars.map(|i| self.bar(series, i)).collect(),
        };
        self.entry(series);
        let db = self.db().clone();
        let mut ingest = db.ingest(control.clone());
        ingest.bars(std::slice::from_ref(&piece)).unwrap();
        let entry = self.entry(series);
        entry
            .bars
            .extend(piece.bars.iter().map(|b| (b.time.millis(), b)));
        if control.is_stopped() {
            return true;
        }
        match ingest.finish() {
            Ok(_) => false,
            Err(Error::Interrupted) => true,
            Err(other) => panic!("{other}"),
        }
    }
}

impl World {
    fn delete_bulk(&mut self, bulk: usize) {
        let opens = &self.listings[bulk].opens;
        let (first, last) = (opens[3000], opens[3010]);
        let range = Timestamp::from_millis(first)..=Timestamp::from_millis(last);
        let key = self.listings[bulk].key.clone();
        assert_eq!(self.db().delete_bars(&key, Some(range)).unwrap().bars, 11);
        let bars = &mut self.entry(bulk).bars;
        bars.retain(|t, _| !(first..=last).contains(t));
    }

    fn crash_and_compact(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.dir.path().join("db"), copy.path());
        let db = Database::open(copy.path()).unwrap();
        db.compact(&Control::new()).unwrap();
        self.check_counts(&db);
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn random_operations_agree_with_the_mirror() {
    let first = number("RHYME_MODEL_SEED", 1);
    let databases = number("RHYME_MODEL_OPS", 1500).div_ceil(OPS_PER_DATABASE);
    let (mut compared, mut near, mut prototypes, mut followed) = (0, 0, 0, 0);
    for seed in first..first + databases {
        let mut world = World::new(seed);
        for step in 0..OPS_PER_DATABASE {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.step()));
            assert!(
                done.is_ok(),
                "RHYME_MODEL_SEED={seed}, step {step}: see above"
            );
        }
        compared += world.compared;
        near += world.near;
        prototypes += world.compared_to_prototypes;
        followed += world.follower.followed;
    }
    println!(
        "{compared} windows, {near} headlines and {prototypes} windows near prototypes were compared"
    );
    assert!(
        prototypes as u64 > 10 * databases,
        "only {prototypes} windows near prototypes were compared"
    );
    assert!(
        followed as u64 > 30 * databases,
        "only {followed} commits were followed"
    );
    assert!(
        near as u64 > 10 * databases,
        "only {near} headlines were compared"
    );
    assert!(
        compared as u64 > 250 * databases,
        "only {compared} hits were compared"
    );
}

#[test]
fn an_interrupted_bulk_ingestion_is_continued_by_whatever_comes_next() {
    const BULK: usize = 8400;
    let mut interrupted = 0;
    for seed in 1..=number("RHYME_MODEL_OPS", 1500).div_ceil(500) {
        println!("seed {seed}");
        let mut world = World::new(seed);
        (0..5).for_each(|_| world.ingest());
        world.follow();
        let bulk = world.listings.len();
        world.listings.push(Listing {
            key: "crypto/one/BULK:1m".parse().unwrap(),
            calendar: Calendar::Continuous,
            opens: (0..BULK as i64).map(|i| START + i * 60_000).collect(),
        });
        let moment = world.dice.below(9);
        interrupted += u32::from(world.ingest_and_leave(bulk, 0..BULK, stopped_at(moment)));
        // Corrections of bars whose windows wait, beside others that do not.
        let left = Control::new();
        left.stop();
        let start = world.dice.below(BULK - 100);
        world.ingest_and_leave(bulk, start..start + 30, left.clone());
        let start = world.dice.below(100);
        world.ingest_and_leave(6, start..start + 90, left);
        match seed % 3 {
            0 => world.crash_and_compact(),
            1 => {
                world.reopen();
            }
            _ => world.delete_bulk(bulk),
        }
        world.follow();
        world.db().compact(&Control::new()).unwrap();
        world.follow();
        world.check_counts(&world.db().clone());
        (0..4).for_each(|_| world.compare_now(&world.db().clone()));
    }
    assert!(interrupted > 0, "no ingestion was interrupted");
}
