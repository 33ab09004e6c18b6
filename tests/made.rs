//! Series that are made of finer ones, beside an oracle that makes every bar anew, while the finer bars
//! are added, corrected and deleted.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;

use rhymedb::data::Calendar;
use rhymedb::{
    Bar, Bars, Control, Database, Interval, OpenOptions, SeriesBars, SeriesKey, Timestamp,
};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2021-05-17T00:00:00Z, a Monday.
const MONDAY: i64 = 1_621_209_600_000;

/// A small generator, so that a failing seed can be typed again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64).rem_euclid(n)
    }
}

fn bar(hour: i64, dice: &mut Dice) -> Bar {
    let open = 100.0 + dice.below(1000) as f64 / 10.0;
    let close = 100.0 + dice.below(1000) as f64 / 10.0;
    Bar {
        time: Timestamp::from_millis(MONDAY + hour * HOUR),
        open,
        high: open.max(close) + 1.0,
        low: open.min(close) - 1.0,
        close,
        volume: dice.below(50) as f64,
    }
}

fn key(symbol: &str, interval: &str) -> SeriesKey {
    SeriesKey::new("crypto", "test", symbol, interval.parse().unwrap()).unwrap()
}

fn open(dir: &tempfile::TempDir) -> Database {
    let db = OpenOptions::new().open(dir.path().join("m.rhyme")).unwrap();
    let shape = rhymedb::encode::chart_encoder_by_name("shape", 8, None).unwrap();
    db.create_space("shape", &shape, 1, Control::new()).unwrap();
    db
}

fn ingest(db: &Database, key: &SeriesKey, calendar: Calendar, bars: Bars) {
    let series = SeriesBars {
        key: key.clone(),
        calendar,
        bars,
    };
    db.ingest_bars(&[series]).unwrap();
}

fn stored(db: &Database, key: &SeriesKey) -> Bars {
    db.now().bars(key, None, None, None).unwrap().bars
}

/// The bars of so many hours that are whole, of hours.
fn oracle(fine: &Bars, hours: i64) -> Vec<Bar> {
    let mut buckets: BTreeMap<i64, Vec<Bar>> = BTreeMap::new();
    for bar in fine.iter() {
        let start = bar.time.millis().div_euclid(hours * HOUR) * hours * HOUR;
        buckets.entry(start).or_default().push(bar);
    }
    let whole = buckets.into_iter().filter(|(_, b)| b.len() as i64 == hours);
    whole
        .map(|(start, bars)| Bar {
            time: Timestamp::from_millis(start),
            ..Bar::merged(&bars).unwrap()
        })
        .collect()
}

#[test]
fn made_series_stay_in_step_through_every_change() {
    for seed in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir);
        let mut dice = Dice(seed);
        let fine = key("AAA", "1h");
        let bars: Bars = (0..400).map(|h| bar(h, &mut dice)).collect();
        ingest(&db, &fine, Calendar::Continuous, bars);
        for interval in [Interval::hours(4), Interval::days(1)] {
            db.resample(&fine, interval, &Control::new()).unwrap();
        }
        // Days are made of four hours here, so they follow what follows.
        let six = db.resample(&key("AAA", "4h"), Interval::hours(12), &Control::new());
        assert_eq!(six.unwrap().made_of, "crypto/test/AAA:4h");
        for step in 0..14 {
            let from = dice.below(500) - 20;
            let length = 1 + dice.below(40);
            let at = |hour: i64| Timestamp::from_millis(MONDAY + hour * HOUR);
            if dice.below(3) == 0 {
                let range = at(from)..=at(from + length - 1);
                db.delete_bars(&fine, Some(range)).unwrap();
            } else {
                let bars = (from..from + length).map(|h| bar(h, &mut dice)).collect();
                ingest(&db, &fine, Calendar::Continuous, bars);
            }
            let known = stored(&db, &fine);
            for (interval, hours) in [("4h", 4), ("12h", 12), ("1d", 24)] {
                let made: Vec<Bar> = stored(&db, &key("AAA", interval)).iter().collect();
                let case = format!("seed {seed}, step {step}, {interval}");
                assert_eq!(made, oracle(&known, hours), "{case}");
            }
        }
        // Also that every window of the made series has its row, and no other.
        db.verify(&Control::new()).unwrap();
        let db = {
            drop(db);
            OpenOptions::new().open(dir.path().join("m.rhyme")).unwrap()
        };
        db.verify(&Control::new()).unwrap();
    }
}

#[test]
fn days_of_sessions_stay_in_step_and_weeks_are_made_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir);
    let mut dice = Dice(7);
    let (hourly, daily, weekly) = (key("ACME", "1h"), key("ACME", "1d"), key("ACME", "1w"));
    let session = |day: i64, dice: &mut Dice| -> Vec<Bar> {
        (14..21).map(|h| bar(day * 24 + h, dice)).collect()
    };
    let days: Vec<i64> = (0..25).filter(|d| d % 7 < 5).collect();
    let bars = days.iter().flat_map(|&d| session(d, &mut dice)).collect();
    ingest(&db, &hourly, Calendar::Session, bars);
    let refused = db.resample(&hourly, Interval::days(7), &Control::new());
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("rhyme resample crypto/test/ACME:1h 1d"),
        "weeks are made of days"
    );
    let made = db
        .resample(&hourly, Interval::days(1), &Control::new())
        .unwrap();
    // Neither the first day nor the last, which may be parts.
    assert_eq!((made.bars, made.left_out), (days.len() as u64 - 2, 2));
    let made = db
        .resample(&hourly, Interval::days(7), &Control::new())
        .unwrap();
    assert_eq!(made.made_of, daily.to_string());
    let weeks = stored(&db, &weekly);
    assert_eq!(weeks.time, [MONDAY + 7 * DAY, MONDAY + 14 * DAY]);
    // One day more makes the last one and, on a Monday, the week before it.
    let mut later = session(25, &mut dice);
    later.extend(session(28, &mut dice));
    later.extend(session(29, &mut dice));
    ingest(&db, &hourly, Calendar::Session, later.into_iter().collect());
    assert_eq!(stored(&db, &weekly).len(), 3);
    // A correction goes up to the week.
    let mut high = bar(8 * 24 + 15, &mut dice);
    high.high = 5000.0;
    ingest(
        &db,
        &hourly,
        Calendar::Session,
        [high].into_iter().collect(),
    );
    assert_eq!(stored(&db, &weekly).high[0], 5000.0);
    // A day that loses its second half is no day any more.
    let at = |hour: i64| Timestamp::from_millis(MONDAY + hour * HOUR);
    let before = stored(&db, &daily).len();
    db.delete_bars(&hourly, Some(at(9 * 24 + 17)..=at(9 * 24 + 23)))
        .unwrap();
    assert_eq!(stored(&db, &daily).len(), before - 1);
    db.verify(&Control::new()).unwrap();
}

#[test]
fn a_made_series_takes_no_other_bars_and_its_source_stays() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir);
    let mut dice = Dice(3);
    let (fine, made) = (key("AAA", "1h"), key("AAA", "4h"));
    let bars: Bars = (0..100).map(|h| bar(h, &mut dice)).collect();
    ingest(&db, &fine, Calendar::Continuous, bars.clone());
    db.resample(&fine, Interval::hours(4), &Control::new())
        .unwrap();
    let foreign = SeriesBars {
        key: made.clone(),
        calendar: Calendar::Continuous,
        bars: (0..4).map(|h| bar(h * 4, &mut dice)).collect(),
    };
    let refused = db.ingest_bars(&[foreign]).unwrap_err().to_string();
    assert!(
        refused.contains("is made of crypto/test/AAA:1h")
            && refused.contains("rhyme delete crypto/test/AAA:4h"),
        "{refused}"
    );
    let some = Timestamp::from_millis(MONDAY)..=Timestamp::from_millis(MONDAY + DAY);
    assert!(db.delete_bars(&made, Some(some)).is_err());
    let refused = db.delete_bars(&fine, None).unwrap_err().to_string();
    assert!(
        refused.contains("rhyme delete crypto/test/AAA:4h"),
        "{refused}"
    );
    for (source, interval) in [(&fine, "90m"), (&made, "1h"), (&made, "4h")] {
        let interval = interval.parse().unwrap();
        assert!(db.resample(source, interval, &Control::new()).is_err());
    }
    db.delete_bars(&made, None).unwrap();
    let names: Vec<_> = db.now().series().unwrap();
    assert!(names.iter().all(|s| s.made_of.is_none()) && names.len() == 1);
    // What was made may be brought in from elsewhere now, and is in the way of making it.
    ingest(
        &db,
        &made,
        Calendar::Continuous,
        [bar(0, &mut dice)].into_iter().collect(),
    );
    let refused = db.resample(&fine, Interval::hours(4), &Control::new());
    assert!(refused.unwrap_err().to_string().contains("bars of its own"));
    db.delete_bars(&fine, None).unwrap();
}

#[test]
fn a_made_bar_is_known_when_its_last_fine_bar_has_closed() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir);
    let mut dice = Dice(5);
    let bars: Bars = (0..40).map(|h| bar(h, &mut dice)).collect();
    ingest(&db, &key("AAA", "1h"), Calendar::Continuous, bars);
    db.resample(&key("AAA", "1h"), Interval::hours(4), &Control::new())
        .unwrap();
    for hour in 4..40 {
        let view = db.at(Timestamp::from_millis(MONDAY + hour * HOUR));
        let known = view.bars(&key("AAA", "4h"), None, None, None).unwrap().bars;
        assert_eq!(known.len() as i64, hour / 4, "hour {hour}");
    }
}

#[test]
fn a_series_out_of_step_is_found_and_a_backup_keeps_the_mark() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir);
    let mut dice = Dice(9);
    let fine = key("AAA", "1h");
    let bars: Bars = (0..100).map(|h| bar(h, &mut dice)).collect();
    ingest(&db, &fine, Calendar::Continuous, bars);
    db.resample(&fine, Interval::hours(4), &Control::new())
        .unwrap();
    let copy = dir.path().join("copy");
    db.backup(&copy, &Control::new()).unwrap();
    let restored = dir.path().join("restored.rhyme");
    Database::restore(&copy, &restored, &Control::new()).unwrap();
    let other = Database::open(&restored).unwrap();
    ingest(
        &other,
        &fine,
        Calendar::Continuous,
        (100..104).map(|h| bar(h, &mut dice)).collect(),
    );
    let made = stored(&other, &key("AAA", "4h"));
    assert_eq!(
        made.iter().collect::<Vec<_>>(),
        oracle(&stored(&other, &fine), 4)
    );
    assert_eq!(made.len(), 26);
}
