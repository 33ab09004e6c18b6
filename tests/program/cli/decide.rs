//! Rules, typed.

use crate::world::World;

const LARGE: &str = "name = \"large moves\"\nhold = 6\n[when]\nkind = \"anomaly\"\np_below = 0.5\ntrade = \"fade\"\n";

fn world() -> World {
    let world = World::with_market();
    world.file("large.toml", LARGE);
    world
}

#[test]
fn a_rule_says_what_it_says_and_why() {
    let world = world();
    let table = world.rhyme(&["signal", "large.toml", "AAAUSDT"]).ok();
    assert!(table.starts_with("large moves says "), "{table}");
    assert!(table.contains("the size of its moves has p "), "{table}");
    let args = ["signal", "large.toml", "AAAUSDT", "--format", "json"];
    let reply = world.rhyme(&args).json();
    assert_eq!(reply["reasons"].as_array().unwrap().len(), 2);
    let wants = reply["call"] == "now";
    assert_eq!(wants, reply["size"].as_f64().unwrap() > 0.0);
    assert_eq!(wants, reply.get("side").is_some());
    // The same rule as JSON, and as of the time of the window: the same.
    world.file(
        "large.json",
        r#"{"name": "large moves", "hold": 6, "when": {"kind": "anomaly", "p_below": 0.5, "trade": "fade"}}"#,
    );
    let args = ["signal", "large.json", "AAAUSDT", "--format", "json"];
    assert_eq!(world.rhyme(&args).json(), reply);
}

#[test]
fn a_replay_stands_beside_chance_and_counts_trials() {
    let world = world();
    let args = ["backtest", "large.toml", "AAAUSDT", "--draws", "20"];
    let run = world.rhyme(&args);
    assert!(
        run.err.contains("direction has shown no edge"),
        "{}",
        run.err
    );
    let table = run.ok();
    for part in [
        "buy and hold",
        "Sharpe ratio",
        "deepest fall",
        "the first rule that was tried",
    ] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
    // The same rule under another name is the same trial; another rule is a second one.
    world.file("named.toml", LARGE.replace("large moves", "mine"));
    let again = world
        .rhyme(&["backtest", "named.toml", "AAAUSDT", "--draws", "20"])
        .ok();
    assert!(again.contains("the first rule that was tried"), "{again}");
    world.file("other.toml", LARGE.replace("0.5", "0.4"));
    let args = [
        "backtest",
        "other.toml",
        "AAAUSDT",
        "--draws",
        "20",
        "--format",
        "json",
    ];
    let reply = world.rhyme(&args).json();
    assert_eq!(reply["deflated"]["trials"], 2);
    let trades = reply["trades"].as_array().unwrap();
    assert_eq!(reply["summary"]["trades"], trades.len());
    assert!(!trades.is_empty());
    let csv = [
        "backtest",
        "other.toml",
        "AAAUSDT",
        "--draws",
        "0",
        "--format",
        "csv",
    ];
    let csv = world.rhyme(&csv).ok();
    assert_eq!(csv.lines().count(), trades.len() + 1, "{csv}");
    // Two series, two answers; who only reads notes nothing.
    let lines = |world: &World| {
        let trials = std::fs::read_to_string(world.path("market.rhyme/trials.jsonl"));
        trials.unwrap().lines().count()
    };
    let before = lines(&world);
    let args = [
        "--read-only",
        "backtest",
        "large.toml",
        "AAAUSDT",
        "BBBUSDT",
        "--draws",
        "3",
        "--format",
        "json",
    ];
    assert_eq!(world.rhyme(&args).json().as_array().unwrap().len(), 2);
    assert_eq!(lines(&world), before);
    world.rhyme(&["verify"]).ok();
}

#[test]
fn a_file_that_is_no_rule_is_refused() {
    let world = world();
    for (text, told) in [
        ("name = \"a\"\n", "missing field `when`"),
        (
            "name = \"a\"\n[when]\nkind = \"moon\"\n",
            "unknown variant `moon`",
        ),
        (
            "name = \"a\"\nhald = 3\n[when]\nkind = \"anomaly\"\n",
            "unknown field `hald`",
        ),
        ("name = \"a\"\nstop = 5%\n", "expected a rule"),
        (
            "name = \"a\"\nhold = 0\n[when]\nkind = \"anomaly\"\n",
            "expected to hold at least 1 bar",
        ),
    ] {
        world.file("bad.toml", text);
        let run = world.rhyme(&["signal", "bad.toml", "AAAUSDT"]);
        assert!(!run.err.contains("\\n"), "{}", run.err);
        run.fails(1, told);
    }
    world.file("bad.toml", "name = \"a\"\n[when]\nkind = \"moon\"\n");
    let run = world.rhyme(&["signal", "bad.toml", "AAAUSDT"]);
    run.fails(1, "bad.toml, line 3: expected a rule");
    world
        .rhyme(&["signal", "none.toml", "AAAUSDT"])
        .fails(1, "none.toml");
    world.rhyme(&["backtest", "large.toml"]).fails(2, "SERIES");
    let none = ["backtest", "large.toml", "AAAUSDT", "--from", "2040-01-01"];
    world.rhyme(&none).fails(1, "expected at least 2 bars");
}
