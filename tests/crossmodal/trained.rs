//! Weights that were trained until the middle: answers of an earlier time say so, and what is ranked
//! against the past is ranked among what they have not seen.

use rhymedb::data::Headline;
use rhymedb::query::{LabelSet, Measure};
use rhymedb::{Filter, Query, Target, Timestamp, View, Window};
use serde_json::{Value, json};

use crate::oracle::{HOUR, crypto};
use crate::oracles::plain_alignment;
use crate::world::{MIDDLE, W, World, assert_near, headlines, known, series, trained, world};

/// The first end of a window that began after the training.
const UNSEEN: i64 = MIDDLE + W as i64 * HOUR;

fn at(time: i64) -> Timestamp {
    Timestamp::from_millis(time)
}

fn of(text: &str) -> Target {
    text.parse().unwrap()
}

/// Trained until the middle on these symbols, or on all of the market.
fn training(symbols: Option<&[&str]>) -> Value {
    let mut seen = json!({"market": "crypto", "interval": "1h", "until": at(MIDDLE).to_string()});
    if let Some(symbols) = symbols {
        seen["symbols"] = json!(symbols);
    }
    json!({ "seen": [seen] })
}

fn trained_world(symbols: Option<&[&str]>) -> World {
    trained(series(), headlines(150), training(symbols))
}

/// Until when the weights know what came after each answer to questions about a symbol, and to
/// questions about none.
fn told(view: &View, symbol: &str) -> (Vec<Option<Timestamp>>, Vec<Option<Timestamp>>) {
    let target = of(&format!("{symbol}:1h"));
    let other = if symbol == "AAA" { "BBB" } else { "AAA" };
    let set = LabelSet::of_sentences("s", &["shares rise", "shares fall"]).unwrap();
    let similar = |query: Query| view.similar(query).space("clip").k(2).run().unwrap();
    let news = |query: Query| view.news(query).k(2).run().unwrap().trained_until;
    let classify = |query: Query| view.classify(query, &set).run().unwrap().trained_until;
    let alignment = |query: Query| view.alignment(query).run().unwrap().trained_until;
    let chart = || Query::from(target.clone());
    let words = || Query::text("shares plunge");
    let transfer = view.transfer(target.clone()).space("clip").to(other).k(2);
    let of_series = vec![
        similar(chart()).trained_until,
        news(chart()),
        classify(chart()),
        alignment(chart()),
        view.regimes(target.clone(), &set)
            .run()
            .unwrap()
            .trained_until,
        transfer.run().unwrap().trained_until,
    ];
    let search = view.search("shares plunge").k(2).run().unwrap();
    let reaction = view.reaction("shares plunge").horizon(4).run().unwrap();
    let of_none = vec![
        similar(words()).trained_until,
        similar(chart().plus(words())).trained_until,
        similar(Query::from(crypto("OWN", 120, 9).bars)).trained_until,
        news(words()),
        classify(words()),
        alignment(words()),
        search.trained_until,
        search.charts.trained_until,
        reaction.trained_until,
    ];
    (of_series, of_none)
}

#[test]
fn answers_of_before_the_end_of_training_say_so() {
    let world = trained_world(Some(&["AAA"]));
    let until = Some(at(MIDDLE));
    let early = world.db.at(at(MIDDLE - 20 * HOUR));
    let (of_aaa, of_none) = told(&early, "AAA");
    assert_eq!(of_aaa, vec![until; of_aaa.len()]);
    assert_eq!(of_none, vec![until; of_none.len()]);
    // Bars of another symbol were not seen, but the words were.
    let (of_bbb, of_none) = told(&early, "BBB");
    assert_eq!(of_bbb, vec![None; of_bbb.len()]);
    assert_eq!(of_none, vec![until; of_none.len()]);
    // Nothing is known too early at the end of the training, or where no time is asked about.
    for view in [world.db.at(at(MIDDLE)), world.db.now()] {
        let (of_aaa, of_none) = told(&view, "AAA");
        assert!(of_aaa.iter().chain(&of_none).all(Option::is_none));
    }
    // A space without weights, and weights that do not say.
    let shape = early.similar(of("AAA:1h")).space("shape").run().unwrap();
    assert_eq!(shape.trained_until, None);
    let plain = crate::world::world();
    let (of_aaa, of_none) = told(&plain.db.at(at(MIDDLE - 20 * HOUR)), "AAA");
    assert!(of_aaa.iter().chain(&of_none).all(Option::is_none));
}

/// What a moment is ranked at: its end, how many it was compared with, its percentile.
fn ranks(world: &World, symbol: &str) -> Vec<(i64, u64, Option<f64>)> {
    let view = world.db.now();
    let series = of(&format!("{symbol}:1h"));
    let answer = view
        .divergence(series)
        .history(3)
        .below(20.0)
        .run()
        .unwrap();
    let mut ranks: Vec<_> = answer
        .moments
        .iter()
        .map(|m| (m.end.millis(), m.earlier, m.percentile))
        .collect();
    ranks.sort_by_key(|m| m.0);
    ranks
}

#[test]
fn divergence_compares_unseen_moments_with_unseen_ones() {
    let world = trained_world(None);
    let view = world.db.now();
    let ask = || view.divergence(of("AAA:1h")).history(3).below(20.0);
    let answer = ask().run().unwrap();
    assert_eq!(answer.trained_until, Some(at(MIDDLE)));
    let mut moments = answer.moments.clone();
    moments.sort_by_key(|m| m.end);
    let mut like: Vec<usize> = Vec::new();
    let mut seen = 0;
    for moment in &moments {
        if moment.end.millis() < UNSEEN {
            assert_eq!(moment.trained_until, Some(at(MIDDLE)));
            assert_eq!((moment.earlier, moment.percentile), (0, None));
            assert!(!moment.flagged);
            seen += 1;
            continue;
        }
        assert_eq!(moment.trained_until, None);
        let number = moment.headlines.len().next_power_of_two();
        let earlier = like.iter().filter(|n| **n == number).count();
        assert_eq!(moment.earlier, earlier as u64);
        assert_eq!(moment.percentile.is_some(), earlier >= 3);
        like.push(number);
    }
    assert!(seen > 15 && moments.iter().any(|m| m.percentile.is_some()));
    let first = |episode: &rhymedb::query::DivergenceEpisode| episode.first.millis();
    assert!(answer.episodes.iter().all(|e| first(e) >= UNSEEN));

    // Of unseen moments alone nothing is to be said.
    let later = ask().from(at(UNSEEN)).run().unwrap();
    assert_eq!(later.trained_until, None);
    assert_eq!(later.episodes, answer.episodes);
    // As of an earlier time all of them are seen.
    let early = world.db.at(at(MIDDLE));
    let early = early.divergence(of("AAA:1h")).history(3).run().unwrap();
    assert!(early.moments.iter().all(|m| m.percentile.is_none()));
    assert_eq!(early.trained_until, Some(at(MIDDLE)));
}

#[test]
fn what_was_trained_on_moves_no_later_percentile() {
    // Before the middle a third of the headlines is left out, and the others say something else.
    let other: Vec<Headline> = headlines(150)
        .into_iter()
        .enumerate()
        .filter(|(i, h)| known(h) > MIDDLE || i % 3 != 0)
        .map(|(i, mut h)| {
            if known(&h) <= MIDDLE {
                h.text = format!("{} again {}", h.text, ["up", "down"][i % 2]);
            }
            h
        })
        .collect();
    let later = |world: &World| {
        let mut ranks = ranks(world, "AAA");
        ranks.retain(|m| m.0 >= UNSEEN);
        ranks
    };
    let trained_ranks = later(&trained_world(None));
    assert!(trained_ranks.len() > 10);
    let changed = trained(series(), other.clone(), training(None));
    assert_eq!(later(&changed), trained_ranks);
    // Weights that say nothing compare with all of the past, and so do others for what they have
    // not seen.
    let plain = world();
    let changed = crate::world::of(series(), other);
    assert_ne!(later(&changed), later(&plain));
    let apart = trained_world(Some(&["AAA"]));
    assert_eq!(ranks(&apart, "BBB"), ranks(&plain, "BBB"));
    assert_ne!(ranks(&apart, "AAA"), ranks(&plain, "AAA"));
}

#[test]
fn alignment_is_ranked_among_unseen_windows() {
    let world = trained_world(None);
    let view = world.db.now();
    let ask = |time: i64| {
        let mut target = of("AAA:1h");
        target.time = Some(at(time));
        view.anomaly(target).space("clip").k(2).exact(true)
    };
    let end = MIDDLE + 90 * HOUR;
    let answer = ask(end).run().unwrap();
    let Window { start, .. } = answer.window;
    assert_eq!(
        (start.millis(), answer.trained_until),
        (end - W as i64 * HOUR, None)
    );
    let found = *answer.unusual.get(Measure::Alignment).unwrap();
    let own = world.windows(0).into_iter().find(|w| w.0 == end).unwrap();
    let value = plain_alignment(&world, &[], &own);
    assert_near(found.value, value, "alignment");
    let windows = [world.windows(0), world.windows(1)].concat();
    let unseen = windows
        .iter()
        .filter(|w| (UNSEEN..=start.millis()).contains(&w.0));
    let unseen: Vec<f64> = unseen.map(|w| plain_alignment(&world, &[], w)).collect();
    let n = unseen.len();
    assert!(n > 50 && n < answer.unusual.calibration, "{n}");
    let as_far = unseen.iter().filter(|other| **other >= value).count();
    let p = (1 + as_far) as f64 / (1 + n) as f64;
    assert!((found.p_value - p).abs() <= 2.0 / n as f64, "{found:?} {p}");
    let rank = found.p_value * (1 + n) as f64;
    assert!(
        (rank - rank.round()).abs() < 1e-9,
        "a rank among {n}: {rank}"
    );
    // Where they are enough, all that calibrates is later.
    let fewer = ask(end).calibration(100).run().unwrap();
    assert!(fewer.unusual.calibration < answer.unusual.calibration);
    let again = fewer.unusual.get(Measure::Alignment).unwrap();
    assert_eq!(*again, found);

    // Windows that the weights have seen some of.
    for time in [MIDDLE - 30 * HOUR, UNSEEN - HOUR] {
        let seen = ask(time).run().unwrap();
        assert_eq!(seen.trained_until, Some(at(MIDDLE)));
        assert!(seen.unusual.get(Measure::Alignment).is_none());
        assert!(seen.unusual.get(Measure::Distance).is_some());
    }
}

#[test]
fn a_scan_by_alignment_judges_unseen_windows() {
    let scan = |world: &World, from: i64| {
        let view = world.db.now();
        let scan = view.anomaly_scan().of("AAA").space("clip").k(2).exact(true);
        let scan = scan.by(Measure::Alignment).level(0.5).scores(true);
        scan.filter(Filter::new().from(at(from))).run().unwrap()
    };
    let world_of_now = trained_world(None);
    let answer = scan(&world_of_now, MIDDLE);
    assert_eq!(answer.trained_until, Some(at(MIDDLE)));
    assert!(!answer.scores.is_empty());
    let first = answer.scores[0].end.millis();
    assert!(first > UNSEEN, "the first have none before them: {first}");
    assert_eq!(answer.skipped, answer.scanned - answer.scores.len() as u64);
    assert_eq!(scan(&world_of_now, UNSEEN).trained_until, None);
    let plain = scan(&world(), MIDDLE);
    assert_eq!((plain.trained_until, plain.skipped), (None, 0));
    assert_eq!(plain.scores.len() as u64, plain.scanned);
}
