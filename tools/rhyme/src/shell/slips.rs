//! What to say about lines that the parser knows nothing of, but people type.

use std::path::Path;

use rhymedb::{Error, Target};

use crate::failure::{Failure, Outcome};

/// Refuses a `last` that stands where one of its rows is meant: `last 3`, `similar last`.
pub(super) fn check_last(words: &[String], quoted: &[bool]) -> Outcome {
    let first = words.first().map(String::as_str);
    if let (Some("last"), Some(row)) = (first, words.get(1))
        && row.parse::<usize>().is_ok()
    {
        return wrong(format!(
            "expected last[{row}] for row {row} of the last answer, found last {row}"
        ));
    }
    if matches!(first, None | Some("help" | "let")) {
        return Ok(());
    }
    let mut others = words.iter().zip(quoted).skip(1);
    if others.any(|(word, quoted)| word == "last" && !quoted) {
        return wrong(
            "expected a row of the last answer, like last[1], found last; put it in quotes to mean the word"
                .to_owned(),
        );
    }
    Ok(())
}

fn wrong(message: String) -> Outcome {
    Err(Error::Invalid(message).into())
}

/// What a line means that begins with no command: `x = ...`, a target with options, or nothing.
/// `like` is the command that its first word is nearest to.
pub(super) fn no_command(words: &[String], like: Option<&str>) -> Failure {
    let found = words.first().map_or("", String::as_str);
    let line = words.join(" ");
    let reads_as_target = found.parse::<Target>().is_ok() && found.contains([':', '@']);
    let message = if let Some((name, target)) = line.split_once('=')
        && !name.trim().is_empty()
        && !name.trim().contains(' ')
    {
        let (name, target) = (name.trim(), target.trim());
        format!("expected let before a name, like let {name} = {target}, found {line}")
    } else if let Some(command) = found.strip_suffix(';') {
        format!("expected a command to end with its line, found {found}; type {command} without ;")
    } else if reads_as_target || Path::new(found).is_file() {
        format!("expected a command before {found}, like similar {line}")
    } else {
        let meant = like.map(|like| format!("; did you mean {like}?"));
        format!(
            "expected a command, or a target alone like BTCUSDT:1h, found {found}{} `help` lists the commands, `series` what is stored",
            meant.as_deref().unwrap_or(";")
        )
    };
    Failure::Usage(format!("rhyme: {message}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn said(line: &str, like: Option<&str>) -> String {
        match no_command(&words(line), like) {
            Failure::Usage(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn slips_are_told_apart() {
        for line in ["x = BTCUSDT:1h", "x=BTCUSDT:1h"] {
            let text = said(line, None);
            assert!(text.contains("like let x = BTCUSDT:1h, found"), "{text}");
        }
        assert!(said("stats;", None).contains("type stats without ;"));
        let target = said("BTCUSDT:1h -k 3", None);
        assert!(target.contains("like similar BTCUSDT:1h -k 3"), "{target}");
        assert!(said("simlar x", Some("similar")).contains("did you mean similar? `help`"));
        assert!(said("sing", None).contains("found sing; `help` lists the commands"));
    }

    #[test]
    fn rows_of_the_last_answer_have_brackets() {
        let check = |line: &str| {
            let words = words(line);
            check_last(&words, &vec![false; words.len()]).is_ok()
        };
        for fine in ["last", "similar last[1]", "help last", "bars X --last 3"] {
            assert!(check(fine), "{fine}");
        }
        for wrong in ["last 3", "similar last", "similar last 3"] {
            assert!(!check(wrong), "{wrong}");
        }
        assert!(check_last(&words("search last"), &[false, true]).is_ok());
    }
}
