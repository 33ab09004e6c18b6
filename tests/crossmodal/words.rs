//! Headlines by the words that they hold: beside the formula worked out by hand, as of a time, and after
//! headlines came and went.

use std::collections::BTreeMap;
use std::time::Duration;

use rhymedb::data::Headline;
use rhymedb::query::{FoundHeadline, HeadlinesBy, SearchAnswer};
use rhymedb::{Filter, Timestamp, View};

use crate::oracle::HOUR;
use crate::world::{MIDDLE, headlines, known, of, series, world};

/// Words of the small world, which are plain but for plurals.
fn split(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(|w| match w {
        "shares" | "miners" => w.trim_end_matches('s').to_owned(),
        w => w.trim_matches(['.', '!']).to_owned(),
    });
    words.filter(|w| !w.is_empty()).collect()
}

/// BM25 of each headline that passes, best first: weighed among those that were known.
fn ranked(
    all: &[Headline],
    text: &str,
    known_to: i64,
    passes: impl Fn(&Headline) -> bool,
) -> Vec<(f64, Headline)> {
    let mut then: Vec<&Headline> = all.iter().filter(|h| known(h) <= known_to).collect();
    then.sort_by_key(|h| known(h));
    let texts: Vec<Vec<String>> = then.iter().map(|h| split(&h.text)).collect();
    let n = texts.len() as f64;
    let mean = texts.iter().map(Vec::len).sum::<usize>() as f64 / n;
    let mut asked: Vec<String> = Vec::new();
    for word in split(text) {
        if !asked.contains(&word) {
            asked.push(word);
        }
    }
    let mut found = Vec::new();
    for (headline, words) in then.iter().zip(&texts) {
        let mut score = 0.0;
        for word in &asked {
            let some = texts.iter().filter(|t| t.contains(word)).count() as f64;
            let times = words.iter().filter(|w| *w == word).count() as f64;
            let long = 1.2 * (0.25 + 0.75 * (words.len() as f64 / mean).min(4.0));
            score += (1.0 + (n - some + 0.5) / (some + 0.5)).ln() * times * 2.2 / (times + long);
        }
        if score > 0.0 && passes(headline) {
            found.push((score, (*headline).clone()));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
}

fn by(view: &View, text: &str, way: HeadlinesBy) -> SearchAnswer {
    let search = view.search(text).headlines_by(way).all_symbols(true);
    search.k(1000).run().unwrap()
}

fn assert_ranked(hits: &[FoundHeadline], expected: &[(f64, Headline)]) {
    assert_eq!(hits.len(), expected.len());
    assert!(!hits.is_empty());
    for (hit, (score, _)) in hits.iter().zip(expected) {
        let words = f64::from(hit.words.unwrap());
        assert!((words - score).abs() < 1e-5, "{words} {score}");
        let own = expected.iter().find(|e| e.1 == hit.headline).unwrap();
        assert!((own.0 - score).abs() < 1e-5, "{}", hit.headline.text);
    }
}

const TEXTS: [&str; 4] = [
    "shares plunge",
    "quiet trading of the bank",
    "record RECORD profit",
    "miner",
];

#[test]
fn headlines_are_found_by_their_words_as_by_hand() {
    let world = world();
    for text in TEXTS {
        for known_to in [None, Some(MIDDLE), Some(MIDDLE + 90 * HOUR)] {
            let view = known_to.map_or_else(
                || world.db.now(),
                |t| world.db.at(Timestamp::from_millis(t)),
            );
            let to = known_to.unwrap_or(i64::MAX);
            let lower = text.to_lowercase();
            let answer = by(&view, text, HeadlinesBy::Words);
            assert_ranked(
                &answer.headlines,
                &ranked(&world.headlines, &lower, to, |_| true),
            );
            let all = world.headlines.iter().filter(|h| known(h) <= to);
            assert_eq!(answer.headlines_searched, all.count() as u64);
        }
    }
    // Weights are those of all headlines that were known; only some of them are let through.
    let late = Filter::new()
        .symbol("BBB")
        .from(Timestamp::from_millis(MIDDLE));
    let search = world.db.now().search("shares plunge").filter(late).k(1000);
    let search = search.headlines_by(HeadlinesBy::Words);
    let about = |h: &Headline| h.time.millis() >= MIDDLE && h.symbols.contains(&"BBB".to_owned());
    let expected = ranked(&world.headlines, "shares plunge", i64::MAX, about);
    assert_ranked(&search.run().unwrap().headlines, &expected);
    // With a latency they are known later.
    let view = world.db.at(Timestamp::from_millis(MIDDLE));
    let search = view.search("shares plunge").k(1000);
    let search = search.headlines_by(HeadlinesBy::Words);
    let search = search.latency(Duration::from_secs(36_000));
    let expected = ranked(
        &world.headlines,
        "shares plunge",
        MIDDLE - 10 * HOUR,
        |_| true,
    );
    assert_ranked(&search.run().unwrap().headlines, &expected);
}

#[test]
fn both_rankings_are_joined_by_their_ranks() {
    let world = world();
    for (text, known_to) in TEXTS
        .into_iter()
        .zip([None, Some(MIDDLE), None, Some(MIDDLE)])
    {
        let view = known_to.map_or_else(
            || world.db.now(),
            |t| world.db.at(Timestamp::from_millis(t)),
        );
        let mut worth: BTreeMap<String, f64> = BTreeMap::new();
        for way in [HeadlinesBy::Meaning, HeadlinesBy::Words] {
            let hits = by(&view, text, way).headlines;
            let score = |hit: &FoundHeadline| match way {
                HeadlinesBy::Meaning => hit.score.unwrap(),
                _ => hit.words.unwrap(),
            };
            for hit in &hits {
                // Equal ones share a rank.
                let better = hits.iter().filter(|h| score(h) > score(hit)).count();
                let source = hit.headline.source.clone();
                *worth.entry(source).or_default() += 1.0 / (61.0 + better as f64);
            }
        }
        let both = by(&view, text, HeadlinesBy::Both).headlines;
        assert_eq!(both.len(), worth.len());
        let found: Vec<f64> = both.iter().map(|h| worth[&h.headline.source]).collect();
        assert!(
            found.windows(2).all(|p| p[0] >= p[1] - 1e-7),
            "{text}: {found:?}"
        );
        assert!(both.iter().any(|h| h.words.is_none()) && both.iter().any(|h| h.words.is_some()));
        assert_eq!(
            view.search(text).run().unwrap().headlines_by,
            HeadlinesBy::Both
        );
    }
}

#[test]
fn a_word_that_nobody_used_is_told() {
    let world = world();
    let answer = by(&world.db.now(), "bank BlackRock 8-K", HeadlinesBy::Words);
    assert_eq!(answer.unknown_words, ["blackrock", "8k", "8", "k"]);
    let none = by(&world.db.now(), "BlackRock", HeadlinesBy::Words);
    assert!(none.headlines.is_empty() && none.headlines_searched > 0);
}

/// Asked in between or not, the words are those of the headlines that are stored.
#[test]
fn words_follow_what_is_stored() {
    let all = headlines(150);
    let (first, rest) = all.split_at(60);
    let world = of(series(), first.to_vec());
    let db = &world.db;
    let check = |stored: &[Headline]| {
        let fresh = of(series(), stored.to_vec());
        for way in [HeadlinesBy::Words, HeadlinesBy::Both] {
            for text in TEXTS {
                let (mut a, mut b) = (by(&db.now(), text, way), by(&fresh.db.now(), text, way));
                (a.took, b.took) = Default::default();
                (a.charts.took, b.charts.took) = Default::default();
                assert_eq!(a, b, "{text} {way:?}");
            }
        }
    };
    check(first);
    for (stored, some) in [(90, &rest[..30]), (91, &rest[30..31]), (150, &rest[31..])] {
        db.ingest_headlines(some).unwrap();
        check(&all[..stored]);
    }
    let day = Timestamp::from_millis(MIDDLE)..=Timestamp::from_millis(MIDDLE + 60 * HOUR);
    db.delete_headlines(day.clone()).unwrap();
    let left: Vec<Headline> = all
        .iter()
        .filter(|h| !day.contains(&h.time))
        .cloned()
        .collect();
    assert!(left.len() < 140);
    check(&left);
}
