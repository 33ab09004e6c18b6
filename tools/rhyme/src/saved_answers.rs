//! What the saved questions answer, each as a command of its own.

use rhymedb::Timestamp;

use crate::args::Args;
use crate::commands::today_saved::Asked;
use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::opening::db_path;
use crate::progress;
use crate::saved::{Questions, Saved};
use crate::shell::question;
use crate::sink;

/// Asks all saved questions as of the report's time, each as a command of its own. One that fails ends nothing.
pub(crate) fn ask(
    global: &Global,
    as_of: Option<Timestamp>,
    run: fn(Args) -> Outcome,
) -> Outcome<Vec<Asked>> {
    let questions = Questions::of(&db_path(global)).all()?;
    let mut asked = Vec::with_capacity(questions.len());
    for question in questions {
        let answer = answer(global, &question, as_of, run)?;
        asked.push(Asked { question, answer });
    }
    Ok(asked)
}

fn answer(
    global: &Global,
    kept: &Saved,
    as_of: Option<Timestamp>,
    run: fn(Args) -> Outcome,
) -> Outcome<Result<String, String>> {
    let args = match question::understood(&kept.command, global, as_of) {
        Ok(args) => args,
        Err(failure) => return Ok(Err(said(failure))),
    };
    let (done, text, notes) = sink::apart(|| sink::heard(|| run(args)));
    for note in notes {
        progress::notice(global, &format!("{}: {note}", kept.name));
    }
    match done {
        Ok(()) => Ok(Ok(String::from_utf8_lossy(&text).into_owned())),
        Err(cancelled @ Failure::Cancelled) => Err(cancelled),
        Err(failure) => Ok(Err(said(failure))),
    }
}

fn said(failure: Failure) -> String {
    let message = failure.report().1.unwrap_or_default();
    message
        .strip_prefix("rhyme: ")
        .unwrap_or(&message)
        .to_owned()
}
