//! `rhyme watch`, run as users run it: with a folder that grows, and with an exchange on this machine whose clock the
//! test turns. The process is killed at any moment, the exchange fails, bans, is late and corrects itself; each alert
//! comes once, and says what the finished database says of its close.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[cfg(feature = "http")]
#[path = "watch/exchange.rs"]
mod exchange;
#[path = "watch/folder.rs"]
mod folder;
#[cfg(feature = "http")]
#[path = "watch/latency.rs"]
mod latency;
#[path = "watch/outlets.rs"]
mod outlets;
#[path = "watch/runs.rs"]
mod runs;
#[cfg(feature = "http")]
#[path = "watch/two_days.rs"]
mod two_days;
#[path = "cli/world.rs"]
#[expect(dead_code, reason = "the tests of the commands use the rest")]
mod world;
