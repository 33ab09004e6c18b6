//! The machine stops.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rhymedb::Result;

use crate::contents::State;
use crate::disk::SimDisk;
use crate::fault::Fault;
use crate::operations::Operation;
use crate::run::{Trace, in_order, points, read, thorough};
use crate::survival::Choice;

/// What was seen over all points of an operation.
#[derive(Debug, Default)]
struct Seen {
    points: usize,
    cuts: usize,
    before: usize,
    between: usize,
    after: usize,
}

/// Stops the machine at points of an operation. After each, the state must be the one of the
/// commit that was finished last, or of the one that was under way, and the operation can be
/// repeated.
pub fn survives_every_stop(operation: &Operation) {
    let (most, seeds) = if thorough() {
        (usize::MAX, 12)
    } else {
        (24, 1)
    };
    survives(operation, None, most, seeds);
}

/// The same must fail on a disk on which some syncs have no effect: they are needed, and these
/// tests see it.
pub fn misses_syncs(operation: &Operation, of: fn(&Path) -> bool) {
    let survived = no_panic(|| {
        survives(operation, Some(of), 24, 6);
        Ok(())
    });
    let noticed = survived.expect_err("a loss");
    assert!(noticed.contains(", seed "), "{noticed}");
}

fn survives(operation: &Operation, ignored: Option<fn(&Path) -> bool>, most: usize, seeds: u64) {
    in_order(|| {
        let trace = Trace::of(operation);
        trace.before.ignore_syncs(ignored);
        let mut seen = Seen::default();
        for n in points(trace.counts.changes, most, operation.commits) {
            seen.points += 1;
            for turn in 0..seeds {
                let seed = n as u64 * 5 + turn;
                stop_at(operation, &trace, n, seed, &mut seen);
            }
        }
        println!("{}: {seen:?}", operation.name);
        assert!(seen.cuts >= 20 && seen.before > 0 && seen.after > 0);
    });
}

fn stop_at(operation: &Operation, trace: &Trace, n: usize, seed: u64, seen: &mut Seen) {
    let disk = trace.before.fork();
    disk.set_fault(Some(Fault::Stop(n)));
    let ran = no_panic(|| {
        let db = operation.open(&disk)?;
        (operation.run)(&db)
    });
    let at = format!(
        "{}, operation {n} of {} ({}), seed {seed}",
        operation.name,
        trace.counts.changes,
        disk.hit()
    );
    let ran = ran.unwrap_or_else(|panic| panic!("{at}: {panic}"));
    let finished = disk.counts().commits;
    let disk = restart(operation, &disk, seed);
    let state = no_panic(|| read(operation, &disk))
        .unwrap_or_else(|panic| panic!("{at}: {panic}"))
        .unwrap_or_else(|e| panic!("{at}: {e}"));
    let allowed = match ran {
        Ok(()) => &trace.states[trace.states.len() - 1..],
        Err(_) => &trace.states[finished..(finished + 2).min(trace.states.len())],
    };
    assert!(
        allowed.contains(&state),
        "{at}: {state:#?}\nis none of {allowed:#?}"
    );
    seen.cuts += 1;
    match state {
        s if s == trace.states[0] => seen.before += 1,
        s if s == *trace.last() => seen.after += 1,
        _ => seen.between += 1,
    }
    let db = operation.open(&disk).unwrap();
    (operation.run)(&db).unwrap_or_else(|e| panic!("{at}: again: {e}"));
    let state = State::of(&db).unwrap();
    assert_eq!(state.contents, trace.last().contents, "{at}: again");
}

/// What is there when the machine is on again: after a power cut, after two, or after the end of
/// the process and then a power cut, the second ones while the database is opened.
fn restart(operation: &Operation, disk: &SimDisk, seed: u64) -> SimDisk {
    let disk = match (seed / 6) % 3 {
        0 => return disk.restart_machine(seed),
        1 => disk.restart_machine(seed),
        _ => disk.restart_process(),
    };
    let counting = disk.fork();
    drop(operation.open(&counting));
    let n = Choice::new(seed).below(counting.counts().changes) + 1;
    disk.set_fault(Some(Fault::Stop(n)));
    drop(operation.open(&disk));
    disk.restart_machine(seed + 1)
}

/// A panic as text.
pub fn no_panic<T>(work: impl FnOnce() -> Result<T>) -> Result<Result<T>, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        format!("panic: {}", said.unwrap_or_default())
    })
}
