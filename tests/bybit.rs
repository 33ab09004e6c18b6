//! Downloads from a server on this machine that behaves, and misbehaves, like Bybit.
#![cfg(feature = "http")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "bybit/faults.rs"]
mod faults;
#[path = "bybit/hostile.rs"]
mod hostile;
#[path = "bybit/market.rs"]
mod market;
#[path = "bybit/resume.rs"]
mod resume;
#[path = "bybit/server.rs"]
mod server;

use std::time::Duration;

use rhymedb::bybit::{BybitCategory, BybitClient, BybitClientBuilder, SyncRequest};
use rhymedb::{Bars, Interval, Result, Timestamp};

use market::Market;
use server::{Act, Habits, Server};

/// A client that loses no time, and that would hang for an hour if a test waited in vain.
fn builder(server: &Server) -> BybitClientBuilder {
    BybitClient::builder()
        .base_url(server.url())
        .requests_per_second(5000)
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .jitter_seed(7)
}

fn client(server: &Server) -> BybitClient {
    builder(server).build().unwrap()
}

fn request(market: &Market) -> SyncRequest {
    SyncRequest {
        category: market.category(),
        symbol: market.symbol.to_owned(),
        interval: market.interval,
        start: None,
        end: None,
        stored: None,
    }
}

/// All pages of a range, and whether they came as promised: from new to old, none empty.
fn download(server: &Server, start: Option<i64>, end: i64) -> Result<Bars> {
    let market = server.market();
    let client = client(server);
    let mut pages: Vec<Bars> = client
        .klines_before(
            market.category(),
            market.symbol,
            market.interval,
            start.map(Timestamp::from_millis),
            Timestamp::from_millis(end),
            market.now(),
        )?
        .collect::<Result<_>>()?;
    assert!(pages.iter().all(|page| !page.is_empty()));
    pages.reverse();
    let mut all = Bars::default();
    for page in &pages {
        all.extend(page);
    }
    assert!(all.time.is_sorted_by(|a, b| a < b));
    Ok(all)
}

/// 4,300 hours with an outage longer than a page and a short one.
fn hours() -> Market {
    Market::new("1h", "60", "2023-03-01", 4300)
        .without(1500..2700)
        .without(700..701)
}

#[test]
fn all_history_comes_without_the_open_candle() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let all = download(&server, None, market.time).unwrap();
    assert_eq!(all, market.truth(None, market.time));
    assert_eq!(all.len(), market.opens.len() - 1);
    // 4 pages hold it, and an empty one says that nothing is older.
    assert_eq!(server.asked("start"), vec![None; 5]);
    assert_eq!(server.take_count(), 5);
}

#[test]
fn every_range_comes_whole_whatever_an_overfull_range_gives() {
    let market = hours();
    let hour = 3_600_000;
    for overfull_gives_oldest in [false, true] {
        for end_reaches_next in [false, true] {
            let habits = Habits {
                overfull_gives_oldest,
                end_reaches_next,
                ..Habits::default()
            };
            let server = Server::start(market.clone(), habits);
            for (from, to) in [
                (0, 0),
                (0, 3),
                (1, 1000),
                (0, 998),
                (5, 1004),
                (400, 2000),
                (1600, 2598),
                (1600, 2599),
                (1600, 2600),
                (1600, 3098),
            ] {
                for (early, late) in [(0, 0), (1, 0), (0, hour - 1), (hour - 1, 1), (-1, hour)] {
                    let start = market.opens[from] + early;
                    let end = market.opens[to] + late;
                    if start > end {
                        continue;
                    }
                    // The candle right after the end is one that was not asked for, unless it is
                    // the border to a page before.
                    let strange = end_reaches_next && market.opens.contains(&(end + 1));
                    match download(&server, Some(start), end) {
                        Ok(bars) => assert_eq!(bars, market.truth(Some(start), end)),
                        Err(error) => assert!(strange, "{from}..{to} {early} {late}: {error}"),
                    }
                }
            }
        }
    }
}

#[test]
fn pages_that_are_shorter_than_asked_lose_nothing() {
    let market = Market::new("15m", "15", "2024-01-01", 300).without(50..90);
    for page_cap in [1, 7, 299] {
        let habits = Habits {
            page_cap,
            ..Habits::default()
        };
        let server = Server::start(market.clone(), habits);
        let all = download(&server, None, market.time).unwrap();
        assert_eq!(all, market.truth(None, market.time), "{page_cap}");
    }
}

#[test]
fn every_interval_of_bybit_is_asked_for_in_its_words() {
    for (interval, code, first) in [
        ("1m", "1", "2024-01-01"),
        ("3m", "3", "2024-01-01"),
        ("5m", "5", "2024-01-01"),
        ("15m", "15", "2024-01-01"),
        ("30m", "30", "2024-01-01"),
        ("60m", "60", "2024-01-01"),
        ("2h", "120", "2024-01-01"),
        ("4h", "240", "2024-01-01"),
        ("6h", "360", "2024-01-01"),
        ("12h", "720", "2024-01-01"),
        ("24h", "D", "2024-01-01"),
        ("7d", "W", "2024-01-01"),
        ("1M", "M", "2023-11-01"),
    ] {
        let server = Server::start(Market::new(interval, code, first, 30), Habits::default());
        let market = server.market();
        let all = download(&server, None, market.time).unwrap();
        assert_eq!(all, market.truth(None, market.time), "{interval}");
        assert_eq!(all.len(), 29);
        let part = download(&server, Some(market.opens[3]), market.opens[8]).unwrap();
        assert_eq!(part.time, market.opens[3..=8], "{interval}");
    }
}

#[test]
fn each_category_is_asked_for_by_name() {
    for category in ["spot", "linear", "inverse"] {
        let mut market = Market::new("1d", "D", "2024-01-01", 10);
        market.category = category;
        let server = Server::start(market, Habits::default());
        let all = download(&server, None, server.market().time).unwrap();
        assert_eq!(all.len(), 9);
        assert_eq!(server.asked("category"), vec![Some(category.to_owned()); 2]);
    }
}

#[test]
fn a_candle_is_closed_once_the_server_says_so_else_by_the_callers_clock() {
    let mut market = Market::new("1h", "60", "2024-01-01", 5);
    market.time += 1;
    let server = Server::start(market, Habits::default());
    let market = server.market();
    let end = market.now();
    let hour = Interval::hours(1);
    let download = |now: Timestamp| -> usize {
        client(&server)
            .klines_before(BybitCategory::Linear, "BTCUSDT", hour, None, end, now)
            .unwrap()
            .map(|page| page.unwrap().len())
            .sum()
    };
    // The last candle has just closed, and the caller's clock is wrong.
    assert_eq!(download(end.plus_millis(-5000)), 5);
    server.always(Act::NoTime);
    assert_eq!(download(end), 5);
    assert_eq!(download(end.plus_millis(-1)), 4);
}

#[test]
fn bad_requests_are_refused_before_anything_is_sent() {
    let server = Server::start(hours(), Habits::default());
    let client = client(&server);
    let end = server.market().now();
    let ask = |symbol: &str, interval: &str, start: Option<Timestamp>| {
        let interval = interval.parse().unwrap();
        let pages = client.klines_before(BybitCategory::Spot, symbol, interval, start, end, end);
        pages.unwrap_err().to_string()
    };
    assert!(ask("BTCUSDT", "8h", None).contains("choose one of 1m, 3m, 5m, 15m"));
    assert!(ask("BTCUSDT", "10s", None).contains("Bybit has no candles of 10s"));
    assert!(ask("btcusdt", "1h", None).contains("try BTCUSDT"));
    assert!(ask("", "1h", None).contains("expected a symbol"));
    assert!(ask("BTCUSDT", "1h", Some(end.plus_millis(1))).contains("a start before the end"));
    let build = |change: fn(BybitClientBuilder) -> BybitClientBuilder| {
        change(builder(&server)).build().unwrap_err().to_string()
    };
    assert!(build(|b| b.attempts(0)).contains("at least 1 attempt"));
    assert!(build(|b| b.timeout(Duration::ZERO)).contains("timeouts above 0"));
    assert!(build(|b| b.backoff(Duration::ZERO, Duration::MAX)).contains("no wait above"));
    assert!(build(|b| b.requests_per_second(0)).contains("1 to 10000"));
    assert!(build(|b| b.base_url("http://api.bybit.com")).contains("for this machine only"));
    assert_eq!(server.take_count(), 0);
}

#[test]
fn threads_share_a_client() {
    let server = Server::start(hours(), Habits::default());
    let market = server.market();
    let shared = builder(&server).requests_per_second(200).build().unwrap();
    let truth = market.truth(None, market.time);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let client = shared.clone();
            let truth = &truth;
            scope.spawn(move || {
                let mut times = Vec::new();
                let report = rhymedb::bybit::sync_klines(
                    &client,
                    &request(market),
                    market.now(),
                    &mut |bars| {
                        times.splice(0..0, bars.time.iter().copied());
                        Ok(())
                    },
                )
                .unwrap();
                assert_eq!(times, truth.time);
                assert_eq!((report.pages, report.retries), (5, 0));
            });
        }
    });
    assert_eq!(server.take_count(), 20);
}

#[test]
fn the_open_candle_comes_as_it_stands() {
    let market = Market::new("1h", "60", "2024-01-01", 50);
    let (newest, now) = (market.opens[49], market.now());
    let server = Server::start(market.clone(), Habits::default());
    let open = |server: &Server| {
        let (category, interval) = (market.category(), market.interval);
        let asked = client(server).open_kline(category, market.symbol, interval, now);
        asked.unwrap()
    };
    assert_eq!(open(&server), Some(market.bar(newest)));
    // A minute later it has closed, and no other is open yet.
    let mut later = market.clone();
    later.time += 60_000;
    assert_eq!(open(&Server::start(later, Habits::default())), None);
}
