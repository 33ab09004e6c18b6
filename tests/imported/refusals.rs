//! What cannot be imported or answered is explained.

use crate::world::{D, SPACE, World, refused};
use rhymedb::Query;
use rhymedb::data::Headline;
use rhymedb::ingest::{HeadlineImportOptions, HeadlineVectorRow};

#[test]
fn what_cannot_be_imported_is_explained_and_changes_nothing() {
    let world = World::new(7);
    let db = world.ingested();
    let import = |space: &str, rows: &[HeadlineVectorRow<'_>], skip: bool| {
        let mut options = HeadlineImportOptions::default();
        options.skip_unknown = skip;
        db.import_headline_vectors(space, rows, options)
    };
    let rows = world.rows();
    let strange = Headline {
        source: "another wire".to_owned(),
        ..world.headlines[3].clone()
    };
    let unknown = HeadlineVectorRow {
        headline: &strange,
        vector: &world.of_headlines[3],
    };
    let mixed = [rows[0], unknown, rows[2]];
    let why = refused(import(SPACE, &mixed, false));
    for part in [
        "1 of 3",
        "vector 2 (",
        "news number 3",
        "rhyme ingest headlines",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let zero = [0.0; D];
    let infinite = [f32::INFINITY; D];
    for (vector, part) in [
        (&zero[..], "only zeros"),
        (&infinite[..], "inf"),
        (&[1.0, 2.0][..], "found 2 numbers"),
    ] {
        let bad = HeadlineVectorRow {
            headline: &world.headlines[1],
            vector,
        };
        let why = refused(import(SPACE, &[rows[0], bad], true));
        assert!(why.contains(part), "{part}: {why}");
    }
    assert!(refused(import(SPACE, &[], true)).contains("at least one vector"));
    assert!(refused(import("shape", &rows, true)).contains("choose another name"));
    assert_eq!(db.now().spaces().unwrap().len(), 1, "no space was made");
    assert_eq!(import(SPACE, &[unknown], true).unwrap().unknown, 1);
    assert_eq!(
        db.now().spaces().unwrap().len(),
        1,
        "not for nothing either"
    );

    let report = import(SPACE, &mixed, true).unwrap();
    assert_eq!((report.vectors, report.unknown), (2, 1));
    let short = [1.0, 2.0];
    let row = HeadlineVectorRow {
        headline: &world.headlines[1],
        vector: &short,
    };
    assert!(refused(import(SPACE, &[row], false)).contains("dimension 12"));
}

#[test]
fn questions_that_the_space_cannot_answer_say_what_to_do() {
    let world = World::new(8);
    let db = world.ingested();
    world.import_charts(&db);
    let view = db.now();
    let asked = world.of_charts[0].2.as_slice();
    let why = refused(view.news(asked).space(SPACE).run());
    assert!(
        why.contains("rhyme import headline-vectors FILE --space mine"),
        "{why}"
    );
    assert_eq!(refused(view.headlines_like(SPACE, asked, 3)), why);
    let rows = world.rows();
    db.import_headline_vectors(SPACE, &rows, HeadlineImportOptions::default())
        .unwrap();
    let view = db.now();
    let why = refused(
        view.similar(Query::text("shares plunge"))
            .space(SPACE)
            .run(),
    );
    assert!(
        why.contains("rhyme search --vector FILE --space mine"),
        "{why}"
    );
    assert_eq!(
        refused(view.search("shares plunge").space(SPACE).run()),
        why
    );
    let why = refused(view.news(&asked[1..]).space(SPACE).run());
    assert!(why.contains("expected a vector of 12 numbers"), "{why}");
    let why = refused(view.similar(asked).run());
    assert!(why.contains("the space mine has such vectors"), "{why}");
    for bad in [vec![0.0; D], vec![f32::NAN; D]] {
        let why = refused(view.news(bad.clone()).space(SPACE).run());
        assert!(
            why.contains("finite numbers that are not all zero"),
            "{why}"
        );
        assert!(view.similar(bad).space(SPACE).run().is_err());
    }
    // Without words, the only space of headlines is the one that is asked.
    assert_eq!(view.news(asked).run().unwrap().space, SPACE);
}
