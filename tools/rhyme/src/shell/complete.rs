//! What Tab offers, and what stands grey behind the cursor. Commands, options and their values are
//! the parser's; series, spaces and dates are the database's.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use clap::builder::ValueHint;
use clap::{Arg, Command};
use rhymedb::data::SeriesInfo;
use rhymedb::{Interval, SeriesKey, Target, Timestamp};

use super::grammar::line_command;
use super::words::{Redirect, Split, split};

/// What there is to name.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) series: Vec<SeriesInfo>,
    pub(super) spaces: Vec<String>,
    /// Of `let`.
    pub(super) names: Vec<String>,
    /// Rows of the last answer.
    pub(super) hits: usize,
}

/// Texts that may stand from `start` on in the place of what is typed there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completions {
    pub(super) start: usize,
    pub(super) texts: Vec<String>,
}

/// What may come at the end of a line that is typed up to here.
pub(super) fn complete(line: &str, known: &Known) -> Completions {
    let split = split(line);
    let nothing = |start| Completions {
        start,
        texts: Vec::new(),
    };
    match &split.redirect {
        Redirect::File(typed) => {
            return Completions {
                start: split.redirect_start,
                texts: files(typed),
            };
        }
        Redirect::Pipe(_) => return nothing(line.len()),
        Redirect::None => {}
    }
    let (before, typed, start) = typed(&split, line);
    let mut command = line_command();
    command.build();
    let cursor = Cursor::behind(&before, &command);
    let mut texts = cursor.offers(&typed, known, &before);
    // In a list only its last member is completed.
    let (mut start, mut typed) = (start, typed);
    if let Some(arg) = cursor.wants(&typed)
        && arg.get_value_delimiter() == Some(',')
        && let Some((done, rest)) = typed.clone().rsplit_once(',')
    {
        start += done.len() + 1;
        typed = rest.to_owned();
        texts = cursor.offers(&typed, known, &before);
    }
    texts.retain(|text| text.starts_with(&typed));
    texts.sort();
    texts.dedup();
    Completions { start, texts }
}

/// The words before the one that is typed, that one, and where it begins.
fn typed(split: &Split, line: &str) -> (Vec<String>, String, usize) {
    let mut before: Vec<String> = split.words.iter().map(|w| w.text.clone()).collect();
    match split.words.last() {
        Some(word) if !split.between => {
            before.pop();
            (before, word.text.clone(), word.start)
        }
        _ => (before, String::new(), line.len()),
    }
}

/// The rest of the only completion, or the name of the argument that is expected next.
pub(super) fn hint(line: &str, known: &Known) -> Option<String> {
    let split = split(line);
    if split.words.is_empty() || split.redirect != Redirect::None {
        return None;
    }
    let (before, typed, _) = typed(&split, line);
    if !typed.is_empty() {
        let found = complete(line, known);
        return match found.texts.as_slice() {
            [one] => {
                Some(one.get(line.len() - found.start..)?.to_owned()).filter(|t| !t.is_empty())
            }
            _ => None,
        };
    }
    let mut command = line_command();
    command.build();
    let cursor = Cursor::behind(&before, &command);
    // What may be repeated is named once.
    let arg = cursor
        .option
        .or(cursor.command.get_positionals().nth(cursor.given))?;
    let name = arg.get_value_names()?.first()?;
    Some(name.to_string())
}

/// Where in the grammar a line has come to.
struct Cursor<'a> {
    command: &'a Command,
    /// Arguments without an option's name that were given already.
    given: usize,
    /// The option whose value comes next.
    option: Option<&'a Arg>,
}

impl<'a> Cursor<'a> {
    fn behind(words: &[String], root: &'a Command) -> Self {
        let mut cursor = Self {
            command: root,
            given: 0,
            option: None,
        };
        for word in words {
            if cursor.option.take().is_some() {
                continue;
            }
            if word.starts_with('-') && word.len() > 1 {
                cursor.option = cursor.option_named(word);
            } else if let Some(sub) = cursor.command.find_subcommand(word)
                && cursor.given == 0
            {
                cursor.command = sub;
            } else {
                cursor.given += 1;
            }
        }
        cursor
    }

    /// The option of that name, if its value is the next word.
    fn option_named(&self, word: &str) -> Option<&'a Arg> {
        let arg = self.command.get_arguments().find(|arg| {
            let long = word.strip_prefix("--");
            let short = word.strip_prefix('-').and_then(|s| {
                let mut letters = s.chars();
                letters.next().filter(|_| letters.next().is_none())
            });
            (long.is_some() && arg.get_long() == long)
                || (short.is_some() && arg.get_short() == short)
        })?;
        arg.get_action().takes_values().then_some(arg)
    }

    /// The argument that the next word is for, if it is for one.
    fn wants(&self, typed: &str) -> Option<&'a Arg> {
        if self.option.is_some() {
            return self.option;
        }
        if typed.starts_with('-') {
            return None;
        }
        let mut positionals = self.command.get_positionals();
        let last = self.command.get_positionals().last();
        let many = last.filter(|arg| arg.get_num_args().is_some_and(|n| n.max_values() > 1));
        positionals.nth(self.given).or(many)
    }

    fn offers(&self, typed: &str, known: &Known, before: &[String]) -> Vec<String> {
        if self.option.is_none() && typed.starts_with('-') {
            let options = self
                .command
                .get_arguments()
                .filter(|arg| !arg.is_hide_set());
            return options
                .filter_map(|arg| Some(format!("--{}", arg.get_long()?)))
                .collect();
        }
        let mut texts: Vec<String> = Vec::new();
        if self.option.is_none() && self.given == 0 {
            let subs = self.command.get_subcommands().filter(|c| !c.is_hide_set());
            texts.extend(subs.map(|sub| sub.get_name().to_owned()));
        }
        // A target alone is a line too; before its first letter the commands are enough.
        if before.is_empty() && !typed.is_empty() {
            texts.extend(targets(typed, known));
        }
        if let Some(arg) = self.wants(typed) {
            texts.extend(values(arg, typed, known, before));
        }
        texts
    }
}

/// Values of an argument: the parser's own if it lists them, else by its type, else by its name.
fn values(arg: &Arg, typed: &str, known: &Known, before: &[String]) -> Vec<String> {
    let listed = arg.get_possible_values();
    if !listed.is_empty() {
        return listed.iter().map(|v| v.get_name().to_owned()).collect();
    }
    let parser = arg.get_value_parser().type_id();
    if parser == TypeId::of::<Timestamp>() {
        return dates(typed, range_of(known, before));
    }
    let part = |part: fn(&SeriesKey) -> String| {
        known
            .series
            .iter()
            .map(|s| part(&s.key))
            .collect::<Vec<_>>()
    };
    if parser == TypeId::of::<Interval>() {
        return part(|key| key.interval.to_string());
    }
    let value_name = arg.get_value_names().and_then(|n| n.first());
    let value_name = value_name.map(ToString::to_string).unwrap_or_default();
    let names_a_file = ["FILE", "PATH", "DIR"]
        .iter()
        .any(|n| value_name.contains(n));
    if parser == TypeId::of::<PathBuf>()
        || names_a_file
        || arg.get_value_hint() == ValueHint::AnyPath
    {
        return files(typed);
    }
    if parser != TypeId::of::<String>() {
        return Vec::new();
    }
    match (arg.get_id().as_str(), arg.is_positional()) {
        ("market", _) => part(|key| key.market.clone()),
        ("venue", _) => part(|key| key.venue.clone()),
        ("symbol" | "symbols", _) => part(|key| key.symbol.clone()),
        ("space" | "spaces", _) => known.spaces.clone(),
        ("text", _) => Vec::new(),
        ("words", true) if before.first().is_some_and(|w| w == "as") => as_of(typed, known, before),
        (_, true) => targets(typed, known),
        ("target" | "series" | "like" | "with", false) => targets(typed, known),
        _ => Vec::new(),
    }
}

/// Series, names, rows of the last answer; and behind an `@` the dates of the series.
fn targets(typed: &str, known: &Known) -> Vec<String> {
    if let Some((series, time)) = typed.split_once('@') {
        let range = range_of(known, &[series.to_owned()]);
        let dates = dates(time, range).into_iter();
        return dates.map(|date| format!("{series}@{date}")).collect();
    }
    let keys = || known.series.iter().map(|s| &s.key);
    let short = |key: &SeriesKey| format!("{}:{}", key.symbol, key.interval);
    let mut texts: Vec<String> = keys()
        .filter(|key| keys().filter(|other| short(other) == short(key)).count() == 1)
        .map(short)
        .collect();
    // With market and venue where those begin the word, and where the symbol alone is ambiguous.
    let full = keys().map(ToString::to_string);
    let ambiguous = keys()
        .map(short)
        .filter(|s| !texts.contains(s))
        .collect::<Vec<_>>();
    texts.extend(full.filter(|name| {
        let wanted = !typed.is_empty() && name.starts_with(typed);
        wanted || ambiguous.iter().any(|s| name.ends_with(&format!("/{s}")))
    }));
    texts.extend(known.names.iter().cloned());
    if "last[".starts_with(typed) || typed.starts_with("last[") {
        texts.extend((1..=known.hits.min(20)).map(|n| format!("last[{n}]")));
    }
    texts
}

fn as_of(typed: &str, known: &Known, before: &[String]) -> Vec<String> {
    if before.len() < 2 {
        return vec!["of".to_owned()];
    }
    let mut texts = dates(typed, range_of(known, &[]));
    texts.push("now".to_owned());
    texts
}

/// The first and the last time of the series that a word names, else of all.
fn range_of(known: &Known, words: &[String]) -> Option<(Timestamp, Timestamp)> {
    let named = words.iter().filter_map(|w| w.parse::<Target>().ok());
    let named: Vec<Target> = named.collect();
    let of = |wanted: &dyn Fn(&SeriesKey) -> bool| {
        let fits = || known.series.iter().filter(|s| wanted(&s.key));
        let first = fits().filter_map(|s| s.first).min()?;
        Some((first, fits().filter_map(|s| s.last).max()?))
    };
    of(&|key| named.iter().any(|target| target.matches(key))).or_else(|| of(&|_| true))
}

/// The years, then the months, then the days of a stretch of time that go on with what is typed;
/// before the first digit its last moment.
fn dates(typed: &str, range: Option<(Timestamp, Timestamp)>) -> Vec<String> {
    let Some((first, last)) = range else {
        return Vec::new();
    };
    let (first, last) = (first.to_string(), last.to_string());
    let within = |date: &String| {
        let part = |text: &str| text.get(..date.len()).map(str::to_owned);
        part(&first).is_some_and(|f| f <= *date) && part(&last).is_some_and(|l| *date <= l)
    };
    let parts: Vec<&str> = typed.split('-').collect();
    let all: Vec<String> = match parts.as_slice() {
        [_] => (1900..2200).map(|year| year.to_string()).collect(),
        [year, _] => (1..=12).map(|month| format!("{year}-{month:02}")).collect(),
        [year, month, _] => (1..=31)
            .map(|day| format!("{year}-{month}-{day:02}"))
            .filter(|date| date.parse::<Timestamp>().is_ok())
            .collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(within).collect()
}

/// The files and folders whose names go on with what is typed.
fn files(typed: &str) -> Vec<String> {
    let (folder, _) = typed.rsplit_once('/').unwrap_or(("", typed));
    let shown = if typed.contains('/') {
        format!("{folder}/")
    } else {
        String::new()
    };
    let read = if shown.is_empty() {
        Path::new(".")
    } else {
        Path::new(&shown)
    };
    // A folder that cannot be read has nothing to offer.
    let entries = std::fs::read_dir(read).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let end = if entry.path().is_dir() { "/" } else { "" };
            Some(format!("{shown}{name}{end}"))
        })
        .filter(|name| name.starts_with(typed))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
#[path = "complete_tests.rs"]
mod tests;
