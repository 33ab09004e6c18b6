//! Spaces of imported vectors with charts and headlines, by a model of somebody else's: their answers beside
//! those of a search by hand, as of a time, and after whatever may happen to a database.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "imported/afterwards.rs"]
mod afterwards;
#[path = "imported/answers.rs"]
mod answers;
mod oracle;
#[path = "imported/refusals.rs"]
mod refusals;
#[path = "imported/world.rs"]
mod world;
