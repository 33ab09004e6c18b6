//! Patterns, drawn from what their names mean.

use rhymedb::query::LabelSet;
use rhymedb::{Database, OpenOptions, Query, Target, Timestamp, View};

use crate::drawn::{KINDS, Noise, chart};
use crate::oracle::{HOUR, Lcg, START};
use crate::times;
use crate::world::{SCALE, bars, clustered, confusion, hourly, judged, walk};

fn set() -> LabelSet {
    LabelSet::built_in_named("patterns").unwrap()
}

pub fn without_words(dir: &tempfile::TempDir) -> Database {
    let options = OpenOptions::new().clip_weights(None);
    options.open(dir.path().join("market.rhyme")).unwrap()
}

pub fn chosen(view: &View, levels: &[f64], abstain: Option<f64>) -> Option<usize> {
    let mut classify = view.classify(Query::Bars(bars(levels, SCALE, HOUR)), &set());
    if let Some(abstain) = abstain {
        classify = classify.abstain_below(abstain);
    }
    let answer = classify.run().unwrap();
    let total: f64 = answer.labels.iter().map(|l| l.probability).sum();
    assert!((total + answer.none - 1.0).abs() < 1e-9);
    answer
        .chosen
        .map(|name| KINDS.iter().position(|k| *k == name).unwrap())
}

#[test]
fn patterns_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let view = without_words(&dir).now();
    for noise in [Noise::Levels, Noise::Steps] {
        let mut random = Lcg(15);
        let (mut forced, mut free) = (Vec::new(), Vec::new());
        for i in 0..200 * times() {
            let levels = chart(KINDS[i % 8], noise, 200, &mut random);
            forced.push((i % 8, chosen(&view, &levels, Some(0.0))));
            free.push((i % 8, chosen(&view, &levels, None)));
        }
        confusion(&forced, &KINDS);
        let (accuracy, f1) = judged(&forced, 8);
        let (found, _) = judged(&free, 8);
        println!(
            "{} patterns, noise in {noise:?}: accuracy {accuracy:.3}, macro F1 {f1:.3} with --abstain 0; found at defaults {found:.3}",
            forced.len()
        );
        assert!(accuracy >= 0.9 && f1 >= 0.9, "{noise:?}: {accuracy} {f1}");
        assert!(found >= 0.85, "{noise:?}: {found}");
    }
}

#[test]
fn ordinary_windows_have_no_pattern() {
    let dir = tempfile::tempdir().unwrap();
    let view = without_words(&dir).now();
    let mut random = Lcg(8);
    for name in ["Student's walks", "clustered walks"] {
        let make: fn(usize, &mut Lcg) -> Vec<f64> = if name.starts_with("Student") {
            walk
        } else {
            clustered
        };
        let n = 600 * times();
        let found = (0..n).filter(|_| {
            let levels = make(140, &mut random);
            chosen(&view, &levels, None).is_some()
        });
        let share = found.count() as f64 / n as f64;
        println!(
            "{name}: a pattern is chosen in {:.1} % of {n}",
            100.0 * share
        );
        assert!(share <= 0.08, "{name}: {share}");
        // Chance draws some patterns: a rule that finds none has no power either.
        assert!(share > 0.0, "{name}");
    }
}

/// The number of a kind, of a series, and of the bar with which the pattern ends.
type Where = (usize, usize, usize);

/// Four series of walks with patterns in them.
fn market() -> (Vec<rhymedb::SeriesBars>, Vec<Where>) {
    let mut random = Lcg(21);
    let mut all = Vec::new();
    let mut planted = Vec::new();
    for series in 0..4 {
        let mut levels = walk(300, &mut random);
        for round in 0..4 {
            let kind = (series * 4 + round) % 8;
            let drawn = chart(KINDS[kind], Noise::Levels, 200, &mut random);
            let level = levels[levels.len() - 1];
            levels.extend(drawn.iter().skip(1).map(|x| level + x));
            planted.push((kind, series, levels.len() - 1));
            let level = levels[levels.len() - 1];
            levels.extend(walk(120, &mut random).iter().skip(1).map(|x| level + x));
        }
        all.push(hourly(&format!("S{series}"), &levels));
    }
    (all, planted)
}

fn end(bar: usize) -> Timestamp {
    Timestamp::from_millis(START + (bar as i64 + 1) * HOUR)
}

#[test]
fn a_pattern_is_found_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let db = without_words(&dir);
    let (market, planted) = market();
    db.ingest_bars(&market).unwrap();
    let view = db.now();
    let (mut found, mut wanted) = (0, 0);
    for (kind, name) in KINDS.iter().enumerate() {
        let answer = view.pattern(*name).k(6).run().unwrap();
        assert_eq!(answer.pattern, *name);
        assert_eq!(answer.bars.len(), answer.found.hits.len());
        assert!(answer.found.hits.is_sorted_by(|a, b| a.score >= b.score));
        for (_, series, bar) in planted.iter().filter(|p| p.0 == kind) {
            wanted += 1;
            let near = |hit: &rhymedb::Hit| {
                let bars = (hit.window.end.millis() - end(*bar).millis()) / HOUR;
                hit.window.series.symbol == format!("S{series}") && bars.abs() <= 8
            };
            found += usize::from(answer.found.hits.iter().any(near));
        }
    }
    println!("{found} of {wanted} planted patterns are among the first six");
    assert!(found * 10 >= wanted * 8, "{found} of {wanted}");

    // Stored windows are judged as candles are, and as of then as in a database that ends there.
    let (kind, series, bar) = planted[5];
    let target: Target = format!("S{series}:1h@{}", end(bar)).parse().unwrap();
    let classify = |view: &View| view.classify(target.clone(), &set()).run().unwrap();
    let now = classify(&view);
    assert_eq!(now.chosen.as_deref(), Some(KINDS[kind]));
    let window = now.query.clone().unwrap();
    let bars = (window.end.millis() - window.start.millis()) / HOUR;
    assert!(
        (36..=70).contains(&bars) && window.end == end(bar),
        "{window}"
    );
    assert_eq!(classify(&db.at(end(bar))), now);
}

#[test]
fn a_pattern_is_searched_for_as_of_then() {
    let (market, planted) = market();
    let middle = end(planted[2].2);
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let whole = without_words(&dirs[0]);
    whole.ingest_bars(&market).unwrap();
    let cut = without_words(&dirs[1]);
    let known: Vec<_> = market
        .iter()
        .map(|s| rhymedb::SeriesBars {
            bars: s.bars.slice(0..planted[2].2 + 1),
            ..s.clone()
        })
        .collect();
    cut.ingest_bars(&known).unwrap();
    let mut any = 0;
    for name in KINDS {
        let ask = |db: &Database| {
            let view = db.at(middle);
            let answer = view.pattern(name).k(5).exact(true).run().unwrap();
            (answer.found.hits, answer.bars)
        };
        let (then, alone) = (ask(&whole), ask(&cut));
        any += then.0.len();
        assert_eq!(then, alone, "{name}");
    }
    assert!(any > 5);
    let target: Target = "S0:1h".parse().unwrap();
    let runs = |db: &Database| db.at(middle).regimes(target.clone(), &set()).run().unwrap();
    let runs = (runs(&whole), runs(&cut));
    assert_eq!(runs.0, runs.1);
    assert!(runs.0.runs.iter().any(|r| r.label.is_some()));
}
