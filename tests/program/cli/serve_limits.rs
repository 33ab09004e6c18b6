//! What `rhyme serve` does about clients that are slow, greedy or gone, and how it ends.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::http::{Server, reply};
use crate::world::World;

const JSON: &str = "Content-Type: application/json";
/// A question that takes a while.
const LONG: &str = r#"{"scan": "crypto", "k": 1, "exact": true}"#;
const GONE: &str = "rhyme_questions_total{question=\"anomaly-scan\",outcome=\"client-gone\"}";
const RUNNING: &str = "rhyme_questions_running";

fn ask_long(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    let request = server.request("POST /v1/anomaly-scan", &[JSON], LONG);
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

#[test]
fn a_question_ends_at_its_deadline() {
    let world = World::with_market();
    let server = Server::start(&world, &["--timeout", "1ms"]);
    server
        .post("/v1/anomaly-scan", LONG)
        .refused(504, "timed-out", "not finished within 1ms");
    server.wait_until(|s| s.metric(RUNNING) == 0.0);
}

#[test]
fn a_question_ends_when_its_client_is_gone() {
    let world = World::with_market();
    let server = Server::start(&world, &["--threads", "1"]);
    let clients: Vec<TcpStream> = (0..20).map(|_| ask_long(&server)).collect();
    server.wait_until(|s| s.metric(RUNNING) == 1.0);
    drop(clients);
    server.wait_until(|s| s.metric(GONE) > 0.0);
    server.wait_until(|s| s.metric(RUNNING) == 0.0 && s.metric("rhyme_questions_waiting") == 0.0);
    assert!(
        server.metric(GONE) >= 15.0,
        "{}",
        server.get("/metrics").body
    );
    server.get("/v1/series").ok();
}

#[test]
fn more_questions_than_fit_are_refused() {
    let world = World::with_market();
    let server = Server::start(&world, &["--threads", "1", "--queue", "0"]);
    let clients: Vec<TcpStream> = (0..10).map(|_| ask_long(&server)).collect();
    let replies: Vec<_> = clients.into_iter().map(|mut c| reply(&mut c)).collect();
    let of = |status| replies.iter().filter(move |r| r.status == status);
    assert_eq!(of(200).count() + of(503).count(), 10);
    assert!(of(200).count() > 0 && of(503).count() > 0);
    for refused in of(503) {
        refused.refused(503, "busy", "ask again");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    // What is no question does not wait.
    let _busy = ask_long(&server);
    server.get("/metrics");
}

#[test]
fn one_client_has_no_more_questions_than_it_may() {
    let world = World::with_market();
    let server = Server::start(&world, &["--threads", "1", "--per-client", "2"]);
    let clients: Vec<TcpStream> = (0..10).map(|_| ask_long(&server)).collect();
    let replies: Vec<_> = clients.into_iter().map(|mut c| reply(&mut c)).collect();
    let of = |status| replies.iter().filter(move |r| r.status == status);
    assert_eq!(of(200).count() + of(429).count(), 10);
    assert!(of(200).count() >= 2 && of(429).count() > 0);
    for refused in of(429) {
        refused.refused(429, "too-many", "has 2 questions");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    server.wait_until(|s| s.metric(RUNNING) == 0.0);
    server
        .post("/v1/similar", r#"{"target": "AAAUSDT:1h"}"#)
        .ok();
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let world = World::with_market();
    let server = Server::start(&world, &[]);
    let long = format!(r#"{{"target": "{}"}}"#, "x".repeat(2 << 20));
    server
        .post("/v1/similar", &long)
        .refused(413, "too-large", "1048576 bytes");
    // Without its length before it, in parts.
    let mut stream = server.connect();
    let head = ["Transfer-Encoding: chunked", JSON];
    let head = server.request("POST /v1/similar", &head, "");
    stream.write_all(head.as_bytes()).unwrap();
    let part = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..32 {
        stream.write_all(part.as_bytes()).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    reply(&mut stream).refused(413, "too-large", "1048576 bytes");
    let fits = format!(r#"{{"target": "text:{}"}}"#, "x".repeat(1 << 19));
    assert_ne!(server.post("/v1/similar", &fits).status, 413);
}

/// Whether a connection is closed by the other side within a time.
fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let start = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut bytes = [0; 4096];
    while start.elapsed() < within {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return true,
        }
    }
    false
}

#[test]
fn connections_that_stand_still_are_closed() {
    let world = World::with_market();
    let server = Server::start(&world, &["--idle", "300ms"]);
    let silent = server.connect();
    let mut half = server.connect();
    half.write_all(b"POST /v1/ask HTTP/1.1\r\nHost: loc")
        .unwrap();
    let mut waits = server.connect();
    let head = format!(
        "POST /v1/ask HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\nContent-Length: 100\r\n\r\n{{"
    );
    waits.write_all(head.as_bytes()).unwrap();
    // They harm nobody meanwhile.
    server.get("/v1/series").ok();
    let long = Duration::from_secs(30);
    for mut stream in [silent, half] {
        assert!(is_closed(&mut stream, long));
    }
    let mut said = vec![0; 12];
    waits.read_exact(&mut said).unwrap();
    assert_eq!(said, b"HTTP/1.1 408");
    server.get("/v1/series").ok();
}

#[test]
fn a_client_that_does_not_read_is_let_go() {
    let world = World::with_market();
    let server = Server::start(&world, &["--idle", "300ms"]);
    let mut greedy = server.connect();
    let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let one = server.get("/openapi.json").body.len();
    // More than the system keeps for a connection.
    let many = (64 << 20) / one;
    greedy.write_all(request.repeat(many).as_bytes()).unwrap();
    thread::sleep(Duration::from_secs(2));
    let mut bytes = Vec::new();
    let _ = greedy.read_to_end(&mut bytes);
    assert!(
        bytes.len() < one * many,
        "all of it was kept for {} bytes",
        bytes.len()
    );
    server.get("/v1/series").ok();
}

#[cfg(unix)]
#[test]
fn it_ends_when_it_is_told_to_and_answers_what_was_asked() {
    let world = World::with_market();
    for signal in ["-INT", "-TERM"] {
        let server = Server::start(&world, &["--threads", "1"]);
        let _silent = server.connect();
        let mut asked = ask_long(&server);
        server.wait_until(|s| s.metric(RUNNING) == 1.0);
        let start = Instant::now();
        server.signal(signal);
        assert_eq!(reply(&mut asked).status, 200);
        assert_eq!(server.finish().code, Some(0));
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?}",
            start.elapsed()
        );
    }
}
