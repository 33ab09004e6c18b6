//! Spaces whose encoder is of stored weights are kept as safe as the others.

use rhymedb::admin::{RecallOptions, SegmentFate};
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};
use rhymedb::query::HeadlineHit;
use rhymedb::{Control, Database, Error, Hit, OpenOptions, Target, Timestamp};

use crate::oracle::START;
use crate::world::{World, assert_same, flip};

fn clip() -> Weights {
    let mut chart = ChartConfig::multiscale(16, 16);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 1024,
        ..TextConfig::new(16)
    };
    Weights::random(&WeightsConfig::clip(chart, text, 0.1), 6).unwrap()
}

/// The space `clip`, sealed into the fourth segment, beside those of the world.
fn world() -> World {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    let report = db
        .create_space_of_weights("clip", &clip(), 1, Control::new())
        .unwrap();
    assert_eq!(report.headlines_embedded, 40);
    db.compact(&Control::new()).unwrap();
    assert_eq!(world.segments().len(), 4);
    world
}

fn read_only(path: &std::path::Path) -> Database {
    OpenOptions::new().read_only(true).open(path).unwrap()
}

/// What charts are like others, and what sentences are like a sentence and a chart.
fn answers(db: &Database) -> (Vec<Vec<Hit>>, Vec<Vec<HeadlineHit>>) {
    let view = db.now();
    let charts = ["AAA", "AAA@2020-01-20", "BBB@2020-01-25", "CCC"].map(|target| {
        let target: Target = target.parse().unwrap();
        let question = view.similar(target).space("clip").exact(true).k(5);
        question.run().unwrap().hits
    });
    let text = clip().text_encoder().unwrap();
    let sentence = text.encode_text("An invented sentence, number 7").unwrap();
    let headlines = [sentence.unwrap(), vec![0.5; 16]].map(|vector| {
        let hits = view.headlines_like("clip", &vector, 12).unwrap();
        assert_eq!(hits.len(), 12);
        hits
    });
    assert!((headlines[0][0].score - 1.0).abs() < 1e-4);
    (charts.to_vec(), headlines.to_vec())
}

fn new_headline() -> Headline {
    Headline {
        time: Timestamp::from_millis(START),
        precision: TimePrecision::Minute,
        text: "One that is new".to_owned(),
        source: "test".to_owned(),
        symbols: Vec::new(),
    }
}

#[test]
fn a_segment_is_rebuilt_with_stored_weights() {
    let world = world();
    let db = Database::open(world.db()).unwrap();
    let before = answers(&db);
    let verified = db.verify(&Control::new()).unwrap();
    assert_eq!((verified.weights, verified.headline_rows), (1, 40));
    drop(db);
    std::fs::remove_file(&world.segments()[3]).unwrap();
    let report = Database::repair(world.db(), &Control::new()).unwrap();
    assert!(report.is_whole(), "{report:?}");
    let found = &report.damaged[0];
    assert_eq!(found.fate, SegmentFate::Rebuilt);
    assert_eq!(report.windows_rebuilt, found.rows);
    let db = Database::open(world.db()).unwrap();
    let after = answers(&db);
    assert_same(&before.0, &after.0);
    assert_eq!(before.1, after.1);
    let again = db.verify(&Control::new()).unwrap();
    assert_eq!(again.windows, verified.windows);
    assert_eq!(again.headline_rows, 40);
    drop(db);
    let second = Database::repair(world.db(), &Control::new()).unwrap();
    assert!(second.is_whole() && !second.has_changed(), "{second:?}");
}

#[test]
fn a_backup_has_the_weights_and_the_vectors_of_headlines() {
    let world = world();
    let db = Database::open(world.db()).unwrap();
    let expected = answers(&db);
    let backup = world.path("backup");
    let report = db.backup(&backup, &Control::new()).unwrap();
    assert_eq!(
        (report.verified.weights, report.verified.headline_rows),
        (1, 40)
    );
    let restored = world.path("again.rhyme");
    Database::restore(&backup, &restored, &Control::new()).unwrap();
    assert_eq!(answers(&read_only(&backup)), expected);
    let copy = Database::open(&restored).unwrap();
    assert_eq!(answers(&copy), expected);
    // Marks were copied: what is there is not embedded again, what is new is.
    let report = copy.ingest_headlines(&[new_headline()]).unwrap();
    assert_eq!((report.added, report.embedded), (1, 1));
    copy.verify(&Control::new()).unwrap();
}

#[test]
fn readers_use_stored_weights() {
    let world = world();
    let expected = answers(&Database::open(world.db()).unwrap());
    let db = read_only(&world.db());
    assert_eq!(answers(&db), expected);
    db.verify(&Control::new()).unwrap();
    let options = RecallOptions {
        sample: 100,
        ..RecallOptions::default()
    };
    let recall = db.measure_recall(&options, &Control::new()).unwrap();
    let clip_space = recall.spaces.iter().find(|s| s.space == "clip").unwrap();
    assert!(clip_space.passed && clip_space.sample == 100, "{recall:?}");
    let control = Control::new;
    let outcomes = [
        db.drop_space("clip").map(drop),
        db.create_space_of_weights("clip", &clip(), 1, control())
            .map(drop),
        db.create_space_of_weights("other", &clip(), 1, control())
            .map(drop),
        db.ingest_headlines(&[new_headline()]).map(drop),
    ];
    let refused = |o: &rhymedb::Result<()>| matches!(o, Err(Error::ReadOnly { .. }));
    assert!(outcomes.iter().all(refused), "{outcomes:?}");
}

/// Flips a bit in the middle of every copy of the weights in the catalog.
fn damage_weights(world: &World) {
    let weights = clip();
    let middle = weights.bytes().len() / 2;
    let part = &weights.bytes()[middle..middle + 64];
    let catalog = std::fs::read(world.catalog()).unwrap();
    let places = catalog.windows(part.len()).enumerate();
    let places: Vec<usize> = places
        .filter(|(_, bytes)| *bytes == part)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        flip(&world.catalog(), at);
    }
}

#[test]
fn damaged_weights_are_named_and_come_back_with_their_file() {
    let world = world();
    let expected = answers(&Database::open(world.db()).unwrap());
    damage_weights(&world);
    let [shape, net] = [0, 3].map(|i| world.segments()[i].clone());
    let kept = std::fs::read(&net).unwrap();

    // Other spaces go on, and what needs the weights says what is wrong with them.
    let db = Database::open(world.db()).unwrap();
    let target: Target = "AAA".parse().unwrap();
    let asked = |db: &Database, space| db.now().similar(target.clone()).space(space).run();
    assert_eq!(asked(&db, "shape").unwrap().hits.len(), 10);
    let error = asked(&db, "clip").unwrap_err().to_string();
    assert!(error.contains("expected the hash"), "{error}");
    let error = db.verify(&Control::new()).unwrap_err();
    let Error::Corrupt { section, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(section, "weights", "{error}");
    drop(db);

    // Repair makes what needs no weights, and leaves what does.
    std::fs::remove_file(&shape).unwrap();
    let report = Database::repair(world.db(), &Control::new()).unwrap();
    assert_eq!(report.damaged[0].fate, SegmentFate::Rebuilt);
    assert_eq!(report.windows_rebuilt, report.damaged[0].rows);
    let catalog = report.catalog.unwrap();
    assert!(
        catalog.contains("make the space again from the same file"),
        "{catalog}"
    );
    std::fs::remove_file(&net).unwrap();
    let report = Database::repair(world.db(), &Control::new()).unwrap();
    assert_eq!(report.damaged[0].fate, SegmentFate::Left);
    std::fs::write(&net, kept).unwrap();

    let db = Database::open(world.db()).unwrap();
    db.create_space_of_weights("clip", &clip(), 1, Control::new())
        .unwrap();
    assert_eq!(answers(&db), expected);
    db.verify(&Control::new()).unwrap();
}
