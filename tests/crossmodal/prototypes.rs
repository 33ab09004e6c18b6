//! Named averages of windows: asked with, kept, backed up, dropped.

use rhymedb::query::SimilarAnswer;
use rhymedb::{Control, Database, Error, OpenOptions, Query, Target, Timestamp, Window};

use crate::oracle::HOUR;
use crate::world::{MIDDLE, assert_near, dot, unit, world};

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn at(symbol: &str, time: i64) -> Target {
    let mut target: Target = format!("{symbol}:1h").parse().unwrap();
    target.time = Some(Timestamp::from_millis(time));
    target
}

/// The windows of a prototype and those around them are no answers to it, and the others have the scores
/// that its vector gives.
fn assert_apart(found: &SimilarAnswer, plain: &SimilarAnswer, members: &[(usize, i64)]) {
    let own = |w: &Window| {
        let near = |&(symbol, end): &(usize, i64)| {
            w.series.symbol == ["AAA", "BBB"][symbol]
                && (w.end.millis() - end).abs() < i64::from(found.exclusion) * HOUR
        };
        members.iter().any(near)
    };
    assert!(found.hits.iter().all(|hit| !own(&hit.window)));
    assert!(plain.hits.iter().any(|hit| own(&hit.window)), "as a vector");
    for hit in &found.hits {
        if let Some(same) = plain.hits.iter().find(|h| h.window == hit.window) {
            assert_near(f64::from(hit.score), f64::from(same.score), "score");
        }
    }
}

#[test]
fn a_prototype_is_the_average_of_its_windows() {
    let world = world();
    let times = [
        (0, MIDDLE),
        (1, MIDDLE - 30 * HOUR),
        (0, MIDDLE - 90 * HOUR),
    ];
    let vectors: Vec<_> = times
        .iter()
        .map(|(s, t)| world.window_at(*s, *t).1)
        .collect();
    let sum: Vec<f64> = (0..16)
        .map(|i| vectors.iter().map(|v| f64::from(v[i])).sum())
        .collect();
    let mean = unit(&sum);
    let targets = [
        at("AAA", MIDDLE),
        at("BBB", MIDDLE - 30 * HOUR),
        at("AAA", MIDDLE - 90 * HOUR),
    ];
    let saved = world
        .db
        .save_prototype("mine", Some("clip"), &targets)
        .unwrap();
    assert_eq!((saved.space.as_str(), saved.windows.len()), ("clip", 3));
    assert!(saved.windows.is_sorted_by_key(|w| w.end));
    let pairs = [(0, 1), (0, 2), (1, 2)].map(|(i, j)| cosine(&vectors[i], &vectors[j]));
    let cohesion = pairs.iter().sum::<f64>() / 3.0;
    assert_near(saved.cohesion.unwrap(), cohesion, "cohesion");

    // Its space goes without saying.
    let view = world.db.now();
    let found = view
        .similar(Query::prototype("mine"))
        .k(6)
        .exact(true)
        .run()
        .unwrap();
    let plain = view
        .similar(mean)
        .space("clip")
        .k(60)
        .exact(true)
        .run()
        .unwrap();
    assert_eq!(found.space, "clip");
    assert_apart(&found, &plain, &times);
    assert!(view.news(Query::prototype("mine")).run().is_ok());

    // A view of a time at which its windows were not all known refuses it.
    let early = world.db.at(Timestamp::from_millis(MIDDLE - 1));
    assert_eq!(early.prototypes().unwrap(), []);
    let error = early
        .similar(Query::prototype("mine"))
        .run()
        .unwrap_err()
        .to_string();
    assert!(error.contains("were not known at"), "{error}");
    let then = world.db.at(Timestamp::from_millis(MIDDLE));
    assert_eq!(then.prototypes().unwrap(), [saved]);
    assert!(then.similar(Query::prototype("mine")).run().is_ok());

    let error = view
        .similar(Query::prototype("mine"))
        .space("shape")
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("never compared"), "{error}");
}

#[test]
fn prototypes_live_in_the_database() {
    let world = world();
    let path = world.dir.path().join("market.rhyme");
    let windows = [at("AAA", MIDDLE), at("BBB", MIDDLE)];
    let shape = world.db.save_prototype("chart", None, &windows).unwrap();
    assert_eq!(shape.space, "shape");
    world
        .db
        .save_prototype("both", Some("clip"), &windows)
        .unwrap();
    let hits = |db: &Database| {
        let similar = db.now().similar(Query::prototype("both")).exact(true).run();
        similar.unwrap().hits
    };
    let before = hits(&world.db);
    // Bars that are deleted later leave it as it is.
    let listed = world.db.now().prototypes().unwrap();
    world.db.verify(&Control::new()).unwrap();
    let copy = world.dir.path().join("copy");
    world.db.backup(&copy, &Control::new()).unwrap();
    let restored = OpenOptions::new().create(false).open(&copy).unwrap();
    assert_eq!(restored.now().prototypes().unwrap(), listed);
    assert_eq!(hits(&restored), before);
    drop(world.db);
    let db = Database::open(&path).unwrap();
    assert_eq!(db.now().prototypes().unwrap(), listed);
    assert_eq!(hits(&db), before);

    let taken = db
        .save_prototype("both", None, &windows)
        .unwrap_err()
        .to_string();
    assert!(taken.contains("already"), "{taken}");
    db.drop_prototype("chart").unwrap();
    let gone = db.drop_prototype("chart").unwrap_err();
    assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
    let gone = db
        .now()
        .similar(Query::prototype("chart"))
        .run()
        .unwrap_err();
    assert!(gone.to_string().contains("rhyme prototype list"), "{gone}");
    db.drop_space("clip").unwrap();
    assert_eq!(db.now().prototypes().unwrap(), [], "it goes with its space");
    db.verify(&Control::new()).unwrap();
}

#[test]
fn what_cannot_be_a_prototype_is_refused() {
    let world = world();
    let one = [at("AAA", MIDDLE)];
    let twice = [at("AAA", MIDDLE), at("AAA", MIDDLE + 1)];
    for (name, windows, message) in [
        ("", &one[..], "a prototype's name"),
        ("a b", &one[..], "a prototype's name"),
        ("x", &[][..], "1 to 10000 windows"),
        ("x", &twice[..], "twice"),
        ("x", &[at("NOPE", MIDDLE)][..], "no series NOPE"),
        ("x", &[at("AAA", 0)][..], "no window"),
    ] {
        let error = world
            .db
            .save_prototype(name, None, windows)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
    let error = world
        .db
        .save_prototype("x", Some("nope"), &one)
        .unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}
