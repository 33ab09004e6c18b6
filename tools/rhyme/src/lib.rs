//! The program `rhyme`: RhymeDB on the command line. Uses the library's public interface alone.
//!
//! It is a library so that the Python package can bring the command without a second copy of RhymeDB.
//! Public are the program as a whole and its pictures.

mod answer;
mod args;
mod called_as;
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
mod save;
mod saved;
mod saved_answers;
mod schema_text;
mod scratch;
#[cfg(feature = "serve")]
mod serve;
mod session;
mod shell;
mod sink;
mod tables;
mod text;
mod today_words;
mod whole_file;
mod zone;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

pub use picture::picture_of;

/// Runs the program, and returns its exit code. The first argument is the name that it was called by.
///
/// It belongs to a process of its own: it prints to standard output and standard error, takes over Ctrl-C,
/// and keeps what it was told about time zones until the process ends.
#[must_use]
pub fn run_program(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(name) = arguments.first() {
        called_as::keep(name);
    }
    let command = help::grouped(args::Args::command());
    let matched = command.try_get_matches_from(arguments);
    match matched.and_then(|matches| args::Args::from_arg_matches(&matches)) {
        Ok(args) => exit::tell(match &args.command {
            args::Command::Shell(lines) => shell::run(&args.global, &lines.command),
            _ => run::run(args),
        }),
        Err(error) => {
            // Nobody listens where this fails.
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(2)
        }
    }
}
