use std::path::Path;

use rhymedb::admin::{RepairReport, SegmentFate};
use rhymedb::{Control, Database, Error, OpenOptions};

use crate::oracle::{HOUR, START, crypto};
use crate::world::{World, answers, assert_same, damage_block, files, flip, import, section};

fn repair(world: &World) -> RepairReport {
    Database::repair(world.db(), &Control::new()).unwrap()
}

fn open_fails(world: &World, message: &str) {
    let error = Database::open(world.db()).err().unwrap();
    assert!(error.to_string().contains(message), "{error}");
}

/// Damages a segment of a chart space, and expects it to be as before after a repair.
fn check_rebuilt(index: usize, opens: bool, damage: impl Fn(&Path)) {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    let before = answers(&db);
    let verified = db.verify(&Control::new()).unwrap();
    drop(db);
    let bad = world.segments()[index].clone();
    damage(&bad);
    if opens {
        let db = Database::open(world.db()).unwrap();
        let error = db.verify(&Control::new()).unwrap_err();
        assert!(
            error.to_string().contains("`rhyme repair` rebuilds"),
            "{error}"
        );
    } else {
        open_fails(&world, "`rhyme repair` rebuilds what can be rebuilt");
    }
    let mut sound = files(&world.db().join("segments"));
    let damaged = sound.remove(&bad);
    let report = repair(&world);
    assert!(report.is_whole() && report.has_changed(), "{report:?}");
    assert_eq!(report.damaged.len(), 1);
    let found = &report.damaged[0];
    assert_eq!(found.fate, SegmentFate::Rebuilt);
    assert_eq!(found.space, ["shape", "wide"][index]);
    assert_eq!(report.windows_rebuilt, found.rows);
    for (path, stamp) in &sound {
        assert_eq!(files(path.parent().unwrap()).get(path), Some(stamp));
    }
    let kept = world.db().join("damaged").join(bad.file_name().unwrap());
    assert_eq!(damaged.map(|d| d.0), std::fs::read(kept).ok());

    let db = Database::open(world.db()).unwrap();
    assert_same(&before, &answers(&db));
    let again = db.verify(&Control::new()).unwrap();
    assert_eq!(again.windows, verified.windows);
    drop(db);
    let second = repair(&world);
    assert!(second.is_whole() && !second.has_changed(), "{second:?}");
    assert_eq!(second.bars, verified.bars);
}

#[test]
fn a_missing_segment_is_rebuilt() {
    check_rebuilt(0, false, |file| std::fs::remove_file(file).unwrap());
}

#[test]
fn a_cut_segment_is_rebuilt() {
    check_rebuilt(1, false, |file| {
        let bytes = std::fs::read(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    });
}

#[test]
fn a_segment_with_flipped_bits_is_rebuilt() {
    check_rebuilt(0, true, |file| flip(file, section(file, "hi").start + 5));
    check_rebuilt(0, false, |file| flip(file, 8));
}

#[test]
fn another_segment_in_its_place_is_replaced() {
    check_rebuilt(1, false, |file| {
        let other = file.with_file_name("000000000001.seg");
        assert_ne!(other, file);
        std::fs::copy(other, file).unwrap();
    });
}

#[test]
fn imported_vectors_with_a_damaged_graph_are_kept() {
    let world = World::new();
    let before = answers(&Database::open(world.db()).unwrap());
    let file = world.segments()[2].clone();
    flip(&file, section(&file, "links0").start + 9);
    let report = repair(&world);
    assert_eq!(report.damaged[0].fate, SegmentFate::Kept);
    assert_eq!((report.vectors_kept, report.is_whole()), (400, true));
    let db = Database::open(world.db()).unwrap();
    assert_eq!(answers(&db), before, "bit by bit");
    db.verify(&Control::new()).unwrap();
}

#[test]
fn imported_vectors_that_are_damaged_are_named_and_can_come_again() {
    let world = World::new();
    let before = answers(&Database::open(world.db()).unwrap());
    let file = world.segments()[2].clone();
    flip(&file, section(&file, "lo").start + 9);
    let report = repair(&world);
    assert!(!report.is_whole());
    assert_eq!(report.damaged[0].fate, SegmentFate::Lost);
    let lost = &report.lost_vectors[0];
    assert_eq!(lost.series, Some(crypto("AAA", 1, 1).key));
    assert_eq!(lost.first.unwrap().millis(), START + HOUR);
    assert_eq!(lost.last.unwrap().millis(), START + 400 * HOUR);
    assert_eq!(lost.vectors, 400);
    let db = Database::open(world.db()).unwrap();
    db.verify(&Control::new()).unwrap();
    import(&db);
    assert_eq!(answers(&db), before);
}

#[test]
fn a_lost_file_of_imported_vectors_is_counted() {
    let world = World::new();
    std::fs::remove_file(&world.segments()[2]).unwrap();
    let report = repair(&world);
    let lost = &report.lost_vectors[0];
    assert_eq!((lost.space.as_str(), lost.vectors), ("mine", 400));
    assert_eq!((&lost.series, lost.first), (&None, None));
    Database::open(world.db())
        .unwrap()
        .verify(&Control::new())
        .unwrap();
}

#[test]
fn damaged_bars_are_named_and_left() {
    let world = World::new();
    damage_block(&world.catalog(), 444);
    let before = files(&world.db().join("segments"));
    let report = repair(&world);
    assert!(!report.is_whole() && !report.has_changed(), "{report:?}");
    let lost = &report.lost_bars;
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].series, crypto("AAA", 1, 1).key);
    assert_eq!(lost[0].first.millis(), START);
    // The newest 256 bars have a block of their own, and what is lost ends before that begins.
    assert_eq!(lost[0].last.millis(), START + 444 * HOUR - 1);
    assert!(lost[0].reason.contains("hash"), "{lost:?}");
    assert!(report.catalog.unwrap().contains("rhyme restore"));
    assert_eq!(files(&world.db().join("segments")), before);

    let db = Database::open(world.db()).unwrap();
    let error = db.verify(&Control::new()).unwrap_err().to_string();
    assert!(
        error.contains("crypto/test/AAA:1h, bars from 2020-01-06"),
        "{error}"
    );
    assert!(
        error.contains("restore the database from a backup"),
        "{error}"
    );
}

/// The windows of other series are made anew.
#[test]
fn damaged_bars_stop_only_their_own_series() {
    let world = World::new();
    damage_block(&world.catalog(), 444);
    std::fs::remove_file(&world.segments()[0]).unwrap();
    let report = repair(&world);
    assert_eq!(report.lost_bars.len(), 1);
    assert_eq!(report.damaged[0].rows, (700 - 63) + (650 - 63) + (300 - 63));
    assert_eq!(report.windows_rebuilt, (650 - 63) + (300 - 63));
    let db = Database::open(world.db()).unwrap();
    let target = "BBB".parse::<rhymedb::Target>().unwrap();
    assert_eq!(db.now().similar(target).run().unwrap().hits.len(), 10);
}

/// The prices of the newest bars have no checksum but that of their page.
#[test]
fn verify_finds_a_bit_in_a_price() {
    let world = World::new();
    let newest = crypto("AAA", 701, 1).bars.get(700).unwrap();
    let db = Database::open(world.db()).unwrap();
    let mut one = crypto("AAA", 701, 1);
    one.bars = one.bars.slice(700..701);
    db.ingest_bars(&[one]).unwrap();
    db.verify(&Control::new()).unwrap();
    drop(db);
    let bytes = std::fs::read(world.catalog()).unwrap();
    let price = newest.close.to_le_bytes();
    let places: Vec<usize> = (0..bytes.len() - 8)
        .filter(|&at| bytes[at..at + 8] == price)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        flip(&world.catalog(), at);
    }
    let db = Database::open(world.db()).unwrap();
    let stored = db.now().bars(&crypto("AAA", 1, 1).key, None, None, Some(1));
    assert_ne!(
        stored.unwrap().bars.get(0).unwrap(),
        newest,
        "nobody else notices"
    );
    let error = db.verify(&Control::new()).unwrap_err();
    let Error::Corrupt { section, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(section, "pages", "{error}");
}

#[test]
fn repair_is_refused_where_it_cannot_be() {
    let world = World::new();
    let missing = world.path("nothing");
    let error = Database::repair(&missing, &Control::new()).unwrap_err();
    assert!(matches!(error, Error::NotADatabase { .. }), "{error}");
    assert!(!missing.exists());
    let db = Database::open(world.db()).unwrap();
    let error = Database::repair(world.db(), &Control::new()).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(db);
    std::fs::write(world.catalog(), b"no catalog at all").unwrap();
    let error = Database::repair(world.db(), &Control::new()).unwrap_err();
    assert!(error.to_string().contains("`rhyme restore`"), "{error}");
}

#[test]
fn an_interrupted_repair_is_continued() {
    let world = World::new();
    let before = answers(&Database::open(world.db()).unwrap());
    std::fs::remove_file(&world.segments()[0]).unwrap();
    let stopped = Control::new();
    stopped.stop();
    let error = Database::repair(world.db(), &stopped).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    let report = repair(&world);
    assert!(report.is_whole());
    let db = OpenOptions::new().create(false).open(world.db()).unwrap();
    assert_same(&before, &answers(&db));
    db.verify(&Control::new()).unwrap();
}
