//! `rhyme ask`: the same answers as the commands give with `--format json`.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::words;
use crate::world::World;

/// A command, and the same question as JSON.
pub(crate) const SAME: &[(&[&str], &str)] = &[
    (
        &["similar", "AAAUSDT", "-k", "2", "--outcome", "5,24h"],
        r#"{"question": "similar", "target": "AAAUSDT", "k": 2, "outcome": [5, "24h"]}"#,
    ),
    (
        &[
            "similar",
            "BBBUSDT",
            "--as-of",
            "2021-01-09",
            "--market",
            "crypto",
            "--min-move",
            "1%",
        ],
        r#"{"question": "similar", "target": "BBBUSDT", "as_of": "2021-01-09",
            "filter": {"market": ["crypto"], "min_move": "1%"}}"#,
    ),
    (
        &["signal", "large.toml", "AAAUSDT"],
        r#"{"question": "signal", "target": "AAAUSDT", "rule": {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}}"#,
    ),
    (
        &[
            "backtest",
            "large.toml",
            "AAAUSDT",
            "--from",
            "2021-01-09",
            "--draws",
            "3",
        ],
        r#"{"question": "replay", "series": "AAAUSDT", "from": "2021-01-09", "draws": 3,
            "rule": {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}}"#,
    ),
    (
        &[
            "today",
            "AAAUSDT",
            "ACME",
            "-k",
            "5",
            "--news",
            "3d",
            "--as-of",
            "2021-01-12",
        ],
        r#"{"question": "today", "series": ["AAAUSDT", "ACME"], "k": 5, "news": "3d", "as_of": "2021-01-12"}"#,
    ),
    (
        &["similar", "--pattern", "1,3,2,5,4", "-k", "2"],
        r#"{"question": "similar", "target": {"path": [1, 3, 2, 5, 4]}, "k": 2}"#,
    ),
    (
        &["similar", "--pattern", "double top", "-k", "2"],
        r#"{"question": "pattern", "pattern": "double top", "k": 2}"#,
    ),
    (
        &["search", "miners sell as prices plunge", "-k", "2"],
        r#"{"question": "search", "text": "miners sell as prices plunge", "k": 2}"#,
    ),
    (
        &["combine", "AAAUSDT:1h", "-", "text:miners sell"],
        r#"{"question": "combine", "terms": [{"plus": "AAAUSDT:1h"}, {"minus": "text:miners sell"}]}"#,
    ),
    (
        &["reaction", "miners sell", "--horizon", "6h"],
        r#"{"question": "reaction", "text": "miners sell", "horizon": "6h"}"#,
    ),
    (
        &["news", "AAAUSDT", "-k", "3", "--any-symbol"],
        r#"{"question": "news", "target": "AAAUSDT", "k": 3, "any_symbol": true}"#,
    ),
    (
        &["context", "AAAUSDT", "--before", "3d"],
        r#"{"question": "context", "target": "AAAUSDT", "before": "3d"}"#,
    ),
    (
        &[
            "outcomes",
            "moments.csv",
            "--interval",
            "1h",
            "--horizon",
            "6h",
        ],
        r#"{"question": "outcomes", "moments": ["AAAUSDT:1h@2021-01-05T12:00"], "horizon": ["6h"]}"#,
    ),
];

/// The same of listings, and of what tags ask.
pub(crate) const LISTED: &[(&[&str], &str)] = &[
    (
        &["similar", "tag:long", "-k", "2"],
        r#"{"question": "similar", "target": "tag:long", "k": 2}"#,
    ),
    (
        &["classify", "AAAUSDT", "--by-tags", "--neighbours", "1"],
        r#"{"question": "classify-by-tags", "target": "AAAUSDT", "neighbours": 1}"#,
    ),
    (&["series"], r#"{"question": "series"}"#),
    (
        &["series", "aaa"],
        r#"{"question": "series", "text": "aaa"}"#,
    ),
    (&["spaces"], r#"{"question": "spaces"}"#),
    (
        &["bars", "aaausdt", "--as-of", "2021-01-05", "--last", "3"],
        r#"{"question": "bars", "series": "aaausdt", "as_of": "2021-01-05", "last": 3}"#,
    ),
    (
        &["headlines", "AAAUSDT", "--until", "2021-01-10"],
        r#"{"question": "headlines", "symbol": "AAAUSDT", "until": "2021-01-10"}"#,
    ),
    (&["stats"], r#"{"question": "stats"}"#),
    (&["tags", "long"], r#"{"question": "tags", "name": "long"}"#),
    (
        &["attributes", "--where", "sector=Energy,Metals"],
        r#"{"question": "attributes", "where": {"sector": ["Energy", "Metals"]}}"#,
    ),
    (
        &["prototype", "list", "--as-of", "2021-01-11"],
        r#"{"question": "prototypes", "as_of": "2021-01-11"}"#,
    ),
];

pub(crate) fn timeless(mut answer: Value) -> Value {
    if let Some(object) = answer.as_object_mut() {
        object.remove("took_us");
    }
    answer
}

#[test]
fn questions_as_json_have_the_answers_of_the_commands() {
    let world = words::market();
    world.file("moments.csv", "symbol,time\nAAAUSDT,2021-01-05T12:00\n");
    world.file(
        "large.toml",
        "name = \"large\"\n[when]\nkind = \"anomaly\"\np_below = 0.5\n",
    );
    world.file(
        "mood.json",
        r#"{"mood": {"shares fall": "shares fall", "up": ["shares rise"]}}"#,
    );
    for add in [
        &["tag", "add", "BBBUSDT:1h@2021-01-08", "long"][..],
        &["attribute", "set", "AAAUSDT", "sector=Energy"],
        &["prototype", "add", "mine", "AAAUSDT:1h@2021-01-08"],
    ] {
        world.rhyme(add).ok();
    }
    for (command, question) in SAME.iter().chain(LISTED) {
        let command = [command, &["--format", "json"][..]].concat();
        let mut told = world.rhyme(&command).json();
        // The command replays any number of series.
        if let Some([one]) = told["replays"].as_array().map(Vec::as_slice) {
            told = one.clone();
        }
        let told = timeless(told);
        let asked = timeless(world.rhyme(&["ask", question]).json());
        assert_eq!(asked, told, "{question}");
    }
}

#[test]
fn a_question_comes_from_standard_input_too() {
    let world = World::with_market();
    let mut command = world.command(&["ask", "-"]);
    let mut asked = command.stdin(Stdio::piped()).spawn().unwrap();
    let question = br#"{"question": "similar", "target": "AAAUSDT", "k": 1}"#;
    asked.stdin.take().unwrap().write_all(question).unwrap();
    let output = asked.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["hits"][0]["symbol"], "BBBUSDT");
}

#[test]
fn what_is_no_question_is_refused_with_what_one_looks_like() {
    let world = World::with_market();
    for (question, message) in [
        ("similar", "expected a question as JSON, like {\"question\""),
        (
            r#"{"question": "similar", "target": "AAAUSDT", "space_": "shape"}"#,
            "unknown field `space_`",
        ),
        (r#"{"question": "fortune"}"#, "unknown variant `fortune`"),
    ] {
        world.rhyme(&["ask", question]).fails(1, message);
    }
    world
        .rhyme(&["ask", r#"{"question": "similar", "target": "ZZZ"}"#])
        .fails(3, "ZZZ");
}

#[test]
fn schemas_are_printed_without_a_database() {
    let schemas = World::new().rhyme(&["ask", "--schema"]).json();
    let similar = &schemas[0];
    assert_eq!(similar["question"], "similar");
    assert!(similar["request"]["properties"]["target"].is_object());
    assert!(similar["reply"]["properties"]["hits"].is_object());
}
