//! `rhyme serve` under load: clients on this machine, each with a connection of its own, ask `similar` at a
//! steady pace. A question counts from the moment at which it was due, so that one that waits for those
//! before it is not taken for a quick one.
//!
//! `cargo bench -p rhyme --bench serve -- --clients 200 --rate 5 --seconds 60 --db market.rhyme`
//!
//! Without `--db` it makes a small market of its own. It speaks with the server that it starts and with
//! nobody else, and ends by itself.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rhymedb::Timestamp;
use serde_json::{Value, json};

struct Options {
    clients: u64,
    /// Questions a second of each client.
    rate: u64,
    seconds: u64,
    db: Option<PathBuf>,
}

fn options() -> Options {
    let mut options = Options {
        clients: 200,
        rate: 5,
        seconds: 60,
        db: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .unwrap_or_else(|| panic!("{word} wants a value"))
        };
        match word.as_str() {
            "--clients" => options.clients = value().parse().unwrap(),
            "--rate" => options.rate = value().parse().unwrap(),
            "--seconds" => options.seconds = value().parse().unwrap(),
            "--db" => options.db = Some(value().into()),
            // Said by cargo.
            "--bench" => {}
            other => panic!("expected --clients, --rate, --seconds or --db, found {other}"),
        }
    }
    assert!((1..=1000).contains(&options.clients), "1 to 1000 clients");
    assert!((1..=1000).contains(&options.rate), "1 to 1000 a second");
    assert!((1..=600).contains(&options.seconds), "1 to 600 seconds");
    options
}

/// The server, which ends with this.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(db: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rhyme"))
            .args(["serve", "--listen", "127.0.0.1:0", "--format", "json", "-q"])
            .arg("--db")
            .arg(db)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let address = told["address"].as_str().unwrap();
        let address = address.strip_prefix("http://").unwrap().to_owned();
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Client {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Client {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).unwrap();
        Self {
            stream: BufReader::new(stream),
            address: address.to_owned(),
        }
    }

    /// Sends a request and reads the reply to its end. Returns the status and the body.
    fn ask(&mut self, line: &str, body: &str) -> std::io::Result<(u16, Vec<u8>)> {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let lower = line.to_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            } else if lower == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }
}

/// Series and the times in which they have windows.
fn series(address: &str) -> Vec<(String, i64, i64)> {
    let (status, body) = Client::connect(address).ask("GET /v1/series", "").unwrap();
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_slice(&body).unwrap();
    let rows = answer["series"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["bars"].as_u64() > Some(200));
    let rows = rows.map(|row| {
        let text = |key: &str| row[key].as_str().unwrap();
        let time = |key: &str| text(key).parse::<Timestamp>().unwrap().millis();
        let key = ["market", "venue", "symbol"].map(text).join("/");
        let (first, last) = (time("first"), time("last"));
        // The first windows are not full yet.
        let key = format!("{key}:{}", text("interval"));
        (key, first + (last - first) / 2, last)
    });
    let rows: Vec<_> = rows.collect();
    assert!(!rows.is_empty(), "no series has 200 bars");
    rows
}

/// What a client saw.
#[derive(Default)]
struct Seen {
    took: Vec<Duration>,
    refused: BTreeMap<String, u64>,
}

fn client(number: u64, options: &Options, address: &str, series: &[(String, i64, i64)]) -> Seen {
    let mut seen = Seen::default();
    let mut client = Client::connect(address);
    let pause = Duration::from_secs(1) / options.rate as u32;
    // Not all at the same moment.
    let start = Instant::now() + pause * number as u32 / options.clients as u32;
    let mut state = number + 1;
    for i in 0..options.rate * options.seconds {
        let due = start + pause * i as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (key, first, last) = &series[(state >> 33) as usize % series.len()];
        let at = first + (state >> 20) as i64 % (last - first);
        let target = format!("{key}@{}", Timestamp::from_millis(at));
        let body = json!({ "target": target, "k": 10 }).to_string();
        let what = match client.ask("POST /v1/similar", &body) {
            Ok((200, _)) => {
                seen.took.push(due.elapsed());
                continue;
            }
            Ok((status, body)) => format!("{status} {}", String::from_utf8_lossy(&body)),
            Err(e) => {
                client = Client::connect(address);
                e.to_string()
            }
        };
        *seen.refused.entry(what).or_default() += 1;
    }
    seen
}

fn main() {
    let options = options();
    let folder = tempfile::tempdir().unwrap();
    let db = options.db.clone().unwrap_or_else(|| {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_rhyme"));
        let demo = demo
            .args(["demo", "--small", "-q"])
            .current_dir(folder.path());
        assert!(demo.stdout(Stdio::null()).status().unwrap().success());
        folder.path().join("demo.rhyme")
    });
    let server = Server::start(&db);
    let series = series(&server.address);
    let begun = Instant::now();
    let seen: Vec<Seen> = thread::scope(|scope| {
        let (options, series, address) = (&options, &series, server.address.as_str());
        let clients =
            (0..options.clients).map(|n| scope.spawn(move || client(n, options, address, series)));
        let clients: Vec<_> = clients.collect();
        clients.into_iter().map(|c| c.join().unwrap()).collect()
    });
    let seconds = begun.elapsed().as_secs_f64();
    let mut took: Vec<Duration> = seen.iter().flat_map(|s| s.took.iter().copied()).collect();
    took.sort();
    let mut refused = BTreeMap::new();
    for (what, n) in seen.iter().flat_map(|s| &s.refused) {
        *refused.entry(what).or_insert(0) += n;
    }
    println!(
        "{} clients, {} a second each, {} s: {} answers ({:.0} a second), {} errors",
        options.clients,
        options.rate,
        options.seconds,
        took.len(),
        took.len() as f64 / seconds,
        refused.values().sum::<u64>()
    );
    let at = |share: f64| took.get((share * took.len() as f64) as usize);
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)] {
        let millis = at(share).map_or(f64::NAN, |t| 1e3 * t.as_secs_f64());
        println!("{name:6} {millis:8.2} ms");
    }
    if let Some(last) = took.last() {
        println!("max    {:8.2} ms", 1e3 * last.as_secs_f64());
    }
    for (what, n) in refused {
        println!("{n} times: {}", what.chars().take(200).collect::<String>());
    }
}
