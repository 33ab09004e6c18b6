//! Opening for reading. Nothing on a disk whose last writer closed it changes, whatever it refuses; what a
//! killed writer left is put right first.

use rhymedb::{Database, Error, Result};

use crate::contents::State;
use crate::cuts::no_panic;
use crate::disk::SimDisk;
use crate::fault::{Fault, Refusal};
use crate::operations::{ALL, Operation, home};
use crate::run::{Trace, in_order, points, thorough};

fn append() -> &'static Operation {
    let append = &ALL[3];
    assert_eq!(append.name, "append");
    append
}

fn open(disk: &SimDisk) -> Result<Database> {
    append().options(disk).read_only(true).open(home())
}

/// What a reader sees. Neither opening, nor reading everything, nor closing changes the disk.
fn look(disk: &SimDisk) -> Result<State> {
    let counted = disk.counts().changes;
    let state = open(disk).and_then(|db| State::of(&db));
    assert_eq!(disk.counts().changes, counted, "a reader changes the disk");
    state
}

/// A reader after a power cut sees the last commit or the one that was under way. It puts right what
/// the writer left, and the power may be cut meanwhile. The next reader changes nothing.
#[test]
fn readers_after_a_stop_see_a_commit() {
    in_order(|| {
        let trace = Trace::of(append());
        let most = if thorough() { usize::MAX } else { 24 };
        let (mut before, mut after, mut put_right) = (0, 0, 0);
        for n in points(trace.counts.changes, most, 1) {
            for seed in 0..if thorough() { 12 } else { 3 } {
                let disk = trace.before.fork();
                disk.set_fault(Some(Fault::Stop(n)));
                // Whether it was done does not matter here.
                let _ = append().open(&disk).map(|db| (append().run)(&db));
                let finished = disk.counts().commits;
                let seed = n as u64 * 5 + seed;
                let disk = stopped_reader(&disk.restart_machine(seed), seed);
                let at = format!("operation {n}, seed {seed}");
                let read = || open(&disk).and_then(|db| State::of(&db));
                let state = no_panic(read).unwrap_or_else(|p| panic!("{at}: {p}"));
                let state = state.unwrap_or_else(|e| panic!("{at}: {e}"));
                put_right += usize::from(disk.counts().changes > 0);
                assert_eq!(look(&disk).unwrap(), state, "{at}: again");
                let last = (finished + 2).min(trace.states.len());
                let allowed = &trace.states[finished.min(last - 1)..last];
                assert!(allowed.contains(&state), "{at}: {state:#?}");
                before += usize::from(state == trace.states[0]);
                after += usize::from(state == *trace.last());
            }
        }
        println!(
            "readers: {before} saw the state before, {after} that after, {put_right} put it right"
        );
        assert!(before > 0 && after > 0 && put_right > 0);
    });
}

/// The power is cut while a reader puts right what it found; sometimes it is not.
fn stopped_reader(disk: &SimDisk, seed: u64) -> SimDisk {
    let counting = disk.fork();
    drop(open(&counting).unwrap());
    let changes = counting.counts().changes;
    if changes == 0 || seed.is_multiple_of(2) {
        return disk.fork();
    }
    let disk = disk.fork();
    disk.set_fault(Some(Fault::Stop(1 + seed as usize % changes)));
    drop(open(&disk));
    disk.restart_machine(seed + 1)
}

/// A reader that was there before sees what a writer beside it commits, also when segments that it
/// has open are taken out; and one that comes then sees the same.
#[test]
fn readers_beside_a_writer_see_every_operation() {
    for operation in ALL {
        let disk = operation.prepared();
        let db = operation.open(&disk).unwrap();
        let read = || operation.options(&disk).read_only(true).open(home());
        if operation.shares_syncs() {
            let refused = read().err().unwrap();
            assert!(matches!(refused, Error::Locked { .. }), "{refused}");
            continue;
        }
        let reader = read().unwrap();
        let held = reader.now();
        let before = held.series().unwrap();
        let same = |name: &str| {
            let expected = State::of(&db).unwrap();
            assert_eq!(State::of(&reader).unwrap(), expected, "{name}");
            assert_eq!(State::of(&read().unwrap()).unwrap(), expected, "{name}");
        };
        same("before");
        (operation.run)(&db).unwrap();
        same(operation.name);
        assert_eq!(held.series().unwrap(), before, "a view changed");
    }
}

/// A disk that refuses a reader something, once or from then on: it gets an error that names the
/// file or what is there, and nothing is changed.
#[test]
fn readers_withstand_every_refusal() {
    in_order(|| {
        let before = append().prepared().restart_machine(0);
        let whole = before.fork();
        let expected = look(&whole).unwrap();
        let total = whole.counts().all;
        let most = if thorough() { usize::MAX } else { 24 };
        let mut refused = 0;
        for n in points(total, most, 0) {
            for fault in [
                Fault::Once(n, Refusal::Broken),
                Fault::Forever(n, Refusal::Broken),
            ] {
                let disk = before.fork();
                disk.set_fault(Some(fault));
                let seen = no_panic(|| look(&disk));
                let at = format!("{fault:?} of {total} ({})", disk.hit());
                match seen.unwrap_or_else(|panic| panic!("{at}: {panic}")) {
                    Ok(state) => assert_eq!(state, expected, "{at}"),
                    Err(e) => {
                        let text = e.to_string();
                        assert!(
                            text.contains("/disk") || text.contains("catalog.redb"),
                            "{at}: {text}"
                        );
                        refused += 1;
                    }
                }
                disk.set_fault(None);
                assert_eq!(look(&disk).unwrap(), expected, "{at}: afterwards");
            }
        }
        println!("a reader was refused {refused} times, of {total} operations");
        assert!(refused > 10, "{refused}");
    });
}
