//! Saved questions as a part of the report of today.

use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::Global;
use crate::output;
use crate::saved::Saved;
use crate::text::legible;

/// A saved question, and how it ended.
pub(crate) struct Asked {
    pub(crate) question: Saved,
    pub(crate) answer: Result<String, String>,
}

/// Prints the answers below the report.
pub(super) fn print(asked: &[Asked]) -> Outcome {
    if asked.is_empty() {
        return output::lines("\nno question is saved; `rhyme help save` says how");
    }
    for one in asked {
        output::lines(&format!(
            "\n{}: {}",
            legible(&one.question.name),
            legible(&one.question.typed())
        ))?;
        match &one.answer {
            Ok(text) => output::lines(text.trim_end())?,
            Err(why) => output::lines(&format!("failed: {}", legible(why)))?,
        }
    }
    Ok(())
}

/// The answers as JSON.
pub(super) fn value(asked: &[Asked]) -> Value {
    let one = |one: &Asked| {
        let answer = one.answer.as_ref().ok();
        let answer = answer.map(|text| {
            // Commands without an answer of their own in JSON say what they say as text.
            serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!(text))
        });
        json!({
            "name": one.question.name,
            "question": one.question.typed(),
            "answer": answer,
            "error": one.answer.as_ref().err(),
        })
    };
    asked.iter().map(one).collect()
}

/// The texts of a page: titles and answers.
pub(super) fn texts(asked: &[Asked]) -> Vec<(String, String)> {
    let text = |one: &Asked| {
        let title = format!("{}: {}", one.question.name, one.question.typed());
        let text = match &one.answer {
            Ok(text) => text.clone(),
            Err(why) => format!("failed: {why}"),
        };
        (title, text)
    };
    asked.iter().map(text).collect()
}

/// An error that names those that failed.
pub(super) fn ended(asked: &[Asked]) -> Outcome {
    let failed: Vec<String> = asked
        .iter()
        .filter_map(|one| {
            Some(format!(
                "{}: {}",
                one.question.name,
                one.answer.as_ref().err()?
            ))
        })
        .collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::Partly(format!(
            "{} of {} saved questions failed: {}",
            failed.len(),
            asked.len(),
            failed.join("; ")
        ))),
    }
}

/// Refuses formats that they do not go into.
pub(super) fn check(global: &Global, page: bool) -> Outcome {
    if global.format == Format::Csv {
        return Err(rhymedb::Error::Invalid(
            "expected --format table or json with --saved, found csv: each question has columns of its own"
                .to_owned(),
        )
        .into());
    }
    if page && global.format == Format::Json {
        return Err(rhymedb::Error::Invalid(
            "expected --html with --saved in --format table, found json: run it twice".to_owned(),
        )
        .into());
    }
    Ok(())
}
