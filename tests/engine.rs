//! The main job through the public interface: bars in, distinct episodes out, beside an oracle.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::{DAY, HOUR, START, W, assert_same, crypto, equity, similar, windows};
use rhymedb::{
    Bars, Control, Database, Error, GraphBuilder, Hit, Interval, OpenOptions, Query, SeriesBars,
    Target, Timestamp,
};

fn open() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    (dir, db)
}

fn small_market() -> Vec<SeriesBars> {
    vec![
        crypto("AAA", 700, 1),
        crypto("BBB", 650, 2),
        equity("CCC", 500, 3),
        equity("DDD", 420, 4),
    ]
}

fn target(series: &SeriesBars, end: i64) -> Target {
    let text = format!("{}@{}", series.key, Timestamp::from_millis(end));
    text.parse().unwrap()
}

fn ask(db: &Database, target: Target) -> Vec<Hit> {
    db.now().similar(target).exact(true).run().unwrap().hits
}

/// Asks both databases about several moments and compares.
fn assert_same_answers(a: &Database, b: &Database, all: &[SeriesBars]) {
    for series in all {
        for part in [1, 2, 3] {
            let time = series.bars.time[series.bars.len() * part / 3 - 1];
            let end = time + HOUR;
            let (x, y) = (
                a.now().similar(target(series, end)).exact(true).run(),
                b.now().similar(target(series, end)).exact(true).run(),
            );
            match (x, y) {
                (Ok(x), Ok(y)) => {
                    assert_eq!(x.hits, y.hits);
                    assert_eq!(x.searched, y.searched);
                }
                (x, y) => assert_eq!(x.is_err(), y.is_err()),
            }
        }
    }
}

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

    let hits = base().market("equity").run().unwrap().hits;
    let equity = |w: &oracle::Window| all[w.series].key.market == "equity";
    assert_same(&all, &hits, &similar(&all, &windows, query, 5, 16, equity));

    let hits = base()
        .symbol("BBB")
        .symbol("CCC")
        .exclusion(40)
        .run()
        .unwrap()
        .hits;
    let two = |w: &oracle::Window| ["BBB", "CCC"].contains(&all[w.series].key.symbol.as_str());
    assert_same(&all, &hits, &similar(&all, &windows, query, 5, 40, two));

    let (a, b) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
    let answer = base()
        .interval(Interval::days(1))
        .from(a)
        .to(b)
        .run()
        .unwrap();
    let daily = |w: &oracle::Window| w.series >= 2 && (from..=to).contains(&w.end);
    assert_same(
        &all,
        &answer.hits,
        &similar(&all, &windows, query, 5, 16, daily),
    );
    let passing = windows.iter().filter(|w| daily(w)).count();
    assert_eq!(answer.searched.windows as usize, passing);

    let as_of = Timestamp::from_millis(query.end + 3 * DAY);
    let answer = db.at(as_of).similar(at()).exact(true).k(5).run().unwrap();
    let known = |w: &oracle::Window| w.end <= as_of.millis();
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
fn the_same_bars_again_change_nothing() {
    let (_dir, db) = open();
    let all = small_market();
    let first = db.ingest_bars(&all).unwrap();
    let bars: usize = all.iter().map(|s| s.bars.len()).sum();
    assert_eq!(first.bars_added as usize, bars);
    assert_eq!(first.windows_embedded as usize, bars - 4 * (W - 1));
    let second = db.ingest_bars(&all).unwrap();
    assert_eq!(second.bars_unchanged as usize, bars);
    assert_eq!((second.bars_added, second.bars_replaced), (0, 0));
    assert_eq!((second.windows_embedded, second.windows_removed), (0, 0));
}

#[test]
fn a_corrected_bar_re_embeds_just_its_windows() {
    let (_dir, db) = open();
    let mut all = small_market();
    db.ingest_bars(&all).unwrap();
    for (series, i) in [(0, 300), (2, 200)] {
        let bars = &mut all[series].bars;
        bars.high[i] *= 1.5;
        bars.close[i] *= 1.4;
        let correction = SeriesBars {
            bars: all[series].bars.slice(i..i + 1),
            ..all[series].clone()
        };
        let report = db.ingest_bars(&[correction]).unwrap();
        assert_eq!(report.bars_replaced, 1);
        assert_eq!(report.windows_removed as usize, W);
        assert_eq!(report.windows_embedded as usize, W);
    }
    let (_other, fresh) = open();
    fresh.ingest_bars(&all).unwrap();
    assert_same_answers(&db, &fresh, &all);
}

#[test]
fn pieces_in_any_order_give_the_same_database() {
    let all = small_market();
    let (_a, whole) = open();
    whole.ingest_bars(&all).unwrap();
    let (_b, pieces) = open();
    let part = |series: &SeriesBars, from: usize, to: usize| SeriesBars {
        bars: series.bars.slice(from..to),
        ..series.clone()
    };
    for (from, to) in [
        (200, 300),
        (0, 120),
        (300, 301),
        (290, 420),
        (110, 210),
        (301, 900),
    ] {
        let batch: Vec<_> = all.iter().map(|s| part(s, from, to)).collect();
        pieces.ingest_bars(&batch).unwrap();
    }
    assert_same_answers(&whole, &pieces, &all);
    assert_eq!(
        whole.stats().unwrap().windows,
        pieces.stats().unwrap().windows
    );
}

#[test]
fn windows_do_not_span_a_gap() {
    let (_dir, db) = open();
    let mut series = crypto("GAP", 300, 5);
    let mut bars = series.bars.slice(0..150);
    bars.extend(&series.bars.slice(151..300));
    series.bars = bars;
    let report = db.ingest_bars(std::slice::from_ref(&series)).unwrap();
    assert_eq!(report.windows_embedded as usize, (150 - 63) + (149 - 63));
    let answer = db
        .now()
        .similar(target(&series, START + 160 * HOUR))
        .run()
        .unwrap();
    let query = answer.query.unwrap();
    assert_eq!(
        query.end.millis(),
        START + 150 * HOUR,
        "the last whole window"
    );
    let hole = SeriesBars {
        bars: crypto("GAP", 300, 5).bars.slice(150..151),
        ..series
    };
    let report = db.ingest_bars(&[hole]).unwrap();
    assert_eq!(report.windows_embedded as usize, W + (W - 1) - (W - 1));
    assert_eq!(db.stats().unwrap().windows, 300 - 63);
}

#[test]
fn flat_windows_are_counted_and_not_found() {
    let (_dir, db) = open();
    let mut series = crypto("FLAT", 200, 6);
    for i in 0..100 {
        for column in [
            &mut series.bars.open,
            &mut series.bars.high,
            &mut series.bars.low,
            &mut series.bars.close,
        ] {
            column[i] = 7.0;
        }
    }
    series.bars.open[100] = 7.0;
    series.bars.low[100] = series.bars.low[100].min(7.0);
    series.bars.high[100] = series.bars.high[100].max(7.0);
    let report = db.ingest_bars(std::slice::from_ref(&series)).unwrap();
    assert_eq!(report.windows_flat, 100 - 63);
    assert_eq!(report.windows_embedded, 100);
    assert_eq!(db.now().spaces().unwrap()[0].flat_windows, 37);
    let error = db
        .now()
        .similar(target(&series, START + 90 * HOUR))
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("flat"), "{error}");
}

#[test]
fn deletion_takes_bars_and_windows_and_compaction_gives_space_back() {
    let all = small_market();
    let (_a, db) = open();
    db.ingest_bars(&all).unwrap();
    let range = Timestamp::from_millis(START + 10 * DAY)..=Timestamp::from_millis(START + 12 * DAY);
    let report = db.delete_bars(&all[0].key, Some(range)).unwrap();
    assert_eq!(report.bars, 49);
    assert_eq!(report.windows as usize, 49 + W - 1);
    db.delete_bars(&all[3].key, None).unwrap();
    let mut left = all[..3].to_vec();
    let mut kept = left[0].bars.slice(0..240);
    kept.extend(&left[0].bars.slice(289..700));
    left[0].bars = kept;
    let (_b, fresh) = open();
    fresh.ingest_bars(&left).unwrap();
    assert_same_answers(&db, &fresh, &left);
    db.compact(&Control::new()).unwrap();
    assert_same_answers(&db, &fresh, &left);
    assert_eq!(db.now().series().unwrap().len(), 3);
    let again = db.delete_bars(&all[3].key, None).unwrap_err();
    assert!(matches!(again, Error::NotFound { .. }), "{again}");
}

/// More windows than are kept as fresh rows: the way through segments.
fn bulk_market() -> Vec<SeriesBars> {
    vec![
        crypto("BIG", 6000, 11),
        crypto("OTHER", 4000, 12),
        equity("SHARE", 1500, 13),
    ]
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
fn corrections_deletions_and_compaction_of_segments() {
    let (_a, db) = open();
    let mut all = bulk_market();
    db.ingest_bars(&all).unwrap();
    all[0].bars.close[2500] *= 1.2;
    all[0].bars.high[2500] *= 1.3;
    db.ingest_bars(&[SeriesBars {
        bars: all[0].bars.slice(2490..2510),
        ..all[0].clone()
    }])
    .unwrap();
    db.delete_bars(&all[1].key, None).unwrap();
    all.remove(1);
    let (_b, fresh) = open();
    fresh.ingest_bars(&all).unwrap();
    assert_same_answers(&db, &fresh, &all);
    let dead = db.stats().unwrap().dead_rows as usize;
    assert_eq!(dead, W + 4000 - 63);
    let report = db.compact(&Control::new()).unwrap();
    assert_eq!(report.dead_rows_removed as usize, dead);
    assert!(report.catalog_compacted);
    assert!(report.bytes_after < report.bytes_before);
    let stats = db.stats().unwrap();
    assert_eq!(stats.dead_rows, 0);
    assert_same_answers(&db, &fresh, &all);
}

#[test]
fn a_stopped_ingestion_is_continued_by_the_next() {
    let (dir, db) = open();
    let all = bulk_market();
    let control = Control::new();
    let mut ingest = db.ingest(control.clone());
    ingest.bars(&all).unwrap();
    control.stop();
    let error = ingest.finish().unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert_eq!(db.stats().unwrap().windows, 0);
    assert!(db.now().spaces().unwrap()[0].pending_ranges > 0);
    drop(db);
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    let report = db.ingest_bars(&all).unwrap();
    assert_eq!(report.bars_added, 0);
    assert_eq!(
        report.windows_embedded as usize,
        6000 + 4000 + 1500 - 3 * 63
    );
    let (_b, fresh) = open();
    fresh.ingest_bars(&all).unwrap();
    assert_same_answers(&db, &fresh, &all);
}

#[test]
fn readers_keep_their_snapshot() {
    let (_dir, db) = open();
    let all = small_market();
    db.ingest_bars(&all[..2]).unwrap();
    let before = db.now();
    let at = || target(&all[0], START + 300 * HOUR);
    let hits = before.similar(at()).exact(true).run().unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for _ in 0..50 {
                let again = before.similar(at()).exact(true).run().unwrap();
                assert_eq!(again.hits, hits.hits);
                assert_eq!(again.searched, hits.searched);
            }
        });
        db.ingest_bars(&all[2..]).unwrap();
        db.delete_bars(&all[1].key, None).unwrap();
        let report = db.compact(&Control::new()).unwrap();
        assert!(!report.catalog_compacted, "a view is open");
        reader.join().unwrap();
    });
    let after = db.now().similar(at()).exact(true).run().unwrap();
    assert_ne!(after.searched.windows, hits.searched.windows);
    assert_eq!(
        before.similar(at()).exact(true).run().unwrap().hits,
        hits.hits
    );
}

#[test]
fn a_second_handle_is_told_who_holds_the_database() {
    let (_dir, db) = open();
    let error = Database::open(db.path()).err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, Error::Locked { .. }), "{text}");
    assert!(
        text.contains(&format!("process {}", std::process::id())),
        "{text}"
    );
}

#[test]
fn bad_bars_are_refused_whole() {
    let (_dir, db) = open();
    let good = crypto("GOOD", 100, 1);
    let spoil = |change: &dyn Fn(&mut Bars)| {
        let mut bad = crypto("BAD", 100, 2);
        change(&mut bad.bars);
        db.ingest_bars(&[good.clone(), bad])
            .unwrap_err()
            .to_string()
    };
    assert!(spoil(&|b| b.high[50] = f64::NAN).contains("not a finite number"));
    assert!(spoil(&|b| b.low[50] = 1e9).contains("below low"));
    assert!(spoil(&|b| b.volume[50] = -1.0).contains("negative"));
    assert!(spoil(&|b| b.time.swap(3, 4)).contains("ascending"));
    assert!(spoil(&|b| b.time[4] = b.time[3] + 1).contains("apart"));
    assert_eq!(db.stats().unwrap().series, 0, "nothing was stored");
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
        text("ccc").contains("equity/test/CCC:1d"),
        "near names are shown"
    );
    assert!(text("CCC@2019-01-01").contains("no window"));
    let at = || "CCC".parse::<Target>().unwrap();
    let error = db.now().similar(at()).market("forex").run().unwrap_err();
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
