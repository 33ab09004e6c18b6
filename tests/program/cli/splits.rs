//! Shares that were split: noticed, adjusted while they come in, mended where they are stored.

use std::fmt::Write as _;

use serde_json::Value;

use crate::world::{DAY, START, World, closes, field, time};

const DAYS: usize = 160;
/// The first day with the new price.
const SPLIT: usize = 90;

fn factor(day: usize) -> f64 {
    if day < SPLIT { 4.0 } else { 1.0 }
}

/// Daily bars of a share; unadjusted ones with the adjusted close in a column.
fn share(adjusted: bool) -> String {
    let mut text = "Date,Open,High,Low,Close,Adj Close,Volume\n".to_owned();
    for (day, close) in closes(DAYS, 21).into_iter().enumerate() {
        let by = if adjusted { 1.0 } else { factor(day) };
        let [open, high, low, last] =
            [close * 1.001, close * 1.002, close * 0.99, close].map(|p| p * by);
        let volume = 1000.0 / by;
        writeln!(
            text,
            "{},{open:?},{high:?},{low:?},{last:?},{close:?},{volume:?}",
            time(START + day as i64 * DAY)
        )
        .unwrap();
    }
    text
}

fn on() -> String {
    time(START + SPLIT as i64 * DAY)
}

/// The closes and volumes of a series, and the answer to a question about it.
fn stored(world: &World, name: &str) -> (Vec<[f64; 2]>, Value) {
    let bars = world
        .rhyme(&["bars", name, "--last", "0", "--format", "json"])
        .rows("bars");
    let bars = bars
        .as_array()
        .unwrap()
        .iter()
        .map(|b| ["close", "volume"].map(|key| b[key].as_f64().unwrap()));
    let similar = world
        .rhyme(&["similar", name, "-k", "3", "--exact", "--format", "json"])
        .json();
    (bars.collect(), similar["hits"].clone())
}

fn near(a: &[[f64; 2]], b: &[[f64; 2]]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
        assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
    }
}

/// A database of the share, unadjusted, and the command that its notes say.
fn unadjusted() -> (World, String) {
    let world = World::new();
    world.file("in/equity/nyse/ACME-1d.csv", share(false));
    let ingest = world.rhyme(&["ingest", "bars", "in", "--spaces", "shape"]);
    let command = format!("rhyme adjust equity/nyse/ACME:1d --split 4:1 --on {}", on());
    for note in [
        "1 jump as in a split: the price goes from",
        &format!("`{command}`"),
        "is not used; --adjusted uses it",
    ] {
        assert!(ingest.err.contains(note), "{note}: {}", ingest.err);
    }
    ingest.ok();
    (world, command)
}

/// What the doctor says of splits.
fn doctor(world: &World) -> Value {
    let all = world.rhyme(&["doctor", "--format", "json"]).json();
    let mut all = all.as_array().unwrap().iter();
    all.find(|f| f["check"] == "splits").unwrap().clone()
}

#[test]
fn a_split_is_noticed_and_mended_once() {
    let (world, command) = unadjusted();
    let found = doctor(&world);
    assert_eq!(found["state"], "note");
    let advice = found["advice"].as_str().unwrap();
    assert!(advice.contains(&format!("`{command}`")), "{advice}");

    // The hint, as it was printed.
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let out = world.rhyme(&words).ok();
    assert!(out.contains("equity/nyse/ACME:1d"), "{out}");
    assert!(out.contains("windows embedded again"), "{out}");
    let mended = stored(&world, "ACME");
    let right = World::new();
    right.file("in/equity/nyse/ACME-1d.csv", share(true));
    right
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    near(&mended.0, &stored(&right, "ACME").0);
    world.rhyme(&["verify"]).ok();

    // A second time does not divide again.
    let again = world
        .rhyme(&words)
        .fails(1, "the bars may be adjusted already");
    assert!(again.err.contains("nothing was changed"), "{}", again.err);
    assert_eq!(stored(&world, "ACME"), mended);
    assert_eq!(doctor(&world)["state"], "ok");
}

#[test]
fn what_would_make_things_worse_is_refused() {
    let (world, _) = unadjusted();
    let before = stored(&world, "ACME");
    let on = on();
    let adjust = |name: &str, split: &str, on: &str| {
        world.rhyme(&["adjust", name, "--split", split, "--on", on])
    };
    let fails = |split: &str, on: &str, code: i32, message: &str| {
        adjust("ACME", split, on).fails(code, message);
    };
    fails("2:1", &on, 1, "expected a jump near 0.5000 times the price");
    fails("1:4", &on, 1, "expected a jump near 4.0000");
    fails("4:1", "2021-02-01", 1, "expected a jump");
    fails("4:1", "1990-01-01", 1, "no bars on both sides");
    fails("4:1", "2030-01-01", 1, "no bars on both sides");
    fails("4:4", &on, 2, "two different numbers");
    fails("0:1", &on, 2, "two different numbers");
    fails("four", &on, 2, "expected a split like 4:1");
    adjust("NOPE", "4:1", &on).fails(3, "no series NOPE");
    assert_eq!(stored(&world, "ACME"), before);
}

#[test]
fn adjusted_closes_are_taken_as_they_come_in() {
    let world = World::new();
    world.file("in/equity/nyse/ACME-1d.csv", share(false));
    let run = world.rhyme(&["ingest", "bars", "in", "--adjusted", "--spaces", "shape"]);
    assert!(!run.err.contains("split"), "{}", run.err);
    assert_eq!(field(&run.ok(), "bars added"), DAYS.to_string());
    let bars = world
        .rhyme(&["bars", "ACME", "--last", "0", "--format", "json"])
        .rows("bars");
    for (bar, close) in bars.as_array().unwrap().iter().zip(closes(DAYS, 21)) {
        assert_eq!(bar["close"].as_f64().unwrap(), close);
        let high = bar["high"].as_f64().unwrap();
        assert!((high / close - 1.002).abs() < 1e-9, "{bar}");
    }
    world.file(
        "plain/equity/nyse/B-1d.csv",
        share(true).replace("Adj Close", "Other"),
    );
    let none = ["ingest", "bars", "plain", "--adjusted"];
    world
        .rhyme(&none)
        .fails(1, "no column for the adjusted among");
}

#[test]
fn only_series_that_show_the_split_are_mended() {
    let world = World::new();
    world.file("in/equity/nyse/ACME-1d.csv", share(false));
    world.file(
        "in/equity/adjusted/ACME-1d.csv",
        share(true).replace("Adj Close", "Other"),
    );
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape", "-q"])
        .ok();
    let split = ["--split", "4:1", "--on", &on()];
    let run = world.rhyme(&[&["adjust", "ACME", "--format", "json"], &split[..]].concat());
    let note = "equity/adjusted/ACME:1d does not show the split and stays as it is";
    assert!(run.err.contains(note), "{}", run.err);
    let answer = run.json();
    assert_eq!(answer["adjusted"].as_array().unwrap().len(), 1);
    assert_eq!(answer["adjusted"][0]["series"], "equity/nyse/ACME:1d");
    assert_eq!(answer["adjusted"][0]["bars"], SPLIT);
    assert_eq!(
        answer["unchanged"],
        serde_json::json!(["equity/adjusted/ACME:1d"])
    );
    let [a, b] = ["equity/nyse/ACME:1d", "equity/adjusted/ACME:1d"].map(|s| stored(&world, s).0);
    near(&a, &b);

    // One name of two markets is refused.
    world.file("more/crypto/x/ACME-1d.csv", share(true));
    world.rhyme(&["ingest", "bars", "more", "-q"]).ok();
    let several = world.rhyme(&[&["adjust", "ACME"], &split[..]].concat());
    several.fails(3, "crypto/x/ACME:1d");
}

#[test]
fn a_bar_that_lasts_over_the_split_is_refused() {
    let world = World::new();
    world.file("in/equity/nyse/ACME-1d.csv", share(false));
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape", "-q"])
        .ok();
    // In the middle of a day.
    let noon = time(START + SPLIT as i64 * DAY - DAY / 2);
    let run = world.rhyme(&["adjust", "ACME", "--split", "4:1", "--on", &noon]);
    run.fails(1, "expected a split between two bars");
}
