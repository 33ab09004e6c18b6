//! Long texts: found by their best passages, once each.

use std::collections::BTreeSet;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::query::{FoundHeadline, HeadlineHit, HeadlinesBy, Per};
use rhymedb::{Control, Error, OpenOptions, Query, Target, Timestamp, View};

use crate::oracle::HOUR;
use crate::world::{MIDDLE, World, assert_near, dot, headlines, known, of, series};

/// Every tenth headline is a report: the texts of many others, and one sentence that only it has.
fn with_reports() -> Vec<Headline> {
    let mut all = headlines(150);
    let texts: Vec<String> = all.iter().map(|h| h.text.clone()).collect();
    for i in (2..all.len()).step_by(10) {
        let mut sentences: Vec<String> = Vec::new();
        while sentences.iter().map(String::len).sum::<usize>() < 9_000 + 100 * i {
            let next = &texts[(7 * i + 13 * sentences.len()) % texts.len()];
            sentences.push(format!("{next}. "));
        }
        let own = format!("Only filing{i} says goodwill{i} was written down. ");
        sentences.insert(sentences.len() * (i % 7) / 7, own);
        all[i].text = sentences.concat();
    }
    all
}

fn world() -> World {
    of(series(), with_reports())
}

/// The best passage of each headline that passes, best first.
fn nearest(
    world: &World,
    vector: &[f32],
    passes: impl Fn(&Headline) -> bool,
) -> Vec<(f64, Headline)> {
    let best = |h: &Headline| {
        let parts = h.passages().into_iter();
        let scores = parts.filter_map(|part| Some(dot(&world.text(part)?, vector)));
        scores.reduce(f64::max)
    };
    let all = world.headlines.iter().filter(|h| passes(h));
    let mut all: Vec<_> = all.filter_map(|h| Some((best(h)?, h.clone()))).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

/// Each headline once, with the score of its best passage, which is the one that is shown.
fn assert_hits(world: &World, hits: &[HeadlineHit], expected: &[(f64, Headline)], vector: &[f32]) {
    assert_eq!(hits.len(), expected.len());
    let mut seen = BTreeSet::new();
    for (hit, (score, _)) in hits.iter().zip(expected) {
        assert!(seen.insert(&hit.headline.source), "{}", hit.headline.source);
        assert_near(f64::from(hit.score), *score, &hit.headline.source);
        let own = expected.iter().find(|e| e.1 == hit.headline).unwrap();
        assert_near(own.0, *score, "the headline in that place");
        assert_eq!(hit.passage.is_some(), hit.headline.text.len() > 8192);
        if let Some(passage) = &hit.passage {
            let of_passage = dot(&world.text(passage).unwrap(), vector);
            assert_near(of_passage, *score, passage);
        }
    }
}

#[test]
fn a_report_is_found_once_by_its_nearest_passage() {
    let world = world();
    let vector = world.text("shares plunge after a warning").unwrap();
    let middle = Timestamp::from_millis(MIDDLE);
    for (view, to) in [(world.db.now(), i64::MAX), (world.db.at(middle), MIDDLE)] {
        let expected = nearest(&world, &vector, |h| known(h) <= to);
        let found = view.headlines_like("clip", &vector, 1000).unwrap();
        assert_hits(&world, &found, &expected, &vector);
        // The first few are the first few, however many rows the reports have.
        for k in [1, 3, 10] {
            let few = view.headlines_like("clip", &vector, k).unwrap();
            assert_eq!(few, found[..k]);
        }
        let query = || Query::from(vector.clone());
        let news = || view.news(query()).space("clip").k(1000);
        let answer = news().run().unwrap();
        assert_hits(&world, &answer.hits, &expected, &vector);
        assert_eq!(answer.searched, expected.len() as u64);
        let of_a = |h: &Headline| known(h) <= to && h.symbols.contains(&"AAA".to_owned());
        let answer = news().symbol("AAA").run().unwrap();
        assert_hits(
            &world,
            &answer.hits,
            &nearest(&world, &vector, of_a),
            &vector,
        );
        // Quotas take each headline for one.
        let answer = news().k(7).per(Per::new().symbol(2)).run().unwrap();
        let sources: BTreeSet<&String> = answer.hits.iter().map(|h| &h.headline.source).collect();
        assert_eq!(sources.len(), answer.hits.len());
    }
    world.db.verify(&Control::new()).unwrap();
}

fn by(view: &View, text: &str, way: HeadlinesBy) -> Vec<FoundHeadline> {
    let search = view.search(text).headlines_by(way).all_symbols(true);
    search.k(1000).run().unwrap().headlines
}

#[test]
fn words_find_the_passage_that_holds_them() {
    let world = world();
    for i in [2, 42, 112] {
        let text = format!("goodwill{i} written");
        let own = |hit: &FoundHeadline| hit.headline == world.headlines[i];
        for way in [HeadlinesBy::Words, HeadlinesBy::Both] {
            let found = by(&world.db.now(), &text, way);
            // Words alone put it first; with meaning it may be another one that is first by both.
            let at = found.iter().position(own).unwrap();
            assert!(at == 0 || way == HeadlinesBy::Both, "{way:?} {at}");
            let passage = found[at].passage.as_ref().unwrap();
            assert!(passage.contains(&text.replace(' ', " was ")), "{passage}");
            let mut seen = BTreeSet::new();
            assert!(
                found
                    .iter()
                    .all(|hit| seen.insert(hit.headline.source.clone()))
            );
        }
        // It is known when its headline is, and not before.
        let at = known(&world.headlines[i]);
        for (time, there) in [(at - 1, false), (at, true)] {
            let view = world.db.at(Timestamp::from_millis(time));
            let found = by(&view, &text, HeadlinesBy::Words);
            assert_eq!(found.iter().any(own), there, "{i} {time}");
        }
    }
}

#[test]
fn what_a_headline_says_around_a_window_is_its_nearest_passage() {
    let world = world();
    let mut target: Target = "AAA:1h".parse().unwrap();
    target.time = Some(Timestamp::from_millis(MIDDLE));
    let (_, vector) = world.window_at(0, MIDDLE);
    let long = std::time::Duration::from_millis(100 * HOUR as u64);
    let context = world.db.now().context(target).before(long).after(long);
    let context = context.run().unwrap();
    let expected = nearest(&world, &vector, |_| true);
    let mut reports = 0;
    for line in &context.headlines {
        let own = expected.iter().find(|e| e.1 == line.headline);
        match (line.score, own) {
            (Some(score), Some(own)) => assert_near(score, own.0, &line.headline.source),
            (score, own) => assert!(score.is_none() && own.is_none()),
        }
        if let Some(passage) = &line.passage {
            reports += 1;
            assert!(line.headline.text.contains(passage.as_str()));
        }
    }
    assert!(reports > 0);
}

#[test]
fn a_report_comes_goes_and_returns_as_one_headline() {
    let world = world();
    let format = || world.db.health().unwrap().format;
    assert_eq!(format(), 4, "programs that know no passages refuse it");
    let plain = of(series(), headlines(150));
    assert!(plain.db.health().unwrap().format < 4, "others need not");

    let vector = world.text("record profit").unwrap();
    let all = |view: &View| view.headlines_like("clip", &vector, 1000).unwrap();
    let before = all(&world.db.now());
    let mut report = world.headlines[22].clone();
    let again = world.db.ingest_headlines(std::slice::from_ref(&report));
    assert_eq!(again.unwrap().unchanged, 1);
    report.symbols.push("ZZZ".to_owned());
    let more = world.db.ingest_headlines(std::slice::from_ref(&report));
    assert_eq!(more.unwrap().replaced, 1);
    let changed = all(&world.db.now());
    assert_eq!(changed.len(), before.len());
    assert!(changed.iter().any(|hit| hit.headline == report));

    world
        .db
        .delete_headlines(report.time..=report.time)
        .unwrap();
    let without = all(&world.db.now());
    assert!(
        without
            .iter()
            .all(|hit| hit.headline.source != report.source)
    );
    world.db.verify(&Control::new()).unwrap();
    let back = world
        .db
        .ingest_headlines(std::slice::from_ref(&report))
        .unwrap();
    assert_eq!((back.added, back.embedded), (1, 1));
    let found = all(&world.db.now());
    assert!(
        found
            .iter()
            .any(|hit| hit.headline == report && hit.passage.is_some())
    );

    // A copy and a database that is opened anew answer the same.
    let copy = world.dir.path().join("copy");
    world.db.backup(&copy, &Control::new()).unwrap();
    let copy = OpenOptions::new().read_only(true).open(&copy).unwrap();
    assert_eq!(all(&copy.now()), found);

    // A vector of one's own is that of the whole text; those that are given out are too.
    let mut given = Vec::new();
    let view = world.db.now();
    let out = |batch: rhymedb::ingest::HeadlineVectors| {
        given.extend(batch.headlines);
        Ok(())
    };
    view.headline_vectors(Some("clip"), None, None, None, out)
        .unwrap();
    assert_eq!(given.len(), found.len());
}

#[test]
fn a_text_that_is_too_long_is_refused_before_anything_is_stored() {
    let world = of(series(), Vec::new());
    let headline = |bytes: usize| Headline {
        time: Timestamp::from_millis(MIDDLE),
        precision: TimePrecision::Second,
        text: "a b. ".repeat(bytes / 5 + 1)[..bytes].to_owned(),
        source: String::new(),
        symbols: Vec::new(),
    };
    let (fits, long) = (
        headline(Headline::MAX_TEXT),
        headline(Headline::MAX_TEXT + 1),
    );
    let error = world
        .db
        .ingest_headlines(&[fits.clone(), long])
        .unwrap_err();
    assert!(matches!(&error, Error::Invalid(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("at most 524288 bytes, found one of 524289"),
        "{error}"
    );
    assert_eq!(world.db.stats().unwrap().headlines, 0);
    assert_eq!(world.db.ingest_headlines(&[fits]).unwrap().added, 1);
    world.db.verify(&Control::new()).unwrap();
}
