use clap::Args as ClapArgs;
use rhymedb::Target;
use rhymedb::ask::{ContextRequest, Span};

use super::shown::{self, rounded};
use super::words::{self, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, Column, column};
use crate::progress;

pub(crate) const HELP: &str = "\
Example: rhyme context BTCUSDT:1h@2021-05-19T12:00 --after 1d";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A window of a stored series
    target: Target,
    #[command(flatten)]
    options: SpaceOptions,
    /// Headlines that name this symbol [default: the window's]
    #[arg(long)]
    symbol: Option<String>,
    /// From how long before the window's last close, like 3d [default: from the window's start]
    #[arg(long, value_name = "TIME")]
    before: Option<Span>,
    /// Up to how long after the window's last close
    #[arg(long, default_value = "0", value_name = "TIME")]
    after: Span,
    /// The time from the publication of a headline until somebody can know it, like 5m
    #[arg(long, default_value = "0", value_name = "TIME")]
    latency: Span,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = ContextRequest::new(args.target.clone());
    request.space.clone_from(&args.options.space);
    request.symbol.clone_from(&args.symbol);
    (request.before, request.after) = (args.before, args.after);
    request.latency = args.latency;
    request.as_of = args.options.as_of;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.options.as_of);
    let rows = shown::rows(&reply.headlines)?;
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(global.format, &COLUMNS, &rows, ""),
        Format::Table => {
            let window = words::window_line(view, Some(&answer.window), "")?;
            output::prose(&format!("{window}\n"))?;
            output::keep(&COLUMNS, &rows);
            let none = "no headline about it is known around that time";
            let rows = rounded(rows, &[("score", 4)]);
            output::listing(global.format, &COLUMNS, &rows, none)
        }
    }
}

const COLUMNS: [Column; 5] = [
    column("published", "published"),
    column("known", "known"),
    column("score", "score"),
    column("percentile", "says more than %"),
    column("text", "headline"),
];
