//! `rhyme`: RhymeDB on the command line. Uses the library's public interface alone.

mod args;
mod commands;
mod failure;
mod output;
mod progress;
mod render;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = <args::Args as clap::Parser>::parse();
    failure::exit_code(commands::run(args))
}
