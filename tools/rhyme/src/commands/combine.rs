use clap::Args as ClapArgs;
use rhymedb::Error;
use rhymedb::ask::{CombineRequest, Term};

use super::spread::Spread;
use super::which::Which;
use super::words::SpaceOptions;
use super::{hits, query_text};
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::picture::{self, PlotArgs};
use crate::progress;

pub(crate) const HELP: &str = "\
The first term is a chart as for `rhyme similar`; the others are sentences. text:SENTENCE,
chart:TARGET and prototype:NAME say what a term is. Put spaces around + and -.

Example: rhyme combine BTCUSDT:1h@2021-05-19 - \"a sharp correction\" + \"a steady trend\"
         rhyme combine \"text:record high\" + prototype:breakouts -k 5";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// TERM, then + TERM or - TERM as often as you like
    #[arg(required = true, value_name = "TERM")]
    terms: Vec<String>,
    /// How many distinct episodes to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    #[command(flatten)]
    spread: Spread,
    #[command(flatten)]
    options: SpaceOptions,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = CombineRequest::new(terms(&args.terms)?);
    request.name = Some(args.terms.join(" "));
    request.k = args.k;
    (request.per, request.diverse) = (args.spread.per()?, args.spread.diverse);
    request.space.clone_from(&args.options.space);
    request.filter = args.which.filter();
    request.as_of = args.options.as_of;
    request.exact = args.options.exact;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.found.notes);
    let view = &known(&view, args.options.as_of);
    let drawn = || picture::combined(view, &reply, &answer);
    args.plot.write(global, drawn)?;
    let printed = hits::Found {
        view,
        reply: &reply.found,
        answer: &answer,
    };
    printed.print(global.format, &reply)
}

/// The sum that a list of terms and signs means.
fn terms(words: &[String]) -> Outcome<Vec<Term>> {
    let wrong = |found: &str| {
        Error::Invalid(format!(
            "expected terms with + or - between them, like BTCUSDT:1h - \"a correction\" + \"a trend\", found {found}; put spaces around + and -, and quotes around sentences"
        ))
    };
    let mut words = words.iter();
    let first = words.next().ok_or_else(|| wrong("nothing"))?;
    let first = query_text::subject(first.strip_prefix("chart:").unwrap_or(first))?;
    let mut terms = vec![Term::Plus(first)];
    while let Some(sign) = words.next() {
        let word = words
            .next()
            .ok_or_else(|| wrong(&format!("nothing after {sign:?}")))?;
        let term = match word.strip_prefix("chart:") {
            Some(chart) => query_text::subject(chart)?,
            None if word.starts_with("prototype:") || word.starts_with("text:") => {
                word.as_str().into()
            }
            None => format!("text:{word}").into(),
        };
        terms.push(match sign.as_str() {
            "+" => Term::Plus(term),
            "-" => Term::Minus(term),
            other => return Err(wrong(&format!("{other:?} in place of a sign")).into()),
        });
    }
    Ok(terms)
}
