//! Labels that are judged by numbers: patterns by drawings, regimes by rules, on charts from generators
//! that the library was not tuned on. `RHYME_LABELS=long` judges ten times as many; real data is
//! looked at where `RHYME_DATA` or `../shared/data` is a folder.

#![allow(
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod oracle;

#[path = "labels/drawn.rs"]
mod drawn;
#[path = "labels/patterns.rs"]
mod patterns;
#[path = "labels/planted.rs"]
mod planted;
#[path = "labels/real.rs"]
mod real;
#[path = "labels/regimes.rs"]
mod regimes;
#[path = "labels/separation.rs"]
mod separation;
#[path = "labels/world.rs"]
mod world;

/// How many times as much is judged.
fn times() -> usize {
    match std::env::var("RHYME_LABELS").as_deref() {
        Ok("long") => 10,
        _ => 1,
    }
}
