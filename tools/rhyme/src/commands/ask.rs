//! `rhyme ask`: a question as JSON, and its answer as JSON.

use std::io::Read;

use clap::Args as ClapArgs;
use rhymedb::Error;
use rhymedb::ask::{self, Question};

use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{open, view_of};
use crate::output;

pub(crate) const HELP: &str = "\
A question is a JSON object: its kind under `question`, and the options of the command of that name. The
answer is what that command prints with --format json. `rhyme ask --schema` lists the kinds, and what each
takes and gives, as JSON schemas.

Example: rhyme ask '{\"question\": \"similar\", \"target\": \"BTCUSDT:1h\", \"k\": 3}'
         echo '{\"question\": \"search\", \"text\": \"shares plunge\"}' | rhyme ask -";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The question; - reads it from standard input
    #[arg(required_unless_present = "schema", value_name = "JSON|-")]
    question: Option<String>,
    /// Print the JSON schemas of all questions and answers
    #[arg(long, conflicts_with = "question")]
    schema: bool,
}

/// The longest question in bytes: a chart of a million bars.
const MOST: u64 = 256 << 20;

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let Some(text) = &args.question else {
        return output::json(&output::value(&ask::schemas())?);
    };
    let question = match text.as_str() {
        "-" => parsed(&from_standard_input()?)?,
        text => parsed(text)?,
    };
    let db = open(global)?;
    let answer = question.ask(&view_of(global, &db))?;
    output::json(&output::value(&answer)?)
}

fn parsed(text: &str) -> Outcome<Question> {
    serde_json::from_str(text).map_err(|e| {
        Error::Invalid(format!(
            "expected a question as JSON, like {{\"question\": \"similar\", \"target\": \"BTCUSDT:1h\"}}, found: {e}; `rhyme ask --schema` lists what questions take"
        ))
        .into()
    })
}

fn from_standard_input() -> Outcome<String> {
    let mut text = String::new();
    std::io::stdin().take(MOST).read_to_string(&mut text)?;
    Ok(text)
}
