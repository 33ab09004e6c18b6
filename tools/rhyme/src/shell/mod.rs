//! `rhyme shell`: the commands of the program, typed one after the other.

mod complete;
mod editor;
mod grammar;
mod names;
pub(crate) mod question;
mod redirect;
mod slips;
mod words;

use std::io::{self, IsTerminal};

use rhymedb::{Error, Timestamp};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::Args;
use crate::commands::pictures;
use crate::exit::tell;
use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::Global;
use crate::help;
use crate::opening::db_path;
use crate::output::{self, column};
use crate::progress;
use crate::run::run as run_command;
use crate::session::Session;
use crate::sink;
use complete::Known;
use editor::{Editor, Input};
#[cfg(test)]
pub(crate) use grammar::line_command;
use grammar::{Own, Parsed};
use names::Names;

/// Whether there is more to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    /// As `On`, after a command of the program, whose answer is to be kept for `last`.
    Answered,
    End,
}

/// What the shell remembers from one line to the next.
struct Shell {
    /// What a line does not say.
    base: Global,
    session: Session,
    names: Names,
    as_of: Option<Timestamp>,
    /// Whether somebody is there to press Ctrl-C.
    interactive: bool,
}

/// Runs the texts given with `-c`, else what stands on standard input: line by line with an editor
/// if that is a terminal.
pub(crate) fn run(global: &Global, scripts: &[String]) -> Outcome {
    let path = db_path(global);
    let session = Session::new(path.clone(), global.read_only);
    let base = Global {
        session: Some(session.clone()),
        ..global.clone()
    };
    let mut shell = Shell {
        base,
        session,
        names: Names::default(),
        as_of: None,
        interactive: false,
    };
    // Where there is no database yet, a command may make one.
    if path.exists() {
        shell.session.open()?;
        shell.session.close();
    }
    if !scripts.is_empty() {
        let lines = scripts.iter().flat_map(|text| text.lines());
        return shell.script(lines.map(|line| Ok(line.to_owned())));
    }
    if io::stdin().is_terminal() {
        return shell.interactive();
    }
    shell.script(io::stdin().lines())
}

impl Shell {
    /// Lines up to the first that fails.
    fn script(&mut self, lines: impl Iterator<Item = io::Result<String>>) -> Outcome {
        for (i, line) in lines.enumerate() {
            let line = line.map_err(|source| Error::Io {
                action: "read",
                path: "standard input".into(),
                source: std::sync::Arc::new(source),
            })?;
            match self.line(&line) {
                Ok(Flow::On | Flow::Answered) => {}
                Ok(Flow::End) => break,
                // Nobody reads what would come.
                Err(Failure::PipeClosed) => break,
                Err(failure) => return Err(Failure::Line(i + 1, Box::new(failure))),
            }
        }
        Ok(())
    }

    fn interactive(&mut self) -> Outcome {
        let mut editor = Editor::new()?;
        self.interactive = true;
        if !self.base.quiet {
            output::lines(&self.greeting())?;
        }
        loop {
            editor.show(self.known());
            match editor.read(&self.prompt())? {
                Input::Line(line) => match self.line(&line) {
                    Ok(Flow::On | Flow::Answered) => {}
                    Ok(Flow::End) => return Ok(()),
                    failed => {
                        tell(failed.map(drop));
                    }
                },
                Input::Nothing => {}
                Input::End => return Ok(()),
            }
        }
    }

    fn greeting(&self) -> String {
        let path = db_path(&self.base);
        let state = if path.exists() {
            ""
        } else {
            ", which is not there yet: `ingest` makes it"
        };
        format!(
            "{}{state}. Tab completes, `help` lists the commands, Ctrl-D ends.",
            path.display()
        )
    }

    fn prompt(&self) -> String {
        match self.as_of {
            Some(time) => format!("rhyme as of {}> ", short(time)),
            None => "rhyme> ".to_owned(),
        }
    }

    /// What can be completed at the moment.
    fn known(&self) -> Known {
        let view = self.session.open().ok().map(|db| db.now());
        self.session.close();
        let names = self.names.iter().map(|(name, _)| name.clone());
        // Where the catalog cannot be read, the next command says so.
        let series = view.as_ref().and_then(|v| v.series().ok());
        let spaces = view.as_ref().and_then(|v| v.spaces().ok());
        Known {
            series: series.unwrap_or_default(),
            spaces: spaces
                .unwrap_or_default()
                .into_iter()
                .map(|s| s.space.name)
                .collect(),
            names: names.collect(),
            hits: self.session.last().map_or(0, |answer| answer.len()),
        }
    }

    /// Runs a line.
    fn line(&mut self, line: &str) -> Outcome<Flow> {
        progress::begin_line();
        let done = self.stoppable_line(line);
        // Nobody is to wait for somebody who thinks.
        self.session.close();
        let cancelled = crate::interrupt::felt();
        progress::end_line();
        // Whatever else went wrong, it went wrong because of that.
        if cancelled {
            return Err(Failure::Cancelled);
        }
        done
    }

    fn stoppable_line(&mut self, line: &str) -> Outcome<Flow> {
        let mut split = words::split_whole(line)?;
        // As lines of the README have it.
        if split.words.len() > 1 && split.words.first().is_some_and(|w| w.text == "rhyme") {
            split.words.remove(0);
        }
        if split.words.is_empty() {
            return Ok(Flow::On);
        }
        let last = self.session.last();
        let typed: Vec<String> = split.words.iter().map(|w| w.text.clone()).collect();
        let quoted: Vec<bool> = split.words.iter().map(|w| w.quoted).collect();
        slips::check_last(&typed, &quoted)?;
        let words = self.names.expand(&split.words, last.as_ref())?;
        let mut flow = Flow::On;
        sink::forget();
        redirect::run(&split.redirect, |format| {
            let mut base = self.base.clone();
            base.format = format.unwrap_or(base.format);
            flow = self.command(&words, &base, last.as_ref())?;
            Ok(())
        })?;
        if let Some(answer) = sink::take().filter(|_| flow == Flow::Answered) {
            self.session.remember(answer);
        }
        Ok(flow)
    }

    fn command(&mut self, words: &[String], base: &Global, last: Option<&Answer>) -> Outcome<Flow> {
        if let [alone] = words
            && !grammar::begins_line(alone)
            && pictures::draw_target(base, alone, self.as_of)?
        {
            return Ok(Flow::On);
        }
        match grammar::parse(words, base, self.as_of)? {
            Parsed::Text(page) => output::lines(page.trim_end())?,
            Parsed::Own(_, Own::Exit) => return Ok(Flow::End),
            Parsed::Own(global, Own::Last) => {
                let last = last.ok_or_else(names::nothing_yet)?;
                output::again(global.format, last)?;
            }
            Parsed::Own(global, Own::Let { words }) if words.is_empty() => {
                self.list_names(global.format)?;
            }
            Parsed::Own(_, Own::Let { words }) => self.names.define(&words)?,
            Parsed::Own(_, Own::As { words }) => self.look_as_of(&words)?,
            Parsed::Program(global, command, name) => {
                self.note_as_of(&global, &name);
                let args = Args {
                    global,
                    command: *command,
                };
                if self.interactive && help::only_answers(&name) {
                    sink::stoppable(|| run_command(args))?;
                } else {
                    run_command(args)?;
                }
                return Ok(Flow::Answered);
            }
        }
        Ok(Flow::On)
    }

    fn list_names(&self, format: Format) -> Outcome {
        let rows: Vec<Value> = self
            .names
            .iter()
            .map(|(name, target)| json!({ "name": name, "target": target }))
            .collect();
        let columns = [column("name", "name"), column("target", "target")];
        output::listing(format, &columns, &rows, "no target has a name yet")
    }

    fn look_as_of(&mut self, words: &[String]) -> Outcome {
        match words {
            [of] if of == "of" => {
                let now = self.as_of.map_or("now".to_owned(), short);
                output::lines(&format!("as of {now}"))?;
            }
            [of, now] if of == "of" && now == "now" => self.as_of = None,
            [of, time @ ..] if of == "of" => self.as_of = Some(time.join(" ").parse()?),
            other => {
                return Err(Error::Invalid(format!(
                    "expected as of TIME, like as of 2021-01-01, or as of now, found as {}",
                    other.join(" ")
                ))
                .into());
            }
        }
        Ok(())
    }

    /// Says where the view does not reach.
    fn note_as_of(&self, global: &Global, name: &str) {
        if self.as_of.is_some() && help::only_reads(name) && !grammar::takes_as_of(name) {
            let text =
                format!("note: `{name}` shows all that is stored, also what is later than `as of`");
            progress::notice(global, &text);
        }
    }
}

/// A time as people write it: midnight is a date.
fn short(time: Timestamp) -> String {
    let text = time.to_string();
    text.strip_suffix("T00:00:00Z").unwrap_or(&text).to_owned()
}
