//! `rhyme mcp`, spoken with as an assistant's program does.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use rhymedb::ask::Question;
use serde_json::{Value, json};

use crate::words;
use crate::world::{World, run};

/// A running assistant's server.
struct Assistant {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Assistant {
    fn start(world: &World, options: &[&str]) -> Self {
        let mut command = world.command(&[&["mcp"], options].concat());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    fn send(&mut self, message: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{message}").unwrap();
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        for one in message.as_array().unwrap_or(&vec![message.clone()]) {
            assert_eq!(one["jsonrpc"], "2.0", "{message}");
        }
        message
    }

    /// Sends a request and gives the reply to it.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": method, "method": method, "params": params});
        self.send(&request.to_string());
        let reply = self.next();
        assert_eq!(reply["id"], method, "{reply}");
        reply
    }

    /// Calls a tool. Returns what is said before the answer, and the answer.
    #[track_caller]
    fn call(&mut self, name: &str, arguments: Value) -> (String, Value) {
        let reply = self.ask("tools/call", json!({"name": name, "arguments": arguments}));
        let content = &reply["result"]["content"];
        assert_eq!(reply["result"]["isError"], Value::Null, "{reply}");
        let text = |i: usize| content[i]["text"].as_str().unwrap().to_owned();
        assert_eq!(content[0]["type"], "text");
        (text(0), serde_json::from_str(&text(1)).unwrap())
    }

    /// Calls a tool that refuses. Returns why.
    #[track_caller]
    fn refused(&mut self, name: &str, arguments: Value) -> String {
        let reply = self.ask("tools/call", json!({"name": name, "arguments": arguments}));
        assert_eq!(reply["result"]["isError"], true, "{reply}");
        let why = &reply["result"]["content"][0]["text"];
        why.as_str().unwrap().to_owned()
    }

    /// Closes the input; the process answers what was asked and ends.
    fn close(mut self) -> Vec<Value> {
        drop(self.input.take());
        let lines = self.output.lines();
        let read = |line: String| serde_json::from_str(&line).unwrap();
        let messages = lines.map(|line| read(line.unwrap())).collect();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        messages
    }
}

#[test]
fn the_protocol_is_spoken_in_the_versions_of_the_client() {
    let world = World::with_market();
    for (wanted, spoken) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2099-01-01", "2025-06-18"),
    ] {
        let mut assistant = Assistant::start(&world, &[]);
        let params = json!({"protocolVersion": wanted, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let reply = assistant.ask("initialize", params);
        assert_eq!(reply["result"]["protocolVersion"], spoken);
        assert_eq!(reply["result"]["serverInfo"]["name"], "rhyme");
        assert!(reply["result"]["capabilities"]["tools"].is_object());
        assistant.send(r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#);
        assert_eq!(assistant.ask("ping", json!({}))["result"], json!({}));
        assert!(assistant.close().is_empty(), "a notification has no reply");
    }
}

#[test]
fn every_question_is_a_tool() {
    let world = World::with_market();
    let mut assistant = Assistant::start(&world, &[]);
    let reply = assistant.ask("tools/list", json!({}));
    let tools = reply["result"]["tools"].as_array().unwrap();
    let names: BTreeSet<&str> = tools.iter().map(|t| t["name"].as_str().unwrap()).collect();
    let all: BTreeSet<&str> = Question::NAMES.iter().copied().collect();
    assert_eq!(names, all, "a question is no tool of the assistant");
    for tool in tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert!(tool["description"].as_str().unwrap().len() > 40, "{tool}");
    }
}

#[test]
fn answers_are_those_of_the_command_line_with_what_they_rest_on() {
    let world = words::market();
    let mut assistant = Assistant::start(&world, &[]);
    let request = json!({"target": "AAAUSDT:1h", "k": 5, "outcome": ["6h"], "as_of": "2021-01-12"});
    let (said, answer) = assistant.call("similar", request.clone());
    let mut question = request;
    question["question"] = "similar".into();
    let told = world.rhyme(&["ask", &question.to_string()]).json();
    for part in ["hits", "outcomes", "query", "notes"] {
        assert_eq!(answer[part], told[part], "{part}");
    }
    let first = &told["outcomes"][0];
    for part in [
        format!("{} hits", told["hits"].as_array().unwrap().len()),
        "as of 2021-01-12T00:00:00Z: nothing later was used".to_owned(),
        format!("outcome within 6h: n {} ", first["hits"]["n"]),
        format!("base rate: n {},", first["base"]["n"]),
        "Not a forecast".to_owned(),
    ] {
        assert!(said.contains(&part), "{part:?} is not in: {said}");
    }
    let p = match first["p_value"].as_f64() {
        Some(p) => format!("; p {p}"),
        None => first["no_p_value"].as_str().unwrap().to_owned(),
    };
    assert!(said.contains(&p), "{p:?} is not in: {said}");

    let (said, _) = assistant.call("reaction", json!({"text": "miners sell", "horizon": "6h"}));
    assert!(
        said.contains("outcome within 6h: n ") && said.contains("base rate: n "),
        "{said}"
    );
    let (said, answer) = assistant.call(
        "anomaly",
        json!({"target": "AAAUSDT:1h", "calibration": 20}),
    );
    let p = &answer["measures"][0]["p_value"];
    assert!(
        said.contains(&format!("p {p}")) && said.contains("predicts no direction"),
        "{said}"
    );
    let (said, answer) = assistant.call("search", json!({"text": "miners sell", "k": 2}));
    assert!(
        said.contains("2 charts") && answer["headlines"].is_array(),
        "{said}"
    );
    let (_, series) = assistant.call("series", json!({}));
    assert_eq!(series, world.rhyme(&["series", "--format", "json"]).json());
}

#[test]
fn answers_are_short_and_say_what_is_left_out() {
    let world = World::with_market();
    let mut assistant = Assistant::start(&world, &[]);
    let (said, answer) = assistant.call("bars", json!({"series": "AAAUSDT:1h", "last": 0}));
    let rows = answer["bars"].as_array().unwrap();
    assert_eq!(rows.len(), 50);
    let newest = world.rhyme(&["bars", "AAAUSDT:1h", "-k", "50", "--format", "json"]);
    assert_eq!(rows, newest.json()["bars"].as_array().unwrap());
    assert!(
        said.contains("cut: bars was asked with last 50 instead of all"),
        "{said}"
    );
    let (said, answer) = assistant.call("map", json!({"sample": 200}));
    assert_eq!(answer["points"].as_array().unwrap().len(), 50);
    assert!(said.contains("of which the first 50 follow"), "{said}");
    assert!(answer.to_string().len() <= 32 << 10);
}

#[test]
fn what_is_wrong_is_said() {
    let world = World::with_market();
    let mut assistant = Assistant::start(&world, &[]);
    let why = assistant.refused("bars", json!({"series": "ZZZ:1h"}));
    assert!(why.contains("ZZZ"), "{why}");
    let why = assistant.refused("bars", json!({}));
    assert!(why.contains("missing field `series`"), "{why}");
    let why = assistant.refused("similar", json!({"target": "AAAUSDT:1h", "kk": 1}));
    assert!(why.contains("unknown field `kk`"), "{why}");
    for (method, params, code) in [
        ("tools/call", json!({"name": "fortune"}), -32602),
        (
            "tools/call",
            json!({"name": "series", "arguments": [1]}),
            -32602,
        ),
        ("tools/call", json!({}), -32602),
        ("resources/list", json!({}), -32601),
    ] {
        let reply = assistant.ask(method, params);
        assert_eq!(reply["error"]["code"], code, "{reply}");
    }
    for (line, code) in [
        ("{", -32700),
        ("\u{0}", -32700),
        ("3", -32600),
        ("[]", -32600),
        (
            r#"{"jsonrpc": "2.0", "id": null, "method": "ping"}"#,
            -32600,
        ),
        (r#"{"id": 1, "method": "ping"}"#, -32600),
    ] {
        assistant.send(line);
        assert_eq!(assistant.next()["error"]["code"], code, "{line}");
    }
    let long = "x".repeat(5 << 20);
    assistant.send(&long);
    assert_eq!(assistant.next()["error"]["code"], -32600);
    assistant.send("");
    assistant.send(r#"{"jsonrpc": "2.0", "id": 9, "result": {}}"#);
    assistant.send(
        r#"[{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "method": "x"}]"#,
    );
    assert_eq!(
        assistant.next(),
        json!([{"jsonrpc": "2.0", "id": 1, "result": {}}])
    );
    assert!(assistant.close().is_empty());
}

#[test]
fn a_call_can_be_cancelled_and_has_a_time_limit() {
    let world = World::with_market();
    let mut assistant = Assistant::start(&world, &[]);
    let call = |id: u64| {
        let arguments = json!({"scan": "crypto", "exact": true});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "anomaly-scan", "arguments": arguments}}).to_string()
    };
    for id in 1..=10 {
        assistant.send(&call(id));
    }
    for id in 2..=10 {
        let params = json!({"requestId": id, "reason": "enough"});
        let cancel =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        assistant.send(&cancel.to_string());
    }
    let replies = assistant.close();
    let ids: Vec<u64> = replies.iter().map(|r| r["id"].as_u64().unwrap()).collect();
    assert!(ids.contains(&1) && ids.len() < 10, "{ids:?}");

    let mut hurried = Assistant::start(&world, &["--timeout", "1ms"]);
    let why = hurried.refused("anomaly-scan", json!({"scan": "crypto", "exact": true}));
    assert!(why.contains("not finished within 1ms"), "{why}");
}

#[test]
fn a_commit_of_another_process_is_seen() {
    let world = World::with_market();
    let mut assistant = Assistant::start(&world, &[]);
    let (_, before) = assistant.call("tags", json!({}));
    assert_eq!(before["tags"], json!([]));
    world
        .rhyme(&["tag", "add", "AAAUSDT:1h@2021-01-08", "long"])
        .ok();
    let (_, after) = assistant.call("tags", json!({}));
    assert_eq!(after["tags"].as_array().unwrap().len(), 1);
}

#[test]
fn without_a_database_it_does_not_start() {
    let world = World::new();
    run(&mut world.command(&["mcp"])).fails(1, "there is no such folder");
    let world = World::with_market();
    world
        .rhyme(&["shell", "-c", "mcp"])
        .fails(1, "an assistant's program starts");
}
