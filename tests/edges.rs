//! Input at the edges of what can be stored, and answers at the edges of what can be compared.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::{DAY, HOUR, START, W, crypto, equity, walk};
use rhymedb::data::Calendar;
use rhymedb::ingest::VectorRow;
use rhymedb::{
    Bars, Control, Database, Error, Interval, OpenOptions, Query, SeriesBars, SeriesKey, Target,
    Timestamp,
};

fn open() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    (dir, db)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn refused(db: &Database, series: &SeriesBars) -> String {
    let error = db.ingest_bars(std::slice::from_ref(series)).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    assert_eq!(
        db.now()
            .bars(&series.key, None, None, None)
            .map_or(0, |b| b.bars.len()),
        0
    );
    error.to_string()
}

#[test]
fn bars_that_no_block_can_hold_are_refused() {
    let (_dir, db) = open();
    let mut short = crypto("SHORT", 80, 1);
    short.bars.close.pop();
    assert!(refused(&db, &short).contains("columns of one length"));
    for first in [i64::MIN, i64::MAX - 70 * HOUR] {
        let mut far = crypto("FAR", 70, 1);
        far.bars.time = (0..70).map(|i| first + i * HOUR).collect();
        assert!(refused(&db, &far).contains("years"));
    }
    for interval in [
        Interval::Fixed(0),
        Interval::Fixed(-1),
        Interval::Months(0),
        Interval::Months(u32::MAX),
    ] {
        let mut odd = crypto("ODD", 70, 1);
        odd.key.interval = interval;
        assert!(refused(&db, &odd).contains("expected an interval"));
    }
    let mut slash = crypto("AB", 1, 1);
    slash.key.symbol = "A/B".to_owned();
    assert!(refused(&db, &slash).contains("symbol"));
}

#[test]
fn a_month_has_one_bar() {
    let (_dir, db) = open();
    let key = SeriesKey::new("equity", "test", "MONTHLY", Interval::Months(1)).unwrap();
    let day = |text: &str| text.parse::<Timestamp>().unwrap().millis();
    let series = |days: &[&str]| SeriesBars {
        key: key.clone(),
        calendar: Calendar::Session,
        bars: walk(days.iter().map(|d| day(d)), 3),
    };
    assert!(refused(&db, &series(&["2024-01-29", "2024-01-30"])).contains("apart"));
    db.ingest_bars(&[series(&["2024-01-31", "2024-02-29"])])
        .unwrap();
    let error = db.ingest_bars(&[series(&["2024-01-30"])]).unwrap_err();
    assert!(error.to_string().contains("apart"), "{error}");
}

#[test]
fn bars_between_stored_ones_are_refused_in_a_market_that_never_closes() {
    let (_dir, db) = open();
    let stored = crypto("AAA", 100, 1);
    db.ingest_bars(std::slice::from_ref(&stored)).unwrap();
    let mut shifted = stored.clone();
    shifted.bars.time.iter_mut().for_each(|t| *t += HOUR / 2);
    let error = db.ingest_bars(&[shifted]).unwrap_err();
    assert!(error.to_string().contains("apart"), "{error}");
    assert_eq!(db.stats().unwrap().windows as usize, 100 - W + 1);
}

/// Monthly bars that open on the last day of each month.
fn month_ends(n: i32) -> SeriesBars {
    let opens = (0..n).map(|i| {
        let next = format!("{}-{:02}-01", 1960 + (i + 1) / 12, (i + 1) % 12 + 1);
        next.parse::<Timestamp>().unwrap().millis() - DAY
    });
    SeriesBars {
        key: SeriesKey::new("equity", "test", "MONTHLY", Interval::Months(1)).unwrap(),
        calendar: Calendar::Session,
        bars: walk(opens, 5),
    }
}

#[test]
fn months_are_counted_as_months() {
    let (_dir, db) = open();
    let series = month_ends(300);
    db.ingest_bars(std::slice::from_ref(&series)).unwrap();
    let close = |i: usize| series.key.interval.close_of(at(series.bars.time[i]));
    for zone in [1, 2, 3, 16, 70] {
        let answer = db
            .now()
            .similar("MONTHLY".parse::<Target>().unwrap())
            .exact(true)
            .exclusion(zone)
            .k(300)
            .run()
            .unwrap();
        let mut lasts: Vec<usize> = vec![299];
        for hit in &answer.hits {
            let last = (0..300).find(|&i| close(i) == hit.window.end).unwrap();
            assert_eq!(hit.window.start.millis(), series.bars.time[last + 1 - W]);
            lasts.push(last);
        }
        lasts.sort_unstable();
        assert!(
            lasts.windows(2).all(|p| p[1] - p[0] >= zone as usize),
            "{lasts:?}"
        );
        if zone <= 3 {
            let free =
                (W - 1..300).filter(|l| lasts.iter().all(|o| o.abs_diff(*l) >= zone as usize));
            assert_eq!(free.count(), 0, "an episode is missing at zone {zone}");
        }
        if zone == 1 {
            assert_eq!(answer.hits.len(), 300 - W);
        }
    }
}

#[test]
fn the_largest_zone_gives_one_answer_a_symbol() {
    let (_dir, db) = open();
    let mut years = month_ends(100);
    years.key.interval = Interval::Months(12);
    years.bars.time = (0..100)
        .map(|i| {
            format!("{}-01-01", 1900 + i)
                .parse::<Timestamp>()
                .unwrap()
                .millis()
        })
        .collect();
    db.ingest_bars(&[years, crypto("AAA", 200, 1), equity("BBB", 200, 2)])
        .unwrap();
    let bars = crypto("QUERY", 64, 7).bars;
    let answer = db
        .now()
        .similar(bars)
        .exclusion(u32::MAX)
        .exact(true)
        .run()
        .unwrap();
    assert_eq!(answer.hits.len(), 3);
}

/// Many venues list the same prices, so that scores are equal and only the order decides.
#[test]
fn equal_scores_are_cut_off_in_the_order_of_answers() {
    let (_dir, db) = open();
    let venues: Vec<SeriesBars> = (0..90)
        .map(|i| {
            let mut series = crypto("SAME", 70, 1);
            series.key.symbol = format!("S{i:02}");
            // Later series have earlier bars: by row they come last, by time first.
            series.bars.time.iter_mut().for_each(|t| *t -= i * DAY);
            series
        })
        .collect();
    db.ingest_bars(&venues).unwrap();
    let query = venues[0].bars.slice(0..W);
    let run = |k: usize| {
        db.now()
            .similar(query.clone())
            .exact(true)
            .k(k)
            .run()
            .unwrap()
            .hits
    };
    let all = run(100);
    assert_eq!(all.len(), 90);
    assert!(all.is_sorted_by_key(|h| h.window.end));
    for k in [1, 5, 40] {
        assert_eq!(run(k), all[..k], "k = {k}");
    }
}

#[test]
fn close_corrections_are_counted_once() {
    let (_dir, db) = open();
    let mut series = crypto("AAA", 400, 1);
    db.ingest_bars(std::slice::from_ref(&series)).unwrap();
    for i in [200, 210] {
        series.bars.close[i] = series.bars.low[i];
    }
    let report = db.ingest_bars(&[series]).unwrap();
    assert_eq!(report.bars_replaced, 2);
    assert_eq!(report.windows_removed as usize, W + 10);
    assert_eq!(report.windows_embedded as usize, W + 10);
}

#[test]
fn imported_vectors_keep_out_of_the_space_of_charts() {
    let (_dir, db) = open();
    let key = crypto("AAA", 1, 1).key;
    let import = |space: &str, window: u32, end: i64| {
        let row = VectorRow {
            series: &key,
            end: at(end),
            vector: &[1.0, 2.0],
        };
        db.import_vectors(space, window, &[row], &Control::new())
    };
    assert!(import("shape", 64, START).is_err());
    assert!(import("own", 64, i64::MAX).is_err());
    import("own", u32::MAX, START).unwrap();
    let answer = db
        .now()
        .similar(Query::Vector(vec![1.0, 2.0]))
        .space("own")
        .run()
        .unwrap();
    assert_eq!(answer.hits.len(), 1, "a huge window is answered at once");
    db.ingest_bars(&[crypto("AAA", 100, 1)]).unwrap();
    assert_eq!(
        db.now()
            .similar("AAA".parse::<Target>().unwrap())
            .run()
            .unwrap()
            .space,
        "shape"
    );
}

#[test]
fn a_range_that_ends_before_it_starts_is_refused() {
    let (_dir, db) = open();
    let series = crypto("AAA", 100, 1);
    db.ingest_bars(std::slice::from_ref(&series)).unwrap();
    let row = VectorRow {
        series: &series.key,
        end: at(START),
        vector: &[1.0],
    };
    db.import_vectors("own", 4, &[row], &Control::new())
        .unwrap();
    let error = db
        .delete_bars(&series.key, Some(at(START + DAY)..=at(START)))
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    assert_eq!(db.delete_headlines(at(1)..=at(0)).unwrap().headlines, 0);
}

#[test]
fn small_imports_are_sealed_when_they_are_many() {
    let (_dir, db) = open();
    let key = crypto("AAA", 1, 1).key;
    let mut segments = 0;
    for batch in 0..5i64 {
        let vectors: Vec<[f32; 2]> = (0..8000)
            .map(|i| [(batch * 8000 + i) as f32, 1.0])
            .collect();
        let rows: Vec<_> = vectors
            .iter()
            .zip(0..)
            .map(|(vector, i)| VectorRow {
                series: &key,
                end: at(START + (batch * 8000 + i) * HOUR),
                vector,
            })
            .collect();
        segments += db
            .import_vectors("own", 4, &rows, &Control::new())
            .unwrap()
            .segments;
    }
    assert_eq!(segments, 1);
    let info = db.now().spaces().unwrap();
    assert_eq!((info[0].rows, info[0].fresh_rows), (40_000, 0));
}

#[test]
fn an_interrupted_creation_is_finished_and_a_lost_catalog_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("catalog.redb"), b"").unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path())
        .unwrap();
    db.ingest_bars(&[crypto("AAA", 100, 1)]).unwrap();
    db.compact(&Control::new()).unwrap();
    drop(db);
    let catalog = dir.path().join("catalog.redb");
    let kept = std::fs::read(&catalog).unwrap();
    std::fs::remove_file(&catalog).unwrap();
    let error = Database::open(dir.path()).err().unwrap();
    assert!(matches!(error, Error::NotADatabase { .. }), "{error}");
    std::fs::write(&catalog, kept).unwrap();
    let db = Database::open(dir.path()).unwrap();
    assert_eq!(
        db.verify(&Control::new()).unwrap().windows as usize,
        100 - W + 1
    );
    let none: Bars = db
        .now()
        .bars(&crypto("AAA", 1, 1).key, Some(at(i64::MAX)), None, None)
        .unwrap()
        .bars;
    assert!(none.is_empty());
}

/// What is not synced yet is there for everybody who asks, and closing the database syncs it.
#[test]
fn commits_that_share_a_sync_are_seen_at_once_and_kept_by_closing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let refused = OpenOptions::new().sync_every(0).open(&path).err().unwrap();
    assert!(
        refused
            .to_string()
            .contains("expected a sync every 1 or more commits, found 0"),
        "{refused}"
    );
    assert!(!path.exists());
    let db = OpenOptions::new()
        .clip_weights(None)
        .sync_every(1000)
        .open(&path)
        .unwrap();
    let series = crypto("AAA", 90, 1);
    for i in 0..90 {
        let one = SeriesBars {
            bars: series.bars.slice(i..i + 1),
            ..series.clone()
        };
        db.ingest_bars(&[one]).unwrap();
        assert_eq!(db.stats().unwrap().bars, i as u64 + 1);
    }
    assert_eq!(db.verify(&Control::new()).unwrap().windows, 90 - 63);
    drop(db);
    let db = OpenOptions::new().read_only(true).open(&path).unwrap();
    assert_eq!(db.verify(&Control::new()).unwrap().bars, 90);
    assert!(matches!(db.sync(), Err(Error::ReadOnly { .. })));
}
