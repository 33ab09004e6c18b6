//! Parts that several processes ingest, and one that merges them.

use std::process::Child;
use std::time::Duration;

use serde_json::Value;

use crate::world::{HOUR, START, World, closes, csv, time};

const PARTS: [&str; 2] = ["part1", "part2"];

/// Folders of candles and headlines for two processes.
fn write_parts(world: &World) {
    for (i, part) in PARTS.iter().enumerate() {
        for symbol in 0..3 {
            let seed = 10 * i as u64 + symbol;
            let path = format!("{part}/crypto/binance/S{i}{symbol}USDT-1h.csv");
            world.file(&path, csv(START, HOUR, &closes(2000, seed)));
        }
        let mut news = "time,text,symbols\n".to_owned();
        for n in 0..40 {
            let at = time(START + 45 * n * HOUR);
            news += &format!("{at},Shares of S{i} fall by {n} after a warning,S{i}0USDT\n");
        }
        world.file(&format!("{part}.csv"), news);
    }
}

fn ingest<'a>(part: &'a str, db: &'a str) -> [Vec<&'a str>; 2] {
    let news: &str = match part {
        "part1" => "part1.csv",
        _ => "part2.csv",
    };
    [
        vec!["ingest", "bars", part, "--db", db],
        vec!["ingest", "headlines", news, "--db", db],
    ]
}

fn answers(world: &World, db: &str) -> Vec<Value> {
    let ask = |args: &[&str]| {
        let more = ["--format", "json", "--db", db];
        let mut reply = world.rhyme(&[args, &more].concat()).json();
        if let Some(reply) = reply.as_object_mut() {
            reply.remove("took_us");
        }
        reply
    };
    vec![
        ask(&["similar", "S01USDT:1h", "-k", "20", "--exact"]),
        ask(&[
            "similar",
            "S12USDT:1h",
            "-k",
            "20",
            "--exact",
            "--outcome",
            "24h",
        ]),
        ask(&[
            "search",
            "shares fall after a warning",
            "-k",
            "20",
            "--exact",
        ]),
        ask(&["headlines"]),
        ask(&["series"]),
        ask(&["spaces"])["spaces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| {
                (
                    s["name"].clone(),
                    s["rows"].clone(),
                    s["headline_rows"].clone(),
                )
            })
            .map(|(name, rows, headlines)| Value::Array(vec![name, rows, headlines]))
            .collect(),
    ]
}

/// Whether it had ended by itself.
fn kill_after(mut child: Child, wait: Duration) -> bool {
    std::thread::sleep(wait);
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if let Some(status) = ended {
        assert!(status.success(), "{said}");
    }
    ended.is_some()
}

#[test]
fn two_processes_ingest_and_a_third_that_is_killed_merges() {
    let world = World::new();
    write_parts(&world);
    // Both at once, each into a database of its own.
    let dbs = ["one.rhyme", "two.rhyme"];
    let start = |(part, db)| world.command(&ingest(part, db)[0]).spawn().unwrap();
    let running: Vec<Child> = PARTS.into_iter().zip(dbs).map(start).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    for (part, db) in PARTS.into_iter().zip(dbs) {
        world.rhyme(&ingest(part, db)[1]).ok();
        let save = ["save", "--db", db, part, "similar S01USDT:1h"];
        world.rhyme(&save).ok();
        for command in ingest(part, "single.rhyme") {
            world.rhyme(&command).ok();
        }
    }

    let merge = ["merge", "one.rhyme", "two.rhyme", "--db", "whole.rhyme"];
    let mut wait = Duration::from_millis(20);
    let mut kills = 0;
    while !kill_after(world.command(&merge).spawn().unwrap(), wait) {
        kills += 1;
        wait = wait.mul_f64(1.8);
        if world.path("whole.rhyme/catalog.redb").exists() {
            world.rhyme(&["verify", "--db", "whole.rhyme"]).ok();
        }
        assert!(kills < 40, "it ends when it has time");
    }
    assert!(kills > 1, "{kills}");
    let out = world
        .rhyme(&[&merge[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(out["databases"][1]["series_added"], 0, "all of it is there");
    world.rhyme(&["verify", "--db", "whole.rhyme"]).ok();
    assert_eq!(
        answers(&world, "whole.rhyme"),
        answers(&world, "single.rhyme")
    );
    let saved = world.rhyme(&["save", "--db", "whole.rhyme"]).ok();
    assert!(PARTS.iter().all(|part| saved.contains(part)), "{saved}");
}

#[test]
fn contradictions_and_what_is_no_database_are_told() {
    let world = World::with_market();
    let copy = ["backup", "copy.rhyme"];
    world.rhyme(&copy).ok();
    world.rhyme(&["merge"]).fails(2, "<DIR>");
    world
        .rhyme(&["merge", "in"])
        .fails(1, "it has no catalog.redb");
    world
        .rhyme(&["merge", "none", "--db", "new.rhyme"])
        .fails(1, "there is no such folder");
    assert!(!world.path("new.rhyme").exists(), "nothing is made");
    let table = world.rhyme(&["merge", "copy.rhyme"]).ok();
    assert!(table.contains("copy.rhyme"), "{table}");

    let path = "in/crypto/binance/AAAUSDT-1h.csv";
    let text = std::fs::read_to_string(world.path(path)).unwrap();
    let last = text.trim_end().rsplit_once('\n').unwrap();
    let mut fields: Vec<String> = last.1.split(',').map(str::to_owned).collect();
    fields[4] = fields[2].clone();
    world.file(path, format!("{}\n{}\n", last.0, fields.join(",")));
    world
        .rhyme(&["ingest", "bars", path, "--db", "copy.rhyme"])
        .ok();
    world
        .rhyme(&["merge", "copy.rhyme"])
        .fails(1, "differ in the bar of crypto/binance/AAAUSDT:1h");
    world
        .rhyme(&["merge", "market.rhyme", "copy.rhyme", "--db", "new.rhyme"])
        .fails(1, "differ in the bar of crypto/binance/AAAUSDT:1h");
    assert!(!world.path("new.rhyme").exists(), "nothing is made");

    world.rhyme(&["backup", "other.rhyme"]).ok();
    for (db, what) in [("market.rhyme", "AAAUSDT"), ("other.rhyme", "BBBUSDT")] {
        world
            .rhyme(&["save", "--db", db, "mine", &format!("similar {what}")])
            .ok();
    }
    world
        .rhyme(&["merge", "other.rhyme"])
        .fails(1, "found two questions of the name mine");
}
