//! Entries beside their definition.

use rhymedb::query::Refine;
use rhymedb::{SeriesBars, Window};

use crate::last_bar;
use crate::oracle::worlds::{database, hours, market, target};
use crate::oracle::{HOUR, crypto};

/// Whether two windows of hourly bars, or of one series, are fewer than 9 bars apart.
fn near(all: &[SeriesBars], a: &Window, b: &Window) -> bool {
    // Bars of a series up to a time: sessions have no others.
    let bar = |w: &Window| {
        let series = all.iter().find(|s| s.key == w.series).unwrap();
        let open = w.series.interval.open_of(w.end).millis();
        series.bars.time.partition_point(|&t| t < open)
    };
    let apart = if a.series == b.series {
        bar(a).abs_diff(bar(b))
    } else {
        (a.end.millis().abs_diff(b.end.millis()) / HOUR as u64) as usize
    };
    a.series.symbol == b.series.symbol && apart < 9
}

/// Entries straight from their definition: all windows that score at least as much as the worst hit, out of
/// the question's zone, each symbol in the order of time.
#[test]
fn entries_are_the_first_of_their_runs() {
    let mut all = market();
    // Another venue's hourly bars of one of the symbols, and its days: one symbol, three series.
    let mut other = crypto("AAA", 600, 1);
    other.key.venue = "other".to_owned();
    other
        .bars
        .close
        .iter_mut()
        .step_by(7)
        .for_each(|c| *c *= 1.0005);
    other.bars.high.iter_mut().for_each(|h| *h *= 1.01);
    other.bars.low.iter_mut().for_each(|l| *l /= 1.01);
    all.push(other);
    let (_dir, db) = database(&all);
    let view = db.now();
    let (mut moved, mut taken) = (0, 0);
    for (name, hour, k) in [
        ("crypto/test/AAA", 300, 5),
        ("BBB", 400, 20),
        ("crypto/other/AAA", 420, 40),
        ("CCC", 24 * 400, 10),
    ] {
        let asked = target(name, hours(hour));
        let search = || view.similar(asked.clone()).exact(true).k(k).exclusion(9);
        let (best, found) = (
            search().run().unwrap(),
            search().entries(true).run().unwrap(),
        );
        assert!(found.entries && !best.entries);
        let least = best.hits.last().unwrap().score;
        let every = view
            .similar(asked.clone())
            .exact(true)
            .k(10_000)
            .exclusion(0);
        let mut good = every.run().unwrap().hits;
        good.retain(|hit| hit.score >= least);
        good.sort_by_key(|hit| hit.window.end);
        let own = best.query.clone().unwrap();
        let mut expected: Vec<rhymedb::Hit> = Vec::new();
        for hit in good {
            let free = expected.iter().all(|e| !near(&all, &e.window, &hit.window));
            if free && !near(&all, &own, &hit.window) {
                expected.push(hit);
            }
        }
        expected.sort_by(|a, b| b.score.total_cmp(&a.score));
        let windows = |hits: &[rhymedb::Hit]| -> Vec<String> {
            hits.iter().map(|h| h.window.to_string()).collect()
        };
        assert_eq!(windows(&found.hits), windows(&expected), "{name}");
        let ranks = found.hits.iter().zip(1..);
        assert!(ranks.into_iter().all(|(hit, rank)| hit.rank == rank));
        taken += expected.len();
        let is_best = |h: &&rhymedb::Hit| best.hits.iter().any(|b| b.window == h.window);
        moved += expected.iter().filter(|h| !is_best(h)).count();
    }
    assert!(moved > 10 && moved < taken, "{moved} of {taken}");
}

/// A second look chooses entries among windows that are as good by both.
#[test]
fn refined_entries_are_the_first_of_their_runs() {
    let all = market();
    let (_dir, db) = database(&all);
    let view = db.now();
    let search = |k: usize, exclusion: u32| {
        let search = view.similar(target("BBB", hours(400))).exact(true).k(k);
        search
            .ef(5000)
            .exclusion(exclusion)
            .refine(Refine::Correlation)
    };
    let best = search(12, 9).run().unwrap().hits;
    let least = best.iter().map(|h| h.score).fold(f32::INFINITY, f32::min);
    let worst = best.last().unwrap().refined;
    let mut good = search(10_000, 0).run().unwrap().hits;
    good.retain(|h| h.score >= least && h.refined >= worst);
    good.sort_by_key(|h| h.window.end);
    let mut expected: Vec<rhymedb::Hit> = Vec::new();
    for hit in good {
        let (series, bar) = last_bar(&all, &hit.window);
        let near = |e: &rhymedb::Hit| {
            let (other, before) = last_bar(&all, &e.window);
            series == other && bar - before < 9
        };
        let own = series == 1 && (bar as i64 - 399).abs() < 9;
        if !own && !expected.iter().any(near) {
            expected.push(hit);
        }
    }
    expected.sort_by(|a, b| b.refined.unwrap().total_cmp(&a.refined.unwrap()));
    let found = search(12, 9).entries(true).run().unwrap().hits;
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(&expected) {
        assert_eq!((&a.window, a.refined), (&b.window, b.refined));
    }
    assert!(
        found
            .iter()
            .any(|h| best.iter().all(|b| b.window != h.window))
    );
}
