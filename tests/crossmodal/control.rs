//! A question that is stopped ends: it does not go on unheard.

use std::time::Duration;

use rhymedb::query::LabelSet;
use rhymedb::{Control, Database, Error, Query, Result, Target, View};

use crate::world::{World, world};

const TEXT: &str = "shares plunge after a warning";

/// A name, the fewest windows that the question has to read, and the question.
type Asked = (&'static str, i64, fn(&View) -> Result<()>);

fn target() -> Target {
    "AAA:1h@2020-01-16".parse().unwrap()
}

fn labels() -> LabelSet {
    LabelSet::built_in_named("sentiment").unwrap()
}

/// Every kind of question.
fn questions() -> Vec<Asked> {
    vec![
        ("similar", 1, |v| v.similar(target()).run().map(drop)),
        ("refine", 100, |v| {
            let similar = v
                .similar(target())
                .refine(rhymedb::query::Refine::Correlation);
            similar.run().map(drop)
        }),
        ("outcomes", 100, |v| {
            v.similar(target()).outcomes(&[4, 24]).run().map(drop)
        }),
        ("search", 1, |v| v.search(TEXT).run().map(drop)),
        ("news", 1, |v| {
            v.news(Query::from(target())).space("clip").run().map(drop)
        }),
        ("context", 1, |v| v.context(target()).run().map(drop)),
        ("reaction", 100, |v| {
            v.reaction(TEXT).horizon(4).k(100).run().map(drop)
        }),
        ("classify", 1, |v| {
            v.classify(Query::from(target()), &labels()).run().map(drop)
        }),
        ("regimes", 100, |v| {
            let series = "AAA:1h".parse()?;
            v.regimes(series, &labels()).run().map(drop)
        }),
        ("divergence", 100, |v| {
            v.divergence("AAA:1h".parse()?).history(5).run().map(drop)
        }),
        ("axis", 1, |v| {
            let axis = v.axis(Query::text("bad news"), Query::text("good news"));
            axis.of(Query::from(target())).map(drop)
        }),
        ("alignment", 1, |v| {
            v.alignment(Query::from(target())).run().map(drop)
        }),
        ("anomaly", 100, |v| {
            v.anomaly(target()).space("clip").k(2).run().map(drop)
        }),
        ("anomaly_scan", 300, |v| {
            let scan = v.anomaly_scan().of("AAA").space("clip").k(2);
            scan.level(0.1).run().map(drop)
        }),
        ("transfer", 100, |v| {
            v.transfer(target()).to("BBB").space("clip").run().map(drop)
        }),
        ("transfer_matrix", 200, |v| {
            v.transfer_matrix().by_symbol(true).run().map(drop)
        }),
        ("map", 200, |v| v.map().run().map(drop)),
        ("headlines", 1, |v| {
            v.headlines(None, None, None, 5).map(drop)
        }),
        ("bars", 1, |v| {
            let key = v.series_of(&target())?;
            v.bars(&key, None, None, None).map(drop)
        }),
    ]
}

/// The database with nothing worked out yet.
fn fresh(world: World) -> (World, Database) {
    let path = world.db.path().to_path_buf();
    let World {
        dir,
        db,
        weights,
        series,
        headlines,
    } = world;
    drop(db);
    let db = Database::open(path).unwrap();
    let world = World {
        dir,
        db: db.clone(),
        weights,
        series,
        headlines,
    };
    (world, db)
}

#[test]
fn a_stopped_question_ends_in_the_middle_of_its_work() {
    const MANY: i64 = 1 << 40;
    let mut world = world();
    for (name, least, ask) in questions() {
        let db;
        (world, db) = fresh(world);
        let whole = Control::new().stop_after_looks(MANY);
        ask(&db.now().controlled(&whole)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let looks = MANY - whole.looks_left().unwrap();
        assert!(looks >= least, "{name} looked at its control {looks} times");

        drop(db);
        let db;
        (world, db) = fresh(world);
        let half = Control::new().stop_after_looks(looks / 2);
        let stopped = ask(&db.now().controlled(&half));
        assert!(
            matches!(stopped, Err(Error::Interrupted)),
            "{name}: {stopped:?}"
        );
        // Each thread may have been between two looks.
        let after = -half.looks_left().unwrap();
        assert!(
            after <= 4 * rayon_threads(),
            "{name} looked {after} times more"
        );
        // Nothing half made is left behind.
        ask(&db.now()).unwrap_or_else(|e| panic!("{name} afterwards: {e}"));
    }
}

fn rayon_threads() -> i64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as i64)
}

#[test]
fn a_question_ends_at_its_time_limit() {
    let world = world();
    let control = Control::new().time_limit(Duration::ZERO);
    let view = world.db.now().controlled(&control);
    for (name, _, ask) in questions() {
        let late = ask(&view);
        let told = matches!(&late, Err(Error::TimedOut { limit }) if limit.is_zero());
        assert!(told, "{name}: {late:?}");
    }
    let patient = Control::new().time_limit(Duration::from_secs(1000));
    let view = world.db.now().controlled(&patient);
    view.similar(target()).run().unwrap();
    // The limit belongs to the view, and to what is made of it.
    assert!(world.db.now().similar(target()).run().is_ok());
}
