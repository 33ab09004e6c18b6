//! Targets, times and names as people type them, and the zone in which times are printed.

use super::world::{DAY, HOUR, START, World, closes, csv};

/// An hourly series that is stored as BTC-USD, and a daily one.
fn stored() -> World {
    let world = World::new();
    let hourly = csv(START, HOUR, &closes(300, 1));
    world.file("in/crypto/bybit/BTC-USD_1h.csv", hourly);
    let daily = csv(START, DAY, &closes(200, 3));
    world.file("in/equity/nyse/ACME-1d.csv", daily);
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world
}

#[test]
fn a_target_has_its_time_as_people_write_it() {
    let world = stored();
    let asked = |target: &str| {
        let answer = world.rhyme(&["similar", target, "--format", "json", "-k", "2"]);
        answer.json()["query"]["end"].as_str().unwrap().to_owned()
    };
    for typed in [
        "BTC-USD:1h@2021-01-09 14:00",
        "BTC-USD:1h@9 Jan 2021 14:00",
        "BTC-USD:1h@January 9, 2021 2:00 PM",
        "BTC-USD:1h@2021/01/09 14:00",
    ] {
        assert_eq!(asked(typed), "2021-01-09T14:00:00Z", "{typed}");
    }
    assert_eq!(asked("ACME@19 May 2021"), "2021-05-19T00:00:00Z");
    world.rhyme(&["similar", "BTC-USD:1h@05/06/21"]).fails(
        1,
        "may be 2021-05-06 or 2021-06-05; type the one that you mean",
    );
    world.rhyme(&["similar", "BTC-USD:1h@yesterday"]).fails(
        1,
        "means another one tomorrow; type the date itself, like 20",
    );
    world
        .rhyme(&["bars", "ACME", "--from", "5/31/2021"])
        .fails(2, "type 2021-05-31");
    let bars = [
        "bars",
        "ACME",
        "--from",
        "10 May 2021",
        "--to",
        "May 12, 2021",
    ];
    assert_eq!(world.rhyme(&bars).ok().lines().count(), 4);
}

#[test]
fn other_spellings_are_found_and_said() {
    let world = stored();
    for typed in [
        "btc-usd:1h",
        "BTCUSD:1h",
        "btc/usd",
        "crypto/bybit/BTC/USD:1h",
    ] {
        let run = world.rhyme(&["similar", typed, "-k", "2"]);
        let note = format!("note: {typed} is taken for crypto/bybit/BTC-USD:1h\n");
        assert_eq!(run.err, note);
        assert!(run.ok().starts_with("crypto/bybit/BTC-USD:1h from "));
    }
    let exact = world.rhyme(&["similar", "BTC-USD", "-k", "2"]);
    assert_eq!(exact.err, "");
    let filtered = world.rhyme(&["similar", "ACME", "--symbol", "btcusd,acme", "-k", "2"]);
    assert_eq!(
        filtered.err,
        "note: btcusd is taken for BTC-USD\nnote: acme is taken for ACME\n"
    );
    world.rhyme(&["bars", "acme"]).ok();
    world.rhyme(&["similar", "BTCUSDT:1h"]).fails(
        3,
        "no series BTCUSDT:1h; near it are: crypto/bybit/BTC-USD:1h",
    );
    world
        .rhyme(&["similar", "ACME", "--symbol", "ACNE"])
        .fails(3, "no symbol ACNE; near it are: ACME");
    world
        .rhyme(&["similar", "ZZZZZZ"])
        .fails(3, "`rhyme series` lists those that are stored");
}

#[test]
fn of_two_spellings_neither_is_taken() {
    let world = World::new();
    for symbol in ["BRK.B", "BRKB"] {
        let name = format!("in/equity/nyse/{symbol}_1d.csv");
        world.file(&name, csv(START, DAY, &closes(100, 5)));
    }
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world
        .rhyme(&["bars", "brk-b"])
        .fails(3, "one of: equity/nyse/BRK.B:1d, equity/nyse/BRKB:1d");
    // One that differs in case alone goes before one that differs in signs too.
    let run = world.rhyme(&["bars", "brkb"]);
    assert_eq!(run.err, "note: brkb is taken for equity/nyse/BRKB:1d\n");
}

#[test]
fn times_are_printed_in_the_zone_and_programs_read_utc() {
    let world = stored();
    let bars = ["bars", "BTC-USD", "--last", "1"];
    let in_zone = |args: &[&str]| {
        let mut command = world.command(args);
        super::world::run(command.env("RHYME_ZONE", "Europe/Berlin")).ok()
    };
    let table = in_zone(&bars);
    assert!(table.contains("2021-01-13T12:00:00+01:00"), "{table}");
    let said = world.rhyme(&[&bars[..], &["--print-zone", "America/New_York"]].concat());
    assert!(said.ok().contains("2021-01-13T06:00:00-05:00"));
    for format in ["json", "csv"] {
        let text = in_zone(&[&bars[..], &["--format", format]].concat());
        assert!(text.contains("2021-01-13T11:00:00Z"), "{text}");
    }
    let heading = in_zone(&["similar", "BTC-USD", "-k", "2"]);
    assert!(
        heading.contains(" to 2021-01-13T13:00:00+01:00, moved"),
        "{heading}"
    );
    assert!(!heading.contains("00Z"), "{heading}");
    world
        .rhyme(&["series", "--print-zone", "Berlin"])
        .fails(2, "expected a time zone like Europe/Berlin");
}
