//! Databases of every released format stay readable, with the answers that they gave.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use rhymedb::{
    ChartConfig, Control, Database, OpenOptions, Target, TextConfig, Weights, WeightsConfig,
};
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
    let text = TextConfig {
        buckets: 64,
        ..TextConfig::new(16)
    };
    let config = WeightsConfig::clip(ChartConfig::multiscale(16, 16), text, 0.1);
    let weights = Weights::random(&config, 1).unwrap();
    let made = db.create_space_of_weights("clip", &weights, 1, Control::new());
    assert_eq!(made.unwrap().headlines_embedded, 20);
    let report = db.verify(&Control::new()).unwrap();
    assert_eq!((report.weights, report.headline_rows), (1, 20));
    let dropped = db.drop_space("clip").unwrap();
    assert_eq!(dropped.headline_rows, 20);
    assert_eq!(dropped.weights_bytes, weights.bytes().len() as u64);
    let report = db.verify(&Control::new()).unwrap();
    assert_eq!((report.weights, report.headline_rows), (0, 0));
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
