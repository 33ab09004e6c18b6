//! `let x = ...` and `last[3]`.

use std::collections::BTreeMap;

use rhymedb::{Error, Target};

use super::grammar::is_command;
use super::words::Word;
use crate::answer::Answer;
use crate::failure::Outcome;

/// The targets that have names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// `NAME = TARGET`, with or without spaces around the sign.
    pub(super) fn define(&mut self, words: &[String]) -> Outcome {
        let text = words.join(" ");
        let wrong = |found: &str| {
            Error::Invalid(format!(
                "expected let NAME = TARGET, like let x = BTCUSDT:1h@2021-05-19, found let {found}"
            ))
        };
        let (name, target) = text.split_once('=').ok_or_else(|| wrong(&text))?;
        let (name, target) = (name.trim(), target.trim());
        let mut letters = name.chars();
        let word = letters.next().is_some_and(char::is_alphabetic)
            && letters.all(|c| c.is_alphanumeric() || c == '_');
        if !word || target.is_empty() {
            return Err(wrong(&text).into());
        }
        if is_command(name) {
            return Err(Error::Invalid(format!(
                "{name} is a command, and cannot name a target; choose another name"
            ))
            .into());
        }
        // A file of candles is a target too.
        if !std::path::Path::new(target).is_file() {
            target.parse::<Target>()?;
        }
        self.0.insert(name.to_owned(), target.to_owned());
        Ok(())
    }

    /// The words of a line with names replaced by what they stand for. Commands and words in quotes
    /// mean themselves.
    pub(super) fn expand(&self, words: &[Word], last: Option<&Answer>) -> Outcome<Vec<String>> {
        let first = words.first().map(|w| w.text.as_str());
        let mut expanded = Vec::with_capacity(words.len());
        for (i, word) in words.iter().enumerate() {
            // The name that `let` gives stands for itself, and no name is that of a command.
            if word.quoted || (i == 1 && first == Some("let")) {
                expanded.push(word.text.clone());
                continue;
            }
            expanded.push(match row_of_last(&word.text)? {
                Some(number) => last.ok_or_else(nothing_yet)?.target(number)?,
                None => self.0.get(&word.text).unwrap_or(&word.text).clone(),
            });
        }
        Ok(expanded)
    }
}

/// What to say where there is no last answer.
pub(super) fn nothing_yet() -> Error {
    Error::Invalid("there is no last answer yet; ask something first".to_owned())
}

/// The 3 of `last[3]`.
fn row_of_last(word: &str) -> Outcome<Option<usize>> {
    let Some(row) = word.strip_prefix("last[") else {
        return Ok(None);
    };
    let number = row.strip_suffix(']').and_then(|row| row.parse().ok());
    number.map(Some).ok_or_else(|| {
        Error::Invalid(format!(
            "expected the number of a row between brackets, like last[3], found {word}"
        ))
        .into()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::words::split;
    use super::*;

    fn define(names: &mut Names, line: &str) -> Outcome {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        names.define(&words)
    }

    #[test]
    fn names_stand_for_targets_outside_quotes() {
        let mut names = Names::default();
        define(&mut names, "x = BTCUSDT:1h@2021-05-19").unwrap();
        define(&mut names, "y=ETHUSDT").unwrap();
        let expand = |line: &str| names.expand(&split(line).words, None).unwrap().join(" ");
        assert_eq!(
            expand("similar x -k 3"),
            "similar BTCUSDT:1h@2021-05-19 -k 3"
        );
        assert_eq!(expand("similar 'x' xx y"), "similar x xx ETHUSDT");
        assert_eq!(expand("let x = y"), "let x = ETHUSDT");
        assert_eq!(expand("x"), "BTCUSDT:1h@2021-05-19");
        for line in ["similar last[1]", "last[1]", "similar last[x]", "last[1"] {
            assert!(names.expand(&split(line).words, None).is_err(), "{line}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let mut names = Names::default();
        for line in [
            "x",
            "x =",
            "= BTC",
            "1x = BTC",
            "a-b = BTC",
            "bars = BTC",
            "help = BTC",
            "x = @1",
        ] {
            assert!(define(&mut names, line).is_err(), "{line}");
        }
        assert_eq!(names.iter().count(), 0);
    }
}
