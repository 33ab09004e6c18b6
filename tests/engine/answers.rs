//! What is found, beside an oracle.

use rhymedb::admin::GraphBuilder;
use rhymedb::{Database, Filter, Interval, OpenOptions, Query, Target, Timestamp};

use super::oracle::{DAY, START, W, Window as Moment, assert_same, similar, windows};
use super::{ask, bulk_market, open, small_market, target};

#[test]
fn exact_answers_agree_with_the_oracle() {
    let (_dir, db) = open();
    let all = small_market();
    db.ingest_bars(&all).unwrap();
    let windows = windows(&all);
    for query in windows.iter().step_by(211) {
        let series = &all[query.series];
        let hits = ask(&db, target(series, query.end));
        let expected = similar(&all, &windows, query, 10, W / 4, |_| true);
        assert_same(&all, &hits, &expected);
    }
}

#[test]
fn filters_agree_with_the_oracle() {
    let (_dir, db) = open();
    let all = small_market();
    db.ingest_bars(&all).unwrap();
    let windows = windows(&all);
    let query = &windows[300];
    let at = || target(&all[query.series], query.end);
    let (from, to) = (START + 60 * DAY, START + 400 * DAY);
    let view = db.now();
    let base = || view.similar(at()).exact(true).k(5);

    let hits = base()
        .filter(Filter::new().market("equity"))
        .run()
        .unwrap()
        .hits;
    let equity = |w: &Moment| all[w.series].key.market == "equity";
    assert_same(&all, &hits, &similar(&all, &windows, query, 5, 16, equity));

    let hits = base()
        .filter(Filter::new().symbol("BBB").symbol("CCC"))
        .exclusion(40)
        .run()
        .unwrap()
        .hits;
    let two = |w: &Moment| ["BBB", "CCC"].contains(&all[w.series].key.symbol.as_str());
    assert_same(&all, &hits, &similar(&all, &windows, query, 5, 40, two));

    let (a, b) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
    let answer = base()
        .filter(Filter::new().interval(Interval::days(1)).from(a).until(b))
        .run()
        .unwrap();
    let daily = |w: &Moment| w.series >= 2 && (from..=to).contains(&w.end);
    assert_same(
        &all,
        &answer.hits,
        &similar(&all, &windows, query, 5, 16, daily),
    );
    let passing = windows.iter().filter(|w| daily(w)).count();
    assert_eq!(answer.searched.windows as usize, passing);

    let as_of = Timestamp::from_millis(query.end + 3 * DAY);
    let answer = db.at(as_of).similar(at()).exact(true).k(5).run().unwrap();
    let known = |w: &Moment| w.end <= as_of.millis();
    assert_same(
        &all,
        &answer.hits,
        &similar(&all, &windows, query, 5, 16, known),
    );
}

#[test]
fn the_future_changes_nothing() {
    let all = small_market();
    let as_of = Timestamp::from_millis(START + 20 * DAY);
    let mut other = all.clone();
    for series in &mut other {
        let interval = series.key.interval;
        for i in 0..series.bars.len() {
            let open = Timestamp::from_millis(series.bars.time[i]);
            if interval.close_of(open) > as_of {
                series.bars.high[i] *= 3.0;
                series.bars.close[i] *= 1.0 + 0.9 * ((i * 7) % 5) as f64 / 5.0;
                series.bars.volume[i] += 1.0;
            }
        }
    }
    let (_a, known) = open();
    known.ingest_bars(&all).unwrap();
    let (_b, changed) = open();
    changed.ingest_bars(&other).unwrap();
    let mut asked = 0;
    for series in &all[..2] {
        for days in [5, 9, 14, 20, 25] {
            let at = target(series, START + days * DAY);
            let run = |db: &Database| db.at(as_of).similar(at.clone()).exact(true).run().unwrap();
            let (before, after) = (run(&known), run(&changed));
            assert!(before.hits.iter().all(|h| h.window.end <= as_of));
            assert_eq!(before.hits, after.hits);
            assert_eq!(before.query, after.query);
            assert_eq!(before.searched, after.searched);
            asked += before.hits.len();
        }
    }
    assert!(asked > 50);
}

#[test]
fn segments_of_the_batch_builder_answer_like_the_oracle() {
    segments_answer_like_the_oracle(GraphBuilder::Partition);
}

#[test]
fn segments_of_hnsw_rs_answer_like_the_oracle() {
    segments_answer_like_the_oracle(GraphBuilder::Hnsw);
}

fn segments_answer_like_the_oracle(builder: GraphBuilder) {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions::new().clip_weights(None).graph_builder(builder);
    let db = options.open(dir.path().join("market.rhyme")).unwrap();
    let all = bulk_market();
    let report = db.ingest_bars(&all).unwrap();
    assert_eq!(report.segments, 1);
    let windows = windows(&all);
    let (mut found, mut wanted) = (0, 0);
    for query in windows.iter().step_by(997) {
        let at = target(&all[query.series], query.end);
        let exact = db.now().similar(at.clone()).exact(true).run().unwrap();
        assert_eq!(exact.searched.plan, "scan");
        let expected = similar(&all, &windows, query, 10, W / 4, |_| true);
        assert_same(&all, &exact.hits, &expected);
        let default = db.now().similar(at).run().unwrap();
        wanted += exact.hits.len();
        found += exact
            .hits
            .iter()
            .filter(|h| default.hits.iter().any(|d| d.window == h.window))
            .count();
    }
    assert!(found * 100 >= wanted * 98, "{found} of {wanted}");
    let before = ask(&db, "BIG:1h".parse().unwrap());
    drop(db);
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    assert_eq!(
        ask(&db, "BIG:1h".parse().unwrap()),
        before,
        "after reopening"
    );
}

#[test]
fn names_that_fit_nothing_or_several_things_are_errors() {
    let (_dir, db) = open();
    let mut all = small_market();
    all[1].key.symbol = "AAA".into();
    all[1].key.venue = "second".into();
    db.ingest_bars(&all).unwrap();
    let text = |t: &str| {
        let target: Target = t.parse().unwrap();
        db.now().similar(target).run().unwrap_err().to_string()
    };
    assert!(text("AAA:1h").contains("crypto/second/AAA:1h, crypto/test/AAA:1h"));
    assert!(text("ZZZ").contains("no series ZZZ"));
    assert!(
        text("CCCC").contains("equity/test/CCC:1d"),
        "near names are shown"
    );
    assert!(text("CCC@2019-01-01").contains("no window"));
    let at = || "CCC".parse::<Target>().unwrap();
    let error = db
        .now()
        .similar(at())
        .filter(Filter::new().market("forex"))
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("no market forex"), "{error}");
    let error = db.now().similar(at()).space("nope").run().unwrap_err();
    assert!(error.to_string().contains("there are: shape"), "{error}");
    assert!(db.now().similar(at()).k(0).run().is_err());
    assert!(db.now().similar(Query::Vector(vec![1.0; 3])).run().is_err());
    assert!(db.now().similar(all[0].bars.slice(0..20)).run().is_err());
}

#[test]
fn bars_of_the_callers_own_find_their_stored_twin() {
    let (_dir, db) = open();
    let all = small_market();
    db.ingest_bars(&all).unwrap();
    let answer = db.now().similar(all[2].bars.slice(100..300)).run().unwrap();
    let best = &answer.hits[0];
    assert_eq!(best.window.series, all[2].key);
    assert_eq!(best.window.end.millis(), all[2].bars.time[299] + DAY);
    assert_eq!(best.window.start.millis(), all[2].bars.time[300 - W]);
    assert!(best.score > 0.9999);
}
