//! How unusual windows are, beside plain computations from the definitions.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::matrices::{inverse, shrunk, times};
use oracle::worlds::{database, days, hours, market, other_future, refused, target};
use oracle::{HOUR, START, W, crypto};
use rhymedb::query::{LabelSet, Measure, Unusual};
use rhymedb::{Database, Filter, SeriesBars, Timestamp, View};

fn value(unusual: &Unusual, measure: Measure) -> f64 {
    unusual.get(measure).unwrap().value
}

/// The mean distance to the `k` nearest episodes that had ended when the window began.
fn plain_distance(
    all: &[SeriesBars],
    windows: &[oracle::Window],
    query: &oracle::Window,
    k: usize,
) -> Option<f64> {
    let last = apart(all, query);
    let known = |w: &oracle::Window| w.end <= last;
    let found = oracle::similar(all, windows, query, k, W, known);
    (found.len() == k).then(|| {
        let distances = found
            .iter()
            .map(|(score, _)| (2.0 - 2.0 * score).max(0.0).sqrt());
        distances.sum::<f64>() / k as f64
    })
}

/// The end of the last window that ended when one began.
fn apart(all: &[SeriesBars], window: &oracle::Window) -> i64 {
    let interval = all[window.series].key.interval;
    window.end - W as i64 * interval.nominal_millis()
}

/// Mahalanobis distance and largest z-score, from the windows that had closed a window before.
fn plain_moments(history: &[&oracle::Window], x: &[f64]) -> (f64, f64) {
    let vectors: Vec<&[f64]> = history.iter().map(|w| w.vector.as_slice()).collect();
    let (mean, covariance, deviations) = shrunk(&vectors);
    let x: Vec<f64> = x.iter().zip(&mean).map(|(x, m)| x - m).collect();
    let z = x.iter().zip(&deviations).map(|(x, sd)| (x / sd).abs());
    let solved = times(&inverse(&covariance), &x);
    let squared: f64 = x.iter().zip(solved).map(|(a, b)| a * b).sum();
    (squared.sqrt(), z.fold(0.0, f64::max))
}

#[test]
fn measures_agree_with_their_definitions() {
    let all = market();
    let (_dir, db) = database(&all);
    let windows = oracle::windows(&all);
    let mut asked = 0;
    for query in windows
        .iter()
        .filter(|w| w.series < 2 && w.end > START + 450 * HOUR)
        .step_by(97)
    {
        let key = all[query.series].key.to_string();
        let end = Timestamp::from_millis(query.end);
        let view = db.now();
        let anomaly = view.anomaly(target(&key, end)).k(3).exact(true);
        let answer = anomaly.run().unwrap();
        assert_eq!(answer.window.end, end);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-3 * b, "{a} against {b}");
        let expected = plain_distance(&all, &windows, query, 3).unwrap();
        near(value(&answer.unusual, Measure::Distance), expected);

        let mut history: Vec<&oracle::Window> = windows
            .iter()
            .filter(|w| w.end <= apart(&all, query))
            .collect();
        history.sort_by_key(|w| (w.end, w.series));
        let unit = 1 << (history.len() / 16).max(1).ilog2();
        history.truncate(history.len() / unit * unit);
        let (mahalanobis, largest) = plain_moments(&history, &query.vector);
        near(value(&answer.unusual, Measure::Mahalanobis), mahalanobis);
        near(value(&answer.unusual, Measure::LargestZ), largest);
        assert_eq!(answer.unusual.z_alarm, largest > 3.0);

        let known = windows.iter().filter(|w| w.end <= apart(&all, query));
        let known = known.count();
        assert_eq!(answer.history as usize, known);
        assert_eq!(answer.nearest.len(), 3);
        assert!(answer.nearest.is_sorted_by(|a, b| a.0 >= b.0));
        asked += 1;
    }
    assert!(asked >= 4, "{asked}");
}

#[test]
fn p_values_count_earlier_windows() {
    let all = vec![crypto("AAA", 600, 1), crypto("BBB", 600, 2)];
    let (_dir, db) = database(&all);
    let windows = oracle::windows(&all);
    let query = windows
        .iter()
        .find(|w| w.end == START + 500 * HOUR)
        .unwrap();
    let view = db.now();
    let answer = view
        .anomaly(target("AAA", hours(500)))
        .k(2)
        .exact(true)
        .run()
        .unwrap();
    let own = plain_distance(&all, &windows, query, 2).unwrap();
    // The second half of the time from the first window's end to the last one apart.
    let last = apart(&all, query);
    let first = START + W as i64 * HOUR;
    let half = first + (last - first) / 2;
    let earlier: Vec<f64> = windows
        .iter()
        .filter(|w| w.end > half && w.end <= last)
        .filter_map(|w| plain_distance(&all, &windows, w, 2))
        .collect();
    assert_eq!(answer.unusual.calibration, earlier.len());
    let found = answer.unusual.get(Measure::Distance).unwrap();
    let n = earlier.len() as f64;
    let as_far = earlier.iter().filter(|&&d| d >= own).count() as f64;
    // The 16 bits of stored numbers may move a window or two past the value.
    assert!((found.p_value - (1.0 + as_far) / (1.0 + n)).abs() <= 2.0 / n);
    assert!((found.percentile - 100.0 * (n - as_far) / n).abs() <= 200.0 / n);
    assert!((0.0..=1.0).contains(&answer.unusual.z_false_alarms));
}

/// Everything but how long it took.
fn asked(view: &View, name: &str, at: Timestamp) -> String {
    let answer = view
        .anomaly(target(name, at))
        .k(3)
        .exact(true)
        .run()
        .unwrap();
    format!(
        "{:?} {:?} {:?} {}",
        answer.window, answer.unusual, answer.nearest, answer.history
    )
}

fn scanned(view: &View) -> String {
    let scan = view.anomaly_scan().of("AAA").k(3).exact(true).level(0.5);
    let answer = scan.filter(Filter::new().from(hours(400))).run().unwrap();
    assert!(!answer.episodes.is_empty());
    let counts = (answer.scanned, answer.skipped, answer.unusual);
    format!("{:?} {counts:?}", answer.episodes)
}

#[test]
fn the_future_changes_nothing() {
    let all = market();
    let as_of = days(20);
    let other = other_future(&all, as_of, crypto("LATE", 300, 9), 1);
    let (_a, known) = database(&all);
    let (_b, changed) = database(&other);
    // What a later view worked out before must not show.
    assert_ne!(
        asked(&known.now(), "AAA", hours(690)),
        asked(&changed.now(), "AAA", hours(690))
    );
    assert_ne!(scanned(&known.now()), scanned(&changed.now()));
    for hour in [420, 450, 480, 500] {
        let ask = |db: &Database| asked(&db.at(as_of), "AAA", hours(hour));
        assert_eq!(ask(&known), ask(&changed), "{hour}");
    }
    assert_eq!(scanned(&known.at(as_of)), scanned(&changed.at(as_of)));
    // A window is measured as of its own close, so a later view says the same of it.
    assert_eq!(
        asked(&known.now(), "AAA", hours(450)),
        asked(&known.at(as_of), "AAA", hours(450))
    );
}

/// A walk with bars in its middle that go up and down by turns, which the others never do.
fn with_zigzag() -> Vec<SeriesBars> {
    let mut all = vec![crypto("AAA", 1500, 1), crypto("BBB", 1500, 2)];
    let bars = &mut all[0].bars;
    for i in 1200..1240 {
        let close = bars.close[1199] * if i % 2 == 0 { 1.08 } else { 1.0 };
        bars.open[i] = bars.close[i - 1];
        bars.close[i] = close;
        bars.high[i] = close.max(bars.open[i]);
        bars.low[i] = close.min(bars.open[i]);
    }
    all
}

#[test]
fn a_scan_finds_what_never_was_as_one_episode() {
    let (_dir, db) = database(&with_zigzag());
    let view = db.now();
    let scan = view
        .anomaly_scan()
        .of("AAA")
        .filter(Filter::new().from(hours(900)).until(hours(1400)));
    let answer = scan.by(Measure::Mahalanobis).level(0.02).run().unwrap();
    assert_eq!((answer.scanned, answer.skipped), (501, 0));
    let best = &answer.episodes[0];
    let end = best.window.end.millis();
    assert!(
        (START + 1200 * HOUR..START + 1304 * HOUR).contains(&end),
        "{best:?}"
    );
    assert!(best.windows > 20, "{:?}", answer.episodes);
    assert!(best.from <= best.window.end && best.window.end <= best.to);
    for (i, a) in answer.episodes.iter().enumerate() {
        assert_eq!(a.rank, i + 1);
        for b in &answer.episodes[..i] {
            let hours = (a.window.end.millis() - b.window.end.millis()).abs() / HOUR;
            assert!(hours >= W as i64, "{a:?} overlaps {b:?}");
        }
    }
    let stood_for: usize = answer.episodes.iter().map(|e| e.windows).sum();
    assert_eq!(stood_for as u64, answer.unusual);
    // The single question says the same of the window.
    let alone = view.anomaly(target("AAA", best.window.end)).run().unwrap();
    assert_eq!(alone.unusual, best.unusual);
    assert!(value(&alone.unusual, Measure::Distance) > 0.5);
}

#[test]
fn threads_and_order_do_not_show() {
    let (_dir, db) = database(&with_zigzag());
    let scan = |view: &View| {
        let scan = view
            .anomaly_scan()
            .of("AAA")
            .filter(Filter::new().from(hours(1100)).until(hours(1300)));
        format!("{:?}", scan.level(0.1).run().unwrap().episodes)
    };
    let first = scan(&db.now());
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let (_dir, again) = database(&with_zigzag());
    // Other questions before, and one thread.
    again
        .now()
        .anomaly(target("BBB", hours(1200)))
        .run()
        .unwrap();
    assert_eq!(one.install(|| scan(&again.now())), first);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (_dir, db) = database(&market());
    let view = db.now();
    let ask = |hour| view.anomaly(target("AAA", hours(hour)));
    refused(
        ask(70).run(),
        "expected 5 episodes and 30 windows of history before",
    );
    refused(ask(300).k(0).run(), "expected k from 1 to 1000, found 0");
    refused(
        ask(300).calibration(0).run(),
        "expected calibration from 1 to 100000, found 0",
    );
    refused(ask(300).among("moon").run(), "no market or symbol moon");
    refused(view.anomaly("ZZZ".parse().unwrap()).run(), "no series ZZZ");
    refused(
        view.anomaly(target("AAA", hours(10))).run(),
        "no window of 64 bars",
    );
    let scan = || view.anomaly_scan().of("AAA");
    refused(
        scan().by(Measure::Distance).level(0.001).run(),
        "expected a level from 1 / (calibration + 1) to 1, found 0.001 with a calibration of 200",
    );
    refused(
        scan().level(0.0001).run(),
        "found 0.0001 with a calibration of 4000",
    );
    refused(scan().level(f64::NAN).run(), "expected a level");
    refused(scan().limit(0).run(), "expected a limit from 1 to 10000");
    refused(scan().of("ZZZ").run(), "no market or symbol ZZZ");
    let backwards = scan().filter(Filter::new().from(hours(5)).until(hours(1)));
    refused(backwards.run(), "expected a start before the end");
    let nothing = scan()
        .filter(Filter::new().from(hours(5000)))
        .run()
        .unwrap();
    assert_eq!((nothing.scanned, nothing.episodes.len()), (0, 0));
    let early = scan().filter(Filter::new().until(hours(80))).run().unwrap();
    assert_eq!((early.scanned, early.skipped), (17, 17));
    // There are no words in a space of charts alone.
    refused(
        scan().by(Measure::Alignment).run(),
        "expected a space of charts and headlines to decide by alignment, found shape",
    );
    let set = LabelSet::of_sentences("s", &["up", "down"]).unwrap();
    refused(
        ask(300).labels(&set).run(),
        "expected a space of charts and headlines to compare with the labels",
    );
    let plain = ask(500).run().unwrap().unusual;
    assert!(plain.get(Measure::Alignment).is_none() && plain.measures.len() == 4);
    assert!("soft".parse::<Measure>().is_err());
    assert_eq!("largest-z".parse::<Measure>().unwrap(), Measure::LargestZ);
}
