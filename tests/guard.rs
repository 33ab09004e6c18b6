//! Keeping a database safe: verify, repair, backups, and opening it for reading only.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "guard/backups.rs"]
mod backups;
mod oracle;
#[path = "guard/readers.rs"]
mod readers;
#[path = "guard/recall.rs"]
mod recall;
#[path = "guard/repairs.rs"]
mod repairs;
#[path = "guard/weights.rs"]
mod weights;
#[path = "guard/world.rs"]
mod world;
