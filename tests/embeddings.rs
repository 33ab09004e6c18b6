//! Vectors of headlines from a service on this machine that behaves, and misbehaves.
#![cfg(feature = "http")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "embeddings/faults.rs"]
mod faults;
#[path = "embeddings/server.rs"]
mod server;

use std::sync::Arc;
use std::time::Duration;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::embeddings::HttpEmbeddings;
use rhymedb::encode::TextModel;
use rhymedb::ingest::HeadlineEmbedReport;
use rhymedb::{Control, Database, Error, OpenOptions, Result, Timestamp};

use server::{Act, Server};

const SPACE: &str = "outside";

fn service(server: &Server) -> HttpEmbeddings {
    HttpEmbeddings::builder(server.url())
        .key("sk-secret-1234")
        .requests_per_second(5000)
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .attempts(3)
        .build()
        .unwrap()
}

fn headline(hour: i64, text: &str) -> Headline {
    Headline {
        time: Timestamp::from_millis(1_600_000_000_000 + hour * 3_600_000),
        precision: TimePrecision::Second,
        source: "wire".to_owned(),
        symbols: vec!["ACME".to_owned()],
        text: text.to_owned(),
    }
}

/// So many headlines, every third text said before.
fn headlines(n: i64) -> Vec<Headline> {
    let text = |i: i64| match i % 3 {
        2 => format!("report number {} on shares", i - 2),
        _ => format!("report number {i} on shares"),
    };
    (0..n).map(|i| headline(i, &text(i))).collect()
}

struct World {
    _dir: tempfile::TempDir,
    path: std::path::PathBuf,
    db: Database,
}

fn world(n: i64) -> World {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("market.rhyme");
    let db = Database::open(&path).unwrap();
    db.ingest_headlines(&headlines(n)).unwrap();
    World {
        _dir: dir,
        path,
        db,
    }
}

fn embed(db: &Database, server: &Server) -> Result<HeadlineEmbedReport> {
    embed_by(db, server, &TextModel::new("small"))
}

fn embed_by(db: &Database, server: &Server, model: &TextModel) -> Result<HeadlineEmbedReport> {
    db.embed_headlines(SPACE, &service(server), model, &Control::new())
}

/// How many headlines have a vector in the space.
fn with_vector(db: &Database) -> u64 {
    let spaces = db.now().spaces().unwrap();
    let space = spaces.iter().find(|s| s.space.name == SPACE);
    space.map_or(0, |s| s.headline_rows)
}

#[test]
fn each_text_is_asked_for_once() {
    let server = Server::new(|_, _| Act::Answer);
    let world = world(700);
    let report = embed(&world.db, &server).unwrap();
    // 700 headlines with 467 texts, and the known text that tells models apart.
    assert_eq!((report.embedded, report.dim), (700, 8));
    let mut texts: Vec<String> = server.asked().into_iter().flat_map(|a| a.texts).collect();
    let sent = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), sent, "no text twice");
    assert_eq!((report.asked + 1) as usize, sent);
    assert_eq!(report.asked + report.kept, report.embedded);
    for asked in server.asked() {
        assert_eq!(asked.path, "/v1/embeddings");
        assert_eq!(asked.key.as_deref(), Some("Bearer sk-secret-1234"));
        assert_eq!((asked.model.as_str(), asked.dim), ("small", None));
        assert!(asked.texts.len() <= 257);
    }

    // Again: only the known text.
    let again = embed(&world.db, &server).unwrap();
    assert_eq!((again.embedded, again.asked), (0, 0));
    assert_eq!(server.texts(), sent + 1);

    // What is new, what was deleted and comes again, and a space that is made anew are not paid for either.
    world
        .db
        .delete_headlines(Timestamp::from_millis(0)..=Timestamp::now())
        .unwrap();
    world.db.ingest_headlines(&headlines(700)).unwrap();
    let third = embed(&world.db, &server).unwrap();
    assert_eq!((third.embedded, third.asked, third.kept), (700, 0, 700));
    world.db.drop_space(SPACE).unwrap();
    let fourth = embed(&world.db, &server).unwrap();
    assert_eq!((fourth.embedded, fourth.asked), (700, 0));
    assert_eq!(server.texts(), sent + 3);

    // Unless somebody forgets what was paid for.
    world.db.drop_space(SPACE).unwrap();
    assert_eq!(world.db.forget_text_vectors().unwrap(), report.asked);
    assert_eq!(embed(&world.db, &server).unwrap().asked, report.asked);
    world.db.verify(&Control::new()).unwrap();
}

#[test]
fn words_are_asked_in_the_space_of_the_model() {
    let server = Server::new(|_, _| Act::Answer);
    let world = world(30);
    world
        .db
        .ingest_headlines(&[headline(99, "wheat harvest fails in Kansas")])
        .unwrap();
    embed(&world.db, &server).unwrap();
    drop(world.db);

    let without = Database::open(&world.path).unwrap();
    let question = |db: &Database| {
        db.now()
            .search("in Kansas wheat harvest fails")
            .space(SPACE)
            .run()
    };
    let error = question(&without).unwrap_err().to_string();
    assert!(error.contains("OpenOptions::text_service"), "{error}");
    drop(without);

    let options = OpenOptions::new().text_service(Arc::new(service(&server)));
    let db = options.open(&world.path).unwrap();
    let before = server.texts();
    let answer = question(&db).unwrap();
    assert_eq!(
        answer.headlines[0].headline.text,
        "wheat harvest fails in Kansas"
    );
    assert_eq!(server.texts(), before + 2, "the words and the known text");
    question(&db).unwrap();
    assert_eq!(server.texts(), before + 3, "the model is made sure of once");

    // Nothing that was published later is found.
    let early = Timestamp::from_millis(1_600_000_000_000 + 50 * 3_600_000);
    let then = db
        .at(early)
        .search("in Kansas wheat harvest fails")
        .space(SPACE)
        .run()
        .unwrap();
    assert!(then.headlines.iter().all(|hit| hit.headline.time <= early));
}

#[test]
fn another_model_under_the_same_name_is_refused() {
    let server = Server::new(|_, _| Act::Answer);
    let world = world(10);
    embed(&world.db, &server).unwrap();
    let other = Server::new(|_, _| Act::Change(turn));
    world
        .db
        .ingest_headlines(&[headline(99, "wheat harvest fails")])
        .unwrap();
    let error = embed(&world.db, &other).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("another model answers under the name small"),
        "{error}"
    );
    assert_eq!(other.texts(), 1, "nothing but the known text was sent");

    // So it is when words are asked.
    let World { db, path, .. } = &world;
    let _ = db;
    let options = OpenOptions::new()
        .read_only(true)
        .text_service(Arc::new(service(&other)));
    let reader = options.open(path).unwrap();
    let asked = reader.now().search("wheat").space(SPACE).run();
    let error = asked.unwrap_err().to_string();
    assert!(error.contains("another model answers"), "{error}");

    // Other models, other lengths and other makers of vectors have no place in the space either.
    let named = embed_by(db, &server, &TextModel::new("large"))
        .unwrap_err()
        .to_string();
    assert!(
        named.contains("and these are of large; choose another name"),
        "{named}"
    );
    let shorter = embed_by(db, &server, &TextModel::new("small").dim(4))
        .unwrap_err()
        .to_string();
    assert!(shorter.contains("choose another name"), "{shorter}");
    let charts = db.embed_headlines(
        "clip",
        &service(&server),
        &TextModel::new("small"),
        &Control::new(),
    );
    assert!(charts.is_err());
}

/// What another model gives: the same numbers in another order.
fn turn(answer: &mut serde_json::Value) {
    for vector in answer["data"].as_array_mut().unwrap() {
        vector["embedding"].as_array_mut().unwrap().reverse();
    }
}

#[test]
fn shorter_vectors_are_asked_for() {
    let server = Server::new(|_, _| Act::Answer);
    let world = world(10);
    let report = embed_by(&world.db, &server, &TextModel::new("small").dim(4)).unwrap();
    assert_eq!((report.dim, with_vector(&world.db)), (4, 10));
    assert!(server.asked().iter().all(|a| a.dim == Some(4)));
}
