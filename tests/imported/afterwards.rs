//! What becomes of imported vectors: deletion, compaction, backup, repair, export.

use crate::oracle::{HOUR, Lcg, START};
use crate::world::{D, SPACE, World, at, open, vector};
use rhymedb::data::Headline;
use rhymedb::ingest::{HeadlineImportOptions, HeadlineVectorRow};
use rhymedb::{Control, Database, Error};

#[test]
fn spaces_keep_their_vectors_apart() {
    let world = World::new(16);
    let db = world.whole();
    let rows = world.rows();
    let part = &rows[10..40];
    let report = db.import_headline_vectors("other", part, HeadlineImportOptions::default());
    let report = report.unwrap();
    assert_eq!((report.vectors, report.without_vector), (30, 60));
    let asked = vector(&mut Lcg(17));
    let found = |space: &str| db.now().headlines_like(space, &asked, 100).unwrap();
    assert_eq!((found(SPACE).len(), found("other").len()), (90, 30));
    world.check_headlines(&found(SPACE)[..10], &asked, None);
    let late = Headline {
        text: "late news".to_owned(),
        ..world.headlines[1].clone()
    };
    let report = db.ingest_headlines(&[late]).unwrap();
    assert_eq!(report.without_vector, 2, "one in each");
    let why = db.now().news(asked.as_slice()).run().unwrap_err();
    assert!(matches!(why, Error::Ambiguous { .. }), "{why}");
    db.verify(&Control::new()).unwrap();
}

#[test]
fn vectors_go_with_their_headlines_and_with_their_space() {
    let world = World::new(10);
    let db = world.whole();
    let count = || {
        db.now()
            .headlines_like(SPACE, &[1.0; D], 200)
            .unwrap()
            .len()
    };
    assert_eq!(count(), 90);
    let gone = db
        .delete_headlines(at(START)..=at(START + 10 * HOUR))
        .unwrap();
    assert_eq!(count() as u64, 90 - gone.headlines);
    db.verify(&Control::new()).unwrap();
    let dropped = db.drop_space(SPACE).unwrap();
    assert_eq!(dropped.headline_rows, 90 - gone.headlines);
    assert!(db.now().headlines_like(SPACE, &[1.0; D], 3).is_err());
    db.verify(&Control::new()).unwrap();
}

#[test]
fn answers_survive_compaction_backup_and_repair() {
    let world = World::new(11);
    let db = world.whole();
    let asked = vector(&mut Lcg(12));
    let check = |db: &Database| {
        let view = db.now();
        world.check_charts(&view, &asked, None);
        let news = view.news(asked.as_slice()).space(SPACE).run().unwrap();
        world.check_headlines(&news.hits, &asked, None);
        assert_eq!(db.verify(&Control::new()).unwrap().headline_rows, 90);
    };
    check(&db);
    db.compact(&Control::new()).unwrap();
    check(&db);
    db.backup(world.path("copy"), &Control::new()).unwrap();
    drop(db);
    check(&open(&world.path("copy")));
    let report = Database::repair(world.path("market.rhyme"), &Control::new()).unwrap();
    assert!(report.is_whole(), "{report:?}");
    check(&open(&world.path("market.rhyme")));
}

#[test]
fn what_was_exported_gives_the_same_answers_elsewhere() {
    let world = World::new(13);
    let db = world.whole();
    let other = open(&world.path("other.rhyme"));
    other.ingest_bars(&world.series).unwrap();
    other.ingest_headlines(&world.headlines).unwrap();
    world.import_charts(&other);
    db.now()
        .headline_vectors(Some(SPACE), None, None, None, |batch| {
            let rows = batch.headlines.iter().zip(batch.values.chunks(D));
            let rows: Vec<HeadlineVectorRow<'_>> = rows
                .map(|(headline, vector)| HeadlineVectorRow { headline, vector })
                .collect();
            other
                .import_headline_vectors(SPACE, &rows, HeadlineImportOptions::default())
                .map(|report| assert_eq!(report.vectors, 90))
        })
        .unwrap();
    let asked = vector(&mut Lcg(14));
    let found = |db: &Database| {
        let hits = db.now().headlines_like(SPACE, &asked, 90).unwrap();
        let hits = hits.into_iter().map(|h| (h.headline, h.score));
        hits.collect::<Vec<_>>()
    };
    assert_eq!(found(&db), found(&other));
}
