//! Databases of every released format stay readable, with the answers that they gave.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use rhymedb::data::StoredChange;
use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};
use rhymedb::{Control, Database, Error, Interval, OpenOptions, SeriesBars, Target};
use serde_json::Value;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Opening changes files, so tests work on a copy.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn assert_answers(db: &Database, answers: &[Value]) {
    for expected in answers {
        let target: Target = expected["target"].as_str().unwrap().parse().unwrap();
        let answer = db.now().similar(target).k(5).exact(true).run().unwrap();
        assert_eq!(
            answer.searched.windows,
            expected["windows"].as_u64().unwrap()
        );
        let hits = expected["hits"].as_array().unwrap();
        assert_eq!(answer.hits.len(), hits.len());
        for (hit, expected) in answer.hits.iter().zip(hits) {
            assert_eq!(hit.window.to_string(), expected["window"].as_str().unwrap());
            let score =
                f32::from_bits(u32::try_from(expected["score_bits"].as_u64().unwrap()).unwrap());
            // The query is encoded anew, on a machine whose logarithm may differ in its last bit.
            assert!((hit.score - score).abs() < 1e-6, "{hit:?} against {score}");
        }
    }
}

/// A space of charts and headlines can be made of what is there, and dropped.
fn takes_weights(db: &Database) {
    let before = db.verify(&Control::new()).unwrap();
    let before = (before.weights, before.headline_rows);
    let text = TextConfig {
        buckets: 64,
        ..TextConfig::new(16)
    };
    let config = WeightsConfig::clip(ChartConfig::multiscale(16, 16), text, 0.1);
    let weights = Weights::random(&config, 1).unwrap();
    let made = db.create_space_of_weights("clip", &weights, 1, Control::new());
    assert_eq!(made.unwrap().headlines_embedded, 20);
    let report = db.verify(&Control::new()).unwrap();
    assert_eq!(
        (report.weights, report.headline_rows),
        (before.0 + 1, before.1 + 20)
    );
    let dropped = db.drop_space("clip").unwrap();
    assert_eq!(dropped.headline_rows, 20);
    assert_eq!(dropped.weights_bytes, weights.bytes().len() as u64);
    let report = db.verify(&Control::new()).unwrap();
    assert_eq!((report.weights, report.headline_rows), before);
}

/// A fixture of format 4 has a report in passages, and spaces of ONNX files of bars and of texts.
fn asks_networks(db: &Database) {
    if db.health().unwrap().format < 4 {
        return;
    }
    let view = db.now();
    let found = view.search("withdrawals halt after hack").space("words");
    let found = found.run().unwrap().headlines;
    let passage = found[0].passage.as_deref().unwrap();
    assert!(passage.contains("hack of exchange"), "{passage}");
    let target: Target = "crypto/synthetic/NOVAUSDT:1h".parse().unwrap();
    let found = view.similar(target).space("net").k(3).run().unwrap();
    assert_eq!(found.hits.len(), 3);
}

/// The last commit of a fixture of format 3 appended ten bars, and is not folded.
fn tells_its_last_commit(db: &Database) {
    let last = db.now().position().unwrap().commit();
    if db.health().unwrap().format < 3 {
        assert_eq!(last, 0);
        return;
    }
    // Its commits do not say who made them.
    let before = format!("{}-0000000000000000", last - 1);
    let told = db.changes_since(before.parse().unwrap()).unwrap();
    let [change] = &told.commits[0].changes[..] else {
        panic!("{told:?}");
    };
    let StoredChange::RowsAdded { series, ends, .. } = change else {
        panic!("{change:?}");
    };
    assert_eq!((series.symbol.as_str(), ends.len()), ("NOVAUSDT", 10));
}

#[test]
fn every_format_opens_with_its_answers() {
    let mut seen = 0;
    let folders = fs::read_dir(fixtures()).unwrap().map(|e| e.unwrap().path());
    for folder in folders.filter(|f| f.join("market.rhyme").exists()) {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("market.rhyme");
        copy(&folder.join("market.rhyme"), &path);
        let text = fs::read_to_string(folder.join("answers.json")).unwrap();
        let answers: Vec<Value> = serde_json::from_str(&text).unwrap();
        let db = Database::open(&path).unwrap();
        let report = db.verify(&Control::new()).unwrap();
        assert!(report.segments > 0 && report.headlines == 20, "{report:?}");
        let space = &db.now().spaces().unwrap()[0];
        assert!(space.fresh_rows > 0 && space.dead_rows > 0, "{space:?}");
        assert_answers(&db, &answers);
        tells_its_last_commit(&db);
        asks_networks(&db);
        let backup = temporary.path().join("backup");
        db.backup(&backup, &Control::new()).unwrap();
        let read_only = OpenOptions::new().read_only(true).open(&backup).unwrap();
        assert_answers(&read_only, &answers);
        takes_weights(&db);
        db.compact(&Control::new()).unwrap();
        assert_answers(&db, &answers);
        seen += answers.len();
    }
    assert!(seen >= 4, "the fixtures were found");
}

/// A fixture's database, for a program of its time.
fn first() -> (tempfile::TempDir, PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("market.rhyme");
    copy(&fixtures().join("format-1/market.rhyme"), &path);
    (temporary, path)
}

const MADE: redb::TableDefinition<u32, u32> = redb::TableDefinition::new("made_series");

/// Writes to a closed database's catalog past the library.
fn in_catalog<T>(path: &Path, work: impl FnOnce(&redb::WriteTransaction) -> T) -> T {
    let catalog = redb::Database::open(path.join("catalog.redb")).unwrap();
    let txn = catalog.begin_write().unwrap();
    let done = work(&txn);
    txn.commit().unwrap();
    done
}

/// Puts a format into a catalog, and returns the one that was there.
fn set_format(path: &Path, format: u64) -> u64 {
    in_catalog(path, |txn| {
        let meta = redb::TableDefinition::<&str, u64>::new("meta");
        let mut table = txn.open_table(meta).unwrap();
        table.insert("format", format).unwrap().unwrap().value()
    })
}

/// A catalog keeps its format until a commit changes bars, rows or headlines: its record is in a table that
/// programs of earlier formats do not read.
#[test]
fn the_first_commit_of_bars_raises_the_format_of_a_catalog() {
    for format in [1, 2] {
        let (temporary, path) = first();
        set_format(&path, format);
        let source = {
            let db = Database::open(&path).unwrap();
            db.verify(&Control::new()).unwrap();
            let none = db.now().position().unwrap();
            assert_eq!(none.commit(), 0);
            let told = db.changes_since(none).unwrap_err();
            assert!(
                told.to_string().contains("no commit has a number"),
                "{told}"
            );
            let series = db.now().series().unwrap();
            let hourly = series.iter().find(|s| s.key.market == "crypto").unwrap();
            assert_eq!(db.health().unwrap().format, format);
            db.resample(&hourly.key, Interval::hours(4), &Control::new())
                .unwrap();
            assert_eq!(db.health().unwrap().format, 3);
            assert!(db.now().position().unwrap().commit() > 0);
            let backup = temporary.path().join("backup");
            db.backup(&backup, &Control::new()).unwrap();
            let copy = OpenOptions::new().read_only(true).open(&backup).unwrap();
            assert_eq!(copy.health().unwrap().format, 3);
            assert_eq!(copy.now().position().unwrap(), db.now().position().unwrap());
            hourly.key.clone()
        };
        assert_eq!(set_format(&path, 3), 3);
        let db = Database::open(&path).unwrap();
        db.verify(&Control::new()).unwrap();
        let made = db.now().series().unwrap();
        let made = made.iter().filter(|s| s.made_of.as_ref() == Some(&source));
        assert_eq!(made.count(), 1);
    }
}

/// A program that knows no made series deletes one, or its source, and leaves the mark.
#[test]
fn marks_of_series_that_are_gone_are_no_marks() {
    let (_temporary, path) = first();
    in_catalog(&path, |txn| {
        let mut marks = txn.open_table(MADE).unwrap();
        marks.insert(1, 99).unwrap();
        marks.insert(98, 1).unwrap();
    });
    {
        let db = Database::open(&path).unwrap();
        let series = db.now().series().unwrap();
        assert!(series.iter().all(|s| s.made_of.is_none()));
        // The series of the orphan marks take bars as any others.
        for info in &series {
            let bars = db.now().bars(&info.key, None, None, Some(1)).unwrap().bars;
            let mut bar = bars.get(0).unwrap();
            bar.volume += 1.0;
            db.ingest_bars(&[SeriesBars {
                key: info.key.clone(),
                calendar: info.calendar,
                bars: [bar].into_iter().collect(),
            }])
            .unwrap();
        }
        let error = db.verify(&Control::new()).unwrap_err().to_string();
        assert!(error.contains("made_series"), "{error}");
    }
    let report = Database::repair(&path, &Control::new()).unwrap();
    assert_eq!((report.marks_removed, report.is_whole()), (2, true));
    let db = Database::open(&path).unwrap();
    db.verify(&Control::new()).unwrap();
}

/// Every way of opening a database says which file is too new.
fn refuses_a_newer(path: &Path, (file, version): (&str, u32)) {
    let read_only = OpenOptions::new().read_only(true).open(path).map(drop);
    let copied = Database::restore(path, path.with_extension("copy"), &Control::new()).map(drop);
    for refused in [Database::open(path).map(drop), read_only, copied] {
        let error = refused.unwrap_err();
        let Error::Version { file: named, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(named.ends_with(file), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&format!("has format version {version}")),
            "{text}"
        );
        assert!(text.contains("use a newer program"), "{text}");
    }
    assert!(path.join(file).exists() && !path.with_extension("copy").exists());
}

#[test]
fn a_catalog_of_a_newer_program_is_refused() {
    let (_temporary, path) = first();
    assert_eq!(set_format(&path, 5), 1);
    refuses_a_newer(&path, ("catalog.redb", 5));
    let error = Database::repair(&path, &Control::new()).unwrap_err();
    assert!(matches!(error, Error::Version { found: 5, .. }), "{error}");
}

#[test]
fn a_segment_of_a_newer_program_is_refused() {
    let (_temporary, path) = first();
    let entry = fs::read_dir(path.join("segments")).unwrap().next();
    let segment = entry.unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    assert_eq!(bytes[8..12], [1, 0, 0, 0]);
    bytes[8] = 2;
    fs::write(&segment, bytes).unwrap();
    let name = segment.file_name().unwrap().to_str().unwrap();
    refuses_a_newer(&path, (&format!("segments/{name}"), 2));
}
