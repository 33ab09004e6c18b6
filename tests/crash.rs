//! Power cuts and disks that refuse, at every step of everything that writes.
//!
//! A disk in memory counts what is asked of it, stops at the n-th operation, and loses, keeps,
//! tears and reorders what was not synced. `RHYME_CRASH=all cargo test --test crash` tries every n
//! with several seeds; without it, a sample is tried.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "crash/contents.rs"]
mod contents;
#[path = "crash/copies.rs"]
mod copies;
#[path = "crash/cuts.rs"]
mod cuts;
#[path = "crash/disk.rs"]
mod disk;
#[path = "crash/fault.rs"]
mod fault;
#[path = "crash/handles.rs"]
mod handles;
#[path = "crash/locks.rs"]
mod locks;
#[path = "crash/names.rs"]
mod names;
#[path = "crash/operations.rs"]
mod operations;
mod oracle;
#[path = "crash/readers.rs"]
mod readers;
#[path = "crash/refused.rs"]
mod refused;
#[path = "crash/run.rs"]
mod run;
#[path = "crash/survival.rs"]
mod survival;
#[path = "crash/written.rs"]
mod written;

use cuts::{misses_syncs, survives_every_stop};
use operations::ALL;
use refused::withstands_every_refusal;

/// Every operation has two tests of its own, so that they run side by side.
macro_rules! operations {
    ($($number:literal $name:ident)*) => {
        mod stops {
            $(#[test]
            fn $name() {
                super::survives_every_stop(&super::ALL[$number]);
            })*
        }
        mod refusals {
            $(#[test]
            fn $name() {
                super::withstands_every_refusal(&super::ALL[$number]);
            })*
        }
        #[test]
        fn no_operation_is_left_out() {
            let names: Vec<_> = ALL.iter().map(|o| o.name.replace(' ', "_")).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

#[test]
fn a_sync_that_is_left_out_is_noticed() {
    let bulk = &ALL[1];
    assert_eq!(bulk.name, "first ingestion through segments");
    misses_syncs(bulk, |path| path.extension().is_some_and(|e| e == "redb"));
    misses_syncs(bulk, |path| path.extension().is_some_and(|e| e == "tmp"));
    misses_syncs(bulk, |path| path.ends_with("segments"));
    misses_syncs(bulk, |path| path.ends_with("market.rhyme"));
    misses_syncs(bulk, |path| path.ends_with("data"));
    misses_syncs(bulk, |path| path == std::path::Path::new(disk::ROOT));
}

operations! {
    0 first_ingestion
    1 first_ingestion_through_segments
    2 correction
    3 append
    4 append_that_fills_a_segment
    5 headlines
    6 deletion_of_headlines
    7 deletion_of_bars
    8 deletion_of_a_series
    9 compaction
    10 creation_of_a_space
    11 import_of_vectors
    12 creation_of_a_space_of_weights
    13 headlines_that_are_embedded
    14 long_texts_that_are_embedded
    15 dropping_a_space_of_weights
    16 saving_a_prototype
    17 replacing_a_prototype
    18 dropping_a_space_with_a_prototype
    19 appends_that_share_syncs
    20 compaction_that_shares_syncs
    21 appends_that_are_folded
}
