//! `rhyme shell`, `rhyme export`, `rhyme doctor` and the examples in the help, run as users run
//! them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "shell/docs.rs"]
mod docs;
#[path = "shell/doctor.rs"]
mod doctor;
#[path = "shell/examples.rs"]
mod examples;
#[path = "shell/export.rs"]
mod export;
#[path = "shell/golden.rs"]
mod golden;
#[path = "shell/redirects.rs"]
mod redirects;
#[path = "shell/round_trip.rs"]
mod round_trip;
#[path = "shell/scripts.rs"]
mod scripts;
#[cfg(unix)]
#[path = "shell/terminal.rs"]
mod terminal;
#[path = "shell/typed.rs"]
mod typed;
#[path = "cli/world.rs"]
#[expect(dead_code, reason = "the tests of the commands use the rest")]
mod world;
