//! Rules, typed.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use rhymedb::encode::{ChartEncoder, Embeddings, EncoderSpec, chart_encoder_by_name};
use rhymedb::{Bar, Bars, OpenOptions, SeriesBars, Timestamp};

use crate::world::{HOUR, START, World, closes, csv};

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

/// The only replay of an answer.
fn one(mut answer: serde_json::Value) -> serde_json::Value {
    assert_eq!(answer["replays"].as_array().unwrap().len(), 1);
    answer["replays"][0].take()
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
    let reply = one(world.rhyme(&args).json());
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
    let two = world.rhyme(&args).json();
    assert_eq!(two["replays"].as_array().unwrap().len(), 2);
    assert!(two["notes"].is_array(), "{two}");
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

/// A folder for temporary files of its own, in which nothing may be left.
fn with_own_temporary(world: &World, args: &[&str]) -> std::process::Command {
    world.file("tmp/.keep", "");
    let mut command = world.command(args);
    command.env("TMPDIR", world.path("tmp"));
    command
}

#[test]
fn a_replay_is_drawn() {
    let world = world();
    let args = ["backtest", "large.toml", "AAAUSDT", "--draws", "20"];
    let plain = world.rhyme(&args).ok();
    for file in ["one.svg", "one.png", "one.html"] {
        let run = world.rhyme(&[&args[..], &["--plot", file]].concat());
        assert!(
            run.err.contains(&format!("drawn into {file}")),
            "{}",
            run.err
        );
        assert_eq!(run.ok(), plain, "{file}");
    }
    let svg = std::fs::read_to_string(world.path("one.svg")).unwrap();
    for part in [
        "large moves on AAAUSDT 1h",
        "buy and hold",
        "random positions do as well with p = ",
        "5 to 95 %",
        "below its highest value",
    ] {
        assert!(svg.contains(part), "{part}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf "), "{svg}");
    // A rule that never trades has a picture without a band.
    world.file("never.toml", LARGE.replace("0.5", "0.0"));
    let never = ["backtest", "never.toml", "AAAUSDT", "--plot", "never.svg"];
    world.rhyme(&never).ok();
    let svg = std::fs::read_to_string(world.path("never.svg")).unwrap();
    assert!(
        svg.contains("0 trades") && !svg.contains("5 to 95 %"),
        "{svg}"
    );
    let two = [&args[..3], &["BBBUSDT", "--plot", "two.png"]].concat();
    world
        .rhyme(&two)
        .fails(1, "expected one series with --plot");
    let other = [&args[..3], &["--plot", "one.gif"]].concat();
    world.rhyme(&other).fails(2, ".png");
}

#[test]
fn an_audit_says_how_much_was_compared_and_leaves_nothing_behind() {
    let world = world();
    let args = [
        "backtest",
        "large.toml",
        "AAAUSDT",
        "--draws",
        "3",
        "--audit",
        "6",
    ];
    let table = crate::world::run(&mut with_own_temporary(&world, &args)).ok();
    let said = "audit: at 6 closes, 5 of them with a signal, a database that ends there says the same, byte for byte";
    assert!(table.contains(said), "{table}");
    assert_eq!(world.names("tmp"), [".keep"]);
    let json = [&args[..5], &["--audit", "--format", "json"]].concat();
    let reply = one(world.rhyme(&json).json());
    let audit = &reply["audit"];
    assert_eq!(audit["closes"].as_array().unwrap().len(), 20);
    assert_eq!(
        (&audit["differences"], &audit["with_signal"]),
        (&0.into(), &15.into())
    );
    // A period without a whole window has nothing that could be compared.
    let short = [&args[..3], &["--to", "2021-01-02", "--audit"]].concat();
    let run = crate::world::run(&mut with_own_temporary(&world, &short));
    run.fails(5, "compared nothing");
    let many = [&args[..3], &["--audit", "0"]].concat();
    world.rhyme(&many).fails(2, "expected 1 to 10000 closes");
    let first = ["backtest", "--audit", "large.toml", "AAAUSDT"];
    world.rhyme(&first).fails(2, "put --audit after the series");
    world.rhyme(&["verify"]).ok();
}

#[cfg(unix)]
#[test]
fn an_audit_that_is_interrupted_leaves_nothing_behind() {
    let world = world();
    for i in 0..6 {
        let text = csv(START, HOUR, &closes(1500, 10 + i));
        world.file(&format!("more/crypto/binance/M{i}USDT-1h.csv"), text);
    }
    world.rhyme(&["ingest", "bars", "more"]).ok();
    let args = [
        "backtest",
        "large.toml",
        "M0USDT",
        "--draws",
        "0",
        "--audit",
        "1000",
    ];
    let mut child = with_own_temporary(&world, &args).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("audit:") {
        line.clear();
        assert!(
            said.read_line(&mut line).unwrap() > 0,
            "the audit never began"
        );
    }
    crate::processes::interrupt(&child);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("rhyme: interrupted"), "{rest}");
    assert_eq!(world.names("tmp"), [".keep"]);
}

/// Under the name of the built-in encoder: its vectors, and in the first number how the price goes on.
struct Peeking(Arc<dyn ChartEncoder>);

impl ChartEncoder for Peeking {
    fn spec(&self) -> &EncoderSpec {
        self.0.spec()
    }

    fn encode_window(&self, bars: &Bars) -> rhymedb::Result<Option<Vec<f32>>> {
        self.0.encode_window(bars)
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> rhymedb::Result<Embeddings> {
        let mut rows = self.0.encode_series(stretch, ends)?;
        for (i, &end) in ends.iter().enumerate() {
            let later = stretch.close.get(end + 6).copied();
            let change = later.map_or(0.0, |later| later / stretch.close[end] - 1.0);
            rows.values[i * rows.dim] += 20.0 * change as f32;
        }
        Ok(rows)
    }
}

/// Vectors that were made by a program that looked ahead are found, and no figures are shown.
#[test]
fn an_audit_finds_vectors_that_know_what_came_later() {
    let world = World::new();
    let shape = chart_encoder_by_name("shape", 64, Some(48)).unwrap();
    let options = OpenOptions::new().clip_weights(None);
    let options = options.encoder(Arc::new(Peeking(shape)));
    let db = options.open(world.path("market.rhyme")).unwrap();
    let prices = closes(500, 4);
    let bar = |(i, pair): (usize, &[f64])| Bar {
        time: Timestamp::from_millis(START + i as i64 * HOUR),
        open: pair[0],
        high: pair[0].max(pair[1]),
        low: pair[0].min(pair[1]),
        close: pair[1],
        volume: 1.0,
    };
    let series = SeriesBars {
        key: "crypto/binance/AAAUSDT:1h".parse().unwrap(),
        calendar: rhymedb::data::Calendar::Continuous,
        bars: prices.windows(2).enumerate().map(bar).collect(),
    };
    db.ingest_bars(&[series]).unwrap();
    db.close().unwrap();
    world.file(
        "analogs.toml",
        "name = \"analogs\"\nhold = 6\n[when]\nkind = \"analogs\"\nhorizon = 6\nk = 6\noutcomes = 2\n",
    );
    let args = ["backtest", "analogs.toml", "AAAUSDT", "--draws", "0"];
    world.rhyme(&args).ok();
    let run = world.rhyme(&[&args[..], &["--audit", "8"]].concat());
    assert_eq!(run.out, "");
    let run = run.fails(5, "found a difference at ");
    for part in [
        " of 8 closes, first at 2021-01-",
        "the replay said {\"rule\":\"analogs\"",
        "and a database that ends there says {\"rule\":\"analogs\"",
    ] {
        assert!(run.err.contains(part), "{part} is not in {}", run.err);
    }
}

/// The names of what interrupted replays left in the folder of the database.
fn kept(world: &World) -> Vec<String> {
    let mut names = world.names("market.rhyme");
    names.retain(|name| name.starts_with("replay-"));
    names
}

/// Interrupts a replay after some closes: sooner or later, until it has asked some and not all.
#[cfg(unix)]
fn interrupted(world: &World, args: &[&str]) -> String {
    for wait in [50, 100, 200, 400, 800, 1600, 3200] {
        let mut child = world.command(args).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ask:") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "nothing was asked");
        }
        std::thread::sleep(std::time::Duration::from_millis(wait));
        crate::processes::interrupt(&child);
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!(
            code,
            Some(130),
            "it was done before it was interrupted: {rest}"
        );
        if rest.contains("closes were asked and are kept: the same command goes on there") {
            assert_eq!(kept(world).len(), 1);
            return rest;
        }
        assert!(kept(world).is_empty());
    }
    panic!("no close was asked in seconds");
}

#[cfg(unix)]
#[test]
fn an_interrupted_replay_goes_on_and_says_the_same() {
    let world = World::new();
    for i in 0..4 {
        let text = csv(START, HOUR, &closes(1200, 10 + i));
        world.file(&format!("in/crypto/binance/M{i}USDT-1h.csv"), text);
    }
    let ingest = ["ingest", "bars", "in", "--spaces", "shape"];
    world.rhyme(&ingest).ok();
    world.file(
        "analogs.toml",
        "name = \"analogs\"\nhold = 6\n[when]\nkind = \"analogs\"\nhorizon = 6\nk = 60\noutcomes = 2\n",
    );
    let args = [
        "backtest",
        "analogs.toml",
        "M0USDT",
        "--draws",
        "5",
        "--format",
        "json",
    ];
    interrupted(&world, &args);
    // Who only reads goes on from it and leaves it.
    let only = world.rhyme(&[&["--read-only"], &args[..]].concat());
    let (said, only) = (only.err.clone(), only.ok());
    assert!(
        said.contains("going on where this replay was interrupted: "),
        "{said}"
    );
    assert_eq!(kept(&world).len(), 1);
    // Other costs are the same questions; another period is not.
    let other = world.rhyme(&[&args[..], &["--to", "2021-03-01"]].concat());
    assert!(!other.err.contains("going on where"), "{}", other.err);
    other.ok();
    let again = world.rhyme(&args);
    assert!(
        again.err.contains("going on where this replay"),
        "{}",
        again.err
    );
    let again = again.ok();
    assert_eq!(kept(&world).len(), 0, "it is done");
    let whole = world.rhyme(&args);
    assert!(!whole.err.contains("going on"), "{}", whole.err);
    let whole = whole.ok();
    assert_eq!((&again, &only), (&whole, &whole));
    // A file that was cut off is not used, and neither is one of another state of the database.
    interrupted(&world, &args);
    let file = world.path("market.rhyme").join(&kept(&world)[0]);
    let text = std::fs::read(&file).unwrap();
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    let cut = world.rhyme(&args);
    assert!(!cut.err.contains("going on"), "{}", cut.err);
    assert_eq!(cut.ok(), whole);
    interrupted(&world, &args);
    world
        .rhyme(&["tag", "add", "M0USDT@2021-02-01", "mine"])
        .ok();
    let changed = world.rhyme(&args);
    assert!(!changed.err.contains("going on"), "{}", changed.err);
    assert_eq!(changed.ok(), whole, "a tag changes no analogs");
    assert_eq!(kept(&world).len(), 0);
}
