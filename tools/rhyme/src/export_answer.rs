//! `rhyme export answer`: runs a command, and writes the rows of its answer to a file.

use rhymedb::Error;
use rhymedb::files::TableFormat;

use crate::answer::Answer;
use crate::args::ExportAnswer;
use crate::commands::export::done;
use crate::dispatch;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::sink;

pub(crate) fn run(global: &Global, args: &ExportAnswer) -> Outcome {
    // Before a question that may take long.
    TableFormat::of(&args.to_file.file)?;
    let last = || global.session.as_ref().and_then(|s| s.last());
    let answer: Option<Answer> = if args.command.is_empty() {
        last()
    } else {
        answer_of(&args.command, global)?
    };
    let Some(answer) = answer else {
        return Err(Error::Invalid(format!(
            "there is no answer with rows to write to {}; name a command that gives one, like similar BTCUSDT:1h",
            args.to_file.file.display()
        ))
        .into());
    };
    let rows = answer.write(&args.to_file.file, args.to_file.replace)?;
    done(global, &args.to_file.file, rows)
}

/// Runs words as a command of the program and gives the rows of its answer.
fn answer_of(words: &[String], base: &Global) -> Outcome<Option<Answer>> {
    let (mut global, command) = dispatch::parse(words, base)?;
    global.format = Format::Json;
    let (done, answer) = sink::kept(|| dispatch::run(&global, command));
    done.map(|()| answer)
}
