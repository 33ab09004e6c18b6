use clap::Args as ClapArgs;
use rhymedb::{Error, Query};
use serde_json::json;

use super::which::Which;
use super::words::{self, Place};
use super::{hits, trained};
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{check_period, open};
use crate::picture::{self, PlotArgs};

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
    place: Place,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let query = sum(&args.terms)?;
    check_period(args.which.from, args.which.until)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let mut similar = view.similar(query).k(args.k).exact(args.place.exact);
    say!(similar, args.place, names: space);
    similar = similar.filter(args.which.filter());
    let warning = similar.warning()?;
    words::warn(global, warning.as_deref());
    let answer = similar.run()?;
    trained::note(global, &answer.space, answer.trained_until, None, "");
    let few = (answer.hits.len(), args.k);
    args.which.note_few(global, few, args.place.exact);
    let asked = args.terms.join(" ");
    let drawn = || {
        let mut picture = picture::found(&view, &asked, &answer, None)?;
        // The chart of the first term alone is not what was asked with.
        picture.title = format!("What looks like {asked}");
        if let Some(chart) = &mut picture.query {
            chart.label = "first term".to_owned();
        }
        Ok(picture)
    };
    args.plot.write(global, drawn)?;
    hits::print_with(
        global.format,
        &view,
        &asked,
        &answer,
        &[("warning", json!(warning))],
    )
}

/// The sum that a list of terms and signs means.
fn sum(words: &[String]) -> Outcome<Query> {
    let wrong = |found: &str| {
        Error::Invalid(format!(
            "expected terms with + or - between them, like BTCUSDT:1h - \"a correction\" + \"a trend\", found {found}; put spaces around + and -, and quotes around sentences"
        ))
    };
    let mut words = words.iter();
    let first = words.next().ok_or_else(|| wrong("nothing"))?;
    let mut sum = match first.strip_prefix("chart:") {
        Some(chart) => words::query(chart)?,
        None => words::query(first)?,
    };
    while let Some(sign) = words.next() {
        let word = words
            .next()
            .ok_or_else(|| wrong(&format!("nothing after {sign:?}")))?;
        let term = match word.strip_prefix("chart:") {
            Some(chart) => words::query(chart)?,
            None if word.starts_with("prototype:") => words::query(word)?,
            None => Query::text(word.strip_prefix("text:").unwrap_or(word)),
        };
        sum = match sign.as_str() {
            "+" => sum.plus(term),
            "-" => sum.minus(term),
            other => return Err(wrong(&format!("{other:?} in place of a sign")).into()),
        };
    }
    Ok(sum)
}
