//! Each answer against its definition, computed plainly.

use std::time::Duration;

use rhymedb::data::Headline;
use rhymedb::query::{FoundHeadline, HeadlinesBy, LabelSet, Measure, NewsAbout};
use rhymedb::{Filter, Query, Target, Timestamp, View};

use crate::oracle::HOUR;
use crate::world::{MIDDLE, W, World, assert_near, dot, known, unit, world};

fn target(text: &str) -> Target {
    text.parse().unwrap()
}

fn middle() -> Target {
    let mut target = target("AAA:1h");
    target.time = Some(Timestamp::from_millis(MIDDLE));
    target
}

/// The best headlines that pass, by the definition.
fn nearest(
    world: &World,
    vector: &[f32],
    passes: impl Fn(&Headline) -> bool,
) -> Vec<(f64, Headline)> {
    let mut all: Vec<(f64, Headline)> = world
        .headlines
        .iter()
        .filter(|h| passes(h))
        .filter_map(|h| Some((dot(&world.text(&h.text)?, vector), h.clone())))
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

fn assert_hits<H: Clone + Into<FoundHeadline>>(hits: &[H], expected: &[(f64, Headline)], k: usize) {
    let hits: Vec<FoundHeadline> = hits.iter().cloned().map(H::into).collect();
    assert_eq!(hits.len(), expected.len().min(k));
    assert!(!hits.is_empty());
    for (i, (hit, (score, _))) in hits.iter().zip(expected).enumerate() {
        assert_eq!(hit.rank, i + 1);
        assert_near(f64::from(hit.score.unwrap()), *score, &hit.headline.text);
        assert_eq!(hit.words, None);
        assert_eq!(hit.known.millis(), known(&hit.headline));
        let same = |e: &&(f64, Headline)| e.1 == hit.headline;
        let own = expected.iter().find(same).unwrap();
        assert_near(own.0, *score, "the headline in that place");
    }
}

#[test]
fn news_are_the_nearest_headlines() {
    let world = world();
    let (_, vector) = world.window_at(0, MIDDLE);
    let now = world.db.now();
    let all = || now.news(middle()).any_symbol(true).any_time(true);
    let answer = all().k(20).run().unwrap();
    assert_eq!((&answer.about, answer.known_by), (&None, None));
    assert_eq!(answer.query.unwrap().end.millis(), MIDDLE);
    let expected = nearest(&world, &vector, |_| true);
    assert_eq!(answer.searched, expected.len() as u64);
    assert!(expected.len() < world.headlines.len(), "some say nothing");
    assert_hits(&answer.hits, &expected, 20);

    // By default those of the symbol that were known at the window's end.
    let own = |h: &Headline| h.symbols.contains(&"AAA".to_owned());
    let answer = now.news(middle()).k(500).run().unwrap();
    assert_eq!(answer.about, Some(NewsAbout::Symbol("AAA".to_owned())));
    assert_eq!(answer.known_by.map(Timestamp::millis), Some(MIDDLE));
    let usual = nearest(&world, &vector, |h| own(h) && known(h) <= MIDDLE);
    assert_hits(&answer.hits, &usual, 500);
    let answer = now.news(middle()).k(500).any_time(true).run().unwrap();
    assert_hits(&answer.hits, &nearest(&world, &vector, own), 500);
    let answer = now.news(middle()).k(500).any_symbol(true).run().unwrap();
    let before = nearest(&world, &vector, |h| known(h) <= MIDDLE);
    assert_hits(&answer.hits, &before, 500);
    let last = Timestamp::from_millis(MIDDLE + 9 * HOUR);
    let answer = now.news(middle()).k(500).until(last).run().unwrap();
    let until = |h: &Headline| own(h) && h.time <= last;
    assert_hits(&answer.hits, &nearest(&world, &vector, until), 500);

    let answer = now
        .news(middle())
        .k(500)
        .within(Duration::from_secs(40 * 3600))
        .run()
        .unwrap();
    let near = |h: &Headline| own(h) && (h.time.millis() - MIDDLE).abs() <= 40 * HOUR;
    assert_hits(&answer.hits, &nearest(&world, &vector, near), 500);

    let view = world.db.at(Timestamp::from_millis(MIDDLE));
    let answer = view
        .news(middle())
        .k(500)
        .symbol("AAA")
        .symbol("CCC")
        .run()
        .unwrap();
    let about =
        |h: &Headline| known(h) <= MIDDLE && h.symbols.iter().any(|s| s == "AAA" || s == "CCC");
    assert_hits(&answer.hits, &nearest(&world, &vector, about), 500);

    // Latency: what was published later than three hours ago cannot have been acted on.
    let late = Duration::from_secs(3 * 3600);
    let answer = view.news(middle()).k(500).latency(late);
    let answer = answer.any_symbol(true).run().unwrap();
    let expected = nearest(&world, &vector, |h| known(h) + 3 * HOUR <= MIDDLE);
    assert_eq!(answer.hits.len(), expected.len());
    assert!(
        answer
            .hits
            .iter()
            .all(|h| h.known.millis() == known(&h.headline) + 3 * HOUR)
    );
    // From a sentence as well.
    let text = "shares plunge after a warning";
    let answer = now.news(Query::text(text)).k(9).run().unwrap();
    assert_hits(
        &answer.hits,
        &nearest(&world, &world.text(text).unwrap(), |_| true),
        9,
    );
}

#[test]
fn a_search_finds_charts_and_headlines() {
    let world = world();
    let text = "shares plunge after a warning";
    let vector = world.text(text).unwrap();
    let now = world.db.now();
    let words = now.search(text).by_words(true);
    let words = words.headlines_by(HeadlinesBy::Meaning);
    let answer = words.k(7).exact(true).run().unwrap();
    assert_eq!(answer.charts.large_moves, None);
    assert_eq!(answer.charts.space, "clip");
    let mut charts: Vec<(f64, i64)> = (0..3)
        .flat_map(|s| world.windows(s))
        .map(|(end, v)| (dot(&v, &vector), end))
        .collect();
    charts.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert_near(
        f64::from(answer.charts.hits[0].score),
        charts[0].0,
        "the best chart",
    );
    let plain = world
        .db
        .now()
        .similar(vector.clone())
        .space("clip")
        .k(7)
        .exact(true)
        .run();
    assert_eq!(answer.charts.hits, plain.unwrap().hits);
    assert_hits(&answer.headlines, &nearest(&world, &vector, |_| true), 7);

    let late = Filter::new()
        .symbol("BBB")
        .from(Timestamp::from_millis(MIDDLE));
    let some = now.search(text).headlines_by(HeadlinesBy::Meaning);
    let some = some.k(30).filter(late).run().unwrap();
    assert!(
        some.charts
            .hits
            .iter()
            .all(|h| h.window.series.symbol == "BBB")
    );
    assert!(
        some.charts
            .hits
            .iter()
            .all(|h| h.window.end.millis() >= MIDDLE)
    );
    let about = |h: &Headline| h.time.millis() >= MIDDLE && h.symbols.contains(&"BBB".to_owned());
    assert_hits(&some.headlines, &nearest(&world, &vector, about), 30);
}

#[test]
fn the_context_is_what_was_said_around_a_window() {
    let world = world();
    let (_, vector) = world.window_at(0, MIDDLE);
    let check = |view: &View, expected: &dyn Fn(&Headline) -> bool, first: i64, last: i64| {
        let before = Duration::from_millis((MIDDLE - first) as u64);
        let after = Duration::from_millis((last - MIDDLE) as u64);
        let answer = view
            .context(middle())
            .before(before)
            .after(after)
            .run()
            .unwrap();
        let mut wanted: Vec<&Headline> = world
            .headlines
            .iter()
            .filter(|h| h.symbols.contains(&"AAA".to_owned()))
            .filter(|h| (first..=last).contains(&h.time.millis()) && expected(h))
            .collect();
        wanted.sort_by_key(|h| (known(h), h.text.clone()));
        assert!(wanted.len() > 5);
        let found: Vec<&Headline> = answer.headlines.iter().map(|l| &l.headline).collect();
        assert_eq!(found, wanted);
        for line in &answer.headlines {
            let expected = world.text(&line.headline.text).map(|v| dot(&v, &vector));
            assert_eq!(line.score.is_some(), expected.is_some());
            assert_near(line.score.unwrap_or(0.0), expected.unwrap_or(0.0), "score");
            assert_eq!(line.known.millis(), known(&line.headline));
        }
    };
    check(
        &world.db.now(),
        &|_| true,
        MIDDLE - 90 * HOUR,
        MIDDLE + 30 * HOUR,
    );
    let as_of = world.db.at(Timestamp::from_millis(MIDDLE));
    check(
        &as_of,
        &|h| known(h) <= MIDDLE,
        MIDDLE - 90 * HOUR,
        MIDDLE + 30 * HOUR,
    );
    // The window alone, and another symbol.
    let answer = world
        .db
        .now()
        .context(middle())
        .symbol("CCC")
        .run()
        .unwrap();
    let start = answer.window.start.millis();
    assert!(answer.headlines.iter().all(|l| {
        let published = l.headline.time.millis();
        (start..=MIDDLE).contains(&published) && l.headline.symbols.contains(&"CCC".to_owned())
    }));
}

#[test]
fn classes_are_the_softmax_of_cosines() {
    let world = world();
    let (_, vector) = world.window_at(0, MIDDLE);
    let sets = r#"{"mood": {"up": ["shares rise", "prices surge"], "down": "shares fall", "calm": "quiet trading"}}"#;
    let set = &LabelSet::parse(sets).unwrap()[0];
    let mean = |texts: &[&str]| {
        let vectors: Vec<_> = texts.iter().map(|t| world.text(t).unwrap()).collect();
        let sum: Vec<f64> = (0..16)
            .map(|i| vectors.iter().map(|v| f64::from(v[i])).sum())
            .collect();
        unit(&sum)
    };
    let labels = [
        ("up", mean(&["shares rise", "prices surge"])),
        ("down", mean(&["shares fall"])),
        ("calm", mean(&["quiet trading"])),
    ];
    let bank = world.weights.bank().unwrap();
    for centred in [false, true] {
        let scores: Vec<f64> = labels
            .iter()
            .map(|(_, l)| {
                dot(l, &vector)
                    - if centred {
                        f64::from(bank.usual(l))
                    } else {
                        0.0
                    }
            })
            .collect();
        let sum: f64 = scores.iter().map(|s| (s / 0.1).exp()).sum();
        let view = world.db.now();
        let answer = view
            .classify(middle(), set)
            .centred(centred)
            .abstain_below(0.0);
        let answer = answer.run().unwrap();
        assert_eq!(answer.labels.len(), 3);
        assert!(
            answer
                .labels
                .is_sorted_by(|a, b| a.probability >= b.probability)
        );
        for label in &answer.labels {
            let i = labels
                .iter()
                .position(|(name, _)| *name == label.label)
                .unwrap();
            assert_near(label.score, scores[i], &label.label);
            assert!((label.probability - (scores[i] / 0.1).exp() / sum).abs() < 2e-3);
        }
        let margin = answer.labels[0].probability - answer.labels[1].probability;
        assert_eq!(answer.margin, margin);
        assert_eq!(answer.chosen.as_ref(), Some(&answer.labels[0].label));
        let strict = view.classify(middle(), set).centred(centred);
        let strict = strict
            .abstain_below((margin + 1e-6).min(1.0))
            .run()
            .unwrap();
        assert_eq!(strict.chosen, None);
    }
}

#[test]
fn an_axis_is_the_difference_of_its_ends() {
    let world = world();
    let (low, high) = (
        world.text("shares fall").unwrap(),
        world.text("prices surge").unwrap(),
    );
    let between: Vec<f64> = high
        .iter()
        .zip(&low)
        .map(|(h, l)| f64::from(*h - *l))
        .collect();
    let direction = unit(&between);
    let view = world.db.now();
    let axis = view.axis(Query::text("shares fall"), Query::text("prices surge"));
    let bank = world.weights.bank().unwrap();
    let usual = f64::from(bank.usual(&direction));
    let spread = f64::from(bank.expressiveness(&direction));
    let (_, vector) = world.window_at(0, MIDDLE);
    let point = axis.of(middle()).unwrap();
    assert_near(point.value, dot(&direction, &vector), "a chart");
    let deviations = (dot(&direction, &vector) - usual) / spread;
    assert!((point.deviations.unwrap() - deviations).abs() < 1e-2);

    let history = axis.history(&middle(), None, None).unwrap();
    let expected: Vec<_> = world
        .windows(0)
        .into_iter()
        .filter(|w| w.0 <= MIDDLE)
        .collect();
    assert_eq!(history.points.len(), expected.len());
    for (moment, (at, vector)) in history.points.iter().zip(&expected) {
        assert_eq!(moment.end.millis(), *at);
        assert_near(moment.value, dot(&direction, vector), "a window");
    }
    let lines = axis.headlines("BBB", None, None).unwrap();
    assert!(lines.len() > 20 && lines.is_sorted_by_key(|l| l.known));
    for line in &lines {
        let vector = world.text(&line.headline.text).unwrap();
        assert_near(line.value, dot(&direction, &vector), &line.headline.text);
    }
}

#[test]
fn alignment_is_the_best_of_all_words() {
    let world = world();
    let (_, vector) = world.window_at(0, MIDDLE);
    let view = world.db.at(Timestamp::from_millis(MIDDLE));
    let headline = nearest(&world, &vector, |h| known(h) <= MIDDLE)[0].clone();
    let answer = view.alignment(middle()).run().unwrap();
    assert_near(answer.best, headline.0, "the best headline");
    assert_near(answer.anomaly, 1.0 - headline.0, "anomaly");
    let set = LabelSet::of_sentences("s", &["shares rise", "quiet trading"]).unwrap();
    let best = set
        .labels()
        .iter()
        .map(|l| dot(&world.text(&l.name).unwrap(), &vector));
    let best = best.fold(f64::MIN, f64::max);
    let answer = view.alignment(middle()).labels(&set).run().unwrap();
    assert_near(answer.label.unwrap().score, best, "the best label");
    assert_near(answer.best, best.max(headline.0), "the best of both");
}

/// One less the best cosine with a label or a headline that was known at a window's end.
pub fn plain_alignment(world: &World, labels: &[Vec<f32>], (end, vector): &(i64, Vec<f32>)) -> f64 {
    let headline = nearest(world, vector, |h| known(h) <= *end);
    let best = headline.first().map(|(score, _)| *score);
    let labels = labels.iter().map(|label| dot(label, vector));
    1.0 - labels.chain(best).fold(f64::MIN, f64::max)
}

#[test]
fn an_anomaly_measures_what_no_words_fit() {
    let world = world();
    let names = ["shares rise", "quiet trading"];
    let labels: Vec<_> = names.iter().map(|t| world.text(t).unwrap()).collect();
    let set = LabelSet::of_sentences("s", &names).unwrap();
    let view = world.db.now();
    let ask = || view.anomaly(target("AAA:1h@2020-01-20")).space("clip").k(2);
    let answer = ask().exact(true).labels(&set).run().unwrap();
    let end = answer.window.end.millis();
    let windows: Vec<_> = [world.windows(0), world.windows(1)].concat();
    let own = world.windows(0).into_iter().find(|w| w.0 == end).unwrap();
    let value = plain_alignment(&world, &labels, &own);
    let found = answer.unusual.get(Measure::Alignment).unwrap();
    assert_near(found.value, value, "alignment");
    // Those that calibrate ended in the second half of the time before.
    let apart = end - W as i64 * HOUR;
    let first = windows.iter().map(|w| w.0).min().unwrap();
    let half = first + (apart - first) / 2;
    let mut earlier: Vec<_> = windows
        .iter()
        .filter(|w| w.0 > half && w.0 <= apart)
        .collect();
    let days: Vec<_> = world.windows(2);
    earlier.extend(days.iter().filter(|w| w.0 > half && w.0 <= apart));
    let n = earlier.len();
    assert_eq!(answer.unusual.calibration, n);
    let as_far = earlier
        .iter()
        .filter(|w| plain_alignment(&world, &labels, w) >= value);
    let p = (1 + as_far.count()) as f64 / (1 + n) as f64;
    assert!((found.p_value - p).abs() <= 2.0 / n as f64, "{found:?} {p}");

    // Headlines alone, and later known.
    let plain = ask().exact(true).run().unwrap();
    let headlines = plain.unusual.get(Measure::Alignment).unwrap().value;
    assert_near(headlines, plain_alignment(&world, &[], &own), "no labels");
    let late = ask().latency(Duration::from_secs(1 << 30)).run().unwrap();
    assert!(
        late.unusual.get(Measure::Alignment).is_none(),
        "none was known"
    );
    let measures: Vec<Measure> = late.unusual.measures.iter().map(|m| m.measure).collect();
    assert_eq!(measures, Measure::ALL[..4], "all but alignment");
}

#[test]
fn sums_of_meanings_find_what_their_vector_finds() {
    let world = world();
    let (_, chart) = world.window_at(0, MIDDLE);
    let (less, more) = (
        world.text("shares fall").unwrap(),
        world.text("prices surge").unwrap(),
    );
    let sum: Vec<f64> = (0..16)
        .map(|i| f64::from(chart[i]) - f64::from(less[i]) + f64::from(more[i]))
        .collect();
    let query = Query::from(middle())
        .minus(Query::text("shares fall"))
        .plus(Query::text("prices surge"));
    let view = world.db.now();
    let found = view.similar(query).k(5).exact(true).run().unwrap();
    assert_eq!(found.space, "clip");
    assert_eq!(found.query.as_ref().unwrap().end.millis(), MIDDLE);
    let own = view
        .similar(unit(&sum))
        .space("clip")
        .k(40)
        .exclusion(0)
        .exact(true)
        .run()
        .unwrap();
    for hit in &found.hits {
        let same = own.hits.iter().find(|h| h.window == hit.window);
        if let Some(same) = same {
            assert_near(f64::from(same.score), f64::from(hit.score), "score");
        }
        let far = hit.window.series.symbol != "AAA"
            || (hit.window.end.millis() - MIDDLE).abs() >= 4 * HOUR;
        assert!(far, "the query's own window is no answer: {hit:?}");
    }
    assert!(
        found
            .hits
            .iter()
            .any(|hit| own.hits.iter().any(|h| h.window == hit.window))
    );
}
