//! A database after a kill, against what was acknowledged.

use rhymedb::{Bars, Control, Database, Filter, OpenOptions, SeriesKey, Timestamp, View};

use crate::Dice;
use crate::plan::{Mirror, W};

/// Opens the database in `dir` and checks that it holds one of `candidates` and nothing else.
/// Returns which.
pub fn check(dir: &std::path::Path, candidates: &[Mirror], dice: &mut Dice) -> usize {
    let db = OpenOptions::new().open(dir).unwrap();
    db.verify(&Control::new()).unwrap();
    let found = Mirror::of(&db);
    let which = candidates.iter().position(|c| *c == found);
    let which = which.unwrap_or_else(|| panic!("{}", difference(&candidates[0], &found)));
    if waits(&db.now()) {
        // Nothing but stored windows, each at most once, before and after the others join them.
        check_windows(&db, &found, false, dice);
        db.compact(&Control::new()).unwrap();
        assert!(!waits(&db.now()));
        db.verify(&Control::new()).unwrap();
    }
    check_windows(&db, &found, true, dice);
    which
}

fn waits(view: &View) -> bool {
    view.spaces().unwrap().iter().any(|s| s.pending_ranges > 0)
}

fn difference(expected: &Mirror, found: &Mirror) -> String {
    let mut said = String::new();
    for (name, bars) in &expected.0 {
        let other = found.0.get(name).cloned().unwrap_or_default();
        let missing: Vec<_> = bars.keys().filter(|t| !other.contains_key(t)).collect();
        let phantom: Vec<_> = other.keys().filter(|t| !bars.contains_key(t)).collect();
        let other_bars = bars
            .iter()
            .filter(|(t, b)| other.get(t).is_some_and(|o| o != *b));
        said += &format!(
            "{name}: missing {missing:?}, phantom {phantom:?}, {} others; ",
            other_bars.count()
        );
    }
    said
}

/// Checks that the rows of the default space are the windows of the stored bars: the count by a
/// filter, the rows that a scan finds, and that their vectors are those of the bars.
fn check_windows(db: &Database, stored: &Mirror, all: bool, dice: &mut Dice) {
    let now = db.now();
    let mut total = 0;
    for (key, ends) in stored.windows() {
        if ends.is_empty() {
            continue;
        }
        let counted = in_series(&now, &key, i64::MIN, i64::MAX, 1).0;
        let mut found = Vec::new();
        for slice in ends.chunks(400) {
            // From after the slice before, so that no phantom falls between two slices.
            let first = found.last().map_or(i64::MIN, |&end: &i64| end + 1);
            let (count, mut rows) = in_series(&now, &key, first, slice[slice.len() - 1], 10_000);
            assert_eq!(count as usize, rows.len(), "{key}");
            rows.sort_unstable();
            if all {
                assert_eq!(rows, slice, "{key}");
            } else {
                let known = |pair: &[i64]| pair[0] < pair[1];
                assert!(rows.windows(2).all(known), "{key}: a row is there twice");
                assert!(
                    rows.iter().all(|end| slice.contains(end)),
                    "{key}: a phantom row"
                );
            }
            found.extend(if all { rows } else { slice.to_vec() });
            total += count;
        }
        if all {
            assert_eq!(counted, ends.len() as u64, "{key}");
            for _ in 0..2 {
                check_vector(&now, stored, &key, ends[dice.below(ends.len())]);
            }
        }
    }
    let rows: u64 = now.spaces().unwrap().iter().map(|s| s.rows).sum();
    assert_eq!(rows, total, "rows of no series, or after its last window");
}

/// How many windows of a series end in `first..=last`, and the ends of up to `k` of them.
fn in_series(now: &View, key: &SeriesKey, first: i64, last: i64, k: usize) -> (u64, Vec<i64>) {
    let search = now.similar(vec![1.0; 48]).filter(
        Filter::new()
            .symbol(&key.symbol)
            .from(Timestamp::from_millis(first))
            .until(Timestamp::from_millis(last)),
    );
    let answer = search.exact(true).exclusion(0).k(k).run().unwrap();
    assert!(answer.hits.iter().all(|h| h.window.series == *key));
    let ends = answer.hits.iter().map(|h| h.window.end.millis()).collect();
    (answer.searched.windows, ends)
}

/// The row of a window is the vector of the bars that are stored for it.
fn check_vector(now: &View, stored: &Mirror, key: &SeriesKey, end: i64) {
    let rhymedb::Interval::Fixed(step) = key.interval else {
        panic!("{key} has no fixed interval");
    };
    let until = stored.0[&key.to_string()].range(..=end - step);
    let mut window: Vec<_> = until.rev().take(W).map(|(_, bar)| *bar).collect();
    window.reverse();
    let end = Timestamp::from_millis(end);
    let search = now.similar(window.into_iter().collect::<Bars>());
    let answer = search
        .filter(Filter::new().symbol(&key.symbol).from(end).until(end))
        .exact(true)
        .run()
        .unwrap();
    let scores: Vec<f32> = answer.hits.iter().map(|h| h.score).collect();
    assert!(
        scores.len() == 1 && scores[0] > 0.9999,
        "{key} at {end}: {scores:?}"
    );
}
