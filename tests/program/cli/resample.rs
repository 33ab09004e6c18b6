//! Longer bars made of stored ones.

use super::world::{DAY, HOUR, START, World, closes, csv, field};

/// 300 hours of AAAUSDT and 200 days of ACME.
fn stored() -> World {
    let world = World::new();
    world.write_market();
    world
}

#[test]
fn four_hours_and_days_are_made_and_follow() {
    let world = stored();
    let market = ["ingest", "bars", "in", "--spaces", "shape"];
    world.rhyme(&market).ok();
    let made = world.rhyme(&["resample", "aaausdt:1h", "1d", "4h"]);
    let table = made.ok();
    assert!(
        table.contains("crypto/binance/AAAUSDT:4h  crypto/binance/AAAUSDT:1h    75          0"),
        "{table}"
    );
    assert!(
        table.contains("crypto/binance/AAAUSDT:1d  crypto/binance/AAAUSDT:1h    12          1"),
        "{table}"
    );
    let series = world
        .rhyme(&["series", "AAAUSDT:4h", "--format", "json"])
        .rows("series");
    assert_eq!(series[0]["made_of"], "crypto/binance/AAAUSDT:1h");
    // Twelve hours more, by a file, are three bars more and end the 13th day.
    let more = csv(START + 300 * HOUR, HOUR, &closes(12, 9));
    world.file("more/crypto/binance/AAAUSDT-1h.csv", more);
    let report = world.rhyme(&["ingest", "bars", "more"]).ok();
    assert_eq!(field(&report, "bars made of others"), "4");
    let bars = world
        .rhyme(&["bars", "AAAUSDT:4h", "--last", "0", "--format", "csv"])
        .ok();
    assert_eq!(bars.lines().count(), 1 + 78);
    // They can be asked about as any others.
    world.rhyme(&["similar", "AAAUSDT:4h", "-k", "1"]).ok();
    world.rhyme(&["verify"]).ok();
}

#[test]
fn ingestion_makes_other_intervals_at_once() {
    let world = stored();
    let also = [
        "ingest", "bars", "in", "--spaces", "shape", "--also", "4h,1d,1w",
    ];
    let run = world.rhyme(&also);
    for note in [
        "made crypto/binance/AAAUSDT:4h of crypto/binance/AAAUSDT:1h: 75 bars",
        "made crypto/binance/BBBUSDT:1d of crypto/binance/BBBUSDT:1h: 12 bars",
        "made equity/nyse/ACME:1w of equity/nyse/ACME:1d: 28 bars",
    ] {
        assert!(run.err.contains(note), "{note}: {}", run.err);
    }
    run.ok();
    // The same again says nothing, since nothing is made anew.
    assert_eq!(world.rhyme(&also).err, "");
}

#[test]
fn what_cannot_be_made_or_stored_says_what_to_type() {
    let world = stored();
    let market = ["ingest", "bars", "in", "--spaces", "shape"];
    world.rhyme(&market).ok();
    let refused = |interval: &str, series: &str, why: &str| {
        world.rhyme(&["resample", series, interval]).fails(1, why);
    };
    refused(
        "90m",
        "AAAUSDT:1h",
        "expected an interval that is several of 1h",
    );
    refused("4h", "ACME:1d", "1w or months like 1M of 1d");
    refused("1w", "AAAUSDT:1h@2021-01-05", "with a time");
    world.rhyme(&["resample", "AAAUSDT:1h", "1d"]).ok();
    // Bars from elsewhere for the made series are refused, and what is typed then works.
    let daily = csv(START, DAY, &closes(100, 4));
    world.file("daily/crypto/binance/AAAUSDT-1d.csv", daily);
    let ingest = ["ingest", "bars", "daily"];
    world.rhyme(&ingest).fails(
        1,
        "crypto/binance/AAAUSDT:1d is made of crypto/binance/AAAUSDT:1h and follows it",
    );
    world.rhyme(&["delete", "AAAUSDT:1h", "--yes"]).fails(
        1,
        "delete that first: rhyme delete crypto/binance/AAAUSDT:1d",
    );
    world
        .rhyme(&["delete", "crypto/binance/AAAUSDT:1d", "--yes"])
        .ok();
    world.rhyme(&ingest).ok();
    refused(
        "1d",
        "AAAUSDT:1h",
        "is stored with bars of its own; delete it first: rhyme delete",
    );
}
