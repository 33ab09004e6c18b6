//! What a line may say: the commands of the program, by the program's own parser, and a few that
//! only make sense in the shell.

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rhymedb::Timestamp;

use super::slips;
use crate::args::Command;
use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::help;

/// The commands of RhymeDB, typed without `rhyme`.
#[derive(Debug, Parser)]
#[command(
    name = "",
    no_binary_name = true,
    max_term_width = 100,
    disable_version_flag = true
)]
struct Line {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    typed: Typed,
}

#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "clap flattens no boxes, and one value lives at a time"
)]
enum Typed {
    #[command(flatten)]
    Program(Command),
    #[command(flatten)]
    Own(Own),
}

/// What only the shell knows.
#[derive(Debug, Subcommand)]
pub(super) enum Own {
    /// Name a target: let x = BTCUSDT:1h@2021-05-19
    Let {
        /// A name, = and a target; nothing lists the names
        #[arg(value_name = "NAME = TARGET")]
        words: Vec<String>,
    },
    /// See what was known at a time: as of 2021-01-01, as of now
    As {
        /// `of` and a time, or `now`; `of` alone says which it is
        #[arg(value_name = "of TIME", required = true)]
        words: Vec<String>,
    },
    /// Print the last answer again; `last[3]` in a command is its third row
    Last,
    /// End the shell, as Ctrl-D does
    #[command(alias = "quit")]
    Exit,
}

/// A line that was understood.
pub(super) enum Parsed {
    /// A command of the program, and its name.
    Program(Global, Box<Command>, String),
    Own(Global, Own),
    /// A page of help.
    Text(String),
}

/// The parser of lines, with what the program and the shell know.
pub(crate) fn line_command() -> clap::Command {
    help::grouped(Line::command())
}

/// Understands a line. What it does not say about the database, the format and so on is as in
/// `base`; commands that look back in time do so as of `as_of`.
pub(super) fn parse(words: &[String], base: &Global, as_of: Option<Timestamp>) -> Outcome<Parsed> {
    let mut command = line_command();
    if let Some(time) = as_of {
        command = with_as_of(command, &time.to_string());
    }
    let matches = match command.try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return Err(not_understood(&error, words)),
        Err(page) => return Ok(Parsed::Text(page.render().to_string())),
    };
    let line = Line::from_arg_matches(&matches);
    let line = line.map_err(|e| Failure::Usage(e.render().to_string()))?;
    let global = line.global.over(base, &matches);
    Ok(match line.typed {
        Typed::Own(own) => Parsed::Own(global, own),
        Typed::Program(command) => {
            let name = matches.subcommand_name().unwrap_or_default();
            Parsed::Program(global, Box::new(command), name.to_owned())
        }
    })
}

/// What clap says, unless the line begins with no command: then what we know of such lines.
fn not_understood(error: &clap::Error, words: &[String]) -> Failure {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    let unknown = text(ContextKind::InvalidSubcommand);
    if unknown.is_some() && unknown == words.first().map(String::as_str) {
        return slips::no_command(words, text(ContextKind::SuggestedSubcommand));
    }
    Failure::Usage(error.render().to_string())
}

/// Gives every `--as-of` this time, unless a line says another one.
fn with_as_of(command: clap::Command, time: &str) -> clap::Command {
    command
        .mut_args(|arg| {
            if arg.get_long() == Some("as-of") {
                arg.default_value(time.to_owned())
            } else {
                arg
            }
        })
        .mut_subcommands(|sub| with_as_of(sub, time))
}

/// Whether a command of the program takes `--as-of`, itself or in its subcommands.
pub(super) fn takes_as_of(name: &str) -> bool {
    fn takes(command: &clap::Command) -> bool {
        let itself = command
            .get_arguments()
            .any(|a| a.get_long() == Some("as-of"));
        itself || command.get_subcommands().any(takes)
    }
    Line::command().find_subcommand(name).is_some_and(takes)
}

/// Whether a line may begin with this word.
pub(super) fn begins_line(word: &str) -> bool {
    let line = Line::command();
    word.starts_with('-') || word == "help" || line.find_subcommand(word).is_some()
}

/// Whether a command has that name, anywhere, so that it can be no name of a target.
pub(super) fn is_command(name: &str) -> bool {
    fn has(command: &clap::Command, name: &str) -> bool {
        command.get_subcommands().any(|sub| {
            sub.get_name() == name || sub.get_all_aliases().any(|a| a == name) || has(sub, name)
        })
    }
    has(&Line::command(), name) || name == "help"
}
