//! The process is killed at any moment, again and again, and the database holds what was
//! acknowledged: no bar and no row is missing, there twice, or there without reason.
//!
//! The process that is killed is this test once more, with `RHYME_KILL_JOB` set; it prints a line
//! for each operation that is committed. `RHYME_KILL_ROUNDS` says how often to kill (default 12),
//! `RHYME_KILL_SEED` where to start; a failure prints its seed.

#![cfg(unix)]
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "kill/check.rs"]
mod check;
#[path = "../oracle/mod.rs"]
mod oracle;
#[path = "kill/plan.rs"]
mod plan;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use check::check;
use oracle::Lcg;
use plan::{Kind, Mirror, operation};
use rhymedb::{Control, Error, OpenOptions};

const JOB: &str = "RHYME_KILL_JOB";
const SIGKILL: i32 = 9;

struct Dice(Lcg);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        (self.0.next() * n as f64) as usize % n
    }

    fn sleep_up_to(&mut self, longest: Duration) {
        std::thread::sleep(longest.mul_f64(self.0.next()));
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Does operations until it is killed, and says which are done.
fn work_until_killed(job: &str) {
    let mut parts = job.splitn(3, ' ');
    let mut next = || parts.next().unwrap();
    let (kind, first, dir) = (Kind::parse(next()), next(), next());
    let db = OpenOptions::new().clip_weights(None).open(dir).unwrap();
    for n in first.parse::<u64>().unwrap().. {
        operation(kind, n).run(&db).unwrap();
        println!("done {n}.");
    }
}

#[test]
fn operations_that_nobody_interrupts_agree_with_the_mirror() {
    if let Ok(job) = std::env::var(JOB) {
        return work_until_killed(&job);
    }
    for kind in [Kind::Append, Kind::Compact] {
        let dir = tempfile::tempdir().unwrap();
        let db = OpenOptions::new()
            .clip_weights(None)
            .open(dir.path())
            .unwrap();
        let mut mirror = Mirror::default();
        for n in 0..40 {
            let op = operation(kind, n);
            op.run(&db).unwrap();
            mirror.apply(&op);
        }
        drop(db);
        check(dir.path(), &[mirror], &mut Dice(Lcg(1)));
    }
}

/// When to kill.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after the start, acknowledged or not.
    Start,
    /// After so many acknowledgements.
    Acknowledged(usize),
    /// When a file with this ending appears in `segments`.
    File(&'static str),
}

fn start(kind: Kind, first: u64, dir: &Path) -> Child {
    let name = "operations_that_nobody_interrupts_agree_with_the_mirror";
    Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(JOB, format!("{kind:?} {first} {}", dir.display()))
        .env("RAYON_NUM_THREADS", "2")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The operation that a line acknowledges.
fn acknowledged(line: &str) -> Option<u64> {
    let (_, number) = line.strip_suffix(".\n")?.rsplit_once("done ")?;
    number.parse().ok()
}

fn segment_files(dir: &Path, ending: &str) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(dir.join("segments")).ok();
    let names = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.file_name());
    names
        .filter(|n| n.to_string_lossy().ends_with(ending))
        .collect()
}

/// Runs operations from `first` on, kills the process, and returns the first operation that was
/// not acknowledged.
fn run_and_kill(kind: Kind, first: u64, dir: &Path, moment: Moment, dice: &mut Dice) -> u64 {
    let before = match moment {
        Moment::File(ending) => segment_files(dir, ending),
        _ => Vec::new(),
    };
    let mut child = start(kind, first, dir);
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut next = first;
    let mut hear = |said: &mut BufReader<_>| {
        let mut line = String::new();
        let more = said.read_line(&mut line).unwrap() > 0;
        if let Some(n) = acknowledged(&line) {
            assert_eq!(n, next, "operations are acknowledged in their order");
            next = n + 1;
        }
        (more, acknowledged(&line).is_some())
    };
    match moment {
        Moment::Start => dice.sleep_up_to(Duration::from_millis(80)),
        Moment::Acknowledged(mut wanted) => {
            while wanted > 0 {
                let (more, acknowledges) = hear(&mut said);
                assert!(more, "the process ended by itself");
                wanted -= usize::from(acknowledges);
            }
            dice.sleep_up_to(Duration::from_millis(if kind == Kind::Bulk {
                400
            } else {
                25
            }));
        }
        Moment::File(ending) => {
            let until = Instant::now() + Duration::from_secs(20);
            let appeared = || {
                segment_files(dir, ending)
                    .iter()
                    .any(|f| !before.contains(f))
            };
            while Instant::now() < until && !appeared() {
                std::thread::sleep(Duration::from_micros(100));
            }
            if dice.below(2) == 0 {
                dice.sleep_up_to(Duration::from_millis(15));
            }
        }
    }
    child.kill().unwrap();
    while hear(&mut said).0 {}
    let status = child.wait().unwrap();
    assert_eq!(
        status.signal(),
        Some(SIGKILL),
        "the process ended by itself: {status}"
    );
    next
}

/// Reads everything, again and again, beside whoever writes and is killed: never an error, and never a
/// state that nobody committed. Returns how often.
fn read_beside(dir: &Path, stop: &AtomicBool) -> u64 {
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        let db = match OpenOptions::new().read_only(true).open(dir) {
            Ok(db) => db,
            // It is not made yet.
            Err(Error::NotADatabase { .. }) => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            Err(e) => panic!("a reader is refused: {e}"),
        };
        // The second time with what was committed meanwhile.
        for _ in 0..2 {
            let read = db.verify(&Control::new());
            read.unwrap_or_else(|e| panic!("a reader beside a writer: {e}"));
            reads += 1;
            std::thread::sleep(Duration::from_millis(3));
        }
    }
    reads
}

/// A database that is killed some rounds long, beside a reader.
fn kill_often(kind: Kind, rounds: u64, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("db");
    let stop = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_beside(&dir, &stop));
        let killed = std::panic::catch_unwind(|| kill_rounds(kind, rounds, seed, &dir));
        stop.store(true, Ordering::Relaxed);
        let reads = reader.join().unwrap();
        killed
            .map(|()| reads)
            .unwrap_or_else(|e| std::panic::resume_unwind(e))
    });
    println!("{kind:?}, seed {seed}: read {reads} times beside it");
    assert!(reads > 0 || rounds == 0, "nobody read");
}

fn kill_rounds(kind: Kind, rounds: u64, seed: u64, dir: &Path) {
    let mut dice = Dice(Lcg(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 7));
    let (mut mirror, mut known, mut next) = (Mirror::default(), 0, 0);
    for round in 0..rounds {
        let moment = match (kind, dice.below(4)) {
            (_, 0) => Moment::Start,
            (Kind::Bulk, 1) | (Kind::Compact, 1 | 2) => Moment::File(".tmp"),
            (Kind::Bulk | Kind::Compact, 3) => Moment::File(".seg"),
            (Kind::Bulk, _) => Moment::Acknowledged(dice.below(2)),
            _ => Moment::Acknowledged(dice.below(20)),
        };
        next = run_and_kill(kind, next, dir, moment, &mut dice);
        // Now and then the next process finds what a killed one left, and nothing else.
        if round + 1 < rounds && dice.below(3) == 0 {
            continue;
        }
        for n in known..next {
            mirror.apply(&operation(kind, n));
        }
        let mut one_more = mirror.clone();
        one_more.apply(&operation(kind, next));
        known = next;
        println!("{kind:?}, seed {seed}, round {round}: killed at {moment:?}, {next} acknowledged");
        if check(dir, &[mirror.clone(), one_more.clone()], &mut dice) == 1 {
            (mirror, known, next) = (one_more, known + 1, next + 1);
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let rounds = number("RHYME_KILL_ROUNDS", 12);
    let seed = number("RHYME_KILL_SEED", 1);
    // Twelve kills, and new databases, so that creation is interrupted too.
    for (i, start) in (0..rounds).step_by(12).enumerate() {
        let seed = seed + i as u64;
        let rounds = (rounds - start).min(12);
        let bulk = rounds / 6;
        let compact = rounds / 3;
        kill_often(Kind::Append, rounds - compact - bulk, seed);
        kill_often(Kind::Compact, compact, seed);
        kill_often(Kind::Bulk, bulk, seed);
    }
}

/// The program itself, killed while it ingests files and while it compacts.
#[test]
fn the_program_can_be_killed_and_run_again() {
    use std::fmt::Write as _;

    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    let mut expected = Mirror::default();
    for symbol in ["AAA", "BBB", "CCC"] {
        let place = input.join(format!("crypto/x/{symbol}-1m.csv"));
        let mut text = "time,open,high,low,close,volume\n".to_owned();
        let plan::Op::Ingest(batch) = operation(Kind::Bulk, symbol.len() as u64) else {
            panic!("bulk operations ingest");
        };
        for bar in batch[0].bars.iter() {
            let (time, b) = (bar.time.millis(), bar);
            writeln!(
                text,
                "{time},{:?},{:?},{:?},{:?},{:?}",
                b.open, b.high, b.low, b.close, b.volume
            )
            .unwrap();
        }
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
        let stored = batch[0].bars.iter().map(|b| (b.time.millis(), b)).collect();
        expected.0.insert(format!("crypto/x/{symbol}:1m"), stored);
    }
    let db = folder.path().join("db");
    let mut dice = Dice(Lcg(number("RHYME_KILL_SEED", 1)));
    for round in 0..number("RHYME_KILL_ROUNDS", 12).div_ceil(12) {
        let _ = std::fs::remove_dir_all(&db);
        for args in [&["ingest", "bars", "--spaces", "shape"][..], &["compact"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_rhyme"));
            command.args(args).arg("--db").arg(&db).stdin(Stdio::null());
            if args.len() > 1 {
                command.arg(&input);
            }
            let mut longest = Duration::from_millis(60);
            loop {
                let mut child = command
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();
                let until = Instant::now() + longest.mul_f64(dice.0.next());
                longest *= 3;
                while child.try_wait().unwrap().is_none() && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(1));
                }
                let ended = child.try_wait().unwrap();
                child.kill().unwrap();
                let mut said = String::new();
                child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut said)
                    .unwrap();
                child.wait().unwrap();
                if let Some(status) = ended {
                    assert!(status.success(), "round {round}: {status}: {said}");
                    break;
                }
                // All files are one batch: all of it is there, or nothing.
                check(&db, &[expected.clone(), Mirror::default()], &mut dice);
            }
            assert_eq!(check(&db, &[expected.clone()], &mut dice), 0);
        }
    }
}
