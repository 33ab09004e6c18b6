//! Answers that run along time, against their definitions.

use rhymedb::{LabelSet, RegimeRun, Target, Timestamp, View};

use crate::oracle::HOUR;
use crate::world::{MIDDLE, World, assert_near, dot, known, unit, world};

fn aaa() -> Target {
    "AAA:1h".parse().unwrap()
}

#[test]
fn regimes_are_runs_of_equal_labels() {
    let world = world();
    let names = ["shares rise", "shares fall", "quiet trading"];
    let labels: Vec<_> = names.iter().map(|t| world.text(t).unwrap()).collect();
    let set = LabelSet::of_sentences("s", &names).unwrap();
    let margin = 0.2;
    let mut expected: Vec<(Option<usize>, i64, i64, u64)> = Vec::new();
    let mut closest: f64 = 1.0;
    for (end, vector) in world.windows(0) {
        let scores: Vec<f64> = labels
            .iter()
            .map(|l| (dot(l, &vector) / 0.1).exp())
            .collect();
        let sum: f64 = scores.iter().sum();
        let mut order: Vec<usize> = (0..3).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let gap = (scores[order[0]] - scores[order[1]]) / sum;
        closest = closest.min((gap - margin).abs());
        let label = (gap >= margin).then_some(order[0]);
        match expected.last_mut().filter(|run| run.0 == label) {
            Some(run) => {
                run.2 = end;
                run.3 += 1;
            }
            None => expected.push((label, end, end, 1)),
        }
    }
    assert!(closest > 1e-5, "no window is on the edge: {closest}");
    let answer = world
        .db
        .now()
        .regimes(aaa(), &set)
        .abstain_below(margin)
        .confirm(1)
        .run()
        .unwrap();
    assert!(expected.len() > 3, "{expected:?}");
    assert!(expected.iter().any(|r| r.0.is_none()) && expected.iter().any(|r| r.0.is_some()));
    let plain = |r: &RegimeRun| {
        let label = r
            .label
            .as_ref()
            .map(|l| names.iter().position(|n| n == l).unwrap());
        (label, r.first.millis(), r.last.millis(), r.windows)
    };
    assert_eq!(answer.runs.iter().map(plain).collect::<Vec<_>>(), expected);
    assert!(
        answer
            .runs
            .iter()
            .all(|r| (1.0 / 3.0 - 1e-6..=1.0).contains(&r.probability))
    );

    let (from, to) = (
        Timestamp::from_millis(MIDDLE),
        Timestamp::from_millis(MIDDLE + 20 * HOUR),
    );
    let part = world
        .db
        .now()
        .regimes(aaa(), &set)
        .from(from)
        .to(to)
        .run()
        .unwrap();
    assert_eq!(part.runs.iter().map(|r| r.windows).sum::<u64>(), 21);
}

/// The label of each window by its end.
fn labels_by_end(view: &View, set: &LabelSet, confirm: usize) -> Vec<(i64, Option<String>)> {
    let answer = view.regimes(aaa(), set).confirm(confirm).run().unwrap();
    assert_eq!(answer.confirm, confirm);
    let mut all = Vec::new();
    for run in &answer.runs {
        let (first, last) = (run.first.millis(), run.last.millis());
        let ends = (first..=last).step_by(HOUR as usize);
        assert_eq!(ends.clone().count() as u64, run.windows);
        all.extend(ends.map(|end| (end, run.label.clone())));
    }
    let inner = answer.runs.iter().skip(1).rev().skip(1);
    assert!(inner.into_iter().all(|r| r.windows >= confirm as u64));
    all
}

#[test]
fn a_regime_is_confirmed_and_then_never_changes() {
    let world = world();
    let set =
        LabelSet::of_sentences("s", &["shares rise", "shares fall", "quiet trading"]).unwrap();
    let view = world.db.now();
    let single = labels_by_end(&view, &set, 1);
    let confirmed = labels_by_end(&view, &set, 3);
    let mut counts = None;
    for (i, (end, label)) in confirmed.iter().enumerate() {
        let last: Vec<_> = single[..=i].iter().rev().take(3).map(|(_, l)| l).collect();
        if last.len() == 3 && last.iter().all(|l| *l == last[0]) {
            counts.clone_from(last[0]);
        }
        assert_eq!((*end, label), (single[i].0, &counts));
    }
    let changes = |labels: &[(i64, Option<String>)]| {
        let pairs = labels.windows(2);
        pairs.filter(|pair| pair[0].1 != pair[1].1).count()
    };
    assert!(changes(&confirmed) < changes(&single));
    // What was said then is what is said now, wherever the answer begins.
    let then = labels_by_end(&world.db.at(Timestamp::from_millis(MIDDLE)), &set, 3);
    assert_eq!(then, confirmed[..then.len()]);
    let from = Timestamp::from_millis(MIDDLE);
    let part = view
        .regimes(aaa(), &set)
        .confirm(3)
        .from(from)
        .run()
        .unwrap();
    let at = confirmed
        .iter()
        .position(|(end, _)| *end == MIDDLE)
        .unwrap();
    assert_eq!(
        (&part.runs[0].label, part.runs[0].first),
        (&confirmed[at].1, from)
    );
    // An eighth of 16 bars.
    assert_eq!(view.regimes(aaa(), &set).run().unwrap().confirm, 2);
}

/// The moments by the definition: end, similarity, percentile.
fn moments(world: &World, lag: usize, history: usize) -> Vec<(i64, f64, Option<f64>)> {
    let windows = world.windows(0);
    let mut moments: Vec<(i64, f64, Option<f64>)> = Vec::new();
    for (at, (end, _)) in windows.iter().enumerate() {
        let before = if at == 0 { i64::MIN } else { windows[at - 1].0 };
        let news: Vec<_> = world
            .headlines
            .iter()
            .filter(|h| h.symbols.contains(&"AAA".to_owned()))
            // Of what was known long before the first window, no window tells.
            .filter(|h| known(h) > before && known(h) <= *end)
            .filter_map(|h| world.text(&h.text))
            .collect();
        let Some((end, chart)) = windows.get(at + lag).filter(|_| !news.is_empty()) else {
            continue;
        };
        let sum: Vec<f64> = (0..16)
            .map(|i| news.iter().map(|v| f64::from(v[i])).sum())
            .collect();
        let similarity = dot(&unit(&sum), chart);
        let below = moments.iter().filter(|m| m.1 < similarity).count();
        let percentile = 100.0 * below as f64 / moments.len() as f64;
        let enough = moments.len() >= history;
        moments.push((*end, similarity, enough.then_some(percentile)));
    }
    moments
}

fn divergence(view: &View, lag: usize) -> Vec<(i64, f64, Option<f64>, bool)> {
    let answer = view
        .divergence(aaa())
        .history(10)
        .below(15.0)
        .lag(lag)
        .run()
        .unwrap();
    let ends = |flagged: bool| {
        let those = answer.moments.iter().filter(move |m| m.flagged == flagged);
        those.map(|m| m.end).collect::<Vec<_>>()
    };
    assert!(
        answer.moments.is_sorted_by_key(|m| !m.flagged),
        "the flagged come first"
    );
    assert!(ends(true).is_sorted_by(|a, b| a > b) && ends(false).is_sorted_by(|a, b| a > b));
    let mut all: Vec<_> = answer
        .moments
        .iter()
        .map(|m| (m.end.millis(), m.similarity, m.percentile, m.flagged))
        .collect();
    all.sort_by_key(|m| m.0);
    all
}

#[test]
fn divergence_looks_back_alone() {
    let world = world();
    for lag in [0, 2] {
        let expected = moments(&world, lag, 10);
        let found = divergence(&world.db.now(), lag);
        assert_eq!(found.len(), expected.len());
        assert!(found.len() > 40 && found.iter().any(|m| m.3));
        for (found, (end, similarity, percentile)) in found.iter().zip(&expected) {
            assert_eq!(found.0, *end);
            assert_near(found.1, *similarity, "similarity");
            assert_eq!(found.2.is_some(), percentile.is_some());
            // Where two moments are all but equally similar, the stored bits decide.
            let (a, b) = (found.2.unwrap_or(0.0), percentile.unwrap_or(0.0));
            assert!((a - b).abs() < 10.0, "{a} {b}");
            assert_eq!(found.3, found.2.is_some_and(|p| p <= 15.0));
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a definition, written out")]
fn reactions_are_what_the_named_symbols_did() {
    let world = world();
    let text = "shares plunge after a warning";
    let vector = world.text(text).unwrap();
    let horizon = 6_u32;
    let as_of = MIDDLE;
    let view = world.db.at(Timestamp::from_millis(as_of));
    let answer = view.reaction(text).k(500).horizon(horizon).run().unwrap();
    assert!(answer.news.len() > 20);
    assert!(answer.news.is_sorted_by(|a, b| a.score >= b.score));

    // Every known headline is in one group or has no outcome.
    let mut told = 0;
    for news in &answer.news {
        told += news.headlines;
        let own = dot(&world.text(&news.headline.text).unwrap(), &vector);
        assert!(news.headlines > 1 || (own - f64::from(news.score)).abs() < 2e-4);
        assert_eq!(news.known.millis(), known(&news.headline));
        for outcome in &news.outcomes {
            let series = world
                .series
                .iter()
                .find(|s| s.key == outcome.series)
                .unwrap();
            let bars = &series.bars;
            let start = outcome.start.millis();
            let entry = bars.time.iter().position(|t| t + HOUR == start);
            let entry = entry.unwrap();
            let last = entry + horizon as usize;
            // It starts at a headline that names it, which says what the news says.
            let symbol = &outcome.series.symbol;
            let named = |h: &&rhymedb::Headline| {
                h.symbols.contains(symbol)
                    && known(h) >= news.known.millis()
                    && (start - HOUR + 1..=start).contains(&known(h))
            };
            assert!(world.headlines.iter().any(|h| named(&h)), "{outcome:?}");
            assert_eq!(outcome.outcome.closed.millis(), bars.time[last] + HOUR);
            assert!(outcome.outcome.closed.millis() <= as_of, "it had closed");
            let base = bars.close[entry];
            assert!((outcome.outcome.change - (bars.close[last] / base - 1.0)).abs() < 1e-12);
            let highs = bars.high[entry + 1..=last]
                .iter()
                .copied()
                .fold(0.0, f64::max);
            let lows = bars.low[entry + 1..=last]
                .iter()
                .copied()
                .fold(1e9, f64::min);
            assert!((outcome.outcome.best - (highs / base - 1.0).max(0.0)).abs() < 1e-12);
            assert!((outcome.outcome.worst - (lows / base - 1.0).min(0.0)).abs() < 1e-12);
        }
    }
    let early = |h: &&rhymedb::Headline| {
        let named = h.symbols.iter().any(|s| s == "AAA" || s == "BBB");
        // The bar in which it was known, and six more.
        let entry = (known(h) + HOUR - 1).div_euclid(HOUR) * HOUR;
        named && world.text(&h.text).is_some() && entry + i64::from(horizon) * HOUR <= as_of
    };
    let expected = world.headlines.iter().filter(early).count() as u64;
    assert!(told >= expected, "{told} {expected}");

    let changes: Vec<f64> = answer
        .news
        .iter()
        .flat_map(|n| &n.outcomes)
        .filter(|o| !o.repeated)
        .map(|o| o.outcome.change)
        .collect();
    let found = answer.summary.unwrap();
    assert_eq!(found.n, changes.len());
    let mean = changes.iter().sum::<f64>() / changes.len() as f64;
    assert!((found.mean - mean).abs() < 1e-12);
    assert!(found.effective_n > 5.0 && found.effective_n < found.n as f64);
    assert!((0.0..=1.0).contains(&answer.p_value.unwrap()));
    // All windows of both symbols, since they are fewer than a sample.
    let base = answer.base.unwrap();
    let (mut windows, mut outcomes) = (0, Vec::new());
    for (i, series) in world.series[..2].iter().enumerate() {
        for (end, _) in world.windows(i) {
            let last = series
                .bars
                .time
                .iter()
                .position(|t| t + HOUR == end)
                .unwrap();
            windows += u64::from(end <= as_of);
            if end + i64::from(horizon) * HOUR <= as_of {
                let bars = &series.bars;
                outcomes.push(bars.close[last + horizon as usize] / bars.close[last] - 1.0);
            }
        }
    }
    assert_eq!((answer.base_windows, base.n), (windows, outcomes.len()));
    let mean = outcomes.iter().sum::<f64>() / outcomes.len() as f64;
    assert!((base.mean - mean).abs() < 1e-12);
}
