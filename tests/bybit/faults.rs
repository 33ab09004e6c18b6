//! Faults: those that pass are waited for, those that stay are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rhymedb::bybit::{BybitClient, BybitClientBuilder, SyncReport, sync_klines};
use rhymedb::{Error, Result};

use crate::market::Market;
use crate::server::{Act, Habits, Server, envelope};
use crate::{builder, client, request};

const HOUR: Duration = Duration::from_secs(3600);
const RESET: &str = "X-Bapi-Limit-Reset-Timestamp";

fn server() -> Server {
    Server::start(
        Market::new("1h", "60", "2024-01-01", 1200),
        Habits::default(),
    )
}

/// Fetches everything and compares it with the truth.
fn fetch(server: &Server, client: &BybitClient) -> Result<SyncReport> {
    let market = server.market();
    let mut times = Vec::new();
    let report = sync_klines(client, &request(market), market.now(), &mut |bars| {
        assert_eq!(
            bars,
            market.truth(Some(bars.time[0]), bars.time[bars.len() - 1])
        );
        times.splice(0..0, bars.time.iter().copied());
        Ok(())
    })?;
    assert_eq!(times, market.truth(None, market.time).time);
    Ok(report)
}

fn failure(server: &Server, client: &BybitClient) -> String {
    match fetch(server, client).unwrap_err() {
        Error::Remote(message) => message,
        other => panic!("expected Error::Remote, found {other:?}"),
    }
}

fn status(status: u16) -> Act {
    Act::Raw(status, Vec::new(), "<html>sorry</html>".to_owned())
}

#[test]
fn faults_that_pass_are_retried() {
    let server = server();
    let time = server.market().time;
    let limited = || Act::code(10006, "Too many visits. Exceeded the API Rate Limit.", time);
    let passing = [
        limited(),
        limited().with_header(RESET, time + 5),
        limited().with_header(RESET, time),
        limited().with_header(RESET, time + 3_600_000),
        limited().with_header(RESET, i64::MIN),
        limited().with_header(RESET, "soon"),
        Act::code(10016, "Server error", time),
        Act::code(10018, "Out of IP rate limit", time),
        status(429),
        status(429).with_header(RESET, time + 5),
        status(500),
        status(502),
        status(503),
        status(504),
        status(403),
        Act::CutOff,
    ];
    for (i, act) in passing.into_iter().enumerate() {
        server.next([Act::Answer, act]);
        let report = fetch(&server, &client(&server)).unwrap();
        // 1199 closed candles: two pages and an empty one.
        assert_eq!((report.pages, report.retries), (3, 1), "fault {i}");
        assert_eq!(server.take_count(), 4);
    }
}

#[test]
fn servers_that_are_silent_or_drip_run_into_the_timeout() {
    let server = server();
    let client = builder(&server)
        .timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    server.next([Act::Silence, Act::Answer, Act::Drip]);
    assert_eq!(fetch(&server, &client).unwrap().retries, 2);
}

#[test]
fn a_reset_time_is_waited_for_instead_of_the_usual_delay() {
    let server = server();
    // With the usual delay this test would last an hour.
    let client = builder(&server).backoff(HOUR, HOUR).build().unwrap();
    let time = server.market().time;
    server.next([
        Act::code(10006, "Too many visits!", time).with_header(RESET, time + 40),
        Act::code(10018, "Out of IP rate limit", time).with_header(RESET, time + 1),
    ]);
    assert_eq!(fetch(&server, &client).unwrap().retries, 2);
}

#[test]
fn a_fault_that_stays_is_told_after_the_last_attempt() {
    let server = server();
    let client = builder(&server).attempts(4).build().unwrap();
    for (act, why) in [
        (status(503), "the server failed (HTTP 503)"),
        (status(429), "too many requests (HTTP 429)"),
        (Act::CutOff, "after 4 attempts"),
        (
            Act::code(10016, "Server error", 0),
            "the server failed (retCode 10016, \"Server error\")",
        ),
    ] {
        server.always(act);
        let message = failure(&server, &client);
        assert!(message.contains("after 4 attempts"), "{message}");
        assert!(message.contains(why), "{message}");
        assert_eq!(server.take_count(), 4);
    }
}

#[test]
fn nobody_listening_is_told_after_the_last_attempt() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = server();
    let client = builder(&server)
        .base_url(format!("http://{address}"))
        .attempts(2)
        .build()
        .unwrap();
    let message = failure(&server, &client);
    assert!(message.contains("after 2 attempts"), "{message}");
    assert!(message.to_lowercase().contains("refused"), "{message}");
}

#[test]
fn a_blocked_address_is_told_after_one_retry() {
    let server = server();
    server.always(Act::Raw(403, Vec::new(), "access too frequent".to_owned()));
    let message = failure(&server, &client(&server));
    assert!(message.contains("\"access too frequent\""), "{message}");
    assert!(
        message.contains("blocked for at least 10 minutes"),
        "{message}"
    );
    assert!(
        message.contains("wait 10 minutes without any request"),
        "{message}"
    );
    assert_eq!(server.take_count(), 2);
}

fn told_at_once(server: &Server, act: Act, why: &str) {
    server.next([act]);
    let message = failure(server, &client(server));
    assert!(message.contains(why), "{why}: {message}");
    assert!(message.len() < 500, "{message}");
    assert_eq!(server.take_count(), 1, "{why}");
}

#[test]
fn an_answer_that_is_not_bybits_is_told_at_once() {
    let server = server();
    let elsewhere = self::server();
    for (act, why) in [
        (
            Act::Raw(302, Vec::new(), String::new()).with_header("Location", elsewhere.url()),
            "found a redirect to \"http://127.0.0.1",
        ),
        (
            Act::Raw(301, Vec::new(), String::new()),
            "found a redirect to \"nowhere\"",
        ),
        (status(404), "found HTTP 404 and \"<html>sorry</html>\""),
        (status(200), "found \"<html>sorry</html>\""),
        (
            Act::json(""),
            "expected an answer in JSON from Bybit, found nothing",
        ),
        (Act::json("{\"retCode\":0,"), "expected an answer in JSON"),
        (
            Act::json(&"[".repeat(100_000)),
            "expected an answer in JSON",
        ),
        (Act::json("{}"), "missing field `retCode`"),
        (Act::json("[]"), "expected an answer in JSON"),
        (Act::json(r#"{"retCode":"0"}"#), "expected i64"),
        (Act::json(r#"{"retCode":0,"time":"x"}"#), "expected i64"),
        (
            Act::json("x").with_header("Content-Encoding", "gzip"),
            "content encoding \"gzip\"",
        ),
        (Act::Flood, "at most 8 MiB"),
        (
            Act::code(10001, "Not supported symbols", 0),
            "Bybit does not know BTCUSDT:1h in category linear",
        ),
        (
            Act::code(10005, "Permission denied", 0),
            "retCode 10005, \"Permission denied\"",
        ),
    ] {
        told_at_once(&server, act, why);
    }
    assert_eq!(elsewhere.take_count(), 0);
}

#[test]
fn an_answer_of_another_form_is_told_at_once() {
    let server = server();
    let result =
        |list: &str| format!(r#"{{"category":"linear","symbol":"BTCUSDT","list":{list}}}"#);
    let list = |list: &str| Act::json(&envelope(0, "OK", &result(list), Some(0)));
    let row = r#""1704067200000","1","1","1","1""#;
    for (act, why) in [
        (Act::json(r#"{"retCode":0}"#), "lists of 7 texts"),
        (
            Act::json(&envelope(0, "OK", "{}", None)),
            "missing field `list`",
        ),
        (list("7"), "expected a sequence"),
        (list("[{}]"), "expected an array of length 7"),
        (list("[[1704067200000,1,1,1,1,1,1]]"), "expected a string"),
        (
            list(&format!("[[{row},\"1\"]]")),
            "expected an array of length 7",
        ),
        (
            list(&format!("[[{row},\"1\",\"1\",\"1\"]]")),
            "lists of 7 texts from Bybit, found: trailing characters",
        ),
        (
            list(&format!("[[{row},\"many\",\"1\"]]")),
            "expected a number as the volume",
        ),
        (
            list(r#"[["now","1","1","1","1","1","1"]]"#),
            "in milliseconds, found \"now\"",
        ),
        (
            Act::json(&envelope(
                0,
                "OK",
                &result("[]").replace("BTC", "ETH"),
                None,
            )),
            "found those of \"ETHUSDT\"",
        ),
        (
            Act::json(&envelope(
                0,
                "OK",
                &result("[]").replace("linear", "spot"),
                None,
            )),
            "in category \"spot\"",
        ),
    ] {
        told_at_once(&server, act, why);
    }
}

#[test]
fn candles_that_cannot_be_are_told() {
    let server = server();
    let cases: [(Act, &str); 9] = [
        (
            Act::NewestPage,
            "up to 2024-01-09T07:59:59.999Z from Bybit, found one that opens at",
        ),
        (Act::Rows(|rows| rows.reverse()), "with the newest first"),
        (Act::Rows(|rows| rows.swap(3, 4)), "with the newest first"),
        (
            Act::Rows(|rows| rows[4] = rows[3].clone()),
            "with the newest first",
        ),
        (
            Act::Rows(|rows| rows.push(rows[rows.len() - 1].clone())),
            "with the newest first",
        ),
        (
            Act::Rows(|rows| shift(&mut rows[9], 60_000)),
            "no candle of this interval opens",
        ),
        (
            Act::Rows(|rows| rows[9][0] = "-3600000".to_owned()),
            "with the newest first",
        ),
        (
            Act::Rows(|rows| shift(rows.last_mut().unwrap(), -2_000_000_000_000)),
            "found one that opens at 19",
        ),
        (
            Act::Rows(|rows| {
                for row in rows.iter_mut().take(11) {
                    row[2] = "1.5".to_owned();
                }
            }),
            "found 11 in one answer that cannot be",
        ),
    ];
    for (act, why) in cases {
        server.next([Act::Answer, act]);
        let message = failure(&server, &client(&server));
        assert!(message.contains(why), "{why}: {message}");
        assert_eq!(server.take_count(), 2, "{why}");
    }
}

fn shift(row: &mut [String; 7], millis: i64) {
    row[0] = (row[0].parse::<i64>().unwrap() + millis).to_string();
}

#[test]
fn candles_outside_of_a_range_with_both_ends_are_told() {
    let server = server();
    let (start, end) = (server.market().opens[500], server.market().opens[600]);
    for change in [
        (|rows| rows.iter_mut().for_each(|row| shift(row, -3_600_000))) as fn(&mut Vec<_>),
        |rows| rows.iter_mut().for_each(|row| shift(row, 3_600_000)),
    ] {
        server.next([Act::Rows(change)]);
        let error = crate::download(&server, Some(start), end).unwrap_err();
        assert!(
            error.to_string().contains("does not follow the API"),
            "{error}"
        );
    }
    server.next([Act::Rows(|rows| rows.clear())]);
    assert!(
        crate::download(&server, Some(start), end)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn candles_from_the_future_are_told() {
    let mut market = Market::new("1h", "60", "2024-01-01", 20);
    market.time = market.opens[15] + 1;
    let server = Server::start(market, Habits::default());
    server.always(Act::Rows(|rows| {
        let mut next = rows[0].clone();
        shift(&mut next, 3_600_000);
        rows.insert(0, next);
    }));
    let end = server.market().opens[19];
    let error = crate::download(&server, None, end).unwrap_err();
    assert!(
        error.to_string().contains("it lies in the future"),
        "{error}"
    );
}

#[test]
fn the_same_page_for_ever_ends_in_an_error() {
    let server = server();
    server.always(Act::NewestPage);
    let message = failure(&server, &client(&server));
    assert!(message.contains("does not follow the API"), "{message}");
    assert_eq!(server.take_count(), 2);
}

#[test]
fn an_unknown_symbol_is_told_in_every_category() {
    for (category, why) in [
        (
            "linear",
            "Bybit does not know NOTACOIN:1h in category linear (retCode 10001",
        ),
        (
            "inverse",
            "Bybit does not know NOTACOIN:1h in category inverse (retCode 10001",
        ),
        (
            "spot",
            "no candles at Bybit of NOTACOIN:1h in category spot",
        ),
    ] {
        let server = server();
        let mut asked = request(server.market());
        asked.category = category.parse().unwrap();
        asked.symbol = "NOTACOIN".to_owned();
        let now = server.market().now();
        let error = sync_klines(&client(&server), &asked, now, &mut |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(server.take_count(), 1);
    }
}

/// Sets the flag while the client waits; without it each of these would last an hour.
#[test]
fn every_wait_can_be_interrupted() {
    let limited = Act::code(10006, "Too many visits!", 0);
    let slow = |b: BybitClientBuilder| b.timeout(HOUR).backoff(HOUR, HOUR);
    for act in [Act::Silence, Act::Drip, status(500), limited, status(403)] {
        let server = server();
        let flag = Arc::new(AtomicBool::new(false));
        let client = slow(builder(&server)).interrupt(Arc::clone(&flag)).build();
        let client = client.unwrap();
        server.always(act);
        std::thread::scope(|scope| {
            let download = scope.spawn(|| fetch(&server, &client));
            while server.asked("symbol").is_empty() {
                std::thread::sleep(Duration::from_millis(2));
            }
            std::thread::sleep(Duration::from_millis(30));
            flag.store(true, Ordering::Relaxed);
            let outcome = download.join().unwrap();
            assert!(matches!(outcome, Err(Error::Interrupted)), "{outcome:?}");
        });
        assert_eq!(server.take_count(), 1);
    }
}
