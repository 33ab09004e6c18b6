//! A service of embeddings on this machine, which behaves as a test wants it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What the server does with a request.
#[allow(dead_code, reason = "each of the tests that use this file does some")]
pub(crate) enum Act {
    /// Answers with vectors of the model, as it should.
    Answer,
    /// Answers with this status, header lines and body.
    Say(u16, &'static str, String),
    /// Closes the connection without a word.
    HangUp,
    /// Answers what it should, changed.
    Change(fn(&mut Value)),
}

/// What a client asked for.
#[derive(Clone, Debug)]
#[allow(
    dead_code,
    reason = "each of the tests that use this file looks at some"
)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) model: String,
    pub(crate) dim: Option<u64>,
    pub(crate) texts: Vec<String>,
}

type Habit = dyn Fn(usize, &Asked) -> Act + Send + Sync;

pub(crate) struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[allow(dead_code, reason = "each of the tests that use this file asks some")]
impl Server {
    /// A server that does what `habit` says of its n-th request.
    pub(crate) fn new(habit: impl Fn(usize, &Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, habit): (_, Arc<Habit>) = (Arc::clone(&asked), Arc::new(habit));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, habit) = (Arc::clone(&log), Arc::clone(&habit));
                thread::spawn(move || while serve(&stream, &log, &*habit).is_some() {});
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many texts were asked for, in all.
    pub(crate) fn texts(&self) -> usize {
        self.asked().iter().map(|a| a.texts.len()).sum()
    }
}

/// Answers one request; `None` ends the connection.
fn serve(stream: &TcpStream, log: &Mutex<Vec<Asked>>, habit: &Habit) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut key) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => key = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    let texts = body["input"].as_array()?.iter();
    let asked = Asked {
        path,
        key,
        model: body["model"].as_str()?.to_owned(),
        dim: body.get("dimensions").and_then(Value::as_u64),
        texts: texts
            .map(|t| t.as_str().unwrap_or_default().to_owned())
            .collect(),
    };
    let n = {
        let mut log = log.lock().unwrap();
        log.push(asked.clone());
        log.len() - 1
    };
    let (status, headers, body) = match habit(n, &asked) {
        Act::Answer => (200, "", answer(&asked).to_string()),
        Act::Say(status, headers, body) => (status, headers, body),
        Act::HangUp => return None,
        Act::Change(change) => {
            let mut answer = answer(&asked);
            change(&mut answer);
            (200, "", answer.to_string())
        }
    };
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}

fn answer(asked: &Asked) -> Value {
    let dim = asked.dim.unwrap_or(8) as usize;
    // The last first: the index counts, not the place.
    let vectors = asked.texts.iter().enumerate().rev();
    let data: Vec<Value> = vectors
        .map(|(i, text)| json!({"index": i, "object": "embedding", "embedding": vector(&asked.model, text, dim)}))
        .collect();
    json!({"object": "list", "data": data, "model": asked.model, "usage": {"total_tokens": 7}})
}

/// What a made-up model gives of a text: sums over its words, so that texts with words in common are near.
pub(crate) fn vector(model: &str, text: &str, dim: usize) -> Vec<f32> {
    let mut vector = vec![0.01_f32; dim];
    for word in text.split_whitespace().map(str::to_lowercase) {
        let step = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
        let mut state = word
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325 ^ model.len() as u64, step);
        for x in &mut vector {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            *x += ((state >> 40) as f32 / (1 << 24) as f32) - 0.5;
        }
    }
    vector
}
