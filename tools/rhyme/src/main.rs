//! `rhyme`: RhymeDB on the command line. Uses the library's public interface alone.

mod answer;
mod args;
mod commands;
mod failure;
mod fit;
mod help;
mod output;
mod picture;
mod progress;
mod render;
mod session;
mod shell;
mod sink;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = help::grouped(args::Args::command());
    match args::Args::from_arg_matches(&command.get_matches()) {
        Ok(args) => failure::exit_code(commands::run(args)),
        Err(error) => error.exit(),
    }
}
