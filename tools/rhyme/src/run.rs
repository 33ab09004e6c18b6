//! Runs any command, for the program and for the lines of the shell.

use clap::CommandFactory;
use rhymedb::Error;

use crate::args::{Args, Command, Export};
use crate::failure::Outcome;
#[cfg(feature = "serve")]
use crate::serve;
use crate::{commands, demo, dispatch, export_answer, mcp, output, save, saved_answers, zone};

pub(crate) fn run(args: Args) -> Outcome {
    let global = &args.global;
    zone::set(global.zone.as_ref());
    match args.command {
        Command::Plain(command) => dispatch::run(global, command),
        Command::Demo(args) => demo::run(global, &args),
        Command::Export(Export::Stored(args)) => commands::export::run(global, &args),
        Command::Export(Export::Answer(args)) => export_answer::run(global, &args),
        Command::Save(args) => save::run(global, &args),
        Command::Today(args) => commands::today::run(global, &args, |as_of| {
            saved_answers::ask(global, as_of, run)
        }),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(global, &args),
        Command::Mcp => mcp::run(global),
        // The program starts it before it comes here.
        Command::Shell(_) => Err(Error::Invalid("this is the shell already".to_owned()).into()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "rhyme", &mut script);
            output::lines(String::from_utf8_lossy(&script).trim_end())
        }
    }
}
