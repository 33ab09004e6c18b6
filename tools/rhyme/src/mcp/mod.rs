//! `rhyme mcp`: the questions as tools of an assistant, by the Model Context Protocol on standard input and
//! output (<https://modelcontextprotocol.io>): one message of JSON-RPC a line.
//!
//! Of the protocol it has what tools need: `initialize`, `ping`, `tools/list`, `tools/call` and
//! `notifications/cancelled`. One thread reads, so that a call can be cancelled while it runs, and one
//! answers calls in their order. Nothing can be changed through it.

mod calls;
mod cut;
mod evidence;
mod message;
mod reply;
mod tools;

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rhymedb::Error;
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::opening::open;
use calls::{Call, Calls};
use message::{INVALID_REQUEST, METHOD_NOT_FOUND, Message, PARSE_ERROR};
use reply::Replies;

pub(crate) const HELP: &str = "\
An assistant's program starts it and speaks with it; there is nothing to type. To such programs it is a
command: {\"command\": \"rhyme\", \"args\": [\"mcp\", \"--db\", \"/path/to/market.rhyme\"]}
Every question is a tool that only reads. Answers are short: at most 50 rows of a list.
Questions end at --timeout [default: 30s].

Example: rhyme mcp";

const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest message in bytes.
const LONGEST: u64 = 4 << 20;
/// Calls that may wait; a client that sends more is not read meanwhile.
const WAITING: usize = 64;

/// The versions of the protocol that this speaks, newest first.
const VERSIONS: [&str; 3] = ["2025-06-18", "2025-03-26", "2024-11-05"];

const INSTRUCTIONS: &str = "\
A database of market history: candles, headlines and their embeddings. It finds moments of the past that look \
like a chart or a sentence, and what came after them, beside what comes after any moment. Start with `series`. \
Targets are SYMBOL:INTERVAL or SYMBOL:INTERVAL@TIME, like BTCUSDT:1h@2021-05-19. `as_of` hides everything \
later. Answers are evidence from the past and no forecast: report n, the base rate and the p-value with them.";

pub(crate) fn run(global: &Global) -> Outcome {
    if global.session.is_some() {
        return Err(Error::Invalid(
            "the shell cannot do that: an assistant's program starts `rhyme mcp`".to_owned(),
        )
        .into());
    }
    let db = open(global)?;
    // Refused now rather than in each answer.
    db.now().series()?;
    let calls = Calls::new(db, global.timeout.unwrap_or(TIMEOUT));
    let replies = Replies::default();
    let (sender, waiting) = sync_channel(WAITING);
    thread::scope(|scope| {
        let answering = scope.spawn({
            let (calls, replies) = (&calls, &replies);
            move || answer_all(calls, replies, waiting)
        });
        let read = read_all(&calls, &replies, sender);
        let answered = answering.join();
        let answered = answered.unwrap_or_else(|_| Err(io::Error::other("answering panicked")));
        read.and(answered).map_err(Failure::from)
    })
}

/// Answers calls until there are no more.
fn answer_all(calls: &Calls, replies: &Replies, waiting: Receiver<Call>) -> io::Result<()> {
    for call in waiting {
        if let Some(reply) = calls.answer(call) {
            replies.send(&reply)?;
        }
    }
    Ok(())
}

/// Reads messages until the client closes the input. What was asked before is still answered.
fn read_all(calls: &Calls, replies: &Replies, sender: SyncSender<Call>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
            let why = format!("expected a message of at most {LONGEST} bytes");
            replies.send(&message::error(&Value::Null, INVALID_REQUEST, &why))?;
            continue;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Value::Array(batch)) => answer_batch(calls, replies, batch)?,
            Ok(one) => match read(calls, one) {
                Step::Reply(reply) => replies.send(&reply)?,
                Step::Call(call) => {
                    if sender.send(call).is_err() {
                        // Answering has ended: nobody reads the output.
                        return Ok(());
                    }
                }
                Step::Nothing => {}
            },
            Err(e) => {
                let why = format!("expected a message as JSON: {e}");
                replies.send(&message::error(&Value::Null, PARSE_ERROR, &why))?;
            }
        }
    }
}

/// Several messages at once, as version 2025-03-26 has them.
fn answer_batch(calls: &Calls, replies: &Replies, batch: Vec<Value>) -> io::Result<()> {
    if batch.is_empty() {
        let why = "expected a message, found an empty list";
        return replies.send(&message::error(&Value::Null, INVALID_REQUEST, why));
    }
    let answered = batch.into_iter().filter_map(|one| match read(calls, one) {
        Step::Reply(reply) => Some(reply),
        Step::Call(call) => calls.answer(call),
        Step::Nothing => None,
    });
    let answered: Vec<Value> = answered.collect();
    match answered.is_empty() {
        true => Ok(()),
        false => replies.send(&Value::Array(answered)),
    }
}

/// What a message leads to.
enum Step {
    Reply(Value),
    Call(Call),
    Nothing,
}

fn read(calls: &Calls, message: Value) -> Step {
    let (id, method, params) = match Message::of(message) {
        Message::Request { id, method, params } => (id, method, params),
        Message::Notification { method, params } => {
            if method == "notifications/cancelled" {
                calls.cancel(params.get("requestId").unwrap_or(&Value::Null));
            }
            return Step::Nothing;
        }
        Message::Answer => return Step::Nothing,
        Message::Wrong { id, why } => {
            return Step::Reply(message::error(&id, INVALID_REQUEST, why));
        }
    };
    let result = match method.as_str() {
        "initialize" => initialized(&params),
        "ping" => json!({}),
        "tools/list" => json!({ "tools": tools::list() }),
        "tools/call" => return call(calls, id, &params),
        other => {
            let why = format!("no method {other:?}");
            return Step::Reply(message::error(&id, METHOD_NOT_FOUND, &why));
        }
    };
    Step::Reply(message::result(&id, &result))
}

fn call(calls: &Calls, id: Value, params: &Value) -> Step {
    match calls.call(id.clone(), params) {
        Ok(call) => Step::Call(call),
        Err(why) => Step::Reply(message::error(&id, message::INVALID_PARAMS, &why)),
    }
}

fn initialized(params: &Value) -> Value {
    let wanted = params.get("protocolVersion").and_then(Value::as_str);
    let known = VERSIONS.iter().find(|v| Some(**v) == wanted);
    json!({
        "protocolVersion": known.or(VERSIONS.first()),
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "rhyme", "title": "RhymeDB", "version": env!("CARGO_PKG_VERSION") },
        "instructions": INSTRUCTIONS,
    })
}
