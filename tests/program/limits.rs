//! The program where the system refuses it something: space on the disk, open files, memory. It
//! says what was refused and ends with an exit code, and the database is sound afterwards.
//!
//! `RHYME_LIMITS=all` tries more limits, and on a market that is embedded into segments at once.

#![cfg(target_os = "linux")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "cli/world.rs"]
mod world;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use world::{Run, START, World, closes, csv, run};

const MINUTE: i64 = 60_000;
const SERIES: u64 = 3;
const INGEST: [&str; 5] = ["ingest", "bars", "in", "--spaces", "shape"];
const ASK: [&str; 4] = ["similar", "S1:1m", "--format", "json"];

fn all() -> bool {
    std::env::var("RHYME_LIMITS").is_ok_and(|v| v == "all")
}

fn bars() -> u64 {
    if all() { 2900 } else { 400 }
}

fn market() -> World {
    let world = World::new();
    for i in 0..SERIES {
        let text = csv(START, MINUTE, &closes(bars() as usize, i));
        world.file(&format!("in/crypto/x/S{i}-1m.csv"), text);
    }
    world
}

/// The program under a limit, as `ulimit` takes it. A file that is too long is then an error of
/// `write`, as on a full disk, and no signal.
fn limited(world: &World, limit: &str, args: &[&str]) -> Command {
    let program = world.command(args);
    let mut command = Command::new("bash");
    command
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit {limit} && exec \"$@\""),
            "bash",
        ])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(program.get_current_dir().unwrap())
        .env_remove("RHYME_DB")
        .env("RUST_BACKTRACE", "0")
        .env("RAYON_NUM_THREADS", "2");
    command
}

/// The first of growing amounts under which the program starts.
fn least(mut amounts: impl Iterator<Item = u32>, limit: fn(u32) -> String) -> u32 {
    let world = World::new();
    let starts = |amount: &u32| {
        let output = limited(&world, &limit(*amount), &["--version"]).output();
        output.unwrap().status.success()
    };
    amounts.find(starts).unwrap()
}

/// Success, or an error that is told. Returns whether it was refused.
#[track_caller]
fn refused(run: &Run, limit: &str) -> bool {
    assert!(!run.err.contains("panicked"), "ulimit {limit}: {}", run.err);
    match run.code {
        Some(0) => false,
        Some(1) => {
            assert!(run.err.contains("rhyme: "), "ulimit {limit}: {}", run.err);
            true
        }
        other => panic!("ulimit {limit}: exit code {other:?}: {}", run.err),
    }
}

/// The database is sound, and the same command now does all of its work.
#[track_caller]
fn recovers(world: &World) {
    if world.path("market.rhyme/catalog.redb").exists() {
        let known = world.rhyme(&["verify"]);
        // A limit that refuses the first byte leaves no database at all.
        assert!(
            known.code == Some(0) || known.err.contains("ingest something into it first"),
            "{}",
            known.err
        );
    }
    world.rhyme(&INGEST).ok();
    complete(world);
}

#[track_caller]
fn complete(world: &World) {
    world.rhyme(&["verify"]).ok();
    let stats = world.rhyme(&["stats", "--format", "json"]).json();
    assert_eq!(
        (stats["bars"].as_u64(), stats["windows"].as_u64()),
        (Some(SERIES * bars()), Some(SERIES * (bars() - 63))),
        "{stats}"
    );
    assert_eq!(stats["pending_ranges"], 0, "{stats}");
}

/// Ingests, compacts and asks under growing limits, until nothing is refused.
fn under(limits: impl Iterator<Item = String>) {
    let (mut refusals, mut tried) = (0, 0);
    for limit in limits {
        let limit = limit.as_str();
        tried += 1;
        let world = market();
        if refused(&run(&mut limited(&world, limit, &INGEST)), limit) {
            refusals += 1;
        }
        recovers(&world);
        // One bar more, so that there is something to compact.
        let more = csv(START, MINUTE, &closes(bars() as usize + 1, 0));
        world.file("in/crypto/x/S0-1m.csv", more);
        world.rhyme(&INGEST).ok();
        for args in [&["compact"][..], &ASK, &["verify"]] {
            let run = run(&mut limited(&world, limit, args));
            refusals += usize::from(refused(&run, limit));
        }
        world.rhyme(&["verify"]).ok();
        world.rhyme(&ASK).ok();
    }
    println!("{refusals} refusals under {tried} limits");
    assert!(refusals > 0, "no limit was too low");
}

#[test]
fn a_disk_that_is_full_is_an_error_and_no_damage() {
    let kilobytes: &[u32] = if all() {
        &[0, 1, 60, 400, 900, 1500, 2100]
    } else {
        &[0, 130]
    };
    under(kilobytes.iter().map(|k| format!("-f {k}")));
}

#[test]
fn too_many_open_files_are_an_error_and_no_damage() {
    // Below that the program's libraries cannot be opened. What whoever started the test left open counts.
    let least = least(3..64, |n| format!("-n {n}"));
    let more: &[u32] = if all() { &[0, 1, 2, 3, 4, 6] } else { &[0, 3] };
    under(more.iter().map(|more| format!("-n {}", least + more)));
}

/// An allocation that fails ends the process at once, as everywhere in Rust, and the system's
/// message says so; the database must be sound all the same.
#[test]
fn a_limit_of_memory_ends_with_a_message_and_without_damage() {
    let least = least((8..1024).step_by(4), |megabytes| {
        format!("-v {}", megabytes << 10)
    });
    let (mut refusals, mut aborts) = (0, 0);
    let more: &[u32] = if all() {
        &[0, 2, 8, 16, 24, 40]
    } else {
        &[0, 2, 12]
    };
    for megabytes in more.iter().map(|more| least + more) {
        let limit = format!("-v {}", megabytes << 10);
        let world = market();
        for args in [&INGEST[..], &ASK] {
            let output = limited(&world, &limit, args).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            println!(
                "{megabytes} MiB, {}: {}, {}",
                args[0],
                output.status,
                said.trim()
            );
            if output.status.signal() == Some(6) {
                assert!(
                    said.contains("memory allocation of"),
                    "{megabytes} MiB: {said}"
                );
                aborts += 1;
            } else if !output.status.success() {
                assert_eq!(output.status.code(), Some(1), "{megabytes} MiB: {said}");
                assert!(
                    !said.trim().is_empty() && !said.contains("panicked"),
                    "{said}"
                );
                refusals += 1;
            }
            if args == INGEST {
                recovers(&world);
            }
        }
    }
    println!("{refusals} refusals, {aborts} aborts");
    assert!(refusals + aborts > 0, "no limit was too low");
}

/// A file system that is full, if this user may mount one.
#[test]
fn a_file_system_without_room_is_an_error_and_no_damage() {
    let world = market();
    let rooms = if all() {
        "0 8 64 700 1400 2200"
    } else {
        "8 60 120"
    };
    let mount = "mount -t tmpfs -o size=6m none disk";
    let script = format!(
        "mkdir disk && {mount} || exit 77
         rhyme() {{ \"$RHYME\" --db disk/db \"$@\"; }}
         for room in {rooms}; do
             rm -rf disk/*
             head -c $((6 * 1024 * 1024 - room * 1024)) /dev/zero > disk/filler
             rhyme ingest bars in > /dev/null 2> said; code=$?
             rm disk/filler
             echo \"$room KiB: exit code $code, $(tail -n 1 said)\"
             rhyme ingest bars in > /dev/null || exit 1
             rhyme verify > /dev/null || exit 1
             rhyme stats --format json || exit 1
         done"
    );
    let program = world.command(&[]);
    let output = Command::new("unshare")
        .args(["-rm", "bash", "-c", &script])
        .current_dir(program.get_current_dir().unwrap())
        .env("RHYME", program.get_program())
        .output();
    let output = match output {
        Ok(output) if !matches!(output.status.code(), Some(77)) => output,
        _ => return println!("skipped: this user may not mount a file system"),
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    if said.is_empty() && errors.contains("unshare") {
        return println!("skipped: {errors}");
    }
    println!("{said}");
    assert!(output.status.success(), "{said}{errors}");
    let refused = said.lines().filter(|l| l.contains("exit code 1, rhyme: "));
    assert!(refused.count() > 1, "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let whole = format!("\"bars\": {}", SERIES * bars());
    let rooms = rooms.split(' ').count();
    assert_eq!(said.matches(&whole).count(), rooms, "{said}");
}
