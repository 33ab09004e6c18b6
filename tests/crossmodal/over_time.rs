//! Answers that run along time, against their definitions.

use rhymedb::query::{LabelSet, RegimeRun};
use rhymedb::{Target, Timestamp, View};

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
        .until(to)
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
    let mut numbers: Vec<usize> = Vec::new();
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
        // Compared with earlier moments of a like number of headlines: 1, 2, 3 to 4, 5 to 8, ...
        let number = news.len().next_power_of_two();
        let earlier = moments.iter().zip(&numbers).filter(|(_, n)| **n == number);
        let earlier: Vec<f64> = earlier.map(|(m, _)| m.1).collect();
        let below = earlier.iter().filter(|e| **e <= similarity).count();
        let percentile = 100.0 * (1 + below) as f64 / (1 + earlier.len()) as f64;
        let enough = earlier.len() >= history;
        numbers.push(number);
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

/// Headlines that have nothing to do with the charts: as many moments are flagged as was asked for,
/// of one headline as of several.
#[test]
fn flags_hold_for_moments_of_any_number_of_headlines() {
    let (mut flagged, mut judged) = ([0u32; 2], [0u32; 2]);
    for seed in 0..4 {
        let mut headlines = Vec::new();
        for (i, mut headline) in crate::world::headlines(2_400).into_iter().enumerate() {
            // Every hour has one headline, every third one two.
            let hour = (i as i64 * 7 + seed) % 1_200;
            if i < 1_200 || hour % 3 == 0 {
                headline.time = Timestamp::from_millis(crate::oracle::START + (80 + hour) * HOUR);
                headline.precision = rhymedb::data::TimePrecision::Second;
                headline.text = format!("{} {}", headline.text, (i as i64 + 31 * seed) % 97);
                headline.symbols = vec!["AAA".to_owned()];
                headlines.push(headline);
            }
        }
        let walk = crate::oracle::crypto("AAA", 1_400, 50 + seed.unsigned_abs());
        let world = crate::world::of(vec![walk], headlines);
        let view = world.db.now();
        let answer = view
            .divergence(aaa())
            .below(10.0)
            .history(60)
            .run()
            .unwrap();
        for moment in answer.moments.iter().filter(|m| m.percentile.is_some()) {
            let several = usize::from(moment.headlines.len() > 1);
            judged[several] += 1;
            flagged[several] += u32::from(moment.flagged);
        }
    }
    let share = |i: usize| f64::from(flagged[i]) / f64::from(judged[i]);
    assert!(judged.iter().all(|n| *n > 500), "{judged:?}");
    // Windows that overlap are flagged together, so chance has a wide berth.
    for (i, kind) in ["one headline", "several"].iter().enumerate() {
        assert!((0.05..0.16).contains(&share(i)), "{kind}: {}", share(i));
    }
}

#[test]
fn moments_of_one_disagreement_are_an_episode() {
    let world = world();
    let view = world.db.now();
    let answer = view.divergence(aaa()).history(5).below(95.0).run().unwrap();
    let flagged = answer.moments.iter().filter(|m| m.flagged);
    let flagged: Vec<_> = flagged.collect();
    let merged: u64 = answer.episodes.iter().map(|e| e.moments).sum();
    assert_eq!(merged, flagged.len() as u64);
    assert!(answer.episodes.len() < flagged.len(), "some are merged");
    assert!(answer.episodes.is_sorted_by(|a, b| a.first > b.first));
    let bars = &world.series[0].bars;
    for episode in &answer.episodes {
        let inside = flagged
            .iter()
            .filter(|m| (episode.first..=episode.last).contains(&m.end));
        let inside: Vec<_> = inside.filter(|m| m.sign() == episode.sign).collect();
        assert!(inside.len() as u64 >= episode.moments);
        let lowest = &episode.lowest;
        assert!(lowest.flagged && (episode.first..=episode.last).contains(&lowest.end));
        assert!(
            inside.iter().all(|m| m.percentile >= lowest.percentile)
                || inside.len() as u64 > episode.moments
        );
    }
    for moment in &answer.moments {
        // A quarter of 16 bars; bars of an hour.
        let last = bars
            .time
            .iter()
            .position(|t| t + HOUR == moment.end.millis())
            .unwrap();
        let change = bars.close[last] / bars.close[last - 4] - 1.0;
        assert!((moment.price_change.unwrap() - change).abs() < 1e-12);
        let sign = moment.sign().unwrap();
        assert_eq!(sign.price_rises, change > 0.0);
        assert_eq!(sign.news_bullish, moment.news_direction > 0.0);
        let price = if change > 0.0 { "rises" } else { "falls" };
        let news = if moment.news_direction > 0.0 {
            "bullish"
        } else {
            "bearish"
        };
        assert_eq!(sign.to_string(), format!("price {price}, news {news}"));
    }
    let signs: std::collections::BTreeSet<String> = answer
        .moments
        .iter()
        .map(|m| m.sign().unwrap().to_string())
        .collect();
    assert!(signs.len() >= 2, "{signs:?}");
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
            let named = |h: &&rhymedb::data::Headline| {
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
    let early = |h: &&rhymedb::data::Headline| {
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
