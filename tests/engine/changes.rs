//! What becomes of bars that come, change and go.

use rhymedb::{Bars, Control, Database, Error, OpenOptions, SeriesBars, Timestamp};

use super::oracle::{DAY, HOUR, START, W, crypto};
use super::{assert_same_answers, bulk_market, open, small_market, target};

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
