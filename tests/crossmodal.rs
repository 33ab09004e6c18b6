//! Questions in words: every answer against a slow second opinion, and as of a time against a
//! database that knows nothing later.

#![allow(
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

#[path = "crossmodal/bad_input.rs"]
mod bad_input;
#[path = "crossmodal/control.rs"]
mod control;
#[path = "crossmodal/expressiveness.rs"]
mod expressiveness;
#[path = "crossmodal/large_moves.rs"]
mod large_moves;
#[path = "crossmodal/look_ahead.rs"]
mod look_ahead;
#[path = "crossmodal/memory.rs"]
mod memory;
#[path = "crossmodal/oracles.rs"]
mod oracles;
#[path = "crossmodal/over_time.rs"]
mod over_time;
#[path = "crossmodal/passages.rs"]
mod passages;
#[path = "crossmodal/prototypes.rs"]
mod prototypes;
#[path = "crossmodal/real_words.rs"]
mod real_words;
#[path = "crossmodal/trained.rs"]
mod trained;
#[path = "crossmodal/words.rs"]
mod words;
#[path = "crossmodal/world.rs"]
mod world;
