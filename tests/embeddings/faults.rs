//! What a service may do wrong, and what is left then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rhymedb::embeddings::HttpEmbeddings;
use rhymedb::encode::{TextModel, TextService};
use rhymedb::{Control, Error};

use super::server::{Act, Server};
use super::{SPACE, embed, service, with_vector, world};

/// What a service says at once, and what the user is told.
fn refusals() -> Vec<(Act, &'static str)> {
    let say = |status, body: &str| Act::Say(status, "", body.to_owned());
    vec![
        (
            say(401, r#"{"error": {"message": "bad key sk-secret-1234"}}"#),
            "refuses the key (HTTP 401",
        ),
        (say(404, "no such page"), "ends with /v1"),
        (
            say(400, r#"{"error": {"message": "too long"}}"#),
            "too long",
        ),
        (
            say(
                429,
                r#"{"error": {"message": "pay", "code": "insufficient_quota"}}"#,
            ),
            "no credit left",
        ),
        (
            Act::Say(
                302,
                "location: https://elsewhere.example\r\n",
                String::new(),
            ),
            "elsewhere.example",
        ),
        (say(200, "<html>log in</html>"), "expected vectors in JSON"),
        (say(200, ""), "found nothing"),
        (
            Act::Change(|a| drop(a["data"].as_array_mut().unwrap().pop())),
            "vectors of",
        ),
        (
            Act::Change(|a| a["data"][0]["index"] = 900.into()),
            "number 900 twice or beyond",
        ),
        (
            Act::Change(|a| a["data"][0]["embedding"][0] = 1e39.into()),
            "expected vectors",
        ),
        (
            Act::Change(|a| a["data"][0]["embedding"] = vec![0.0; 8].into()),
            "not all 0",
        ),
    ]
}

#[test]
fn what_a_service_refuses_is_told_and_nothing_is_stored() {
    for (i, (_, told)) in refusals().into_iter().enumerate() {
        let server = Server::new(move |_, _| refusals().swap_remove(i).0);
        let world = world(5);
        let error = embed(&world.db, &server).unwrap_err();
        assert!(matches!(error, Error::Remote(_)), "{told}: {error:?}");
        let error = error.to_string();
        assert!(error.contains(told), "{told}: {error}");
        assert!(!error.contains("sk-secret"), "no key in {error}");
        assert_eq!(server.asked().len(), 1, "{told}: it was asked again");
        assert!(
            world
                .db
                .now()
                .spaces()
                .unwrap()
                .iter()
                .all(|s| s.space.name != SPACE)
        );
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    let passing = |n: usize| match n {
        0 => Act::HangUp,
        1 => Act::Say(503, "", "busy".to_owned()),
        2 => Act::Answer,
        3 => Act::Say(429, "retry-after: 0\r\n", String::new()),
        4 => Act::Say(429, "retry-after-ms: 5\r\n", String::new()),
        _ => Act::Answer,
    };
    let server = Server::new(move |n, _| passing(n));
    let world = world(20);
    assert_eq!(embed(&world.db, &server).unwrap().embedded, 20);
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn what_was_paid_for_stays_when_the_service_fails() {
    // The known text, one batch, and then no more.
    let server = Server::new(|n, _| match n {
        0 | 1 => Act::Answer,
        _ => Act::Say(500, "", "down".to_owned()),
    });
    let world = world(600);
    let error = embed(&world.db, &server).unwrap_err().to_string();
    assert!(
        error.contains("after 3 attempts") && error.contains("kept"),
        "{error}"
    );
    assert_eq!(with_vector(&world.db), 256);
    world.db.verify(&Control::new()).unwrap();

    let again = Server::new(|_, _| Act::Answer);
    assert_eq!(embed(&world.db, &again).unwrap().embedded, 344);
    assert_eq!(with_vector(&world.db), 600);
    let sent = server.asked().swap_remove(1).texts;
    assert!(
        again
            .asked()
            .iter()
            .flat_map(|a| &a.texts)
            .all(|text| !sent.contains(text))
    );
}

#[test]
fn nobody_waits_for_ever() {
    let server = Server::new(|_, _| {
        std::thread::sleep(Duration::from_secs(20));
        Act::HangUp
    });
    let model = TextModel::new("small");
    let slow = HttpEmbeddings::builder(server.url())
        .timeout(Duration::from_millis(50))
        .attempts(2);
    let slow = slow
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .build()
        .unwrap();
    let error = slow.vectors(&model, &["a"]).unwrap_err().to_string();
    let told = ["did not come in time", "timed out"];
    assert!(told.iter().any(|told| error.contains(told)), "{error}");

    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let stopped = HttpEmbeddings::builder(server.url())
        .interrupt(stop.clone())
        .build()
        .unwrap();
    let asking = std::thread::spawn(move || stopped.vectors(&model, &["a"]));
    std::thread::sleep(Duration::from_millis(50));
    stop.store(true, Ordering::Relaxed);
    assert!(matches!(asking.join().unwrap(), Err(Error::Interrupted)));
}

#[test]
fn work_that_is_stopped_goes_on_where_it_was() {
    let server = Server::new(|_, _| Act::Answer);
    let world = world(600);
    let control = Control::new();
    let stop = control.clone();
    let control = control.on_progress(move |p| {
        if p.done >= 256 {
            stop.stop();
        }
    });
    let model = TextModel::new("small");
    let stopped = world
        .db
        .embed_headlines(SPACE, &service(&server), &model, &control);
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    assert_eq!(with_vector(&world.db), 256);
    assert_eq!(embed(&world.db, &server).unwrap().embedded, 344);
}

#[test]
fn nobody_listens() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let service = HttpEmbeddings::builder(format!("http://{gone}/v1"))
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .attempts(2)
        .build()
        .unwrap();
    let world = world(5);
    let model = TextModel::new("small");
    let error = world
        .db
        .embed_headlines(SPACE, &service, &model, &Control::new())
        .unwrap_err();
    assert!(matches!(error, Error::Remote(_)));
    assert!(error.to_string().contains("check the network"), "{error}");
    assert_eq!(with_vector(&world.db), 0);
    for (url, why) in [
        ("http://api.openai.com/v1", "this machine only"),
        (
            "https://me:secret@api.openai.com/v1",
            "RHYME_EMBEDDINGS_KEY",
        ),
        ("api.openai.com", "base URL like https://api.openai.com/v1"),
    ] {
        let error = HttpEmbeddings::builder(url)
            .build()
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{url}: {error}");
    }
}
