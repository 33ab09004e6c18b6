//! What is written through `rhyme serve --allow-writes`: by whom, what is stored, and what is not.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use rhymedb::Database;
use serde_json::{Value, json};

use crate::http::{Reply, Server, reply};
use crate::world::{DAY, HOUR, START, World, closes, csv};

const TOKEN: &str = "a-token-of-the-tests-1";
const BARS: &str = "/v1/write/bars?market=crypto&venue=binance&symbol=NEW&spaces=shape";
const HEADLINES: &str =
    "time,headline,symbols\n2021-01-05T10:00:00Z,exchange halts withdrawals,AAAUSDT\n";

/// A server that lets those write who have the token.
fn writable(world: &World) -> Server {
    world.file("token", TOKEN);
    std::fs::create_dir_all(world.path("tmp")).unwrap();
    let temporary = world.path("tmp");
    let options = ["--allow-writes", "--token-file", "token"];
    Server::start_in(world, &options, &[("TMPDIR", temporary.to_str().unwrap())])
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

fn send(server: &Server, line: &str, body: &str) -> Reply {
    server.send(line, &[&bearer(TOKEN), "Content-Type: text/csv"], body)
}

fn post(server: &Server, path: &str, body: &str) -> Reply {
    send(server, &format!("POST {path}"), body)
}

fn delete(server: &Server, path: &str) -> Value {
    send(server, &format!("DELETE {path}"), "").ok()
}

fn bars_of(server: &Server, series: &str) -> Value {
    let reply = server.get(&format!("/v1/bars?series={series}&last=0"));
    reply.json()["bars"].take()
}

#[test]
fn what_is_sent_is_stored_as_the_command_stores_it() {
    let (sent, typed) = (World::new(), World::with_market());
    let server = writable(&sent);
    assert_eq!(server.get("/v1/series").ok()["series"], json!([]));
    let market = [
        ("crypto", "binance", "AAAUSDT", "1h"),
        ("crypto", "binance", "BBBUSDT", "1h"),
        ("equity", "nyse", "ACME", "1d"),
    ];
    for (market, venue, symbol, interval) in market {
        let file = format!("in/{market}/{venue}/{symbol}-{interval}.csv");
        let file = std::fs::read_to_string(typed.path(&file)).unwrap();
        let path =
            format!("/v1/write/bars?market={market}&venue={venue}&symbol={symbol}&spaces=shape");
        let report = post(&server, &path, &file).ok();
        assert_eq!(report["bars_added"], report["rows"], "{report}");
        assert!(
            report["windows_embedded"].as_u64().unwrap() > 100,
            "{report}"
        );
        assert!(report["notes"].is_array(), "{report}");
    }
    typed.file("news.csv", HEADLINES);
    typed.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    assert_eq!(
        post(&server, "/v1/write/headlines", HEADLINES).ok()["headlines_added"],
        1
    );
    let tags = "symbol,time,tag,value,known\nBBBUSDT:1h,2021-01-08,long,-3.5,2021-01-09\n";
    typed.file("tags.csv", tags);
    typed.rhyme(&["tag", "import", "tags.csv"]).ok();
    assert_eq!(post(&server, "/v1/write/tags", tags).ok()["added"], 1);
    let attributes = "symbol,sector\nACME,Energy\n";
    typed.file("attributes.csv", attributes);
    typed.rhyme(&["attribute", "import", "attributes.csv"]).ok();
    assert_eq!(
        post(&server, "/v1/write/attributes", attributes).ok()["added"],
        1
    );
    typed
        .rhyme(&["prototype", "add", "mine", "AAAUSDT:1h@2021-01-08"])
        .ok();
    let prototype = json!({"name": "mine", "windows": ["AAAUSDT:1h@2021-01-08"]}).to_string();
    let json = [&bearer(TOKEN), "Content-Type: application/json"];
    let made = server.send(
        "POST /v1/write/prototypes",
        &json.map(|h: &str| h),
        &prototype,
    );
    assert_eq!(made.ok()["name"], "mine");
    check_same(&server, &typed);
    sent.rhyme(&["verify"]).ok();
}

/// A question after a change sees it, and all is as if it had been typed.
fn check_same(server: &Server, typed: &World) {
    for question in [
        "series",
        "tags",
        "attributes",
        "headlines?last=0",
        "bars?series=AAAUSDT:1h&last=0",
    ] {
        let name = question.split('?').next().unwrap();
        let mut request = json!({"question": name});
        if name == "bars" {
            request["series"] = json!("AAAUSDT:1h");
        }
        if question.contains("last") {
            request["last"] = json!(0);
        }
        let told = typed.rhyme(&["ask", &request.to_string()]).json();
        assert_eq!(
            server.get(&format!("/v1/{question}")).ok(),
            told,
            "{question}"
        );
    }
    let similar = r#"{"target": "prototype:mine", "k": 3}"#;
    let hits = |value: Value| value["hits"].clone();
    let told = typed.rhyme(&[
        "ask",
        r#"{"question": "similar", "target": "prototype:mine", "k": 3}"#,
    ]);
    assert_eq!(
        hits(server.post("/v1/similar", similar).ok()),
        hits(told.json())
    );
}

#[test]
fn what_is_deleted_is_gone() {
    let world = crate::words::market();
    for add in [
        &["tag", "add", "BBBUSDT:1h@2021-01-08", "long"][..],
        &["attribute", "set", "AAAUSDT", "sector=Energy"],
        &["prototype", "add", "mine", "AAAUSDT:1h@2021-01-08"],
    ] {
        world.rhyme(add).ok();
    }
    let server = writable(&world);
    let report = delete(&server, "/v1/write/bars?series=AAAUSDT:1h&from=2021-01-10");
    assert_eq!(report["bars"], 84, "{report}");
    let left = bars_of(&server, "AAAUSDT:1h");
    assert_eq!(
        left.as_array().unwrap().last().unwrap()["open_time"],
        "2021-01-09T23:00:00Z"
    );
    assert_eq!(delete(&server, "/v1/write/tags?name=long")["removed"], 1);
    assert_eq!(
        delete(&server, "/v1/write/attributes?name=sector")["removed"],
        1
    );
    assert_eq!(
        delete(&server, "/v1/write/prototypes?name=mine")["deleted"],
        "mine"
    );
    let until = delete(&server, "/v1/write/headlines?until=2021-01-08");
    let rest = delete(&server, "/v1/write/headlines");
    assert!(
        until["headlines"].as_u64() > Some(0) && rest["headlines"].as_u64() > Some(0),
        "{until} {rest}"
    );
    delete(&server, "/v1/write/bars?series=BBBUSDT:1h");
    for (listing, left) in [
        ("series", 2),
        ("tags", 0),
        ("attributes", 0),
        ("prototypes", 0),
        ("headlines", 0),
    ] {
        let rows = server.get(&format!("/v1/{listing}")).ok();
        assert_eq!(rows[listing].as_array().unwrap().len(), left, "{listing}");
    }
    let none = send(&server, "DELETE /v1/write/bars?series=BBBUSDT:1h", "");
    none.refused(404, "not-found", "BBBUSDT");
    send(&server, "DELETE /v1/write/bars", "").refused(400, "invalid", "?series=");
    send(&server, "DELETE /v1/write/spaces", "").refused(404, "not-found", "bars, headlines");
    world.rhyme(&["verify"]).ok();
}

#[test]
fn only_the_token_opens_the_door() {
    let world = World::with_market();
    let file = csv(START, HOUR, &closes(100, 5));
    let locked = Server::start(&world, &[]);
    post(&locked, BARS, &file).refused(
        403,
        "read-only",
        "rhyme serve --allow-writes --token-env NAME",
    );
    let server = writable(&world);
    let typed = "Content-Type: text/csv";
    let with = |headers: &[&str]| server.send(&format!("POST {BARS}"), headers, &file);
    let none = with(&[typed]);
    none.refused(401, "unauthorized", "Authorization: Bearer TOKEN");
    assert!(
        none.header("www-authenticate")
            .unwrap()
            .starts_with("Bearer")
    );
    for wrong in [
        bearer("a-token-of-the-tests-2"),
        bearer("a-token-of-the-tests-"),
        bearer(""),
        format!("Authorization: Basic {TOKEN}"),
        format!("Token: {TOKEN}"),
    ] {
        with(&[typed, &wrong]).refused(401, "unauthorized", "expected the header");
    }
    let long = format!("POST {BARS}&token={TOKEN}");
    server
        .send(&long, &[typed], &file)
        .refused(401, "unauthorized", "found none");
    // The token of a page of another site does not help it.
    let own = bearer(TOKEN);
    with(&[typed, &own, "Origin: http://evil.example"]).refused(403, "forbidden", "evil.example");
    with(&[typed, &own, "Host: evil.example"]).refused(403, "forbidden", "evil.example");
    with(&[typed, &own, "Sec-Fetch-Site: cross-site"]).refused(403, "forbidden", "other sites");
    server
        .send("PUT /v1/write/bars", &[&own], "x")
        .refused(405, "method", "PUT");
    assert_eq!(
        server.get("/v1/series").ok()["series"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let counted = "rhyme_questions_total{question=\"write-bars\",outcome=\"ok\"}";
    assert_eq!(server.metric(counted), 0.0);
    with(&[typed, &own]).ok();
    assert_eq!(
        server.get("/v1/series").ok()["series"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(server.metric(counted), 1.0);
}

#[test]
fn the_token_comes_from_the_environment_or_a_file() {
    let world = World::with_market();
    let options = ["--allow-writes", "--token-env", "RHYME_TOKEN"];
    let server = Server::start_in(&world, &options, &[("RHYME_TOKEN", TOKEN)]);
    post(&server, BARS, &csv(START, HOUR, &closes(100, 5))).ok();
    world.file("short", "secret");
    let serve =
        |options: &[&str]| world.rhyme(&[&["serve", "--listen", "127.0.0.1:0"], options].concat());
    serve(&["--allow-writes"]).fails(2, "--token-env <NAME>|--token-file <FILE>");
    serve(&["--token-file", "short"]).fails(2, "--allow-writes");
    serve(&["--allow-writes", "--token-file", "short"]).fails(1, "16 or more");
    serve(&["--allow-writes", "--token-file", "absent"]).fails(1, "absent");
    serve(&options).fails(1, "export RHYME_TOKEN=");
    world.file("token", TOKEN);
    let both = ["--read-only", "--allow-writes", "--token-file", "token"];
    serve(&both).fails(1, "found both");
}

#[test]
fn a_file_that_is_refused_leaves_nothing() {
    let world = World::with_market();
    let server = writable(&world);
    let good = csv(START, HOUR, &closes(100, 5));
    let bad = good.replace("2021-01-03T00:00:00Z", "soon");
    let refused = |path: &str, body: &str, message: &str| {
        let reply = post(&server, path, body);
        reply.refused(400, "invalid", message);
        assert!(!reply.body.contains("rhyme-serve-"), "{}", reply.body);
        assert!(!reply.body.contains("see above"), "{}", reply.body);
    };
    refused(BARS, &bad, "the body, line 50");
    refused(BARS, "<html><body>Not found</body></html>", "the body");
    refused(BARS, "", "expected a file as the body");
    refused(&format!("{BARS}&interval=soon"), &good, "interval");
    refused(&format!("{BARS}&db=/tmp"), &good, "no option \"db\"");
    refused(
        "/v1/write/headlines",
        "time,headline\nnever,shares plunge\n",
        "the body, line 2",
    );
    refused(
        "/v1/write/tags",
        "symbol,time,tag\nZZZ:1h,soon,long\n",
        "the body",
    );
    refused("/v1/write/attributes", "sector\nEnergy\n", "symbol");
    let unknown = post(
        &server,
        "/v1/write/tags",
        "symbol,time,tag\nZZZ:1h,2021-01-08,long\n",
    );
    unknown.refused(404, "not-found", "ZZZ");
    let form = [
        &*bearer(TOKEN),
        "Content-Type: multipart/form-data; boundary=x",
    ];
    let form = server.send(&format!("POST {BARS}"), &form, &good);
    form.refused(415, "not-a-file", "--data-binary");
    let skipped = post(&server, &format!("{BARS}&on_error=skip"), &bad).ok();
    assert_eq!(skipped["bars_added"], 99, "{skipped}");
    assert!(
        skipped["notes"][0]
            .as_str()
            .unwrap()
            .starts_with("the body: "),
        "{skipped}"
    );
    let listed = server.get("/v1/series").ok();
    let symbols = listed["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["symbol"].clone());
    assert_eq!(
        symbols.collect::<Vec<_>>(),
        ["AAAUSDT", "BBBUSDT", "NEW", "ACME"]
    );
    assert_eq!(server.get("/v1/headlines").ok()["headlines"], json!([]));
}

#[test]
fn where_a_file_was_kept_means_nothing() {
    let world = World::with_market();
    let server = writable(&world);
    let good = csv(START, HOUR, &closes(100, 5));
    // Nothing is guessed from where the server keeps the file.
    let unnamed = post(&server, "/v1/write/bars?market=crypto", &good);
    unnamed.refused(400, "invalid", "symbol");
    // A venue that nobody named is called so, whatever the folder of the file is called.
    let report = post(
        &server,
        "/v1/write/bars?market=fx&symbol=EURUSD&spaces=shape",
        &good,
    )
    .ok();
    assert_eq!(report["bars_added"], 100);
    assert_eq!(
        bars_of(&server, "fx/default/EURUSD:1h")
            .as_array()
            .unwrap()
            .len(),
        100
    );
    // Files are gone when they are read, and nobody remembers their names.
    for folder in world.names("tmp") {
        assert_eq!(world.names(&format!("tmp/{folder}")), [""; 0], "{folder}");
    }
    drop(server);
    let db = Database::open(world.path("market.rhyme")).unwrap();
    let remembered = db.now().remembered_files().unwrap();
    assert!(
        remembered.iter().all(|file| file.path.contains("/in/")),
        "{remembered:?}"
    );
}

#[test]
fn a_body_that_breaks_off_or_never_ends_leaves_nothing() {
    let world = World::with_market();
    let server = writable(&world);
    let file = csv(START, HOUR, &closes(100, 5));
    let head = |length: u64| {
        let own = bearer(TOKEN);
        let length = format!("Content-Length: {length}");
        server.request(&format!("POST {BARS}"), &[&own, &length], "")
    };
    let mut gone = server.connect();
    gone.write_all(head(1 << 20).as_bytes()).unwrap();
    gone.write_all(file.as_bytes()).unwrap();
    drop(gone);
    // More than a file may have: it is told so after a while, and not cut off at once.
    let mut huge = server.connect();
    huge.write_all(head((256 << 20) + 1).as_bytes()).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        huge.write_all(&piece).unwrap();
    }
    // The first byte that is too much even to be thrown away.
    huge.write_all(b"x").unwrap();
    reply(&mut huge).refused(413, "too-large", "268435456 bytes");
    let gone = "rhyme_questions_total{question=\"write-bars\",outcome=\"client-gone\"}";
    let broken = "rhyme_questions_total{question=\"write-bars\",outcome=\"invalid\"}";
    server.wait_until(|s| s.metric(gone) + s.metric(broken) > 0.0);
    assert_eq!(
        server.get("/v1/series").ok()["series"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    for folder in world.names("tmp") {
        assert_eq!(world.names(&format!("tmp/{folder}")), [""; 0], "{folder}");
    }
}

#[test]
fn changes_wait_for_each_other_and_not_for_another_process() {
    let world = World::with_market();
    let server = writable(&world);
    let send = |n: u64| {
        let path = format!("/v1/write/bars?market=crypto&venue=x&symbol=S{n}&spaces=shape");
        post(&server, &path, &csv(START, DAY, &closes(90, n)))
    };
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..6).map(|n| scope.spawn(move || send(n))).collect();
        sent.into_iter().map(|s| s.join().unwrap()).collect()
    });
    for reply in replies {
        assert_eq!(reply.ok()["bars_added"], 90);
    }
    assert_eq!(
        server.get("/v1/series").ok()["series"]
            .as_array()
            .unwrap()
            .len(),
        9
    );
    let other = Database::open(world.path("market.rhyme")).unwrap();
    let refused = send(7);
    refused.refused(503, "locked", "process");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Questions go on meanwhile.
    server.get("/v1/series").ok();
    drop(other);
    send(7).ok();
    // Who holds nothing open lets others write.
    world.rhyme(&["compact"]).ok();
}

#[cfg(unix)]
#[test]
fn a_killed_server_leaves_whole_transactions() {
    let world = World::with_market();
    let file = csv(START, HOUR, &closes(4_000, 9));
    let begin = |server: &Server| -> TcpStream {
        let mut stream = server.connect();
        let request = server.request(&format!("POST {BARS}"), &[&bearer(TOKEN)], &file);
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    for millis in [0, 30, 100, 300, 1_000] {
        let server = writable(&world);
        let _sent = begin(&server);
        std::thread::sleep(Duration::from_millis(millis));
        server.signal("-KILL");
        assert_eq!(server.finish().code, None);
        let text = world.rhyme(&[
            "bars",
            "crypto/binance/NEW:1h",
            "-k",
            "0",
            "--format",
            "csv",
        ]);
        let bars = match text.code {
            Some(0) => text.out.lines().count() - 1,
            _ => 0,
        };
        assert!([0, 4_000].contains(&bars), "{bars} bars after {millis} ms");
        world.rhyme(&["verify"]).ok();
        if bars > 0 {
            world
                .rhyme(&["delete", "crypto/binance/NEW:1h", "--yes"])
                .ok();
        }
    }
    // What was interrupted is finished by who writes next, and a server that is told to end, ends.
    let server = writable(&world);
    assert_eq!(reply(&mut begin(&server)).ok()["bars_added"], 4_000);
    server.signal("-TERM");
    assert_eq!(server.finish().code, Some(0));
    world.rhyme(&["verify"]).ok();
}
