//! Two processes, signals and pipes. A named pipe as input holds a process where the test wants
//! it: opening the pipe to write waits until the process has opened it to read.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command};
use std::time::Duration;

use crate::world::{HOUR, Run, START, World, closes, csv, field};

fn make_pipe(world: &World, name: &str) {
    let made = Command::new("mkfifo")
        .arg(world.path(name))
        .status()
        .unwrap();
    assert!(made.success());
}

/// Opens a pipe once somebody reads it; fails if nobody does for a minute.
fn open_pipe(world: &World, name: &str) -> File {
    let path = world.path(name);
    let (sender, opened) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(OpenOptions::new().write(true).open(path)));
    let opened = opened.recv_timeout(Duration::from_secs(60));
    opened.unwrap().unwrap()
}

pub(crate) fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
}

fn finish(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_second_process_is_told_who_holds_the_database() {
    let world = World::new();
    make_pipe(&world, "slow-1h.csv");
    let args = [
        "ingest",
        "bars",
        "slow-1h.csv",
        "--market",
        "crypto",
        "--spaces",
        "shape",
    ];
    let first = world.command(&args).spawn().unwrap();
    let mut pipe = open_pipe(&world, "slow-1h.csv");
    let holder = format!("is in use by process {} (", first.id());
    // Who only reads is not in its way.
    assert!(
        world
            .rhyme(&["series"])
            .ok()
            .contains("no series is stored yet")
    );
    world
        .rhyme(&["ingest", "bars", "slow-1h.csv"])
        .fails(4, &holder);
    pipe.write_all(csv(START, HOUR, &closes(70, 1)).as_bytes())
        .unwrap();
    drop(pipe);
    assert_eq!(field(&finish(first).ok(), "bars added"), "70");
    world.rhyme(&["series"]).ok();
}

/// How many bars of each symbol an export holds.
fn exported(world: &World, file: &str) -> Vec<usize> {
    let text = std::fs::read_to_string(world.path(file)).unwrap();
    let of = |symbol: &str| text.lines().filter(|l| l.contains(symbol)).count();
    ["AAAUSDT", "BBBUSDT", "CCCUSDT"].map(of).to_vec()
}

/// A writer that ingests and compacts in a loop, and readers that ask meanwhile. Each ingestion is
/// one commit of three symbols, so all of them have as many bars in any answer.
#[test]
fn readers_beside_a_writer_get_whole_answers() {
    let world = World::new();
    let write = |bars: usize| {
        for (i, symbol) in (0..).zip(["AAAUSDT", "BBBUSDT", "CCCUSDT"]) {
            let text = csv(START, HOUR, &closes(bars, i));
            world.file(&format!("in/crypto/x/{symbol}-1h.csv"), text);
        }
        let ingest = ["ingest", "bars", "in", "--spaces", "shape"];
        world.rhyme(&ingest).ok();
    };
    write(300);
    let done = std::sync::atomic::AtomicBool::new(false);
    let (mut rounds, mut seen) = (0, std::collections::BTreeSet::new());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 1..=30 {
                write(300 + 20 * round);
                if round % 4 == 0 {
                    world.rhyme(&["compact"]).ok();
                }
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let mut most = 0;
        while !done.load(std::sync::atomic::Ordering::SeqCst) || rounds < 3 {
            rounds += 1;
            let stats = world.rhyme(&["stats", "--format", "json"]).json();
            let bars = stats["bars"].as_u64().unwrap() as usize;
            assert!(bars.is_multiple_of(3) && bars >= most, "{stats}");
            assert_eq!(stats["windows"], bars - 3 * 63, "{stats}");
            let export = ["export", "bars", "all.csv", "--replace"];
            world.rhyme(&export).ok();
            let counts = exported(&world, "all.csv");
            assert!(counts.iter().all(|&n| n == counts[0]), "{counts:?}");
            assert!(3 * counts[0] >= bars, "time went backwards");
            most = 3 * counts[0];
            seen.insert(counts[0]);
            let asked = world.rhyme(&["similar", "AAAUSDT", "-k", "3", "--format", "json"]);
            assert_eq!(asked.json()["hits"].as_array().unwrap().len(), 3);
            world.rhyme(&["verify"]).ok();
        }
        writer.join().unwrap();
    });
    assert!(seen.len() > 1, "{rounds} rounds saw {seen:?}");
    assert_eq!(exported(&world, "all.csv").len(), 3);
    assert_eq!(
        world.rhyme(&["stats", "--format", "json"]).json()["bars"],
        3 * 900
    );
}

/// A shell that waits for its next line is in nobody's way, and then sees what was stored meanwhile.
#[test]
fn a_shell_beside_an_ingestion() {
    let world = World::with_market();
    let mut shell = world.command(&["shell"]);
    shell
        .env("RHYME_HISTORY", "")
        .stdin(std::process::Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let mut lines = shell.stdin.take().unwrap();
    let mut said = BufReader::new(shell.stdout.take().unwrap());
    let mut bars = || {
        lines.write_all(b"stats --format json\n").unwrap();
        let mut text = String::new();
        // A record ends with its brace alone on a line.
        while !text.ends_with("\n}\n") {
            assert!(said.read_line(&mut text).unwrap() > 0, "{text}");
        }
        let stats: serde_json::Value = serde_json::from_str(&text).unwrap();
        stats["bars"].as_u64().unwrap()
    };
    assert_eq!(bars(), 800);
    world.file(
        "in/crypto/binance/NEWUSDT-1h.csv",
        csv(START, HOUR, &closes(90, 9)),
    );
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    assert_eq!(bars(), 890);
    // And the other way round.
    let save = b"prototype add mine ACME@2021-04-01 ACME@2021-07-01\n";
    lines.write_all(save).unwrap();
    drop(lines);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(finish(shell).code, Some(0), "{rest}");
    assert!(world.rhyme(&["prototype", "list"]).ok().contains("mine"));
}

/// After a kill somebody who only reads comes first.
#[test]
fn a_killed_writer_keeps_no_reader_out() {
    let world = World::with_market();
    make_pipe(&world, "slow-1h.csv");
    let args = ["ingest", "bars", "slow-1h.csv", "--market", "crypto"];
    let mut writer = world.command(&args).spawn().unwrap();
    let pipe = open_pipe(&world, "slow-1h.csv");
    writer.kill().unwrap();
    writer.wait().unwrap();
    drop(pipe);
    for args in [
        &["series"][..],
        &["similar", "AAAUSDT"],
        &["doctor"],
        &["verify"],
    ] {
        world.rhyme(args).ok();
    }
}

/// Batches of 16 files with too many windows to embed at once are stored when the program opens
/// the 65th file.
#[test]
fn an_interrupted_ingestion_keeps_what_is_stored_and_continues() {
    let world = World::new();
    let (files, bars) = (64, 700);
    for i in 0..files {
        let text = csv(START, HOUR, &closes(bars, i));
        world.file(&format!("in/crypto/x/S{i:02}-1h.csv"), text);
    }
    make_pipe(&world, "zz-1h.csv");
    let ingest = [
        "ingest",
        "bars",
        "in",
        "zz-1h.csv",
        "--market",
        "crypto",
        "--spaces",
        "shape",
    ];
    let mut child = world.command(&ingest).spawn().unwrap();
    let mut pipe = open_pipe(&world, "zz-1h.csv");
    let mut said = BufReader::new(child.stderr.take().unwrap());
    interrupt(&child);
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("stopping after the current step"),
        "{line}"
    );
    pipe.write_all(csv(START, HOUR, &closes(bars, 99)).as_bytes())
        .unwrap();
    drop(pipe);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(finish(child).code, Some(130), "{rest}");
    assert!(rest.contains("the same command continues"), "{rest}");

    world.rhyme(&["verify"]).ok();
    let stats = world.rhyme(&["stats", "--format", "json"]);
    assert!(
        stats.err.contains("some windows are not searchable yet"),
        "{}",
        stats.err
    );
    let stats = stats.json();
    assert!(
        stats["bars"].as_u64() >= Some(files * bars as u64),
        "{stats}"
    );
    assert!(stats["pending_ranges"].as_u64() > Some(0), "{stats}");

    let last = csv(START, HOUR, &closes(bars, 99));
    std::fs::remove_file(world.path("zz-1h.csv")).unwrap();
    world.file("zz-1h.csv", last);
    let report = world.rhyme(&ingest).ok();
    assert_eq!(field(&report, "bars replaced"), "0");
    world.rhyme(&["verify"]).ok();
    let stats = world.rhyme(&["stats", "--format", "json"]);
    assert_eq!(stats.err, "");
    let stats = stats.json();
    assert_eq!(stats["series"], files + 1);
    assert_eq!(stats["bars"], (files + 1) * bars as u64);
    assert_eq!(stats["windows"], (files + 1) * (bars as u64 - 63));
    assert_eq!(stats["pending_ranges"], 0);
    assert_eq!(field(&world.rhyme(&ingest).ok(), "windows embedded"), "0");
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let world = World::new();
    world.file(
        "in/crypto/x/LONG-1h.csv",
        csv(START, HOUR, &closes(2000, 1)),
    );
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    for format in ["table", "json", "csv"] {
        // More than a pipe holds, so the program is still writing when the reader goes.
        let args = ["bars", "LONG", "--last", "0", "--format", format];
        let mut child = world.command(&args).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        drop(out);
        let run = finish(child);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn refused_files_are_a_failure_even_if_nobody_reads_the_summary() {
    let world = World::new();
    world.file("bad-1h.csv", "");
    let mut child = world
        .command(&["ingest", "bars", "bad-1h.csv"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    finish(child).fails(1, "the file is empty");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let world = World::with_market();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child = world.command(&["series"]).stdout(full).spawn().unwrap();
    finish(child).fails(1, "cannot write the output");
}
