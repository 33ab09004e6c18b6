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

fn interrupt(child: &Child) {
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
    world.rhyme(&["series"]).fails(4, &holder);
    world
        .rhyme(&["ingest", "bars", "slow-1h.csv"])
        .fails(4, &holder);
    pipe.write_all(csv(START, HOUR, &closes(70, 1)).as_bytes())
        .unwrap();
    drop(pipe);
    assert_eq!(field(&finish(first).ok(), "bars added"), "70");
    world.rhyme(&["series"]).ok();
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
