//! Headlines embedded by a service on this machine, by the program as a process.

use crate::embedding_server::{Act, Server};
use crate::world::{World, run};

const NEWS: &str = "time,text,symbols\n2021-01-05T10:00:00Z,Wheat harvest fails in Kansas,ACME\n\
                    2021-01-06T10:00:00Z,Chief executive resigns,ACME\n\
                    2021-01-07T10:00:00Z,Chief executive resigns,ACME\n";

#[test]
fn a_service_reads_headlines_once_and_answers_words() {
    let server = Server::new(|_, _| Act::Answer);
    let url = server.url();
    let world = World::with_market();
    world.file("news.csv", NEWS);
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    let embed = [
        "embed",
        "--space",
        "outside",
        "--encoder",
        &url,
        "--model",
        "small",
    ];
    let row = world
        .rhyme(&[&embed[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(
        (&row["embedded"], &row["asked"], &row["kept"]),
        (&3.into(), &2.into(), &1.into())
    );
    let again = world
        .rhyme(&[&embed[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(
        (&again["embedded"], &again["asked"]),
        (&0.into(), &0.into())
    );

    // Words are asked of the service that the environment names, and of no other.
    let search = [
        "search",
        "wheat harvest",
        "--space",
        "outside",
        "--format",
        "json",
    ];
    world.rhyme(&search).fails(1, "RHYME_EMBEDDINGS_URL");
    let mut asking = world.command(&search);
    let found = run(asking.env("RHYME_EMBEDDINGS_URL", &url)).json();
    assert_eq!(
        found["headlines"][0]["text"],
        "Wheat harvest fails in Kansas"
    );

    // New headlines wait, and the program says for what.
    world.file("more.csv", "time,text\n2021-01-08T10:00:00Z,Shares surge\n");
    let more = world.rhyme(&["ingest", "headlines", "more.csv"]);
    assert!(
        more.err
            .contains("rhyme embed --space outside --encoder URL --model small"),
        "{}",
        more.err
    );
    more.ok();
    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    let outside = spaces
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["name"] == "outside")
        .unwrap();
    assert_eq!(outside["text_model"], "small");
    let dropped = [
        "drop-space",
        "outside",
        "--yes",
        "--forget-paid",
        "--format",
        "json",
    ];
    assert_eq!(world.rhyme(&dropped).json()["paid_vectors"], 2);
}

#[test]
fn what_is_missing_is_asked_for() {
    let world = World::with_market();
    let embed =
        |more: &[&str]| world.rhyme(&[&["embed", "--space", "x", "--encoder"], more].concat());
    embed(&["https://api.openai.com/v1"]).fails(1, "--model text-embedding-3-small");
    embed(&["stats", "--model", "small"]).fails(1, "leave --model out");
    embed(&["http://10.0.0.1/v1", "--model", "small"]).fails(1, "this machine only");
    embed(&[
        "https://api.openai.com/v1",
        "--model",
        "small",
        "--hop",
        "2",
    ])
    .fails(1, "leave them out");
    let server = Server::new(|_, _| Act::Answer);
    embed(&[&server.url(), "--model", "small"]).fails(1, "rhyme ingest headlines FILE");
    assert_eq!(server.texts(), 0, "nothing is sent for nothing");
}
