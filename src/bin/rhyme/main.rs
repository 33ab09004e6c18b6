//! The command line of RhymeDB.

#[allow(
    dead_code,
    unused_imports,
    reason = "what is drawn comes with the commands"
)]
mod render;

fn main() {}
