//! Questions that are kept as they were typed.

use rhymedb::{Error, Timestamp};

use super::grammar::{self, Parsed};
use super::words::{self, Redirect};
use crate::args::Args;
use crate::failure::Outcome;
use crate::global::Global;
use crate::help;

/// The words of a question that stands in one line.
pub(crate) fn words_of(line: &str) -> Outcome<Vec<String>> {
    let split = words::split_whole(line)?;
    if split.redirect != Redirect::None {
        return Err(Error::Invalid(
            "expected a question alone, found > or | behind it; `today --saved` prints its answer"
                .to_owned(),
        )
        .into());
    }
    Ok(split.words.into_iter().map(|word| word.text).collect())
}

/// Understands words as a command that asks, and changes nothing that is stored.
pub(crate) fn understood(
    words: &[String],
    base: &Global,
    as_of: Option<Timestamp>,
) -> Outcome<Args> {
    let wrong = |found: &str| {
        Err(Error::Invalid(format!(
            "expected a command that asks, like similar BTCUSDT:1h --outcome 24h, found {found}"
        ))
        .into())
    };
    let Some(first) = words.first() else {
        return wrong("nothing");
    };
    match grammar::parse(words, base, as_of)? {
        Parsed::Program(global, _, _) if global.db != base.db => {
            wrong("one with --db: it is kept with its database")
        }
        Parsed::Program(global, command, name)
            if help::only_answers(&name) && !["today", "watch"].contains(&name.as_str()) =>
        {
            let command = *command;
            Ok(Args { global, command })
        }
        _ => wrong(first),
    }
}
