use rhymedb::admin::{RecallOptions, RecallReport};
use rhymedb::{Control, Database, Error};

use crate::world::{SPACES, World, section};

fn measure(db: &Database, options: &RecallOptions) -> RecallReport {
    db.measure_recall(options, &Control::new()).unwrap()
}

#[test]
fn recall_is_measured_for_each_space_and_repeats() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    let options = RecallOptions {
        sample: 200,
        seed: 5,
        all: true,
        ..RecallOptions::default()
    };
    let report = measure(&db, &options);
    assert!(report.passed, "{report:?}");
    let names: Vec<_> = report.spaces.iter().map(|s| s.space.as_str()).collect();
    assert_eq!(names, SPACES);
    for space in &report.spaces {
        assert!(space.recall >= 0.95, "{space:?}");
        assert!(
            space.low <= space.recall && space.recall <= space.high,
            "{space:?}"
        );
        assert!(
            space.low < 1.0,
            "200 questions prove no certainty: {space:?}"
        );
        assert_eq!((space.sample, space.selves), (200, space.indexed));
        assert_eq!(space.selves_found, space.selves, "{space:?}");
    }
    assert_eq!(measure(&db, &options), report);
}

/// With every link to the first row, the graph finds what is near the entry and nothing else.
#[test]
fn a_graph_that_leads_nowhere_does_not_pass() {
    let world = World::new();
    let file = world.segments()[0].clone();
    let links = section(&file, "links0");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[links].fill(0);
    std::fs::write(&file, bytes).unwrap();
    let db = Database::open(world.db()).unwrap();
    let report = measure(&db, &RecallOptions::default());
    assert!(!report.passed);
    let shape = &report.spaces[0];
    assert!(!shape.passed && shape.recall < 0.5, "{shape:?}");
    assert!(shape.selves_found < shape.selves / 2, "{shape:?}");
    assert_eq!(shape.not_found.len(), 10);
    assert!(
        report.spaces[1].passed && report.spaces[2].passed,
        "{report:?}"
    );
    db.verify(&Control::new()).unwrap_err();
}

#[test]
fn options_out_of_range_are_refused() {
    let world = World::new();
    let db = Database::open(world.db()).unwrap();
    let default = RecallOptions::default;
    for wrong in [
        RecallOptions {
            sample: 0,
            ..default()
        },
        RecallOptions {
            ef: 10,
            ..default()
        },
        RecallOptions {
            threshold: 1.5,
            ..default()
        },
        RecallOptions {
            threshold: f64::NAN,
            ..default()
        },
    ] {
        let error = db.measure_recall(&wrong, &Control::new()).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
    }
    let stopped = Control::new();
    stopped.stop();
    let error = db.measure_recall(&default(), &stopped).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}
