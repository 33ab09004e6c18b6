//! Questions that are made of several windows.

use rhymedb::Query;
use rhymedb::query::Refine;

use crate::oracle::HOUR;
use crate::oracle::worlds::{database, hours, market, refused, target};

/// A sum has no bars: those of one of its terms would say how much a hit looks like that term.
#[test]
fn a_sum_is_not_refined_whatever_its_order() {
    let (_dir, db) = database(&market());
    let view = db.now();
    let one = || Query::from(target("AAA", hours(300)));
    let other = || Query::from(target("BBB", hours(400)));
    let path = || Query::Path(vec![1.0, 3.0, 2.0, 4.0, 5.0]);
    let vector = || Query::Vector((0..48).map(|i| 1.0 / (1.0 + i as f32)).collect());
    for sum in [
        one().plus(vector()),
        vector().plus(one()),
        one().minus(other()),
        other().plus(path()),
        path().minus(one()),
    ] {
        let search = view.similar(sum.clone()).refine(Refine::Correlation);
        refused(
            search.run(),
            "expected one chart to refine by corr, found a sum",
        );
        assert!(view.similar(sum).run().is_ok());
    }
}

#[test]
fn a_sum_shows_the_chart_that_was_added() {
    let (_dir, db) = database(&market());
    let view = db.now();
    let one = || Query::from(target("AAA", hours(300)));
    let other = || Query::from(target("BBB", hours(400)));
    let vector = || Query::Vector((0..48).map(|i| 1.0 / (1.0 + i as f32)).collect());
    let shown = |sum: Query| {
        let answer = view.similar(sum).run().unwrap();
        assert_eq!(answer.query.is_some(), answer.query_bars.is_some());
        answer.query.map(|w| w.series.symbol)
    };
    let aaa = Some("AAA".to_owned());
    assert_eq!(shown(one().minus(other())), aaa);
    assert_eq!(shown(vector().plus(one())), aaa);
    assert_eq!(shown(vector().minus(other()).plus(one())), aaa);
    assert_eq!(shown(vector().minus(other())), None, "subtracted");
    assert_eq!(shown(one().plus(other())), None, "neither stands for both");
}

/// What a question is made of is no answer to it.
#[test]
fn the_windows_of_a_question_are_not_its_answers() {
    let (_dir, db) = database(&market());
    let members = [target("AAA", hours(300)), target("BBB", hours(400))];
    db.save_prototype("both", None, &members).unwrap();
    db.save_prototype("one", None, &members[..1]).unwrap();
    let view = db.now();
    let [one, other] = members.map(Query::from);
    let asked = [
        one.clone().plus(other.clone()),
        other.clone().plus(one.clone()),
        other.clone().minus(one.clone()),
        Query::prototype("both"),
        Query::prototype("one").plus(other),
    ];
    for query in asked {
        let search = view.similar(query.clone()).exact(true).k(40);
        let hits = search.run().unwrap().hits;
        assert_eq!(hits.len(), 40);
        for hit in &hits {
            let (symbol, end) = (&hit.window.series.symbol, hit.window.end.millis());
            let near =
                |of: &str, at: i64| symbol == of && (end - hours(at).millis()).abs() < 16 * HOUR;
            assert!(!near("AAA", 300) && !near("BBB", 400), "{query:?}: {hit:?}");
        }
    }
    let all = view.similar(Query::prototype("one")).exclusion(0);
    let first = &all.k(1).exact(true).run().unwrap().hits[0];
    assert!(
        first.score > 0.999,
        "without a zone its own window comes first: {first:?}"
    );
}
