//! An operation without a fault: how many steps it has on the disk, and which states it passes.

use rhymedb::Result;

use crate::contents::State;
use crate::disk::{Counts, SimDisk};
use crate::operations::Operation;

/// What an operation does when nothing fails, and how to choose where it fails.
pub struct Trace {
    /// The disk before.
    pub before: SimDisk,
    /// Operations of opening, running and closing.
    pub counts: Counts,
    /// The state after each sync of the catalog, from that before to that after.
    pub states: Vec<State>,
    /// The states that an open database passes, also those that wait for their sync.
    pub shown: Vec<State>,
}

impl Trace {
    pub fn of(operation: &Operation) -> Self {
        let live = operation.prepared();
        // What a closed database holds must not need luck.
        let before = live.restart_machine(0);
        let (disk, states) = passed(operation, &before);
        assert_eq!(states[0], read(operation, &live).unwrap(), "kept");
        let seen: Vec<_> = distinct(&states);
        assert_eq!(
            seen.len() - 1,
            operation.commits,
            "{}: {seen:#?}",
            operation.name
        );
        let mut shown = states.clone();
        if operation.shares_syncs() {
            shown.extend(passed(&operation.synced(), &before).1);
        }
        Self {
            before,
            counts: disk.counts(),
            states,
            shown,
        }
    }

    pub fn last(&self) -> &State {
        self.states.last().unwrap()
    }
}

/// Runs an operation on a copy of a disk, and reads what was on it after each sync of the catalog.
fn passed(operation: &Operation, before: &SimDisk) -> (SimDisk, Vec<State>) {
    let disk = before.fork();
    disk.keep_images();
    let db = operation.open(&disk).unwrap();
    (operation.run)(&db).unwrap();
    drop(db);
    let images = disk.images();
    let states = images.iter().map(|i| read(operation, i).unwrap());
    let states = states.collect();
    (disk, states)
}

fn distinct(states: &[State]) -> Vec<&State> {
    let mut seen: Vec<&State> = Vec::new();
    for state in states {
        if seen.last() != Some(&state) {
            seen.push(state);
        }
    }
    seen
}

/// Opens a copy of what is on a disk and reads everything.
pub fn read(operation: &Operation, disk: &SimDisk) -> Result<State> {
    let disk = disk.fork();
    let db = operation.open(&disk)?;
    let state = State::of(&db)?;
    let files = disk.segment_files();
    let named: u64 = state.layout.iter().map(|l| l.0).sum();
    assert_eq!(
        files.len() as u64,
        named,
        "files that nobody names: {files:?}"
    );
    Ok(state)
}

/// Runs in one thread, so that the n-th operation is always the same one.
pub fn in_order<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().unwrap().install(work)
}

/// Whether every point is asked for, or a sample.
pub fn thorough() -> bool {
    std::env::var("RHYME_CRASH").is_ok_and(|v| v == "all")
}

/// The numbers `1..=total`, or `most` of them at even distances, starting somewhere else each time
/// that `turn` differs.
pub fn points(total: usize, most: usize, turn: usize) -> Vec<usize> {
    if thorough() || total <= most {
        return (1..=total).collect();
    }
    let step = total as f64 / most as f64;
    let start = (turn as f64 * 0.37).fract();
    (0..most)
        .map(|i| ((i as f64 + start) * step) as usize + 1)
        .collect()
}
