//! What was worked out before a commit and is kept after it never shows: answers after each commit
//! are those of a database that was made of the same bars at once.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::worlds::{database, hours, target};
use oracle::{HOUR, START, W, crypto, equity};
use rhymedb::query::Measure;
use rhymedb::{Control, Database, Filter, SeriesBars, Timestamp, View};

/// Everything that is kept goes into one of these answers.
fn answers(db: &Database) -> Vec<String> {
    let early = db.at(hours(480));
    [&db.now(), &early].into_iter().flat_map(asked).collect()
}

fn asked(view: &View) -> Vec<String> {
    let at = target("AAA", hours(470));
    let search = view.similar(at.clone()).exact(true);
    let outcomes = search.outcomes(&[3, 24]).sample(60).run().unwrap();
    let anomaly = view.anomaly("BBB".parse().unwrap()).k(2).exact(true);
    let anomaly = anomaly.calibration(60).run().unwrap();
    let scan = view.anomaly_scan().of("AAA").k(2).exact(true).level(0.1);
    let scan = scan
        .by(Measure::Mahalanobis)
        .filter(Filter::new().from(hours(440)))
        .run()
        .unwrap();
    let transfer = view.transfer(at).to("BBB").exact(true).run().unwrap();
    let matrix = view.transfer_matrix().sample(50).run().unwrap();
    vec![
        format!("{:?} {:?}", outcomes.similar.hits, outcomes.horizons),
        format!("{:?} {:?}", anomaly.unusual, anomaly.nearest),
        format!("{:?} {}", scan.episodes, scan.unusual),
        format!("{:?} {}", transfer.hits, transfer.shift),
        format!("{:?} {:?}", matrix.groups, matrix.pairs),
    ]
}

/// The bars of these series up to the one of a number.
fn up_to(all: &[SeriesBars], hour: usize) -> Vec<SeriesBars> {
    let cut = |s: &SeriesBars| SeriesBars {
        bars: s.bars.slice(0..hour.min(s.bars.len())),
        ..s.clone()
    };
    all.iter().map(cut).collect()
}

#[track_caller]
fn same_as_new(db: &Database, all: &[SeriesBars], what: &str) -> Vec<String> {
    let (_dir, new) = database(all);
    let (found, expected) = (answers(db), answers(&new));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{what}");
    }
    // Asked again, of what is kept now.
    assert_eq!(answers(db), expected, "{what}");
    found
}

#[test]
fn what_is_kept_after_a_commit_is_still_so() {
    let all = [
        crypto("AAA", 540, 1),
        crypto("BBB", 540, 2),
        equity("CCC", 300, 3),
        equity("DDD", 280, 4),
    ];
    let mut truth = up_to(&all, 520);
    let (_dir, db) = database(&truth);
    let mut before = same_as_new(&db, &truth, "at first");

    // One bar after another, and several at once.
    for hour in [521, 522, 530] {
        truth = up_to(&all, hour);
        db.ingest_bars(&truth).unwrap();
        let after = same_as_new(&db, &truth, "later bars");
        assert_ne!(after, before);
        before = after;
    }

    // A bar of the past is corrected.
    truth[1].bars.close[200] *= 1.07;
    truth[1].bars.high[200] *= 1.07;
    db.ingest_bars(&truth).unwrap();
    let after = same_as_new(&db, &truth, "a corrected bar");
    assert_ne!(after, before);

    // A series comes with a past of its own.
    truth.push(crypto("EEE", 500, 5));
    db.ingest_bars(&truth).unwrap();
    let after = same_as_new(&db, &truth, "a new series");
    assert_ne!(after, before);

    // Its last bars go again, and its first ones.
    let last = &mut truth[4].bars;
    let key = "crypto/test/EEE:1h".parse().unwrap();
    *last = last.slice(0..400);
    let opening = |from: i64, to: i64| {
        let at = |hour: i64| Timestamp::from_millis(START + hour * HOUR);
        Some(at(from)..=at(to))
    };
    db.delete_bars(&key, opening(400, 499)).unwrap();
    same_as_new(&db, &truth, "without the last bars");
    let last = &mut truth[4].bars;
    *last = last.slice(100..400);
    db.delete_bars(&key, opening(0, 99)).unwrap();
    same_as_new(&db, &truth, "without the first bars");
    assert!(truth[4].bars.len() > W);
}

/// Later bars alone, as a program that follows a market brings them: what comes before them is then not read
/// again where it is known, and must not be what it was before somebody changed it.
#[test]
fn bars_that_follow_bars_which_changed_are_embedded_with_those() {
    let all = [crypto("AAA", 560, 1), crypto("BBB", 560, 2)];
    let mut truth = up_to(&all, 520);
    let (_dir, db) = database(&truth);
    let mut hour = 520;
    let mut follow = |truth: &mut Vec<SeriesBars>, what: &str| {
        for _ in 0..2 {
            let next = |s: &SeriesBars| SeriesBars {
                bars: s.bars.slice(hour..hour + 1),
                ..s.clone()
            };
            db.ingest_bars(&all.iter().map(next).collect::<Vec<_>>())
                .unwrap();
            for (series, all) in truth.iter_mut().zip(&all) {
                series.bars.extend(&all.bars.slice(hour..hour + 1));
            }
            hour += 1;
        }
        same_as_new(&db, truth, what)
    };
    follow(&mut truth, "at first");

    // The last bar, and one of the last window, are corrected.
    for back in [1, 20] {
        let bars = &mut truth[0].bars;
        let at = bars.len() - back;
        bars.close[at] *= 1.07;
        bars.high[at] *= 1.07;
        let corrected = SeriesBars {
            bars: bars.slice(at..at + 1),
            ..truth[0].clone()
        };
        db.ingest_bars(&[corrected]).unwrap();
        follow(&mut truth, "after a correction");
    }

    // The last bars go again.
    let bars = &mut truth[1].bars;
    *bars = bars.slice(0..bars.len() - 3);
    let from = Timestamp::from_millis(bars.time[bars.len() - 1] + 1);
    let key = "crypto/test/BBB:1h".parse().unwrap();
    db.delete_bars(&key, Some(from..=hours(10_000))).unwrap();
    follow(&mut truth, "after bars were deleted");
}

/// A bar that is not over yet comes with each trade, and its last state together with the first of the next one.
#[test]
fn bars_that_are_corrected_until_they_are_over_are_embedded_as_they_end() {
    let all = [crypto("AAA", 560, 1), crypto("BBB", 560, 2)];
    let mut truth = up_to(&all, 520);
    let (_dir, db) = database(&truth);
    let unfinished = |s: &SeriesBars, hour: usize, part: f64| {
        let mut bars = s.bars.slice(hour..hour + 1);
        bars.close[0] = bars.low[0] + (bars.high[0] - bars.low[0]) * part;
        bars
    };
    for hour in 520..526 {
        // Not over, twice; over, together with the next one; and the same again.
        for (part, next) in [(0.2, None), (0.7, None), (1.0, Some(0.4)), (1.0, Some(0.4))] {
            let mut batch = Vec::new();
            for (known, all) in truth.iter_mut().zip(&all) {
                let mut bars = match part {
                    1.0 => all.bars.slice(hour..hour + 1),
                    part => unfinished(all, hour, part),
                };
                if let Some(part) = next {
                    bars.extend(&unfinished(all, hour + 1, part));
                }
                known.bars = all.bars.slice(0..hour);
                known.bars.extend(&bars);
                batch.push(SeriesBars {
                    bars,
                    ..all.clone()
                });
            }
            let report = db.ingest_bars(&batch).unwrap();
            assert_eq!(report.windows_removed, report.bars_replaced);
        }
        same_as_new(&db, &truth, "while it follows");
        let bars: usize = truth.iter().map(|s| s.bars.len()).sum();
        assert_eq!(db.verify(&Control::new()).unwrap().bars, bars as u64);
    }
}

/// One batch may bring later bars of a series and then correct an earlier one: the windows of the later bars
/// are then those with the corrected bar, and each counts once.
#[test]
fn later_bars_and_a_correction_in_one_batch_are_embedded_together() {
    let quiet = |price: f64| {
        let mut all = crypto("AAA", 200, 1);
        for i in 100..200 {
            let bars = &mut all.bars;
            for prices in [
                &mut bars.open,
                &mut bars.high,
                &mut bars.low,
                &mut bars.close,
            ] {
                prices[i] = if i == 175 { price } else { 100.0 };
            }
        }
        all
    };
    let part = |all: &SeriesBars, bars| SeriesBars {
        bars: all.bars.slice(bars),
        ..all.clone()
    };
    // Windows without a move have no vector: one gets it by the correction, and the other loses it.
    for (before, after) in [(100.0, 103.0), (103.0, 100.0)] {
        let (before, after) = (quiet(before), quiet(after));
        let (_dir, db) = database(&[part(&before, 0..180)]);
        db.ingest_bars(&[
            part(&after, 180..190),
            part(&after, 175..176),
            part(&after, 190..192),
        ])
        .unwrap();
        let (_new_dir, new) = database(&[part(&after, 0..192)]);
        let windows = |db: &Database| {
            let verified = db.verify(&Control::new()).unwrap();
            let spaces = db.now().spaces().unwrap();
            let flat = spaces.iter().map(|space| space.flat_windows);
            (verified.windows, flat.collect::<Vec<_>>())
        };
        assert_eq!(windows(&db), windows(&new));
        let at = || {
            db.now()
                .similar(target("AAA", hours(192)))
                .exact(true)
                .run()
        };
        let there = new
            .now()
            .similar(target("AAA", hours(192)))
            .exact(true)
            .run();
        assert_eq!(at().is_ok(), after.bars.close[175] != 100.0);
        assert_eq!(at().is_ok(), there.is_ok());
        if let (Ok(found), Ok(there)) = (at(), there) {
            assert_eq!(found.hits, there.hits);
        }
    }
}
