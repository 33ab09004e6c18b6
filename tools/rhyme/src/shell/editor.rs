//! The line editor on a terminal, with history, completion and hints.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::Command;
use rhymedb::Error;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Helper};

use super::complete::{Known, complete, hint};
use super::grammar::line_command;
use crate::failure::Outcome;
use crate::progress;
use crate::render::Style;

/// What a user has typed.
pub(super) enum Input {
    Line(String),
    /// Ctrl-C: the line is dropped.
    Nothing,
    /// Ctrl-D, or the terminal is gone.
    End,
}

pub(super) struct Editor {
    editor: rustyline::Editor<Assistant, DefaultHistory>,
    /// Where lines are kept; nowhere if the user has no home.
    history: Option<PathBuf>,
}

impl Editor {
    pub(super) fn new() -> Outcome<Self> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(true)
            .history_ignore_space(true)
            .build();
        let mut editor = rustyline::Editor::with_config(config).map_err(failed)?;
        editor.set_helper(Some(Assistant {
            known: Known::default(),
            history: HistoryHinter::new(),
            colour: Style::of_stdout().colour,
        }));
        let history = history_path();
        if let Some(path) = &history {
            // The first time there is none.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history })
    }

    /// What can be completed from now on.
    pub(super) fn show(&mut self, known: Known) {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.known = known;
        }
    }

    pub(super) fn read(&mut self, prompt: &str) -> Outcome<Input> {
        let line = match self.editor.readline(prompt) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => return Ok(Input::Nothing),
            Err(ReadlineError::Eof) => return Ok(Input::End),
            Err(error) => return Err(failed(error).into()),
        };
        if let Some(path) = self.history.take() {
            match self.keep_history(&path) {
                Ok(()) => self.history = Some(path),
                Err(error) => progress::say(&format!(
                    "note: the history cannot be kept in {} ({error})",
                    path.display()
                )),
            }
        }
        Ok(Input::Line(line))
    }

    /// Appends what is new, so that two shells keep both their lines.
    fn keep_history(&mut self, path: &std::path::Path) -> Result<(), ReadlineError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        self.editor.append_history(path)
    }
}

fn failed(error: ReadlineError) -> Error {
    Error::Invalid(format!(
        "cannot read from the terminal: {error}; give the commands with -c or on standard input"
    ))
}

/// `RHYME_HISTORY` if it is set (empty: nowhere), else a file among the user's state.
fn history_path() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    if let Some(path) = variable("RHYME_HISTORY") {
        return Some(path).filter(|p| !p.as_os_str().is_empty());
    }
    let state = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        let set = variable("XDG_STATE_HOME").filter(|p| p.is_absolute());
        set.or_else(|| Some(std::env::home_dir()?.join(".local").join("state")))
    };
    Some(state?.join("rhyme").join("history"))
}

/// What helps while a line is typed.
struct Assistant {
    known: Known,
    history: HistoryHinter,
    colour: bool,
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let mut found = complete(line.get(..pos).unwrap_or(line), &self.known);
        if let [only] = found.texts.as_mut_slice()
            && is_whole(only)
        {
            only.push(' ');
        }
        Ok((found.start, found.texts))
    }
}

/// Whether nothing can be typed on to a word: an option's name or a command. A series may get a time, and
/// a list another member.
fn is_whole(word: &str) -> bool {
    let command = line_command();
    let below = |c: &Command| c.get_name() == word || c.find_subcommand(word).is_some();
    word.starts_with("--") || command.get_subcommands().any(below)
}

impl Hinter for Assistant {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, context: &Context<'_>) -> Option<String> {
        if pos < line.len() || line.is_empty() {
            return None;
        }
        let former = self.history.hint(line, pos, context);
        former.or_else(|| hint(line, &self.known))
    }
}

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.colour {
            Cow::Owned(format!("\u{1b}[2m{hint}\u{1b}[0m"))
        } else {
            Cow::Borrowed(hint)
        }
    }
}

impl Validator for Assistant {}

impl Helper for Assistant {}
