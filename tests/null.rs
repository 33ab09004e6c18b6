//! What the statistics say where there is nothing to find, and where something was planted.
//!
//! Every figure that the program prints with a chance in it is asked here about random walks. A p of
//! at most 0.05 must come up about one time in twenty, and a mean must not lean.
//!
//! `cargo test --test null` asks little, in seconds, and notices gross faults. The long form asks as
//! much as the bounds need, and prints what it found:
//!
//! ```text
//! RHYME_NULL=all cargo test --release --test null -- --nocapture --test-threads 1
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "null/eval.rs"]
mod eval;
#[path = "null/outcomes.rs"]
mod outcomes;
#[path = "null/reaction.rs"]
mod reaction;
#[path = "null/world.rs"]
mod world;
