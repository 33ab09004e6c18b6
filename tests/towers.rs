//! Spaces of headlines by networks of texts in ONNX files.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::path::Path;

use rhymedb::admin::VerifyReport;
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{TowerConfig, Weights};
use rhymedb::{Control, Database, Error, OpenOptions, Timestamp};

const TOWER: &[u8] = include_bytes!("../fixtures/onnx/text/tower.onnx");
const TOKENIZER: &[u8] = include_bytes!("../fixtures/onnx/text/tokenizer.json");
const DECLARATION: &str = include_str!("../fixtures/onnx/text/tower.toml");

fn weights() -> Weights {
    let config = TowerConfig::of_toml(DECLARATION).unwrap();
    Weights::from_onnx_text(TOWER, TOKENIZER, &config).unwrap()
}

fn open(path: &Path) -> Database {
    OpenOptions::new().clip_weights(None).open(path).unwrap()
}

/// The hour of a headline, from the first of January 2014 on.
fn at(hour: i64) -> Timestamp {
    let start: Timestamp = "2014-01-01".parse().unwrap();
    Timestamp::from_millis(start.millis() + hour * 3_600_000)
}

fn headline(hour: i64, text: &str) -> Headline {
    Headline {
        time: at(hour),
        precision: TimePrecision::Second,
        text: text.to_owned(),
        source: "test".to_owned(),
        symbols: Vec::new(),
    }
}

/// Texts of known words; every seventh comes again.
fn headlines(n: i64) -> Vec<Headline> {
    const WHO: [&str; 6] = ["oil", "gas", "gold", "wheat", "bitcoin", "the bank"];
    const WHAT: [&str; 5] = ["rises", "falls", "fails", "cut", "jumps"];
    let text = |i: usize| {
        let i = if i.is_multiple_of(7) { i % 6 } else { i };
        format!("{} {} {}", WHO[i % 6], WHAT[i / 6 % 5], i / 30)
    };
    (0..n).map(|i| headline(i, &text(i as usize))).collect()
}

fn verified(db: &Database) -> VerifyReport {
    let report = db.verify(&Control::new()).unwrap();
    assert_eq!(report.unreadable_weights, []);
    report
}

/// The stored vectors of all headlines of the space, by their text.
fn vectors(db: &Database) -> Vec<(String, Vec<f32>)> {
    let mut all = Vec::new();
    let view = db.now();
    view.headline_vectors(Some("words"), None, None, None, |batch| {
        let vectors = batch.values.chunks_exact(16).map(<[f32]>::to_vec);
        let texts = batch.headlines.into_iter().map(|h| h.text);
        all.extend(texts.zip(vectors));
        Ok(())
    })
    .unwrap();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn a_network_of_texts_makes_a_space_of_headlines() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("market.rhyme"));
    db.ingest_headlines(&headlines(60)).unwrap();
    let weights = weights();
    let make = || db.create_space_of_weights("words", &weights, 1, Control::new());
    assert_eq!(make().unwrap().headlines_embedded, 60);
    assert_eq!(make().unwrap().headlines_embedded, 0);

    let found = db
        .now()
        .search("gold rises 0")
        .space("words")
        .run()
        .unwrap();
    assert_eq!(found.headlines[0].headline.text, "gold rises 0");
    assert!(found.charts.hits.is_empty());
    // The encoder says the same as what is stored.
    let vector = weights.text_encoder().unwrap().encode_text("gold falls 0");
    let like = db
        .now()
        .headlines_like("words", &vector.unwrap().unwrap(), 1)
        .unwrap();
    assert_eq!(like[0].headline.text, "gold falls 0");
    assert!(like[0].score > 0.9999, "{}", like[0].score);

    // Those that come later have a vector as they come.
    let late = headline(1000, "the harvest of wheat failed again");
    assert_eq!(db.ingest_headlines(&[late]).unwrap().embedded, 1);
    let found = db
        .now()
        .search("the harvest of wheat failed again")
        .space("words")
        .run()
        .unwrap();
    assert!(found.headlines[0].headline.text.contains("harvest"));
    let report = verified(&db);
    assert_eq!((report.weights, report.headline_rows), (1, 61));
    let again = dir.path().join("backup");
    db.backup(&again, &Control::new()).unwrap();
    assert_eq!(vectors(&open(&again)), vectors(&db));

    let dropped = db.drop_space("words").unwrap();
    assert_eq!(dropped.headline_rows, 61);
    assert_eq!(dropped.weights_bytes, weights.bytes().len() as u64);
    assert_eq!(verified(&db).weights, 0);
}

#[test]
fn names_of_spaces_of_charts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("market.rhyme"));
    for name in ["shape", "clip"] {
        let made = db.create_space_of_weights(name, &weights(), 1, Control::new());
        let error = made.unwrap_err().to_string();
        assert!(error.contains("choose another name"), "{error}");
    }
    assert!(db.now().spaces().unwrap().is_empty());
}

#[test]
fn an_interrupted_call_is_taken_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, cut) = (
        open(&dir.path().join("whole")),
        open(&dir.path().join("cut")),
    );
    let weights = weights();
    let make = |db: &Database, control| db.create_space_of_weights("words", &weights, 1, control);
    for db in [&whole, &cut] {
        db.ingest_headlines(&headlines(700)).unwrap();
    }
    make(&whole, Control::new()).unwrap();
    let mut rounds = 0;
    let mut stored = 0;
    loop {
        match make(&cut, Control::new().stop_after_looks(70)) {
            Ok(_) => break,
            Err(Error::Interrupted) => rounds += 1,
            Err(other) => panic!("{other}"),
        }
        let now = verified(&cut).headline_rows;
        assert!(now >= stored && rounds < 50);
        stored = now;
    }
    assert!(rounds >= 2, "{rounds}");
    assert_eq!(vectors(&cut), vectors(&whole));
    assert_eq!(vectors(&cut).len(), 700);

    // Ingestion can be stopped too: the headlines stay, and the next one goes on.
    let more: Vec<Headline> = (0..300)
        .map(|i| headline(900 + i, &format!("gold {i}")))
        .collect();
    let stopped = cut.ingest_headlines_with(&more, &Control::new().stop_after_looks(3));
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    assert_eq!(verified(&cut).headlines, 1000);
    assert_eq!(cut.ingest_headlines(&[]).unwrap().embedded, 300);
    assert_eq!(vectors(&cut).len(), 1000);
}

#[test]
fn answers_as_of_a_time_say_what_the_network_has_seen() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("market.rhyme"));
    db.ingest_headlines(&headlines(40)).unwrap();
    db.create_space_of_weights("words", &weights(), 1, Control::new())
        .unwrap();
    let ask = |time: Timestamp| {
        db.at(time)
            .search("oil falls")
            .space("words")
            .run()
            .unwrap()
    };
    let then = ask(at(20));
    assert_eq!(then.trained_until, Some("2015-01-01".parse().unwrap()));
    assert!(then.headlines.iter().all(|h| h.headline.time <= at(20)));
    // What comes later changes nothing.
    let hits = |found: &rhymedb::query::SearchAnswer| -> Vec<(String, u32)> {
        let hits = found.headlines.iter();
        hits.map(|h| (h.headline.text.clone(), h.score.unwrap().to_bits()))
            .collect()
    };
    db.ingest_headlines(&[headline(30, "oil falls again and again")])
        .unwrap();
    assert_eq!(hits(&ask(at(20))), hits(&then));
    let later = ask("2016-01-01".parse().unwrap());
    assert_eq!(later.trained_until, None);
}

#[test]
fn long_reports_are_found_by_a_passage() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("market.rhyme"));
    db.create_space_of_weights("words", &weights(), 1, Control::new())
        .unwrap();
    let mut report = "Growth of profits and of dividends was as forecast. ".repeat(200);
    report.push_str("Bitcoin withdrawals halt after hack of exchange. ");
    report.push_str(&"Rates and taxes in trade with the company were low. ".repeat(50));
    db.ingest_headlines(&[headline(1, &report), headline(2, "wheat falls")])
        .unwrap();
    let found = db
        .now()
        .search("withdrawals halt after hack")
        .space("words")
        .run();
    let found = found.unwrap().headlines;
    assert_eq!(found.len(), 2, "a report answers once");
    let passage = found[0].passage.as_deref().unwrap();
    assert!(passage.contains("hack of exchange"), "{passage}");
    assert_eq!(verified(&db).headline_rows, 2);
}

#[test]
fn merged_parts_keep_their_vectors() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(&dir.path().join("one")), dir.path().join("other"));
    let part = open(&other);
    for (db, from) in [(&one, 0), (&part, 300)] {
        db.create_space_of_weights("words", &weights(), 1, Control::new())
            .unwrap();
        let mut some = headlines(20);
        for headline in &mut some {
            headline.time = Timestamp::from_millis(headline.time.millis() + from * 3_600_000);
        }
        db.ingest_headlines(&some).unwrap();
    }
    let mut both = [vectors(&one), vectors(&part)].concat();
    both.sort_by(|a, b| a.0.cmp(&b.0));
    drop(part);
    one.merge(&[other.as_path()], &Control::new()).unwrap();
    assert_eq!(vectors(&one), both);
    assert_eq!(verified(&one).headline_rows, 40);
}
