//! A server that means harm: whatever it sends, the client ends in bounded time with an error that
//! says why, and what is stored stays whole.

use std::time::{Duration, Instant};

use rhymedb::bybit::{BybitClientBuilder, bybit_series_key, sync_klines};
use rhymedb::data::Calendar;
use rhymedb::{Error, OpenOptions, SeriesBars};

use crate::market::Market;
use crate::server::{Act, Habits, Server, envelope};
use crate::{builder, client, download, request};

const OK: &str = "HTTP/1.1 200 OK\r\n";

fn server() -> Server {
    Server::start(
        Market::new("1h", "60", "2024-01-01", 1200),
        Habits::default(),
    )
}

/// The error of a download, which must be short and printable.
fn told(server: &Server, change: fn(BybitClientBuilder) -> BybitClientBuilder) -> String {
    let client = change(builder(server)).build().unwrap();
    let market = server.market();
    let outcome = sync_klines(&client, &request(market), market.now(), &mut |_| Ok(()));
    let Err(Error::Remote(message)) = outcome else {
        panic!("expected Error::Remote, found {outcome:?}");
    };
    assert!(
        message.len() < 600,
        "{} bytes: {message:.200}",
        message.len()
    );
    assert!(!message.contains(char::is_control), "{message:?}");
    message
}

#[test]
fn answers_without_an_end_are_cut_off() {
    let mib = vec![b' '; 1 << 20];
    let chunk = [b"100000\r\n".as_slice(), &mib, b"\r\n"].concat();
    let header = format!("X-A: {}\r\n", "a".repeat(10_000)).into_bytes();
    let soon = Duration::from_micros(1);
    let slow = Duration::from_millis(20);
    let cases: [(&str, Vec<u8>, Duration, &str); 6] = [
        (
            "Transfer-Encoding: chunked\r\n\r\n",
            chunk,
            soon,
            "at most 8 MiB",
        ),
        ("Connection: close\r\n\r\n", mib, soon, "at most 8 MiB"),
        ("", header, soon, "after 2 attempts"),
        ("X-A: ", b"a".to_vec(), slow, "after 2 attempts"),
        (
            "Content-Length: 9000\r\n\r\n",
            b" ".to_vec(),
            slow,
            "after 2 attempts",
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n",
            b"1\r\n \r\n".to_vec(),
            slow,
            "after 2 attempts",
        ),
    ];
    for (head, block, pause, why) in cases {
        let server = server();
        let start: &'static str = String::leak(format!("{OK}{head}"));
        server.always(Act::Endless(start, block, pause));
        let begun = Instant::now();
        let message = told(&server, |b| {
            b.attempts(2).timeout(Duration::from_millis(400))
        });
        assert!(message.contains(why), "{head:?}: {message}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{head:?}");
    }
}

#[test]
fn answers_that_never_begin_are_waited_for_in_bounds() {
    let server = server();
    let block = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
    server.always(Act::Endless("", block, Duration::from_millis(1)));
    let begun = Instant::now();
    let message = told(&server, |b| {
        b.attempts(2).timeout(Duration::from_millis(400))
    });
    assert!(message.contains("after 2 attempts"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn no_redirect_is_followed_wherever_it_leads() {
    let (server, elsewhere) = (server(), server());
    let there = elsewhere.url();
    for status in [301, 302, 303, 307, 308] {
        for location in [
            there.as_str(),
            "file:///etc/hostname",
            "http://bybit.invalid/",
            "//bybit.invalid/v5",
            "/v5/market/kline",
            "javascript:0",
        ] {
            server.next([
                Act::Raw(status, Vec::new(), String::new()).with_header("Location", location)
            ]);
            let message = told(&server, |b| b);
            assert!(message.contains("redirects are not followed"), "{message}");
            assert_eq!(server.take_count(), 1, "{status} {location}");
        }
    }
    assert_eq!(elsewhere.take_count(), 0);
}

#[test]
fn long_and_unprintable_answers_are_quoted_in_short() {
    let server = server();
    let long = "\\u001b[2J\\n".repeat(20_000);
    let result =
        |list: &str| format!(r#"{{"category":"linear","symbol":"BTCUSDT","list":{list}}}"#);
    let row = |open: &str| format!(r#"[["1704067200000","{open}","1","1","1","1","1"]]"#);
    for act in [
        Act::json(&envelope(10005, &long, "{}", None)),
        Act::json(&envelope(10001, &long, "{}", None)),
        Act::json(&envelope(0, "", &result(&row(&long)), None)),
        Act::json(&envelope(0, "", &result(&format!("\"{long}\"")), None)),
        Act::json(&envelope(0, "", &result("[]").replace("BTC", &long), None)),
        Act::json(&"\u{1b}[2J\n".repeat(20_000)),
        Act::Raw(404, Vec::new(), "\u{1b}[2J\n".repeat(20_000)),
        Act::json("x").with_header("Content-Encoding", "x".repeat(20_000)),
        Act::Raw(302, Vec::new(), String::new()).with_header("Location", "x".repeat(20_000)),
    ] {
        server.next([act]);
        told(&server, |b| b);
    }
}

/// A tree of values would take ninety times the memory of these 8 MiB.
#[test]
fn an_answer_of_many_small_values_is_refused_by_its_form() {
    let server = server();
    let many = format!("[{}[0]]", "[0],".repeat(2_000_000));
    server.always(Act::json(&envelope(0, "", &many, None)));
    let begun = Instant::now();
    assert!(told(&server, |b| b).contains("lists of 7 texts"));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_server_with_ever_older_candles_ends_in_1970() {
    let market = Market::new("1M", "M", "1960-01-01", 400);
    let habits = Habits {
        page_cap: 1,
        ..Habits::default()
    };
    let server = Server::start(market.clone(), habits);
    let all = download(&server, None, market.time).unwrap();
    let since_1970 = market.opens.iter().filter(|open| **open >= 0).count();
    // The last candle is open.
    assert_eq!(all.len(), since_1970 - 1);
    assert_eq!(server.take_count(), since_1970);
}

#[test]
fn a_candle_that_changes_from_page_to_page_counts_once() {
    let server = server();
    // The border of the pages comes again with another close.
    server.next([
        Act::Answer,
        Act::Rows(|rows| {
            let mut border = rows[0].clone();
            let open: i64 = border[0].parse().unwrap();
            border[0] = (open + 3_600_000).to_string();
            border[4] = border[1].clone();
            rows.insert(0, border);
            rows.truncate(1000);
        }),
    ]);
    let market = server.market();
    let all = download(&server, None, market.time).unwrap();
    assert_eq!(all, market.truth(None, market.time));
}

#[test]
fn what_was_stored_before_a_bad_page_is_whole_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.path().join("m.rhyme"))
        .unwrap();
    let server = server();
    let market = server.market();
    let key = bybit_series_key(market.category(), market.symbol, market.interval).unwrap();
    let bad: [fn(&mut Vec<[String; 7]>); 3] = [
        |rows| {
            rows[90..110]
                .iter_mut()
                .for_each(|row| row[3] = "0".to_owned())
        },
        |rows| rows[90][0] = "-1".to_owned(),
        |rows| rows.swap(0, 1),
    ];
    let stored = || {
        let known = db.now().series().unwrap();
        let one = known.iter().find(|s| s.key == key)?;
        let last = one.last.map(|close| market.interval.open_of(close));
        one.first.zip(last)
    };
    let sync = || {
        let mut asked = request(market);
        asked.stored = stored();
        sync_klines(&client(&server), &asked, market.now(), &mut |bars| {
            let calendar = Calendar::Continuous;
            let key = key.clone();
            db.ingest_bars(&[SeriesBars {
                key,
                calendar,
                bars,
            }])
            .map(drop)
        })
    };
    for change in bad {
        // With something stored, the first answer is about its newest bar.
        server.next([Act::Answer, Act::Rows(change)]);
        let error = sync().unwrap_err();
        assert!(matches!(error, Error::Remote(_)), "{error}");
        let (first, last) = stored().unwrap();
        let now = db.now();
        let bars = now.bars(&key, None, None, None).unwrap().bars;
        assert_eq!(bars, market.truth(Some(first.millis()), last.millis()));
        assert_eq!(
            bars.len(),
            999,
            "the good page without the open candle, and nothing of the bad one"
        );
        db.verify(&rhymedb::Control::new()).unwrap();
    }
    sync().unwrap();
    let bars = db.now().bars(&key, None, None, None).unwrap().bars;
    assert_eq!(bars, market.truth(None, market.time));
}
