//! Every command's help has an example, and the examples run: each as a process of its own, with default
//! options, on a database of which redb has nothing in memory that was not asked for (`Cargo.toml` says
//! how; `.ci/run` runs it in a release, too).

use std::fmt::Write as _;

use crate::world::{DAY, HOUR, START, World, closes, csv, time};

use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};

/// Commands whose examples are understood here and no more: one takes long, one asks a server, one
/// wants weights that were trained, and one serves until somebody ends it.
const NOT_HERE: [&[&str]; 4] = [&["demo"], &["ingest", "bybit"], &["eval"], &["serve"]];

/// Random weights of charts and headlines.
pub(crate) fn clip() -> Weights {
    let text = TextConfig {
        buckets: 256,
        ..TextConfig::new(8)
    };
    let config = WeightsConfig::clip(ChartConfig::multiscale(32, 8), text, 0.1);
    Weights::random(&config, 1).unwrap()
}

/// Some vectors of four numbers, as NumPy writes them.
fn npy(rows: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 4), }}");
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend(format!("{header:<117}\n").bytes());
    npy.extend((1..=4 * rows).flat_map(|i| (i as f32).to_le_bytes()));
    npy
}

/// The database and the files that the examples name.
fn world() -> World {
    let world = World::new();
    for (i, path) in [
        "crypto/binance/BTCUSDT",
        "crypto/binance/ETHUSDT",
        "crypto/binance/XRPUSDT",
        "crypto/binance/ADAUSDT",
    ]
    .iter()
    .enumerate()
    {
        let text = csv(START, HOUR, &closes(24 * 160, 10 + 7 * i as u64));
        world.file(&format!("candles/{path}-1h.csv"), text);
    }
    world.file(
        "candles/equity/nyse/ACME-1d.csv",
        csv(START, DAY, &closes(400, 12)),
    );
    world.file(
        "candles/equity/arca/SPY-1d.csv",
        csv(START - 200 * DAY, DAY, &closes(600, 15)),
    );
    world.file(
        "companies.csv",
        "symbol,name,sector,website\nACME,Acme Corp,Industrials,acme.test\nAAPL,Apple Inc.,Technology,\n",
    );
    // A share that was split four to one after 77 days.
    let mut split = "time,open,high,low,close,volume\n".to_owned();
    for (day, close) in closes(160, 13).into_iter().enumerate() {
        let price = if day < 77 { 4.0 * close } else { close };
        let time = time(START - (200 - day as i64) * DAY);
        writeln!(split, "{time},{price:?},{price:?},{price:?},{price:?},1").unwrap();
    }
    world.file("candles/equity/nyse/AAPL-1d.csv", split);
    world.file(
        "news.csv",
        "time,text,symbols\n2021-05-19T10:00:00Z,Selling everywhere,BTCUSDT\n\
         2021-05-20T10:00:00Z,Chief executive resigns,ACME\n",
    );
    world.file(
        "earnings.csv",
        "symbol,time\nACME,2021-03-01T21:30\nACME,2021-04-01T21:30\n",
    );
    world.file(
        "trades.csv",
        "symbol,time,tag,profit\nBTCUSDT,19 May 2021 14:30,long,-3.5\n",
    );
    world.file(
        "analogs.toml",
        "name = \"analogs\"\nhold = 24\n[when]\nkind = \"analogs\"\nhorizon = 24\n",
    );
    world.file("mine.npy", npy(3));
    world.file("headlines.npy", npy(2));
    world.file("sentence.npy", npy(1));
    world.rhyme(&["ingest", "bars", "candles"]).ok();
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    world.file("words.safetensors", clip().bytes());
    for (part, symbol) in [("part1", "LTCUSDT"), ("part2", "SOLUSDT")] {
        let path = format!("{part}/crypto/binance/{symbol}-1h.csv");
        world.file(&path, csv(START, HOUR, &closes(200, 20)));
        let db = format!("{part}.rhyme");
        world.rhyme(&["ingest", "bars", part, "--db", &db]).ok();
    }
    world
}

/// The commands in a page of help: of the program, whose page has groups before the names, or of
/// a command, whose page lists them under a title.
fn commands(page: &str, grouped: bool) -> Vec<String> {
    let start = if grouped { "Usage:" } else { "Commands:" };
    let listed = page.lines().skip_while(|l| !l.starts_with(start)).skip(1);
    let listed = listed
        .skip_while(|l| l.is_empty())
        .take_while(|l| !l.is_empty());
    let at = if grouped { 12 } else { 2 };
    let name = |l: &str| l.get(at..)?.split(' ').next().map(str::to_owned);
    listed
        .filter_map(name)
        .filter(|name| !name.is_empty() && name != "help")
        .collect()
}

/// The words of a command line; quotes of one kind, that of the first, hold them together.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let quote = line.chars().find(|c| ['"', '\''].contains(c));
    let quote = quote.unwrap_or('"');
    for (i, part) in line.split(quote).enumerate() {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn examples(page: &str) -> Vec<&str> {
    page.lines()
        .filter_map(|l| l.trim().strip_prefix("Example: rhyme "))
        .collect()
}

fn try_all(world: &World, command: &[&str], count: &mut usize) {
    let page = world.rhyme(&[command, &["--help"]].concat()).ok();
    let below = commands(&page, command.is_empty());
    for name in &below {
        try_all(world, &[command, &[name.as_str()]].concat(), count);
    }
    if !below.is_empty() {
        return;
    }
    let found = examples(&page);
    assert!(
        !found.is_empty(),
        "`rhyme {}` has no example: {page}",
        command.join(" ")
    );
    for example in found {
        let words = words(example);
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        assert!(
            args.starts_with(command),
            "an example of another command: {example}"
        );
        *count += 1;
        if NOT_HERE.contains(&command) {
            args.extend(["--db", "news.csv"]);
            assert_eq!(world.rhyme(&args).code, Some(1), "{example}");
        } else {
            let run = world.rhyme(&args);
            assert_eq!(run.code, Some(0), "{example}: {}{}", run.out, run.err);
        }
    }
}

#[test]
fn every_command_has_an_example_that_runs() {
    let mut count = 0;
    try_all(&world(), &[], &mut count);
    assert!(count >= 25, "{count}");
}
