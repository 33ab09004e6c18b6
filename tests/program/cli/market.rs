//! `rhyme market`: many assets at one time.

use serde_json::Value;

use crate::ask::timeless;
use crate::world::{DAY, START, World, closes, csv};

const GROUPS: usize = 3;

/// Twelve coins in three groups, whose moves are those of a market, of the group and of their own; an hourly coin, and
/// one that began last week.
fn world() -> World {
    let world = World::new();
    let walk = |seed: u64| closes(300, seed);
    for i in 0..12 {
        let (market, group, own) = (walk(1), walk(10 + (i % GROUPS) as u64), walk(20 + i as u64));
        let prices: Vec<f64> = (0..300)
            .map(|t| market[t] * group[t] * own[t] / 1e4)
            .collect();
        let path = format!("in/crypto/x/C{i:02}USDT-1d.csv");
        world.file(&path, csv(START, DAY, &prices));
    }
    let young = csv(START + 290 * DAY, DAY, &closes(10, 50));
    world.file("in/crypto/x/NEWUSDT-1d.csv", young);
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    let mut attributes = "symbol,sector\n".to_owned();
    for i in 0..12 {
        attributes.push_str(&format!("C{i:02}USDT,kind {}\n", i % GROUPS));
    }
    world.file("sectors.csv", attributes);
    world.rhyme(&["attribute", "import", "sectors.csv"]).ok();
    world
}

const ASKED: [&str; 6] = ["market", "clusters", "--draws", "19", "--compare", "sector"];

#[test]
fn groups_are_printed_for_people_and_programs() {
    let world = world();
    let table = world.rhyme(&ASKED).ok();
    assert!(
        table.starts_with("12 assets in 3 groups by returns: 299 returns of 1d to 2021-10-28T00:00:00Z, less the market; silhouette 0."),
        "{table}"
    );
    assert!(
        table.contains("chance reaches that with p = 0.050 (19 draws)"),
        "{table}"
    );
    assert!(table.contains("adjusted Rand index 1.00"), "{table}");
    assert!(table.contains("kind 0 100 %"), "{table}");
    assert!(table.contains("C00USDT"), "{table}");
    assert!(
        table.contains("1 left out, like NEWUSDT: it has 9 of 299 returns of the period"),
        "{table}"
    );
    let csv = world
        .rhyme(&[&ASKED[..], &["--format", "csv"]].concat())
        .ok();
    assert_eq!(csv.lines().count(), 13);
    assert!(
        csv.starts_with("group,market,venue,symbol,interval,to_group,nearest,"),
        "{csv}"
    );
    let told = world
        .rhyme(&[&ASKED[..], &["--tree", "--format", "json"]].concat())
        .json();
    assert_eq!(told["groups"].as_array().map(Vec::len), Some(3));
    assert_eq!(told["tree"].as_array().map(Vec::len), Some(11));
    assert_eq!(told["agreement"]["adjusted_rand"], 1.0);
    assert_eq!(
        (&told["p_value"], &told["chosen"]),
        (&Value::from(0.05), &Value::Bool(true))
    );
    let question = r#"{"question": "clusters", "draws": 19, "compare": "sector", "tree": true}"#;
    let asked = world.rhyme(&["ask", question]).json();
    assert_eq!(timeless(asked), timeless(told));
}

#[test]
fn groups_are_drawn() {
    let world = world();
    let plot = |file: &str, more: &[&str]| {
        let run = world.rhyme(&[&ASKED[..], more, &["--plot", file, "-q"]].concat());
        run.ok();
        std::fs::read(world.path(file)).unwrap()
    };
    let svg = String::from_utf8(plot("a.svg", &[])).unwrap();
    assert!(svg.contains("Assets that move together"), "the title");
    assert!(
        svg.contains("C00USDT") && !svg.contains("NaN"),
        "names and numbers"
    );
    assert_eq!(&plot("a.png", &[])[..4], b"\x89PNG");
    assert!(plot("a.html", &["--by", "both"]).starts_with(b"<!doctype html>"));
    assert_eq!(
        plot("b.svg", &[]),
        svg.into_bytes(),
        "the same picture again"
    );
}

#[test]
fn what_cannot_be_grouped_is_refused_with_what_to_type() {
    let world = world();
    world.file(
        "more/crypto/x/C00USDT-1h.csv",
        csv(START, DAY / 24, &closes(300, 9)),
    );
    world
        .rhyme(&["ingest", "bars", "more", "--spaces", "shape"])
        .ok();
    let fails = |more: &[&str], code: i32, message: &str| {
        let words = [&["market", "clusters", "--draws", "0"], more].concat();
        world.rhyme(&words).fails(code, message);
    };
    fails(
        &[],
        1,
        "expected series of one interval, found 1h, 1d; choose one, like --interval 1h",
    );
    fails(
        &["--interval", "1h"],
        1,
        "expected at least 3 assets with enough returns, found 1",
    );
    let daily = ["--interval", "1d"];
    world
        .rhyme(&[&["market", "clusters", "--draws", "0"], &daily[..]].concat())
        .ok();
    let with = |more: &[&'static str]| [&daily[..], more].concat();
    fails(
        &with(&["--groups", "99"]),
        1,
        "expected 2 to 12 groups of 12 assets, found 99",
    );
    fails(
        &with(&["--returns", "5"]),
        1,
        "expected at least 30 returns",
    );
    fails(
        &with(&["--method", "magic"]),
        2,
        "expected the method average, ward, complete or k-means, found \"magic\"",
    );
    fails(
        &with(&["--by", "luck"]),
        2,
        "expected assets alike by returns, vectors or both, found \"luck\"",
    );
    fails(&with(&["--compare", "mood"]), 3, "mood");
    fails(&with(&["--market", "moon"]), 3, "moon");
    fails(
        &with(&["--from", "2021-05-01", "--until", "2021-01-01"]),
        1,
        "expected a start before the end",
    );
    fails(&with(&["--plot", "a.gif"]), 2, ".svg");
    world.rhyme(&["market"]).fails(2, "Usage: rhyme market");
}

#[test]
fn an_earlier_view_knows_nothing_later() {
    let world = world();
    let asked = |more: &[&str]| {
        let words = [
            &ASKED[..],
            &["--as-of", "2021-10-20", "--format", "json"],
            more,
        ]
        .concat();
        timeless(world.rhyme(&words).json())
    };
    let before = asked(&[]);
    assert_eq!(before["until"], "2021-10-20T00:00:00Z");
    world.file(
        "late/crypto/x/C00USDT-1d.csv",
        csv(START + 293 * DAY, DAY, &closes(30, 99)),
    );
    world.file(
        "late/crypto/x/ZZZUSDT-1d.csv",
        csv(START + 293 * DAY, DAY, &closes(30, 98)),
    );
    world
        .rhyme(&["ingest", "bars", "late", "--spaces", "shape"])
        .ok();
    assert_eq!(asked(&[]), before);
}

#[test]
fn correlations_are_printed_and_drawn() {
    let world = world();
    let asked = [
        "market",
        "correlation",
        "--window",
        "30",
        "--past",
        "8",
        "-k",
        "4",
    ];
    let with = |more: &[&'static str]| [&asked[..], more].concat();
    let table = world.rhyme(&with(&["--plot", "a.svg"])).ok();
    assert!(
        table.starts_with(
            "12 assets, 30 returns of 1d to 2021-10-28T00:00:00Z: mean correlation 0."
        ),
        "{table}"
    );
    assert!(
        table.contains("of 66 pairs move together otherwise than usual"),
        "{table}"
    );
    assert!(
        table.contains("crypto/x/C00USDT:1d") || table.contains("C01USDT"),
        "{table}"
    );
    assert!(
        table.contains("1 left out, like NEWUSDT: it has 9 of 30 returns"),
        "{table}"
    );
    let svg = std::fs::read_to_string(world.path("a.svg")).unwrap();
    assert!(
        svg.contains("How much assets move together") && !svg.contains("NaN"),
        "the picture"
    );
    let csv = world.rhyme(&with(&["--format", "csv"])).ok();
    assert!(
        csv.starts_with("a,b,correlation,usual,p_value,q_value,past,shrunk\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 5);
    let told = world
        .rhyme(&with(&["--history", "--format", "json"]))
        .json();
    assert_eq!(
        told["pairs"][0]["history"].as_array().map(Vec::len),
        Some(9)
    );
    let question =
        r#"{"question": "correlation", "window": 30, "past": 8, "k": 4, "history": true}"#;
    assert_eq!(
        timeless(world.rhyme(&["ask", question]).json()),
        timeless(told)
    );
    world
        .rhyme(&["market", "correlation", "--window", "9"])
        .fails(1, "expected a window of 20 to 10000 returns, found 9");
    world.rhyme(&with(&["--market", "moon"])).fails(3, "moon");
}

#[test]
fn leads_are_printed_and_drawn() {
    let world = world();
    let asked = ["market", "lead-lag", "-k", "4", "--lags", "2"];
    let with = |more: &[&'static str]| [&asked[..], more].concat();
    let table = world.rhyme(&with(&["--plot", "a.svg"])).ok();
    assert!(
        table.starts_with("12 assets, 299 returns of 1d to 2021-10-28T00:00:00Z: "),
        "{table}"
    );
    assert!(
        table.contains("of 132 pairs are called\n") && table.contains("rank correlation"),
        "{table}"
    );
    let svg = std::fs::read_to_string(world.path("a.svg")).unwrap();
    assert!(
        svg.contains("Who moves first") && !svg.contains("NaN"),
        "the picture"
    );
    let csv = world.rhyme(&with(&["--format", "csv"])).ok();
    assert!(
        csv.starts_with(
            "leader,follower,lag,partial,p_value,q_value,first_half,second_half,called\n"
        ),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 5);
    let told = world.rhyme(&with(&["--format", "json"])).json();
    assert_eq!(told["assets"].as_array().map(Vec::len), Some(12));
    let question = r#"{"question": "lead-lag", "k": 4, "lags": 2}"#;
    assert_eq!(
        timeless(world.rhyme(&["ask", question]).json()),
        timeless(told)
    );
    world
        .rhyme(&with(&["--returns", "60"]))
        .fails(1, "expected at least 120 returns");
}

#[test]
fn portfolios_on_the_past_are_printed_and_drawn() {
    let world = world();
    let asked = ["market", "portfolio", "--returns", "100", "--every", "20"];
    let with = |more: &[&'static str]| [&asked[..], more].concat();
    let table = world.rhyme(&with(&["--plot", "a.svg"])).ok();
    assert!(
        table.starts_with("10 times from 2021-04-12T00:00:00Z to 2021-10-28T00:00:00Z, every 20 bars of 1d, 12 to 12 assets; 0.10 % of what is traded is paid"),
        "{table}"
    );
    for rule in [
        "equal",
        "inverse-variance",
        "hrp",
        "clusters",
        "min-variance",
        "max-sharpe",
    ] {
        assert!(table.contains(&format!("\n {rule} ")), "{rule}: {table}");
    }
    let svg = std::fs::read_to_string(world.path("a.svg")).unwrap();
    assert!(
        svg.contains("What each rule would have earned") && !svg.contains("NaN"),
        "the picture"
    );
    let csv = world
        .rhyme(&with(&["--format", "csv", "--rule", "hrp"]))
        .ok();
    assert!(
        csv.starts_with("rule,total_return,annual_return,volatility,drawdown,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 3, "equal weights are always there");
    let told = world.rhyme(&with(&["--format", "json"]));
    let noted = told.err.contains("only assets that are stored can be held");
    assert!(noted, "{}", told.err);
    let told = told.json();
    assert_eq!(told["replay"]["rebalanced"], 10);
    let question = r#"{"question": "portfolio", "returns": 100, "every": 20}"#;
    assert_eq!(
        timeless(world.rhyme(&["ask", question]).json()),
        timeless(told)
    );
    let fails = |more: &[&'static str], code: i32, message: &str| {
        world.rhyme(&with(more)).fails(code, message);
    };
    fails(
        &["--fee", "0.9"],
        1,
        "expected a fee and a slippage from 0 to 0.5",
    );
    fails(
        &["--from", "2021-01-20"],
        1,
        "as of 2021-01-20T00:00:00Z: expected at least 30 returns",
    );
    fails(
        &["--from", "2021-10-28"],
        1,
        "bars of the assets in the period, found 1",
    );
    world
        .rhyme(&["market", "portfolio", "--fee", "0.01"])
        .fails(2, "--every");
    world.rhyme(&["market", "portfolio", "--every", "0"]).fails(
        1,
        "expected 1 to 10000 bars between two rebalancings, found 0",
    );
}

#[test]
fn portfolios_are_printed_and_drawn() {
    let world = world();
    let asked = ["market", "portfolio", "--max-weight", "0.3"];
    let with = |more: &[&'static str]| [&asked[..], more].concat();
    let table = world.rhyme(&with(&["--plot", "a.svg"])).ok();
    assert!(
        table
            .starts_with("12 assets, 252 returns of 1d to 2021-10-28T00:00:00Z: mean correlation "),
        "{table}"
    );
    for rule in [
        "equal",
        "inverse-variance",
        "hrp",
        "clusters",
        "min-variance",
        "max-sharpe",
    ] {
        assert!(table.contains(&format!("\n {rule} ")), "{rule}: {table}");
    }
    assert!(table.contains("C00USDT 8.3, "), "{table}");
    assert!(
        table.contains("1 left out, like NEWUSDT: it has 9 of 252 returns of the period"),
        "{table}"
    );
    let svg = std::fs::read_to_string(world.path("a.svg")).unwrap();
    assert!(
        svg.contains("What each rule holds") && !svg.contains("NaN"),
        "the picture"
    );
    let csv = world.rhyme(&with(&["--format", "csv"])).ok();
    assert!(
        csv.starts_with("rule,market,venue,symbol,interval,weight,risk,volatility,mean,group\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 1 + 6 * 12);
    let told = world.rhyme(&with(&["--format", "json"])).json();
    assert_eq!(told["portfolios"].as_array().map(Vec::len), Some(6));
    let question = r#"{"question": "portfolio", "max_weight": 0.3}"#;
    assert_eq!(
        timeless(world.rhyme(&["ask", question]).json()),
        timeless(told)
    );
    let one = world.rhyme(&with(&["--rule", "hrp"])).ok();
    assert!(
        one.contains("hrp holds 12 assets, as concentrated as "),
        "{one}"
    );
    assert!(one.contains("weight %") && one.contains("C11USDT"), "{one}");
}

#[test]
fn portfolios_that_cannot_be_are_refused_with_what_to_type() {
    let world = world();
    let believed = world.rhyme(&["market", "portfolio", "--rule", "max-sharpe"]);
    let noted = &believed.err;
    assert!(noted.contains("max-sharpe "), "{noted}");
    for (more, code, message) in [
        (
            &["--max-weight", "0.05"][..],
            1,
            "`--max-weight 0.083334` or more",
        ),
        (
            &["--min-weight", "0.1"][..],
            1,
            "`--min-weight 0.083333` or less",
        ),
        (
            &["--rule", "luck"][..],
            2,
            "expected the rule equal, inverse-variance, hrp",
        ),
        (&["--returns", "5"][..], 1, "expected at least 30 returns"),
        (
            &["--symbol", "C00USDT"][..],
            1,
            "expected at least 2 assets",
        ),
        (&["--market", "moon"][..], 3, "moon"),
        (
            &["--groups", "99"][..],
            1,
            "expected 2 to 12 groups of 12 assets, found 99",
        ),
    ] {
        let words = [&["market", "portfolio"], more].concat();
        world.rhyme(&words).fails(code, message);
    }
    world
        .rhyme(&["market", "portfolio", "--max-weight", "0.083334"])
        .ok();
    world
        .rhyme(&["market", "portfolio", "--min-weight", "0.083333"])
        .ok();
}
