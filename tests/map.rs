//! Maps of a space, beside plain principal components.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::{D, HOUR, START, crypto, equity};
use rhymedb::query::MapAnswer;
use rhymedb::{Database, Error, Filter, SeriesBars, Timestamp};

fn open() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    (dir, db)
}

fn market() -> Vec<SeriesBars> {
    vec![
        crypto("AAA", 500, 1),
        crypto("BBB", 450, 2),
        equity("CCC", 300, 3),
    ]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The largest eigenvalue and its vector by plain iteration, and the matrix without it.
fn largest(m: &mut [Vec<f64>]) -> (f64, Vec<f64>) {
    let mut v: Vec<f64> = (0..D).map(|i| 1.0 + i as f64 / 7.0).collect();
    let mut value = 0.0;
    for _ in 0..20_000 {
        let moved: Vec<f64> = m.iter().map(|row| dot(row, &v)).collect();
        value = dot(&moved, &moved).sqrt();
        v = moved.iter().map(|x| x / value).collect();
    }
    for i in 0..D {
        for j in 0..D {
            m[i][j] -= value * v[i] * v[j];
        }
    }
    (value, v)
}

#[test]
fn places_are_the_principal_components() {
    let (_dir, db) = open();
    let all = market();
    db.ingest_bars(&all).unwrap();
    let mut windows = oracle::windows(&all);
    windows.sort_by_key(|w| (w.end, w.series));
    let n = windows.len() as f64;
    let mean: Vec<f64> = (0..D)
        .map(|i| windows.iter().map(|w| w.vector[i]).sum::<f64>() / n)
        .collect();
    let off = |v: &[f64]| -> Vec<f64> { (0..D).map(|i| v[i] - mean[i]).collect() };
    let mut covariance = vec![vec![0.0; D]; D];
    for w in &windows {
        let c = off(&w.vector);
        for i in 0..D {
            for j in 0..D {
                covariance[i][j] += c[i] * c[j] / n;
            }
        }
    }
    let whole: f64 = (0..D).map(|i| covariance[i][i]).sum();
    let first = largest(&mut covariance);
    let second = largest(&mut covariance);

    let answer = db.now().map().sample(20_000).run().unwrap();
    assert_eq!(answer.space, "shape");
    assert_eq!(answer.windows, windows.len() as u64);
    assert_eq!(answer.points.len(), windows.len());
    let ends: Vec<i64> = answer
        .points
        .iter()
        .map(|p| p.window.end.millis())
        .collect();
    assert_eq!(ends, windows.iter().map(|w| w.end).collect::<Vec<_>>());
    for (i, (value, axis)) in [first, second].into_iter().enumerate() {
        assert!((answer.explained[i] - value / whole).abs() < 1e-4);
        let found = |p: &rhymedb::query::MapPoint| if i == 0 { p.x } else { p.y };
        let expected: Vec<f64> = windows
            .iter()
            .map(|w| dot(&off(&w.vector), &axis))
            .collect();
        // A direction has no sign of its own; the largest number of ours is positive.
        let largest = axis
            .iter()
            .copied()
            .fold(0.0_f64, |a, x| if x.abs() > a.abs() { x } else { a });
        for (point, expected) in answer.points.iter().zip(expected) {
            let expected = expected * largest.signum();
            let found = found(point);
            assert!(
                (found - expected).abs() < 5e-3,
                "{i}: {found} against {expected}"
            );
        }
    }
}

fn same(a: &MapAnswer, b: &MapAnswer) {
    assert_eq!(a.points, b.points);
    assert_eq!(a.windows, b.windows);
    assert_eq!(a.explained, b.explained);
}

/// What closes later, and what another series does later, changes no map as of an earlier time.
#[test]
fn nothing_later_moves_a_map() {
    let now = Timestamp::from_millis(START + 300 * HOUR);
    let known = |bars: &SeriesBars| {
        let until = bars.bars.time.partition_point(|&t| {
            let open = Timestamp::from_millis(t);
            bars.key.interval.close_of(open) <= now
        });
        SeriesBars {
            bars: bars.bars.slice(0..until),
            ..bars.clone()
        }
    };
    let all = market();
    let (_a, early) = open();
    let first: Vec<SeriesBars> = all
        .iter()
        .map(known)
        .filter(|s| !s.bars.is_empty())
        .collect();
    early.ingest_bars(&first).unwrap();
    let (_b, late) = open();
    late.ingest_bars(&all).unwrap();
    let mut other = crypto("DDD", 400, 9);
    other.bars = other.bars.slice(301..400);
    late.ingest_bars(&[other]).unwrap();
    for sample in [60, 20_000] {
        let then = early.at(now).map().sample(sample).run().unwrap();
        let seen = late.at(now).map().sample(sample).run().unwrap();
        same(&then, &seen);
        assert!(seen.points.iter().all(|p| p.window.end <= now));
        assert!(then.points.len() < late.now().map().sample(20_000).run().unwrap().points.len());
    }
}

#[test]
fn filters_seeds_and_samples_are_kept() {
    let (_dir, db) = open();
    db.ingest_bars(&market()).unwrap();
    let view = db.now();
    let one = view
        .map()
        .filter(Filter::new().symbol("BBB"))
        .run()
        .unwrap();
    assert!(one.points.iter().all(|p| p.window.series.symbol == "BBB"));
    let (from, to) = (START + 100 * HOUR, START + 200 * HOUR);
    let (from, to) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
    let part = view.map().filter(
        Filter::new()
            .market("crypto")
            .venue("test")
            .from(from)
            .until(to)
            .interval("1h".parse().unwrap()),
    );
    let part = part.run().unwrap();
    assert_eq!(part.points.len(), 2 * 101);
    assert!(
        part.points
            .iter()
            .all(|p| (from..=to).contains(&p.window.end))
    );
    let seed = |seed| view.map().sample(50).seed(seed).run().unwrap();
    same(&seed(3), &seed(3));
    assert_ne!(seed(3).points, seed(4).points);
    assert!((50..200).contains(&seed(3).points.len()));
}

#[test]
fn what_cannot_be_mapped_is_refused() {
    let (_dir, db) = open();
    db.ingest_bars(&market()).unwrap();
    let view = db.now();
    let message = |e: Error| e.to_string();
    let few = view
        .map()
        .filter(Filter::new().until(Timestamp::from_millis(START + 64 * HOUR)));
    assert!(message(few.run().unwrap_err()).contains("three windows or more"));
    let large = view.map().sample(20_001).run().unwrap_err();
    assert!(message(large).contains("expected a sample from 1 to 20000"));
    let unknown = view
        .map()
        .filter(Filter::new().market("moon"))
        .run()
        .unwrap_err();
    assert!(matches!(unknown, Error::NotFound { what: "market", .. }));
    let space = view.map().space("none").run().unwrap_err();
    assert!(matches!(space, Error::NotFound { what: "space", .. }));
}
