//! How hits are spread over symbols, years and markets, and apart from one another, beside slow oracles:
//! the whole exact ranking, walked from the best on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "spread/apart.rs"]
mod apart;
#[path = "spread/headlines.rs"]
mod headlines;
mod oracle;
#[path = "spread/refusals.rs"]
mod refusals;
#[path = "spread/windows.rs"]
mod windows;
#[path = "spread/world.rs"]
mod world;
