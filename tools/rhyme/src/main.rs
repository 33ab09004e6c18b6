//! `rhyme`: RhymeDB on the command line. Uses the library's public interface alone.

mod answer;
mod args;
mod commands;
mod demo;
mod demo_words;
mod dispatch;
mod exit;
mod export_answer;
mod failure;
mod fit;
mod format;
mod global;
mod help;
mod interrupt;
mod mcp;
mod opening;
mod output;
mod picture;
mod progress;
mod render;
mod run;
mod schema_text;
#[cfg(feature = "serve")]
mod serve;
mod session;
mod shell;
mod sink;
mod tables;
mod text;
mod zone;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = help::grouped(args::Args::command());
    match args::Args::from_arg_matches(&command.get_matches()) {
        Ok(args) => exit::exit_code(match &args.command {
            args::Command::Shell(lines) => shell::run(&args.global, &lines.command),
            _ => run::run(args),
        }),
        Err(error) => error.exit(),
    }
}
