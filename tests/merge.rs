//! Parts that were ingested apart, merged: they answer like one database that ingested everything.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

#[path = "merge/refusals.rs"]
mod refusals;
#[path = "merge/world.rs"]
mod world;

use std::path::PathBuf;

use oracle::crypto;
use oracle::worlds::hours;
use rhymedb::ingest::VectorRow;
use rhymedb::{Control, Database, Interval, SeriesKey, Target};

use world::{SYMBOLS, answers, assert_same, ingest, made, merged, open, parts, weights};

#[test]
fn merged_parts_answer_like_one_database() {
    let dir = tempfile::tempdir().unwrap();
    let parts = parts();
    let folders = made(dir.path(), &parts);
    let single = open(&dir.path().join("single.rhyme"));
    parts.iter().for_each(|part| ingest(&single, part));
    let expected = answers(&single.now(), &SYMBOLS);

    let whole = open(&dir.path().join("whole.rhyme"));
    let report = whole.merge(&folders, &Control::new()).unwrap();
    let verified = whole.verify(&Control::new()).unwrap();
    assert_same(&answers(&whole.now(), &SYMBOLS), &expected);
    for (part, merged) in parts.iter().zip(&report) {
        assert_eq!(merged.series_added, part.series.len() as u64 + 1);
        assert_eq!((merged.series_joined, merged.windows_embedded), (0, 0));
        assert_eq!(merged.headlines_added, 60);
        assert_eq!(merged.headlines_embedded, 0);
        assert!(
            merged.segments > 2 && merged.segment_bytes > 0,
            "{merged:?}"
        );
        assert_eq!(merged.notes_added, 3);
    }
    let counts = |db: &Database| {
        let spaces = db.now().spaces().unwrap().into_iter();
        let counted = spaces.map(|s| {
            let rows = (s.rows, s.headline_rows, s.flat_windows, s.pending_ranges);
            (s.space.name, rows)
        });
        counted.collect::<Vec<_>>()
    };
    assert_eq!(counts(&whole), counts(&single));
    let of_single = single.verify(&Control::new()).unwrap();
    assert_eq!(
        (verified.windows, verified.bars),
        (of_single.windows, of_single.bars)
    );

    // As of a time before the end of everything, too.
    for at in [hours(250), hours(420)] {
        let (a, b) = (whole.at(at), single.at(at));
        assert_same(&answers(&a, &SYMBOLS), &answers(&b, &SYMBOLS));
    }

    // Once more changes nothing, and neither does an order to go on with one of them.
    let before = whole.stats().unwrap();
    for again in [&folders[..], &folders[1..2]] {
        let report = whole.merge(again, &Control::new()).unwrap();
        let idle = |m: &rhymedb::ingest::MergedPart| {
            m.series_added + m.bars_added + m.windows_taken + m.windows_embedded + m.notes_added
        };
        assert_eq!(report.iter().map(idle).sum::<u64>(), 0, "{report:?}");
    }
    assert_eq!(whole.stats().unwrap().windows, before.windows);
    assert_same(&answers(&whole.now(), &SYMBOLS), &expected);

    // It goes on like any other: what comes next, what is deleted, what is compacted.
    for db in [&whole, &single] {
        let more = crypto("BBB", 460, 2);
        db.ingest_bars(&[more]).unwrap();
        db.delete_bars(&parts[0].series[1].key, None).unwrap();
        db.compact(&Control::new()).unwrap();
        db.verify(&Control::new()).unwrap();
    }
    let after = answers(&single.now(), &SYMBOLS);
    assert_same(&answers(&whole.now(), &SYMBOLS), &after);
}

#[test]
fn a_series_in_several_parts_is_joined() {
    let dir = tempfile::tempdir().unwrap();
    let whole = parts();
    let cut = |from: usize, to: usize| {
        let mut part = whole[0].clone();
        part.series.truncate(1);
        part.series[0].bars = part.series[0].bars.slice(from..to);
        part
    };
    // They overlap by 40 bars, and all of them have the same headlines.
    let folders: Vec<PathBuf> = [cut(0, 300), cut(260, 500)]
        .iter()
        .zip(["early.rhyme", "late.rhyme"])
        .map(|(part, name)| {
            let path = dir.path().join(name);
            let db = open(&path);
            db.ingest_bars(&part.series).unwrap();
            db.create_space_of_weights("clip", &weights(), 1, Control::new())
                .unwrap();
            let four = Interval::hours(4);
            db.resample(&part.series[0].key, four, &Control::new())
                .unwrap();
            db.ingest_headlines(&part.headlines).unwrap();
            path
        })
        .collect();
    let single = open(&dir.path().join("single.rhyme"));
    single.ingest_bars(&cut(0, 500).series).unwrap();
    single
        .create_space_of_weights("clip", &weights(), 1, Control::new())
        .unwrap();
    let key = &whole[0].series[0].key;
    single
        .resample(key, Interval::hours(4), &Control::new())
        .unwrap();
    single.ingest_headlines(&whole[0].headlines).unwrap();
    for order in [[0, 1], [1, 0]] {
        let folders = order.map(|i| folders[i].clone());
        let db = merged(dir.path(), &format!("whole{}.rhyme", order[0]), &folders);
        for space in ["shape", "clip"] {
            let ask = |db: &Database| {
                let target: Target = "AAA:1h".parse().unwrap();
                let similar = db.now().similar(target).space(space).k(30).exact(true);
                format!("{:?}", similar.run().unwrap().hits)
            };
            assert_eq!(ask(&db), ask(&single), "{space} {order:?}");
        }
        let bars = |db: &Database| {
            let all = db.now().series().unwrap().into_iter();
            let bars = all.map(|s| db.now().bars(&s.key, None, None, None).unwrap().bars);
            bars.collect::<Vec<_>>()
        };
        assert_eq!(bars(&db), bars(&single), "{order:?}");
        assert_eq!(db.stats().unwrap().headlines, 60);
    }
}

/// Vectors that somebody imported for a series in both parts, and for one that is made of it.
#[test]
fn imported_vectors_of_a_joined_series_come_from_all_parts() {
    let dir = tempfile::tempdir().unwrap();
    let whole = parts()[0].series[0].clone();
    let four = SeriesKey {
        interval: Interval::hours(4),
        ..whole.key.clone()
    };
    let import = |db: &Database| -> u64 {
        let mut count = 0;
        for key in [&whole.key, &four] {
            let bars = db.now().bars(key, None, None, None).unwrap().bars;
            let ends: Vec<_> = (0..bars.len())
                .map(|i| key.interval.close_of(bars.get(i).unwrap().time))
                .collect();
            // The first window of each part was that of fewer bars.
            let vectors: Vec<[f32; 2]> = ends
                .iter()
                .map(|end| {
                    let angle = (end.millis() / 3_600_000) as f32;
                    [angle.cos(), angle.sin()]
                })
                .collect();
            let rows = ends.iter().zip(&vectors).skip(4);
            let rows: Vec<VectorRow<'_>> = rows
                .map(|(&end, vector)| VectorRow {
                    series: key,
                    end,
                    vector,
                })
                .collect();
            db.import_vectors("own", 4, &rows, &Control::new()).unwrap();
            count += rows.len() as u64;
        }
        count
    };
    let mut folders = Vec::new();
    for (name, range) in [("early.rhyme", 0..300), ("late.rhyme", 260..500)] {
        let path = dir.path().join(name);
        let db = open(&path);
        let mut part = whole.clone();
        part.bars = part.bars.slice(range);
        db.ingest_bars(&[part]).unwrap();
        db.resample(&whole.key, four.interval, &Control::new())
            .unwrap();
        import(&db);
        folders.push(path);
    }
    let db = merged(dir.path(), "whole.rhyme", &folders);
    let rows = |db: &Database| {
        let spaces = db.now().spaces().unwrap().into_iter();
        let own = spaces.filter(|s| s.space.name == "own").map(|s| s.rows);
        own.sum::<u64>()
    };
    let single = open(&dir.path().join("single.rhyme"));
    single.ingest_bars(std::slice::from_ref(&whole)).unwrap();
    single
        .resample(&whole.key, four.interval, &Control::new())
        .unwrap();
    assert_eq!(rows(&db), import(&single));
    let again = db.merge(&folders, &Control::new()).unwrap();
    assert!(again.iter().all(|m| m.windows_taken == 0), "{again:?}");
    assert_eq!(rows(&db), rows(&single));
    db.verify(&Control::new()).unwrap();
}

#[test]
fn what_comes_later_changes_no_answer_of_the_past() {
    let dir = tempfile::tempdir().unwrap();
    let at = hours(250);
    let full = parts();
    let mut other = parts();
    for part in &mut other {
        for series in &mut part.series {
            for i in 0..series.bars.len() {
                if series.bars.time[i] >= at.millis() {
                    series.bars.close[i] = series.bars.high[i];
                }
            }
        }
        part.headlines.retain(|h| h.known_from() <= at);
    }
    let mut said = Vec::new();
    for (name, parts) in [("full", full), ("other", other)] {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let folders = made(&folder, &parts);
        let db = merged(&folder, "whole.rhyme", &folders);
        said.push(answers(&db.at(at), &SYMBOLS));
    }
    // Attributes and prototypes are of no time.
    assert_same(&said[0], &said[1]);
}
