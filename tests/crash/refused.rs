//! The disk refuses something, once or from then on, and the program goes on.

use rhymedb::{Database, Error};

use crate::contents::State;
use crate::cuts::no_panic;
use crate::disk::{ROOT, SimDisk};
use crate::fault::{Fault, Refusal};
use crate::operations::Operation;
use crate::run::{Trace, in_order, points, read, thorough};

/// Lets operations of the disk fail at points of an operation of the database. The error is clear;
/// the open database answers as before or as after, or says that it must be opened again; and the
/// operation can be repeated.
pub fn withstands_every_refusal(operation: &Operation) {
    in_order(|| {
        let trace = Trace::of(operation);
        let most = if thorough() { usize::MAX } else { 12 };
        let mut refused = 0;
        for (i, kind) in (0..).zip([Refusal::Full, Refusal::Broken]) {
            for n in points(trace.counts.all, most, i) {
                for fault in [Fault::Once(n, kind), Fault::Forever(n, kind)] {
                    refused += usize::from(refuse(operation, &trace, fault));
                }
            }
        }
        println!("{}: {refused} times refused", operation.name);
        assert!(refused > 10);
    });
}

/// Whether the operation noticed the fault.
fn refuse(operation: &Operation, trace: &Trace, fault: Fault) -> bool {
    let disk = trace.before.fork();
    disk.set_fault(Some(fault));
    let noticed = no_panic(|| Ok(opened_with(operation, trace, fault, &disk)))
        .unwrap_or_else(|panic| {
            let hit = disk.hit();
            panic!("{}, {fault:?} ({hit}): {panic}", operation.name)
        })
        .unwrap_or(false);
    let at = format!("{}, {fault:?} ({})", operation.name, disk.hit());
    disk.set_fault(None);
    let state = read(operation, &disk).unwrap_or_else(|e| panic!("{at}, opened again: {e}"));
    // It may have been repeated already, which can leave another layout.
    let known = trace.shown.iter().any(|s| s.contents == state.contents);
    assert!(known, "{at}: {state:#?}");
    let db = operation.open(&disk).unwrap();
    (operation.run)(&db).unwrap_or_else(|e| panic!("{at}, repeated: {e}"));
    let state = State::of(&db).unwrap();
    assert_eq!(state.contents, trace.last().contents, "{at}, repeated");
    noticed
}

fn opened_with(operation: &Operation, trace: &Trace, fault: Fault, disk: &SimDisk) -> bool {
    let at = || format!("{}, {fault:?} ({})", operation.name, disk.hit());
    let db = match operation.open(disk) {
        Ok(db) => db,
        Err(e) => {
            assert_clear(&e, &at());
            return true;
        }
    };
    let ran = (operation.run)(&db);
    if let Err(e) = &ran {
        assert_clear(e, &at());
    }
    // A fault that comes once is over.
    let over = matches!(fault, Fault::Once(..)) && !disk.hit().is_empty();
    let refused = check_open(&db, trace, &at());
    assert!(
        !refused || ran.is_err() || !over,
        "{}: it said nothing",
        at()
    );
    disk.set_fault(None);
    // Reading can be refused as well, and then nothing more is read until the database is opened again.
    let failed = ran.is_err() || refused;
    let refused = check_open(&db, trace, &at());
    assert!(!refused || failed, "{}: refused without a fault", at());
    let again = (operation.run)(&db).and_then(|()| State::of(&db));
    match again {
        Ok(state) => assert_eq!(state.contents, trace.last().contents, "{}", at()),
        Err(e) => {
            assert!(failed, "{}: only the second time: {e}", at());
            assert!(must_reopen(&e), "{}, repeated: {e}", at());
        }
    }
    ran.is_err()
}

/// What the open database says is true, or it says what to do. Returns whether it was refused.
fn check_open(db: &Database, trace: &Trace, at: &str) -> bool {
    match State::of(db) {
        Ok(state) => {
            // What failed and was undone was done all the same, so commits may tell more.
            let same = |s: &State| s.contents == state.contents && s.layout == state.layout;
            assert!(trace.shown.iter().any(same), "{at}, still open: {state:#?}");
            false
        }
        Err(e) => {
            assert!(must_reopen(&e) || is_io(&e), "{at}, still open: {e}");
            true
        }
    }
}

fn must_reopen(error: &Error) -> bool {
    error.to_string().contains("open it again")
}

fn is_io(error: &Error) -> bool {
    matches!(error, Error::Io { .. })
}

/// The message names the file, and says what to do.
pub fn assert_clear(error: &Error, at: &str) {
    let text = error.to_string();
    let names = text.contains(ROOT) || text.contains("catalog.redb");
    let advises = text.contains("repeat") || text.contains("open it again");
    assert!(names && advises, "{at}: {text}");
}
