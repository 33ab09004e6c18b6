//! The size of windows, beside its definition, and what is filtered and ranked by it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::worlds::{database, days, hours, market, other_future, refused, target};
use oracle::{DAY, HOUR, START, W, assert_same, crypto};
use rhymedb::query::{LeastMove, Measure, Size};
use rhymedb::{Database, Filter, Interval, SeriesBars, Timestamp, View, Window};

/// The window of a series whose last bar has that number.
fn window(series: &SeriesBars, last: usize) -> Window {
    let open = |i: usize| Timestamp::from_millis(series.bars.time[i]);
    Window {
        series: series.key.clone(),
        start: open(last + 1 - W),
        end: series.key.interval.close_of(open(last)),
    }
}

/// The root mean squares of returns and volumes in the year before a window.
fn usual(series: &SeriesBars, start: i64) -> Option<(f64, f64)> {
    let Interval::Fixed(bar) = series.key.interval else {
        panic!("months");
    };
    let until = start - start.rem_euclid(16 * bar);
    let (bars, year) = (&series.bars, until - 365 * DAY..until);
    let in_year: Vec<usize> = (0..bars.len())
        .filter(|&i| year.contains(&bars.time[i]))
        .collect();
    let returns = in_year
        .array_windows()
        .map(|&[a, b]| (bars.close[b] / bars.close[a]).ln());
    let squares: Vec<f64> = returns.map(|r| r * r).collect();
    let volumes: Vec<f64> = in_year.iter().map(|&i| bars.volume[i].powi(2)).collect();
    let root = |all: &[f64]| (all.iter().sum::<f64>() / all.len() as f64).sqrt();
    (squares.len() >= 64).then(|| (root(&squares), root(&volumes)))
}

fn numbers(size: &Size) -> [f64; 8] {
    [
        size.window,
        size.last_bar,
        size.eighth,
        size.quarter,
        size.range,
        size.volatility,
        size.volume,
        size.gap,
    ]
}

/// The numbers of a window's size, from what is written about them.
fn plain(series: &SeriesBars, last: usize) -> Option<[f64; 8]> {
    let (bars, first) = (&series.bars, last + 1 - W);
    let (bar, volume) = usual(series, bars.time[first])?;
    let close = bars.close[last];
    let moved = |n: usize| (close / bars.close[last - n]).ln() / (bar * (n as f64).sqrt());
    let of = |column: &[f64], best: fn(f64, f64) -> f64| {
        column[first..=last].iter().copied().reduce(best).unwrap()
    };
    let range = (of(&bars.high, f64::max) / of(&bars.low, f64::min)).ln();
    let weight = |i: usize| 0.94f64.powi((last - i) as i32);
    let weights: f64 = (first..=last).map(weight).sum();
    let before = |i: usize| match i == first {
        true => bars.open[first],
        false => bars.close[i - 1],
    };
    let square = |i: usize| weight(i) * (bars.close[i] / before(i)).ln().powi(2);
    let variance = (first..=last).map(square).sum::<f64>() / weights;
    let traded = (first..=last)
        .map(|i| weight(i) * bars.volume[i])
        .sum::<f64>()
        / weights;
    Some([
        (close / bars.open[first]).ln() / (bar * 8.0),
        moved(1),
        moved(8),
        moved(16),
        range / (bar * (4.0 * 2f64.ln() * 64.0).sqrt()),
        variance.sqrt() / bar,
        traded / volume,
        (bars.open[last] / bars.close[last - 1]).ln() / bar,
    ])
}

#[test]
fn sizes_agree_with_their_definition() {
    let all = market();
    let (_dir, db) = database(&all);
    let view = db.now();
    let mut known = 0;
    for series in &all {
        for last in (W - 1..series.bars.len()).step_by(41) {
            let found = view.size(&window(series, last)).unwrap();
            let expected = plain(series, last);
            assert_eq!(found.is_some(), expected.is_some(), "{} {last}", series.key);
            let (Some(found), Some(expected)) = (found, expected) else {
                continue;
            };
            for (a, b) in numbers(&found).into_iter().zip(expected) {
                assert!(
                    (a - b).abs() < 1e-7 * b.abs().max(1.0),
                    "{found:?} {expected:?}"
                );
            }
            let change = view.change(&window(series, last)).unwrap().unwrap();
            let (open, close) = (series.bars.open[last + 1 - W], series.bars.close[last]);
            assert!((change - (close / open - 1.0)).abs() < 1e-12);
            known += 1;
        }
    }
    assert!(known > 25, "{known}");
}

fn sized(view: &View, series: &SeriesBars, last: usize) -> String {
    format!("{:?}", view.size(&window(series, last)).unwrap())
}

#[test]
fn the_future_changes_no_size() {
    let all = market();
    let as_of = days(20);
    let (_a, known) = database(&all);
    let other = other_future(&all, as_of, crypto("LATE", 300, 9), 1);
    let (_b, changed) = database(&other);
    assert_ne!(
        sized(&known.now(), &all[0], 500),
        sized(&changed.now(), &all[0], 500)
    );
    for last in [150, 300, 479] {
        let ask = |view: View| sized(&view, &all[0], last);
        let then = ask(known.at(as_of));
        assert_eq!(then, ask(changed.at(as_of)), "{last}");
        assert_eq!(
            then,
            ask(changed.now()),
            "a window is sized by what was before it"
        );
    }
    let later = window(&all[0], 480);
    refused(
        known.at(as_of).size(&later),
        "expected a window that the view knows",
    );
    let mut unknown = window(&all[0], 300);
    unknown.series = "crypto/test/ZZZ:1h".parse().unwrap();
    assert_eq!(known.now().size(&unknown).unwrap(), None);
}

/// A walk in which the moves of an earlier window come again, eight times as large.
fn with_crash() -> SeriesBars {
    let mut series = crypto("AAA", 3000, 5);
    let bars = &mut series.bars;
    for i in 2900..2964 {
        let (from, before) = (i - 1500, bars.close[i - 1]);
        let grown = |x: f64, y: f64| before * (x / y).powf(8.0);
        let close_before = bars.close[from - 1];
        bars.close[i] = grown(bars.close[from], close_before);
        bars.open[i] = before;
        bars.high[i] = bars.close[i].max(before);
        bars.low[i] = bars.close[i].min(before);
    }
    for i in 2964..3000 {
        let factor = bars.close[i - 1] / bars.open[i];
        bars.open[i] *= factor;
        bars.high[i] *= factor;
        bars.low[i] *= factor;
        bars.close[i] *= factor;
    }
    series
}

#[test]
fn a_usual_shape_of_extreme_size_is_unusual() {
    let (_dir, db) = database(&[with_crash(), crypto("BBB", 3000, 6)]);
    let view = db.now();
    let ask = |hour| {
        view.anomaly(target("AAA", hours(hour)))
            .run()
            .unwrap()
            .unusual
    };
    let crash = ask(2964);
    let p = |measure| crash.get(measure).unwrap().p_value;
    assert!(
        p(Measure::Distance) > 0.5,
        "it has been there before: {crash:?}"
    );
    assert!(p(Measure::Size) < 0.002, "{crash:?}");
    let ranked = crash.size.unwrap();
    assert!(ranked.own > 2000 && ranked.market > 4000, "{ranked:?}");
    let value = crash.get(Measure::Size).unwrap().value;
    assert!(value > 3.0 && (value - ranked.size.score()).abs() < 1e-12);
    assert_eq!(crash.measures[0].measure, Measure::Size, "it leads");
    // The scan finds it by default, and says what chance alone would give.
    let scan = view
        .anomaly_scan()
        .of("AAA")
        .filter(Filter::new().from(hours(2000)))
        .level(0.002);
    let answer = scan.clone().scores(true).run().unwrap();
    assert_eq!(
        (answer.by, answer.scanned, answer.skipped),
        (Measure::Size, 1001, 0)
    );
    assert!((answer.by_chance - 0.002 * 1001.0).abs() < 1e-9);
    let first = &answer.episodes[0].window;
    assert!((START + 2900 * HOUR..START + 3000 * HOUR).contains(&first.end.millis()));
    let single = view.anomaly(target("AAA", first.end)).run().unwrap();
    assert_eq!(single.unusual, answer.episodes[0].unusual);
    assert_eq!(answer.scores.len(), 1001);
    for score in answer.scores.iter().step_by(211) {
        let alone = view.anomaly(target("AAA", score.end)).run().unwrap();
        let alone = alone.unusual.get(Measure::Size).unwrap();
        assert_eq!((score.value, score.p_value), (alone.value, alone.p_value));
    }
}

#[test]
fn sizes_are_told_where_shapes_have_too_little_history() {
    let (_dir, db) = database(&[crypto("AAA", 240, 1)]);
    let ask = |hour| db.now().anomaly(target("AAA", hours(hour))).run();
    let answer = ask(240).unwrap();
    assert!(answer.nearest.is_empty());
    let measures: Vec<Measure> = answer.unusual.measures.iter().map(|m| m.measure).collect();
    assert_eq!(measures, [Measure::Size]);
    refused(ask(150), "found fewer; ask about a later time");
}

#[test]
fn least_moves_filter_before_episodes_are_chosen() {
    let all = market();
    let (_dir, db) = database(&all);
    let windows = oracle::windows(&all);
    let view = db.now();
    let query = windows
        .iter()
        .find(|w| w.series == 0 && w.last == 400)
        .unwrap();
    let size = |w: &oracle::Window| view.size(&window(&all[w.series], w.last)).unwrap();
    let change = |w: &oracle::Window| view.change(&window(&all[w.series], w.last)).unwrap();
    let far = |w: &oracle::Window| size(w).is_some_and(|s| s.window.abs() >= 1.5);
    let five = |w: &oracle::Window| change(w).is_some_and(|c| c.abs() >= 0.05);
    let ask = || {
        let target = target("AAA", Timestamp::from_millis(query.end));
        view.similar(target).k(6).exact(true)
    };
    let unfiltered = ask().run().unwrap().hits;
    for (least, passes) in [
        ("1.5sd", &far as &dyn Fn(&oracle::Window) -> bool),
        ("5%", &five),
    ] {
        let least: LeastMove = least.parse().unwrap();
        let hits = ask()
            .filter(Filter::new().min_move(least))
            .run()
            .unwrap()
            .hits;
        let expected = oracle::similar(&all, &windows, query, 6, W / 4, passes);
        assert_same(&all, &hits, &expected);
        assert_ne!(hits, unfiltered, "{least} filters");
    }
    let none = ask()
        .filter(Filter::new().min_move(LeastMove::Percent(9000.0)))
        .run()
        .unwrap();
    assert!(none.hits.is_empty());
    for least in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let asked = ask().filter(Filter::new().min_move(LeastMove::Deviations(least)));
        refused(asked.run(), "expected a least move above 0");
    }
    let map = |least| {
        view.map()
            .sample(3000)
            .filter(Filter::new().min_move(least))
            .run()
    };
    let points = map(LeastMove::Percent(5.0)).unwrap().points;
    assert!(!points.is_empty());
    for point in points {
        assert!(view.change(&point.window).unwrap().unwrap().abs() >= 0.05);
    }
    refused(map(LeastMove::Percent(9000.0)), "loosen the filters");
}

/// A database that has grown says the same as one made at once.
#[test]
fn commits_leave_no_stale_size() {
    let all = [crypto("AAA", 900, 1), crypto("BBB", 900, 2)];
    let part = |n: usize| {
        all.each_ref().map(|s| SeriesBars {
            bars: s.bars.slice(0..n),
            ..s.clone()
        })
    };
    let (_a, grown) = database(&part(600));
    let ask = |db: &Database, hour| {
        let answer = db
            .now()
            .anomaly(target("AAA", hours(hour)))
            .k(2)
            .exact(true)
            .run();
        format!("{:?}", answer.unwrap().unusual)
    };
    let before = ask(&grown, 600);
    for n in [601, 700, 900] {
        grown.ingest_bars(&part(n)).unwrap();
        let (_b, fresh) = database(&part(n));
        assert_eq!(ask(&grown, n as i64), ask(&fresh, n as i64), "{n}");
        assert_eq!(ask(&grown, 600), before);
    }
    // A bar in the middle is corrected: everything after it is sized anew.
    let mut other = all.clone();
    other[0].bars.close[300] *= 1.2;
    other[0].bars.high[300] *= 1.2;
    grown.ingest_bars(&other).unwrap();
    let (_b, fresh) = database(&other);
    assert_eq!(ask(&grown, 600), ask(&fresh, 600));
    assert_ne!(ask(&grown, 600), before);
}
