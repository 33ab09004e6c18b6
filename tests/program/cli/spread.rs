//! `--per` and `--diverse`, typed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::words::market;
use crate::world::World;

/// How often each value of a key is in a list.
fn counts(rows: &Value, key: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        let of = row[key].as_str().unwrap().to_owned();
        *counts.entry(of).or_default() += 1;
    }
    counts
}

fn json(world: &World, args: &[&str]) -> Value {
    world.rhyme(&[args, &["--format", "json"]].concat()).json()
}

#[test]
fn quotas_are_typed_and_told() {
    let world = World::with_market();
    let args = ["similar", "AAAUSDT", "-k", "6", "--per", "symbol", "2"];
    let answer = json(&world, &args);
    let expected = ["AAAUSDT", "ACME", "BBBUSDT"].map(|s| (s.to_owned(), 2));
    assert_eq!(counts(&answer["hits"], "symbol"), expected.into());
    assert_eq!(answer["query"]["per"], serde_json::json!({"symbol": 2}));
    assert_eq!(answer["notes"], serde_json::json!([]));
    let table = world.rhyme(&args).ok();
    assert!(table.contains("\nat most 2 of each symbol\n"), "{table}");
    let csv = world
        .rhyme(&[&args[..], &["--format", "csv"]].concat())
        .ok();
    assert_eq!(csv.lines().count(), 7, "{csv}");

    // Two kinds at once; the list is short, and says why.
    let both = [
        "similar", "AAAUSDT", "--per", "symbol", "2", "--per", "market", "3",
    ];
    let short = world.rhyme(&both);
    let note = "5 of 10: quota (at most 2 of each symbol, 3 of each market)";
    assert!(short.err.contains(note), "{}", short.err);
    let answer = json(&world, &both);
    assert!(answer["notes"][0].as_str().unwrap().starts_with(note));
    assert_eq!(counts(&answer["hits"], "market")["crypto"], 3);

    // All hours are of one year.
    let hours = [
        "similar",
        "AAAUSDT",
        "--interval",
        "1h",
        "--per",
        "year",
        "1",
    ];
    assert_eq!(json(&world, &hours)["hits"].as_array().unwrap().len(), 1);
    let plain = json(&world, &["similar", "AAAUSDT"]);
    assert!(plain["query"]["per"].is_null() && plain["query"]["diverse"].is_null());
}

#[test]
fn hits_that_differ_are_typed_and_told() {
    let world = World::with_market();
    let plain = json(&world, &["similar", "AAAUSDT"]);
    let near = json(&world, &["similar", "AAAUSDT", "--diverse", "1"]);
    assert_eq!(near["hits"], plain["hits"]);
    let half = json(&world, &["similar", "AAAUSDT", "--diverse"]);
    let typed = json(&world, &["similar", "--diverse=0.5", "AAAUSDT"]);
    assert_eq!(
        (&half["hits"], &half["query"]["diverse"]),
        (&typed["hits"], &0.5.into())
    );
    assert_ne!(half["hits"], plain["hits"]);
    assert_eq!(half["hits"][0], plain["hits"][0]);
    let table = world
        .rhyme(&["similar", "AAAUSDT", "--diverse", "0.2"])
        .ok();
    let told =
        "\nchosen to differ (lambda 0.2), in the order of the choice; score is the nearness\n";
    assert!(table.contains(told), "{table}");
    let pattern = [
        "similar",
        "--pattern",
        "1,3,2,5,4",
        "--diverse",
        "0.2",
        "--per",
        "symbol",
        "1",
    ];
    let answer = json(&world, &pattern);
    assert_eq!(counts(&answer["hits"], "symbol").len(), 3);
    let named = [
        "similar",
        "--pattern",
        "double top",
        "-k",
        "3",
        "--per",
        "symbol",
        "1",
    ];
    let named = json(&world, &[&named[..], &["--diverse"]].concat());
    assert!(counts(&named["hits"], "symbol").values().all(|n| *n == 1));
    assert_eq!(named["query"]["diverse"], 0.5);
}

#[test]
fn what_is_no_quota_is_refused_with_what_to_type() {
    let world = World::with_market();
    for (args, code, message) in [
        (&["--per", "colour", "2"][..], 1, "symbol, year or market"),
        (
            &["--per", "symbol", "two"],
            1,
            "like --per symbol 2, found symbol two",
        ),
        (
            &["--per", "symbol", "2", "--per", "symbol", "3"],
            1,
            "found symbol twice",
        ),
        (
            &["--per", "symbol", "0"],
            1,
            "expected at most 1 to 10000 hits per symbol, found 0",
        ),
        (&["--per", "symbol"], 2, "2 values required"),
        (&["--diverse", "3"], 2, "expected a number from 0 to 1"),
        (&["--diverse", "much"], 2, "put --diverse after it"),
        (&["--diverse", "-k", "1001"], 1, "k from 1 to 1000"),
        (&["--diverse", "--refine", "dtw"], 1, "refine by dtw"),
        (
            &["--per", "symbol", "2", "--outcome", "5"],
            1,
            "entries, which outcomes are of, without per",
        ),
        (
            &["--diverse", "--outcome", "5"],
            1,
            "a filter by symbol or time is sound",
        ),
        (&["--diverse", "--chart"], 1, "without diverse"),
    ] {
        let args = [&["similar", "AAAUSDT"][..], args].concat();
        world.rhyme(&args).fails(code, message);
    }
}

#[test]
fn every_list_of_hits_takes_both() {
    let world = market();
    let spread = ["--per", "symbol", "1", "--diverse", "0.4"];
    for (args, lists) in [
        (
            &["search", "prices plunge"][..],
            &["charts", "headlines"][..],
        ),
        (&["news", "text:prices plunge"], &["headlines"]),
        (
            &["combine", "AAAUSDT:1h", "-", "text:a correction"],
            &["hits"],
        ),
        (
            &["transfer", "AAAUSDT", "--to", "equity,BBBUSDT"],
            &["hits"],
        ),
    ] {
        let answer = json(&world, &[args, &spread].concat());
        for list in lists {
            let rows = answer[list].as_array().unwrap();
            let symbol = |row: &Value| match row["symbols"][0].as_str() {
                Some(first) => first.to_owned(),
                None => row["symbol"].as_str().unwrap().to_owned(),
            };
            let mut symbols: Vec<String> = rows.iter().map(symbol).collect();
            let found = symbols.len();
            symbols.sort();
            symbols.dedup();
            assert!(found > 1 && symbols.len() == found, "{args:?}: {answer}");
        }
        assert_eq!(answer["query"]["diverse"], 0.4, "{args:?}");
        let told = world.rhyme(&[args, &spread].concat()).ok();
        assert!(
            told.contains("at most 1 of each symbol; chosen to differ"),
            "{told}"
        );
        let csv = [args, &spread, &["--format", "csv"]].concat();
        let rows: usize = lists
            .iter()
            .map(|l| answer[l].as_array().unwrap().len())
            .sum();
        assert_eq!(world.rhyme(&csv).ok().lines().count(), rows + 1, "{args:?}");
    }
    let short = json(&world, &["search", "prices plunge", "--per", "symbol", "1"]);
    let notes = short["notes"].to_string();
    assert!(
        notes.contains("charts: 3 of 10: quota (at most 1 of each symbol)"),
        "{notes}"
    );
    assert!(notes.contains("headlines: 2 of 10: quota"), "{notes}");
    let asked = r#"{"question": "news", "target": "text:prices plunge", "per": {"market": 1}}"#;
    let asked = json(&world, &["ask", asked]);
    assert_eq!(asked["headlines"].as_array().unwrap().len(), 1);
    assert!(
        asked["notes"]
            .to_string()
            .contains("1 of 10: quota (at most 1 of each market)")
    );
}
