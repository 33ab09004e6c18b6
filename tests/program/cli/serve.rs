//! `rhyme serve`: the answers of the commands over HTTP, and what is refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use arrow_array::{Array, Float64Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use rhymedb::ask::Question;
use serde_json::{Value, json};

use crate::ask::{LISTED, SAME, timeless};
use crate::http::Server;
use crate::words;
use crate::world::{HOUR, START, World, closes, csv};

/// Questions that [`SAME`] and [`LISTED`] have none of.
const OTHERS: &[&str] = &[
    r#"{"question": "anomaly", "target": "AAAUSDT:1h", "calibration": 20}"#,
    r#"{"question": "anomaly-scan", "scan": "ACME", "calibration": 20}"#,
    r#"{"question": "divergence", "series": "AAAUSDT:1h", "history": 10}"#,
    r#"{"question": "classify", "target": "AAAUSDT:1h", "set": "patterns"}"#,
    r#"{"question": "classify-history", "series": "ACME:1d", "set": "regimes"}"#,
    r#"{"question": "axis", "low": "fear", "high": "greed", "targets": ["AAAUSDT:1h"]}"#,
    r#"{"question": "axis-history", "low": "fear", "high": "greed", "series": "ACME:1d"}"#,
    r#"{"question": "axis-headlines", "low": "fear", "high": "greed", "symbol": "AAAUSDT"}"#,
    r#"{"question": "map", "sample": 20}"#,
    r#"{"question": "correlation", "filter": {"interval": ["1h"]}}"#,
    r#"{"question": "lead-lag", "filter": {"interval": ["1h"]}}"#,
    r#"{"question": "clusters", "filter": {"interval": ["1h"]}, "draws": 19}"#,
    r#"{"question": "portfolio", "filter": {"interval": ["1h"]}, "max_weight": 0.5}"#,
    r#"{"question": "transfer", "target": "AAAUSDT:1h", "to": ["equity"], "k": 2}"#,
    r#"{"question": "transfer-matrix", "sample": 20}"#,
];

/// A market about which every question can be asked.
fn market() -> World {
    let world = words::market();
    for (symbol, seed) in [("CCC", 7), ("DDD", 8)] {
        let path = format!("more/crypto/binance/{symbol}USDT-1h.csv");
        world.file(&path, csv(START, HOUR, &closes(300, seed)));
    }
    for add in [
        &["ingest", "bars", "more"][..],
        &["tag", "add", "BBBUSDT:1h@2021-01-08", "long"],
        &["attribute", "set", "AAAUSDT", "sector=Energy"],
        &["prototype", "add", "mine", "AAAUSDT:1h@2021-01-08"],
    ] {
        world.rhyme(add).ok();
    }
    world
}

/// The name of a question, and its request without it.
fn parted(question: &str) -> (String, Value) {
    let mut request: Value = serde_json::from_str(question).unwrap();
    let name = request.as_object_mut().unwrap().shift_remove("question");
    (name.unwrap().as_str().unwrap().to_owned(), request)
}

#[test]
fn every_question_has_the_answer_of_the_command_line() {
    let world = market();
    let server = Server::start(&world, &[]);
    let mut asked = BTreeSet::new();
    let same = SAME.iter().chain(LISTED).map(|(_, question)| *question);
    for question in same.chain(OTHERS.iter().copied()) {
        let told = timeless(world.rhyme(&["ask", question]).json());
        let any = timeless(server.post("/v1/ask", question).ok());
        assert_eq!(any, told, "{question}");
        let (name, request) = parted(question);
        let own = server.post(&format!("/v1/{name}"), &request.to_string());
        assert_eq!(timeless(own.ok()), told, "{question}");
        asked.insert(name);
    }
    let all: BTreeSet<String> = Question::NAMES.iter().map(ToString::to_string).collect();
    assert_eq!(asked, all, "a question is not asked over HTTP");
}

#[test]
fn listings_are_read_by_get_too() {
    let world = market();
    let server = Server::start(&world, &[]);
    for (path, question) in [
        ("/v1/series", r#"{"question": "series"}"#),
        ("/v1/spaces", r#"{"question": "spaces"}"#),
        (
            "/v1/tags?name=long",
            r#"{"question": "tags", "name": "long"}"#,
        ),
        ("/v1/attributes", r#"{"question": "attributes"}"#),
        ("/v1/prototypes", r#"{"question": "prototypes"}"#),
        (
            "/v1/headlines?symbol=AAAUSDT&until=2021-01-10",
            r#"{"question": "headlines", "symbol": "AAAUSDT", "until": "2021-01-10"}"#,
        ),
        (
            "/v1/bars?series=AAAUSDT%3A1h&last=3&as_of=2021-01-05T12%3A30",
            r#"{"question": "bars", "series": "AAAUSDT:1h", "last": 3, "as_of": "2021-01-05T12:30"}"#,
        ),
    ] {
        let told = world.rhyme(&["ask", question]).json();
        assert_eq!(server.get(path).ok(), told, "{path}");
    }
    server
        .get("/v1/bars?series=AAAUSDT:1h&last=x")
        .refused(400, "invalid", "\"x\"");
    server
        .get("/v1/similar?target=AAAUSDT")
        .refused(405, "method", "expected POST");
}

#[test]
fn what_another_process_commits_is_seen_and_what_came_later_is_not() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    let bars = |path: &str| server.get(path).ok()["bars"].as_array().unwrap().len();
    assert_eq!(bars("/v1/bars?series=AAAUSDT:1h&last=0"), 300);
    let more = csv(START, HOUR, &closes(310, 1));
    world.file("more/crypto/binance/AAAUSDT-1h.csv", more);
    world.rhyme(&["ingest", "bars", "more"]).ok();
    assert_eq!(bars("/v1/bars?series=AAAUSDT:1h&last=0"), 310);
    world.rhyme(&["compact"]).ok();
    assert_eq!(bars("/v1/bars?series=AAAUSDT:1h&last=0"), 310);
    assert_eq!(
        bars("/v1/bars?series=AAAUSDT:1h&last=0&as_of=2021-01-02"),
        24
    );
    let request = json!({"target": "AAAUSDT:1h", "as_of": "2021-01-09", "k": 50, "filter": {"interval": ["1h"]}});
    let similar = server.post("/v1/similar", &request.to_string()).ok();
    let ends = similar["hits"].as_array().unwrap().iter();
    let ends: Vec<&str> = ends.map(|hit| hit["end"].as_str().unwrap()).collect();
    assert!(!ends.is_empty() && ends.iter().all(|end| *end <= "2021-01-09T00:00:00Z"));
}

#[test]
fn what_is_wrong_is_said_with_a_status_and_a_kind() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    let similar = |body: &str| server.post("/v1/similar", body);
    similar("{").refused(400, "invalid", "EOF while parsing");
    similar("").refused(400, "invalid", "expected the options of similar");
    similar("[]").refused(400, "invalid", "expected the options of similar");
    similar("\u{0}\u{1}").refused(400, "invalid", "expected value");
    similar(r#"{"target": "AAAUSDT:1h"} {}"#).refused(400, "invalid", "trailing characters");
    similar(r#"{"target": "AAAUSDT:1h", "k": 3, "k": 4}"#).refused(
        400,
        "invalid",
        "duplicate field",
    );
    similar(r#"{"target": "AAAUSDT:1h", "kk": 3}"#).refused(400, "invalid", "unknown field `kk`");
    similar(r#"{"target": "AAAUSDT:1h", "k": 0}"#).refused(400, "invalid", "k");
    similar(r#"{"target": "ZZZ:1h"}"#).refused(404, "not-found", "ZZZ");
    similar(r#"{"target": "AAAUSDT:1h@1999-01-01"}"#).refused(404, "not-found", "1999");
    similar(&"[".repeat(100_000)).refused(400, "invalid", "recursion limit");
    let question = |body: &str| server.post("/v1/ask", body);
    question(r#"{"question": "fortune"}"#).refused(400, "invalid", "unknown variant `fortune`");
    question("{}").refused(400, "invalid", "missing field `question`");
    server
        .post("/v1/fortune", "{}")
        .refused(404, "not-found", "no question \"fortune\"");
    server.get("/v2").refused(404, "not-found", "/openapi.json");
    server
        .send("DELETE /v1/ask", &[], "")
        .refused(405, "method", "takes no DELETE");
    let typed = |header| server.send("POST /v1/ask", header, "{}");
    typed(&["Content-Type: text/plain"]).refused(415, "not-json", "application/json");
    typed(&[]).refused(415, "not-json", "found none");
    let utf8 = ["Content-Type: Application/JSON; charset=utf-8"];
    typed(&utf8).refused(400, "invalid", "missing field `question`");
}

#[test]
fn other_sites_may_not_ask() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    let port = server.address.port();
    let series = |headers: &[&str]| server.send("GET /v1/series", headers, "");
    let own = format!("Host: localhost:{port}");
    series(&[&own]).ok();
    series(&[&own, &format!("Origin: http://localhost:{port}")]).ok();
    let evil = format!("Host: evil.example:{port}");
    series(&[&evil]).refused(403, "forbidden", "evil.example");
    series(&[&own, "Origin: http://evil.example"]).refused(403, "forbidden", "evil.example");
    series(&[&own, "Sec-Fetch-Site: cross-site"]).refused(403, "forbidden", "other sites");
    // Not even the page, by another name; but a link may lead to it.
    server
        .send("GET /", &[&evil], "")
        .refused(403, "forbidden", "evil.example");
    let page = server.send("GET /", &[&own, "Sec-Fetch-Site: cross-site"], "");
    assert_eq!(page.status, 200);
    let reply = series(&[&own]);
    assert_eq!(reply.header("access-control-allow-origin"), None);
    let named = Server::start(&world, &["--host", "desk.lan,other.lan"]);
    named.send("GET /v1/series", &["Host: desk.lan"], "").ok();
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    let page = server.get("/");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(
        !policy.contains("http:") && !policy.contains("*"),
        "{policy}"
    );
    assert!(!policy.contains("script-src 'unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(page.body.contains("<title>"), "{}", page.body);
}

#[test]
fn the_description_names_every_question() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    let description = server.get("/openapi.json").ok();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(description, committed);
    for name in Question::NAMES {
        let path = &description["paths"][format!("/v1/{name}")];
        assert!(path["post"].is_object(), "{name}");
    }
    let schemas = server.get("/v1/schemas").ok();
    assert_eq!(schemas, world.rhyme(&["ask", "--schema"]).json());
}

#[test]
fn the_server_tells_how_it_is() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    assert_eq!(server.get("/healthz").ok()["status"], "ok");
    server
        .post("/v1/similar", r#"{"target": "AAAUSDT:1h"}"#)
        .ok();
    server
        .post("/v1/similar", r#"{"target": "ZZZ:1h"}"#)
        .refused(404, "not-found", "ZZZ");
    let count = |outcome: &str| {
        server.metric(&format!(
            "rhyme_questions_total{{question=\"similar\",outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!((count("ok"), count("not-found")), (1.0, 1.0));
    assert_eq!(
        server.metric("rhyme_question_seconds_count{question=\"similar\"}"),
        2.0
    );
    assert_eq!(server.metric("rhyme_questions_running"), 0.0);
    assert_eq!(server.metric("rhyme_responses_total{status=\"404\"}"), 1.0);
    let page = server.get("/metrics");
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
}

#[test]
fn where_it_cannot_serve_it_says_why() {
    let world = World::with_market();
    let serve = |options: &[&str]| world.rhyme(&[&["serve"], options].concat());
    serve(&["--listen", "0.0.0.0:0"]).fails(1, "allow it with --allow-remote");
    serve(&["--listen", "here"]).fails(2, "like 127.0.0.1:7878");
    serve(&["--db", "absent"]).fails(1, "there is no such folder");
    let server = Server::start(&world, &[]);
    serve(&["--listen", &server.address.to_string()]).fails(1, "choose another port");
    world
        .rhyme(&["shell", "-c", "serve"])
        .fails(1, "in a terminal of its own");
    assert!(!world.path("absent").exists());
}

#[test]
fn bars_and_vectors_are_read_as_arrow() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    let stream = |path: &str| {
        let (head, bytes) = server.get_bytes(path);
        let kind = "application/vnd.apache.arrow.stream";
        assert!(head.contains(kind), "{head}");
        let read = StreamReader::try_new(&bytes[..], None).unwrap();
        read.map(|batch| batch.unwrap()).collect::<Vec<_>>()
    };
    let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    let bars = stream("/v1/export/bars?series=BBBUSDT:1h,AAAUSDT:1h&as_of=2021-01-09");
    assert_eq!(rows(&bars), 2 * 8 * 24);
    let command = [
        "bars",
        "BBBUSDT:1h",
        "-k",
        "0",
        "--as-of",
        "2021-01-09",
        "--format",
        "json",
    ];
    let told = world.rhyme(&command).rows("bars");
    let closes = bars[0].column_by_name("close").unwrap();
    let closes = closes.as_any().downcast_ref::<Float64Array>().unwrap();
    for (row, bar) in told.as_array().unwrap().iter().enumerate() {
        assert_eq!(bar["close"].as_f64(), Some(closes.value(row)));
    }
    let vectors = stream("/v1/export/vectors?space=shape");
    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    assert_eq!(rows(&vectors) as u64, spaces[0]["rows"].as_u64().unwrap());
    let early = stream("/v1/export/vectors?series=ACME:1d&until=2021-06-01");
    assert!((1..rows(&vectors)).contains(&rows(&early)));
    assert_eq!(rows(&stream("/v1/export/vectors?until=1999-01-01")), 0);
    let refused =
        |path: &str, status, kind, message| server.get(path).refused(status, kind, message);
    refused("/v1/export/bars?series=ZZZ:1h", 404, "not-found", "ZZZ");
    refused(
        "/v1/export/bars?space=shape",
        400,
        "invalid",
        "there are: series",
    );
    refused("/v1/export/vectors?space=none", 404, "not-found", "none");
    refused("/v1/export/bars?from=soon", 400, "invalid", "soon");
    refused("/v1/export/tags", 404, "not-found", "bars and vectors");
}
