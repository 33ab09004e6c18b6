use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rhymedb::ingest::Stage;
use rhymedb::{Control, Database, Error, Filter, OpenOptions, SeriesBars};

use crate::oracle::crypto;
use crate::world::{World, answers, files, flip, series};

fn assert_equal(a: &Database, b: &Database) {
    assert_eq!(answers(a), answers(b));
    let (x, y) = (a.now(), b.now());
    assert_eq!(x.series().unwrap(), y.series().unwrap());
    assert_eq!(x.spaces().unwrap(), y.spaces().unwrap());
    for s in series() {
        let bars = |view: &rhymedb::View| view.bars(&s.key, None, None, None).unwrap();
        assert_eq!(bars(&x), bars(&y));
    }
    let headlines = |view: &rhymedb::View| view.headlines(None, None, None, 100).unwrap();
    assert_eq!(headlines(&x), headlines(&y));
    assert_eq!(headlines(&x).len(), 40);
}

fn assert_nothing_left(world: &World, name: &str) {
    for name in [name.to_owned(), format!("{name}.partial")] {
        assert!(!world.path(&name).exists(), "{name}");
    }
}

#[test]
fn a_backup_is_the_database_and_so_is_what_is_restored() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    let backup = world.path("deep/backup");
    let report = db.backup(&backup, &Control::new()).unwrap();
    assert_eq!(report.verified.segments, 3);
    assert_eq!(report.verified.headlines, 40);
    assert!(report.bytes > report.verified.segment_bytes);
    let restored = world.path("again.rhyme");
    Database::restore(&backup, &restored, &Control::new()).unwrap();
    for copy in [&backup, &restored] {
        let copy = Database::open(copy).unwrap();
        assert_equal(&db, &copy);
        // Counters were copied too: what is new gets new numbers.
        copy.ingest_bars(&[crypto("NEW", 200, 9)]).unwrap();
        copy.compact(&Control::new()).unwrap();
        copy.verify(&Control::new()).unwrap();
    }
}

#[test]
fn changes_after_a_backup_are_not_those_of_what_is_restored() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    db.ingest_bars(&[crypto("NEW", 100, 9)]).unwrap();
    let kept = db.now().position().unwrap();
    let backup = world.path("backup");
    db.backup(&backup, &Control::new()).unwrap();
    db.ingest_bars(&[crypto("NEW", 101, 9)]).unwrap();
    let lost = db.now().position().unwrap();
    let one = |db: &Database, from| db.changes_since(from).unwrap().commits;
    assert_eq!(one(&db, kept).len(), 1);

    let restored = world.path("again.rhyme");
    Database::restore(&backup, &restored, &Control::new()).unwrap();
    let db = Database::open(&restored).unwrap();
    assert_eq!(db.now().position().unwrap(), kept);
    // The same commit once more, which may hold another price: it is told from the one that was lost.
    db.ingest_bars(&[crypto("NEW", 101, 8)]).unwrap();
    let now = db.now().position().unwrap();
    assert_eq!(now.commit(), lost.commit());
    assert_ne!(now, lost);
    let told = db.changes_since(lost).unwrap_err().to_string();
    assert!(
        told.contains("was lost, and another one is number"),
        "{told}"
    );
    let changes = one(&db, kept);
    assert_eq!((changes.len(), changes[0].commit), (1, now.commit()));
}

#[test]
fn nothing_is_written_over() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    for (name, is_folder) in [("a file", false), ("a folder", true)] {
        let path = world.path(name);
        if is_folder {
            std::fs::create_dir(&path).unwrap();
        } else {
            std::fs::write(&path, "mine").unwrap();
        }
        let error = db.backup(&path, &Control::new()).unwrap_err();
        assert!(error.to_string().contains("is there already"), "{error}");
        let error = Database::restore(world.db(), &path, &Control::new()).unwrap_err();
        assert!(error.to_string().contains("is there already"), "{error}");
    }
    std::fs::create_dir(world.path("new.partial")).unwrap();
    let error = db.backup(world.path("new"), &Control::new()).unwrap_err();
    assert!(error.to_string().contains("delete that folder"), "{error}");
    assert!(world.path("new.partial").exists());
    assert_eq!(std::fs::read(world.path("a file")).unwrap(), b"mine");
}

/// Stops when the given stage begins.
fn stopping_at(stage: Stage) -> Control {
    let control = Control::new();
    let stop = control.stop_flag();
    control.on_progress(move |p| {
        if p.stage == stage {
            stop.store(true, Ordering::Relaxed);
        }
    })
}

#[test]
fn an_interrupted_backup_leaves_nothing() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    for stage in [Stage::Copy, Stage::Check, Stage::Read] {
        let error = db.backup(world.path("b"), &stopping_at(stage)).unwrap_err();
        assert!(matches!(error, Error::Interrupted), "{error}");
        assert_nothing_left(&world, "b");
    }
    db.backup(world.path("b"), &Control::new()).unwrap();
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let world = World::new();
    let backup = world.path("backup");
    let db = Database::open(world.db()).unwrap();
    db.backup(&backup, &Control::new()).unwrap();
    let segments = files(&backup.join("segments"));
    let file = segments.keys().next().unwrap();
    flip(file, 5000);
    let before = files(&backup);
    let error = Database::restore(&backup, world.path("new"), &Control::new()).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert_nothing_left(&world, "new");
    assert_eq!(files(&backup), before);
    // And damage does not get into a backup.
    let again = world.path("again");
    let damaged = OpenOptions::new().read_only(true).open(&backup).unwrap();
    let error = damaged.backup(&again, &Control::new()).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert_nothing_left(&world, "again");
}

/// While a writer appends bars one by one and compacts, each backup is the database at a moment:
/// the first bars of the series, with all their windows.
#[test]
fn backups_are_taken_beside_a_writer() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    let full = crypto("LIVE", 2000, 7);
    let part = |from, to| SeriesBars {
        bars: full.bars.slice(from..to),
        ..full.clone()
    };
    db.ingest_bars(&[part(0, 100)]).unwrap();
    let done = AtomicBool::new(false);
    let written = AtomicUsize::new(100);
    let mut lengths = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 100..2000 {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                db.ingest_bars(&[part(i, i + 1)]).unwrap();
                written.store(i + 1, Ordering::Relaxed);
                if i % 20 == 0 {
                    db.compact(&Control::new()).unwrap();
                }
            }
        });
        for i in 0..4 {
            // The writer has its turn before each, however busy the machine is.
            let least = lengths.last().copied().unwrap_or(100);
            while written.load(Ordering::Relaxed) <= least && least < 2000 {
                std::thread::yield_now();
            }
            let path = world.path(&format!("backup-{i}"));
            let made = db.backup(&path, &Control::new());
            done.store(made.is_err() || i == 3, Ordering::Relaxed);
            made.unwrap();
            lengths.push(live_bars(&path, &full));
        }
    });
    assert!(lengths.is_sorted(), "{lengths:?}");
    assert!(lengths[0] < lengths[3], "the writer went on: {lengths:?}");
}

fn live_bars(backup: &Path, full: &SeriesBars) -> usize {
    let copy = OpenOptions::new().read_only(true).open(backup).unwrap();
    let bars = copy.now().bars(&full.key, None, None, None).unwrap().bars;
    assert_eq!(bars, full.bars.slice(0..bars.len()));
    let view = copy.now();
    let target = format!("{}", full.key).parse::<rhymedb::Target>().unwrap();
    let answer = view
        .similar(target)
        .filter(Filter::new().symbol("LIVE"))
        .exact(true)
        .run();
    assert_eq!(answer.unwrap().searched.windows, bars.len() as u64 - 63);
    bars.len()
}
