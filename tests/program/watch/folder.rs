//! A folder that grows.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::runs::{
    Truth, each_once, ids, lines, parsed, rule, signal_part, signal_to, stop, until,
};
use crate::world::{HOUR, START, World, closes, csv, time};

/// Says something at some closes and nothing at others.
const SOME: &str = r#"{"name": "some", "when": {"kind": "anomaly", "p_below": 0.6}}"#;
/// Says something at every close.
const ALWAYS: &str = r#"{"name": "always", "when": {"kind": "anomaly", "p_below": 1.0}}"#;
const SERIES: &str = "crypto/binance/AAAUSDT:1h";
const ONCE: [&str; 7] = [
    "watch",
    "some.json",
    "--series",
    "AAAUSDT:1h",
    "--from",
    "in",
    "--once",
];

/// A folder with so many hours of AAAUSDT.
fn grow(world: &World, hours: usize) {
    let text = csv(START, HOUR, &closes(hours, 1));
    // Whole at any moment.
    world.file("new", text);
    let to = world.path("in/crypto/binance/AAAUSDT-1h.csv");
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::rename(world.path("new"), to).unwrap();
}

fn world(hours: usize) -> World {
    let world = World::new();
    world.file("some.json", SOME);
    world.file("always.json", ALWAYS);
    grow(&world, hours);
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world
}

fn at(hour: usize) -> String {
    time(START + hour as i64 * HOUR)
}

/// Compares the alerts of closes from `first` to `last` with the database.
fn compare(world: &World, text: &str, alerts: &[Value], (first, last): (usize, usize)) {
    let (truth, rule) = (Truth::of(world, "market.rhyme"), rule(text));
    let (mut spoke, mut expected) = (false, Vec::new());
    for close in (first..=last).map(at) {
        let said = truth.at(&rule, SERIES, &close);
        let kind = match (said.verdict.is_nothing(), spoke) {
            (false, _) => Some("signal"),
            (true, true) => Some("end"),
            (true, false) => None,
        };
        spoke = kind == Some("signal");
        expected.extend(kind.map(|kind| (close, kind.to_owned(), said.text)));
    }
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let found: Vec<_> = alerts
        .iter()
        .map(|line| (text(line, "close"), text(line, "kind"), signal_part(line)))
        .collect();
    assert_eq!(found, expected);
    each_once(alerts);
    // The same closes and sizes as in a replay, which trades on them.
    let wanted = alerts.iter().filter(|line| line["kind"] == "signal");
    let wanted: Vec<(String, f64)> = wanted
        .map(|line| {
            let sign = if line["side"] == "long" { 1.0 } else { -1.0 };
            (text(line, "close"), sign * line["size"].as_f64().unwrap())
        })
        .collect();
    assert_eq!(wanted, truth.replayed(&rule, SERIES, &at(first)));
}

#[test]
fn rounds_go_on_where_the_last_one_ended() {
    let world = world(300);
    let mut all = world.rhyme(&ONCE).ok();
    assert!(parsed(&all).len() <= 1, "the latest close alone: {all}");
    assert_eq!(world.rhyme(&ONCE).ok(), "", "a close is decided once");
    // One hour, none, and many at once.
    for hours in [301, 301, 340] {
        grow(&world, hours);
        all += &world.rhyme(&ONCE).ok();
    }
    let alerts = parsed(&all);
    compare(&world, SOME, &alerts, (300, 340));
    let kinds = |kind| alerts.iter().filter(|line| line["kind"] == kind).count();
    assert!(kinds("signal") > 3 && kinds("end") > 3, "{all}");
    // Bars that somebody else stored meanwhile are decided too.
    grow(&world, 344);
    world.rhyme(&["ingest", "bars", "in"]).ok();
    all += &world.rhyme(&ONCE).ok();
    compare(&world, SOME, &parsed(&all), (300, 344));
    world.rhyme(&["verify"]).ok();
}

#[test]
fn a_rule_begins_where_it_is_told_to() {
    let world = world(300);
    let since = at(290);
    let args = [&ONCE[..], &["--since", &since]].concat();
    let alerts = parsed(&world.rhyme(&args).ok());
    compare(&world, SOME, &alerts, (290, 300));
    let again = world.rhyme(&args);
    assert!(
        again.err.contains("so --since does not count for it"),
        "{}",
        again.err
    );
    assert_eq!(again.ok(), "");
    // Another rule begins by itself.
    let other = [
        "watch",
        "always.json",
        "--series",
        "AAAUSDT",
        "--from",
        "in",
        "--once",
    ];
    assert_eq!(parsed(&world.rhyme(&other).ok()).len(), 1);
}

#[test]
fn killed_at_any_moment_it_loses_and_doubles_nothing() {
    let world = world(300);
    let args = [
        "watch",
        "some.json",
        "always.json",
        "--series",
        "AAAUSDT:1h",
        "--from",
        "in",
        "--every",
        "20ms",
        "--alerts",
        "alerts.jsonl",
    ];
    let start = || world.command(&args).stderr(Stdio::null()).spawn().unwrap();
    let mut watch = start();
    until("it begins", || !lines(&world, "alerts.jsonl").is_empty());
    let mut dice = 7_u64;
    for hours in 301..=325 {
        grow(&world, hours);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(dice >> 57));
        signal_to(&watch, "-KILL");
        watch.wait().unwrap();
        watch = start();
    }
    let last = at(325);
    let done = || {
        lines(&world, "alerts.jsonl")
            .iter()
            .any(|l| l["rule"] == "always" && l["close"] == last.as_str())
    };
    until("the last close is decided", done);
    stop(watch);
    let all = lines(&world, "alerts.jsonl");
    let of =
        |rule: &str| -> Vec<Value> { all.iter().filter(|l| l["rule"] == rule).cloned().collect() };
    compare(&world, ALWAYS, &of("always"), (300, 325));
    compare(&world, SOME, &of("some"), (300, 325));
    world.rhyme(&["verify"]).ok();
}

#[test]
fn corrected_bars_are_told_if_the_rule_says_something_else() {
    let world = world(300);
    let args = [
        "watch",
        "always.json",
        "--series",
        "AAAUSDT:1h",
        "--from",
        "in",
        "--once",
    ];
    let before = parsed(&world.rhyme(&args).ok());
    assert_eq!(before[0]["kind"], "signal");
    // The last close is on the other side of all closes near it.
    let turned = if before[0]["side"] == "long" {
        0.5
    } else {
        2.0
    };
    let mut prices = closes(300, 1);
    prices[299] *= turned;
    world.file(
        "in/crypto/binance/AAAUSDT-1h.csv",
        csv(START, HOUR, &prices),
    );
    let run = world.rhyme(&args);
    let told = "were corrected: always says something else at 2021-01-13T12:00:00Z than it did";
    assert!(run.err.contains(told), "{}", run.err);
    let after = parsed(&run.ok());
    assert_eq!(after.len(), 1);
    assert_eq!(after[0]["kind"], "corrected");
    assert_eq!(after[0]["before"]["side"], before[0]["side"]);
    assert_ne!(after[0]["side"], before[0]["side"]);
    assert_eq!(ids(&after)[0], format!("{} corrected 1", ids(&before)[0]));
    let truth = Truth::of(&world, "market.rhyme");
    assert_eq!(
        signal_part(&after[0]),
        truth.at(&rule(ALWAYS), SERIES, &at(300)).text
    );
    // A correction that changes nothing of what is said is no news.
    prices[299] *= 1.0001;
    world.file(
        "in/crypto/binance/AAAUSDT-1h.csv",
        csv(START, HOUR, &prices),
    );
    assert_eq!(world.rhyme(&args).ok(), "");
    assert_eq!(world.rhyme(&args).ok(), "");
}

#[test]
fn others_read_beside_it_and_do_not_write() {
    let world = world(300);
    let args = [
        "watch",
        "always.json",
        "--series",
        "AAAUSDT:1h",
        "--from",
        "in",
        "--every",
        "50ms",
    ];
    let watch = world.command(&args).spawn().unwrap();
    until("it holds the database", || {
        world.rhyme(&["compact"]).code == Some(4)
    });
    grow(&world, 301);
    let bars = || {
        world
            .rhyme(&["bars", "AAAUSDT:1h", "--last", "1"])
            .ok()
            .contains(&at(300))
    };
    until("who reads sees the new bar", bars);
    world.rhyme(&["signal", "always.json", "AAAUSDT:1h"]).ok();
    let held = format!("is in use by process {} (", watch.id());
    world
        .rhyme(&[
            "watch",
            "always.json",
            "--series",
            "AAAUSDT:1h",
            "--from",
            "in",
        ])
        .fails(4, &held);
    let run = stop(watch);
    assert_eq!(run.code, Some(130), "{}", run.err);
    assert!(
        run.err.contains("watching 1 rule on 1 series from in"),
        "{}",
        run.err
    );
    assert!(run.err.contains("rhyme: interrupted"), "{}", run.err);
    assert!(!parsed(&run.out).is_empty());
}

#[test]
fn a_file_that_cannot_be_read_is_told_once_and_stops_nothing() {
    let world = world(300);
    let args = [
        "watch",
        "always.json",
        "--series",
        "AAAUSDT:1h",
        "--from",
        "in",
        "--every",
        "20ms",
        "--alerts",
        "a",
    ];
    let watch = world.command(&args).spawn().unwrap();
    until("it begins", || lines(&world, "a").len() == 1);
    world.file(
        "in/crypto/binance/BBBUSDT-1h.csv",
        "time,open,high,low,close,volume\n2021-01-01,1,2,3\n",
    );
    std::thread::sleep(Duration::from_millis(500));
    grow(&world, 301);
    until("the other file is read", || lines(&world, "a").len() == 2);
    let run = stop(watch);
    assert_eq!(run.err.matches("BBBUSDT-1h.csv").count(), 1, "{}", run.err);
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let world = world(300);
    let watch = |args: &[&str]| world.rhyme(&[&["watch"], args].concat());
    watch(&["some.json", "--series", "AAAUSDT:1h"]).fails(2, "--from");
    watch(&["some.json", "--from", "in"]).fails(2, "--series");
    watch(&["some.json", "--series", "XXX:1h", "--from", "in", "--once"])
        .fails(3, "no series XXX:1h");
    watch(&[
        "some.json",
        "some.json",
        "--series",
        "AAAUSDT",
        "--from",
        "in",
    ])
    .fails(1, "expected each rule once");
    watch(&["some.json", "--series", "AAAUSDT", "--from", "nowhere"]).fails(3, "no folder nowhere");
    watch(&[
        "some.json",
        "--series",
        "AAAUSDT@2021-01-05",
        "--from",
        "in",
    ])
    .fails(1, "expected a series");
    watch(&[
        "some.json",
        "--series",
        "AAAUSDT",
        "--from",
        "in",
        "--read-only",
    ])
    .fails(1, "read-only");
    watch(&[
        "some.json",
        "--series",
        "AAAUSDT",
        "--from",
        "in",
        "--",
        "--sideways",
    ])
    .fails(2, "--sideways");
    world.file(
        "in/crypto/binance/NEWUSDT-1h.csv",
        csv(START, HOUR, &closes(20, 5)),
    );
    watch(&["some.json", "--series", "NEWUSDT", "--from", "in"])
        .fails(3, "bring in more of its history");
    world.rhyme(&ONCE).ok();
    world.file("market.rhyme/watch.journal", "something else\n");
    world
        .rhyme(&ONCE)
        .fails(1, "to begin anew, remove the file");
}
