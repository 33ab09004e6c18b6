//! What is no part, and parts that contradict one another.

use std::path::{Path, PathBuf};

use rhymedb::data::Attribute;
use rhymedb::encode::chart_encoder_by_name;
use rhymedb::ingest::NewTag;
use rhymedb::{Control, Database, Error, Interval};

use crate::oracle::worlds::{hours, refused};
use crate::oracle::{HOUR, START, crypto};
use crate::world::open;

fn bars(db: &Database) {
    db.ingest_bars(&[crypto("AAA", 200, 1)]).unwrap();
}

fn sector(db: &Database, value: &str) {
    db.set_attributes(&[Attribute::new("AAA", "sector", value)])
        .unwrap();
}

fn tag(db: &Database, value: f64) {
    let tag = NewTag {
        name: "long".to_owned(),
        target: format!("AAA:1h@{}", hours(100)).parse().unwrap(),
        value: Some(value),
        known: None,
    };
    db.add_tags(&[tag]).unwrap();
}

fn prototype(db: &Database, target: &str) {
    db.save_prototype("mine", None, &[target.parse().unwrap()])
        .unwrap();
}

fn kinds(db: &Database, hop: u32) {
    let stats = chart_encoder_by_name("stats", 16, None).unwrap();
    db.create_space("kinds", &stats, hop, Control::new())
        .unwrap();
}

/// What others are compared with.
fn first(db: &Database) {
    bars(db);
    sector(db, "Coins");
    tag(db, 1.0);
    prototype(db, "AAA:1h");
    kinds(db, 1);
    let key = &crypto("AAA", 1, 1).key;
    db.resample(key, Interval::hours(4), &Control::new())
        .unwrap();
}

fn made(dir: &Path, name: &str, change: impl Fn(&Database)) -> PathBuf {
    let path = dir.join(name);
    let db = open(&path);
    change(&db);
    db.close().unwrap();
    path
}

/// Neither the parts together nor the second one beside the first go in, and nothing of them.
#[track_caller]
fn contradicts(name: &str, change: impl Fn(&Database), message: &str) {
    let dir = tempfile::tempdir().unwrap();
    let first = made(dir.path(), "first", first);
    let second = made(dir.path(), name, change);
    let db = open(&dir.path().join("whole"));
    refused(db.merge(&[&first, &second], &Control::new()), message);
    assert!(db.now().series().unwrap().is_empty(), "{name}");
    // And against what is there already.
    db.merge(&[&first], &Control::new()).unwrap();
    let before = db.stats().unwrap().windows;
    refused(db.merge(&[&second], &Control::new()), message);
    assert_eq!(db.stats().unwrap().windows, before);
}

#[test]
fn other_bars_and_other_encoders_are_refused() {
    let mut wrong = crypto("AAA", 200, 1);
    wrong.bars.close[150] = wrong.bars.high[150];
    contradicts(
        "bars",
        |db| drop(db.ingest_bars(std::slice::from_ref(&wrong)).unwrap()),
        "differ in the bar of crypto/test/AAA:1h that opened at 2020-01-12T06:00:00Z: open",
    );
    contradicts(
        "space",
        |db| {
            bars(db);
            kinds(db, 2);
        },
        "differ in the encoder of the space kinds",
    );
    contradicts(
        "made",
        |db| {
            bars(db);
            let mut own = crypto("AAA", 40, 1);
            own.key.interval = Interval::hours(4);
            for (i, time) in own.bars.time.iter_mut().enumerate() {
                *time = START + 4 * HOUR * i as i64;
            }
            db.ingest_bars(&[own]).unwrap();
        },
        "differ in how crypto/test/AAA:4h is made",
    );
}

#[test]
fn other_notes_are_refused() {
    contradicts(
        "attribute",
        |db| sector(db, "Energy"),
        "differ in the attribute sector of AAA in any market",
    );
    contradicts(
        "tag",
        |db| {
            bars(db);
            tag(db, 2.0);
        },
        "differ in the tag long of crypto/test/AAA:1h at 2020-01-10T04:00:00Z",
    );
    contradicts(
        "prototype",
        |db| {
            bars(db);
            prototype(db, &format!("AAA:1h@{}", hours(90)));
        },
        "differ in the prototype mine",
    );
}

#[test]
fn what_is_no_part_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("whole"));
    let part = dir.path().join("part");
    let other = open(&part);
    other.ingest_bars(&[crypto("AAA", 100, 1)]).unwrap();
    let merge = |parts: &[&Path]| db.merge(parts, &Control::new());
    refused(merge(&[&part]), "found a process that writes to");
    other.close().unwrap();
    refused(merge(&[]), "at least one database to merge");
    refused(merge(&[&part, &part]), "expected each database once");
    refused(
        merge(&[&part, &dir.path().join("whole")]),
        "other than the one that they are merged into",
    );
    let missing = merge(&[&part, &dir.path().join("none")]).unwrap_err();
    assert!(
        missing.to_string().contains("there is no such folder"),
        "{missing}"
    );
    let stopped = Control::new();
    stopped.stop();
    assert!(matches!(
        db.merge(&[&part], &stopped),
        Err(Error::Interrupted)
    ));
    assert_eq!(db.now().series().unwrap().len(), 0);
    merge(&[&part]).unwrap();
    assert_eq!(db.now().series().unwrap().len(), 1);
}
