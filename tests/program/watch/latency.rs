//! How long it takes from a close to its alerts.

use std::time::{Duration, Instant};

use crate::exchange::{Exchange, symbols, world};
use crate::runs::{each_once, lines, parsed, stop, until};
use crate::world::START;

const MINUTE: i64 = 60_000;

/// Fifty symbols by the minute, an exchange whose clock runs, and no option that makes it look more often. On a busy machine
/// this takes longer than on yours; the figure is printed.
#[test]
fn alerts_of_fifty_symbols_come_soon_after_their_close() {
    const HISTORY: i64 = 240;
    let symbols = symbols(50);
    let exchange = Exchange::start(&symbols, (MINUTE, "1"), HISTORY);
    let world = world(&exchange, &symbols, "1m");
    world.file(
        "always.json",
        r#"{"name": "always", "when": {"kind": "anomaly", "p_below": 1.0}}"#,
    );
    world.file(
        "analogs.json",
        r#"{"name": "analogs", "when": {"kind": "analogs", "horizon": 5, "outcomes": 1, "k": 10}}"#,
    );
    let series: Vec<String> = symbols.iter().map(|s| format!("{s}:1m")).collect();
    let (series, url) = (series.join(","), exchange.url());
    // The close of candle 242 is twelve seconds away.
    let before = 12_000;
    exchange.run_from(HISTORY + 2, before);
    let closes = Instant::now() + Duration::from_millis(before as u64);
    let args = [
        "watch",
        "always.json",
        "analogs.json",
        "--series",
        &series,
        "--from",
        "bybit",
        "--base-url",
        &url,
        "--alerts",
        "alerts.jsonl",
    ];
    let watch = world.command(&args).spawn().unwrap();
    let close = crate::world::time(START + (HISTORY + 2) * MINUTE);
    let of_close = || {
        let all = lines(&world, "alerts.jsonl");
        all.iter()
            .filter(|l| l["rule"] == "always" && l["close"] == close.as_str())
            .count()
    };
    until("the first round is done", || {
        lines(&world, "alerts.jsonl").len() >= 50
    });
    let quiet = exchange.requests();
    assert!(
        Instant::now() < closes,
        "the first round took too long to measure anything"
    );
    assert_eq!(of_close(), 0, "no alert before the close");
    until("all alerts are there", || of_close() == 50);
    let took = Instant::now().saturating_duration_since(closes);
    println!("close to alert, 50 symbols, 2 rules: {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let asked = exchange.requests() - quiet;
    assert!(
        (50..=150).contains(&asked),
        "it asks at the close, and not all the time: {asked}"
    );
    let run = stop(watch);
    assert_eq!(run.code, Some(130), "{}", run.err);
    assert!(
        run.err.contains("note: the clock of this machine says"),
        "{}",
        run.err
    );
    each_once(&lines(&world, "alerts.jsonl"));
}

/// A round that begins before the candle is served waits for it: cron is punctual, and an exchange is not.
#[test]
fn one_round_waits_for_the_candle_of_the_last_moment() {
    const HISTORY: i64 = 240;
    let symbols = symbols(2);
    let exchange = Exchange::start(&symbols, (60 * MINUTE, "60"), HISTORY);
    let world = world(&exchange, &symbols, "1h");
    world.file(
        "always.json",
        r#"{"name": "always", "when": {"kind": "anomaly", "p_below": 1.0}}"#,
    );
    exchange.turn_to(HISTORY + 1);
    for symbol in &symbols {
        exchange.hold_back(symbol, HISTORY as usize, true);
    }
    let url = exchange.url();
    let series = "S00USDT:1h,S01USDT:1h";
    let args = [
        "watch",
        "always.json",
        "--series",
        series,
        "--from",
        "bybit",
        "--base-url",
        &url,
        "--once",
    ];
    let watch = world.command(&args).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    exchange.hold_back(&symbols[0], HISTORY as usize, false);
    std::thread::sleep(Duration::from_millis(700));
    exchange.hold_back(&symbols[1], HISTORY as usize, false);
    let output = watch.wait_with_output().unwrap();
    assert!(output.status.success());
    let all = parsed(&String::from_utf8(output.stdout).unwrap());
    let close = crate::world::time(START + (HISTORY + 1) * 60 * MINUTE);
    let of = all.iter().filter(|line| line["close"] == close.as_str());
    assert_eq!(of.count(), 2, "{all:?}");
    // One that never comes is not waited for any longer than was said.
    exchange.run_from(HISTORY + 2, -1000);
    exchange.hold_back(&symbols[1], HISTORY as usize + 1, true);
    let start = Instant::now();
    let args = [&args[..], &["--patience", "2500ms"]].concat();
    let late = parsed(&world.rhyme(&args).ok());
    assert_eq!(late.len(), 1, "of the symbol that was there: {late:?}");
    assert!(start.elapsed() > Duration::from_secs(1));
    exchange.hold_back(&symbols[1], HISTORY as usize + 1, false);
    let last = parsed(&world.rhyme(&args).ok());
    assert_eq!(last.len(), 1, "and of the other when it came: {last:?}");
    assert_eq!(last[0]["window"]["symbol"], "S01USDT");
}
