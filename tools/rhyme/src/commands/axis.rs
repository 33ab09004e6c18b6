use clap::Args as ClapArgs;
use rhymedb::Timestamp;
use rhymedb::ask::{AxisHeadlinesRequest, AxisHistoryRequest, AxisRequest};
use serde::Serialize;

use super::query_text;
use super::shown::{self, rounded};
use super::words::{self, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, open, view_of};
use crate::output::{self, Column, column};
use crate::progress;

pub(crate) const HELP: &str = "\
LOW and HIGH are sentences, or prototype:NAME. A value is the cosine with the direction from LOW to
HIGH: -1 at the one, 1 at the other. Deviations are counted from the mean of all charts.
A note says so if LOW and HIGH do not tell charts apart: then the values mean nothing.

Example: rhyme axis bearish bullish BTCUSDT:1h ETHUSDT:1h
         rhyme axis bearish bullish --history BTCUSDT:1h --from 2021-05-01
         rhyme axis bearish bullish --headlines BTCUSDT";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// What the low end means
    low: String,
    /// What the high end means
    high: String,
    /// Windows of stored series, candle files, text:SENTENCE or prototype:NAME
    #[arg(required_unless_present_any = ["history", "headlines"])]
    targets: Vec<String>,
    /// All windows of this series
    #[arg(long, value_name = "SERIES", conflicts_with = "targets")]
    history: Option<String>,
    /// The headlines that name this symbol
    #[arg(long, value_name = "SYMBOL", conflicts_with_all = ["targets", "history"])]
    headlines: Option<String>,
    #[command(flatten)]
    options: SpaceOptions,
    /// Only windows that closed, or headlines published, at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only windows that closed, or headlines published, at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.from, args.until)?;
    match (&args.history, &args.headlines) {
        (Some(series), _) => history(global, args, series),
        (None, Some(symbol)) => headlines(global, args, symbol),
        (None, None) => points(global, args),
    }
}

fn points(global: &Global, args: &Args) -> Outcome {
    let targets = args.targets.iter().map(|text| query_text::subject(text));
    let targets = targets.collect::<Outcome<_>>()?;
    let mut request = AxisRequest::new(&args.low, &args.high, targets);
    request.space.clone_from(&args.options.space);
    request.as_of = args.options.as_of;
    let reply = request.ask(&view_of(global, &open(global)?))?;
    progress::notes(global, &reply.notes);
    let columns = [
        column("target", "target"),
        column("end", "end"),
        column("value", "value"),
        column("deviations", "deviations"),
    ];
    print(global.format, &reply, (&columns, &reply.points), "")
}

fn history(global: &Global, args: &Args, series: &str) -> Outcome {
    let series = words::series(series)?;
    let mut request = AxisHistoryRequest::new(&args.low, &args.high, series);
    request.space.clone_from(&args.options.space);
    (request.from, request.until) = (args.from, args.until);
    request.as_of = args.options.as_of;
    let reply = request.ask(&view_of(global, &open(global)?))?;
    progress::notes(global, &reply.notes);
    let columns = [
        column("end", "end"),
        column("value", "value"),
        column("deviations", "deviations"),
    ];
    let none = "the series has no windows in that period";
    print(global.format, &reply, (&columns, &reply.points), none)
}

fn headlines(global: &Global, args: &Args, symbol: &str) -> Outcome {
    let mut request = AxisHeadlinesRequest::new(&args.low, &args.high, symbol);
    request.space.clone_from(&args.options.space);
    (request.from, request.until) = (args.from, args.until);
    request.as_of = args.options.as_of;
    let reply = request.ask(&view_of(global, &open(global)?))?;
    progress::notes(global, &reply.notes);
    let columns = [
        column("known", "known"),
        column("value", "value"),
        column("text", "headline"),
    ];
    let none = "no such headlines are known";
    print(global.format, &reply, (&columns, &reply.headlines), none)
}

fn print<R: Serialize>(
    format: Format,
    reply: &impl Serialize,
    (columns, rows): (&[Column], &[R]),
    none: &str,
) -> Outcome {
    let rows = shown::rows(rows)?;
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, columns, &rows, none),
        Format::Table => {
            output::keep(columns, &rows);
            output::listing(format, columns, &rounded(rows, &[("value", 4)]), none)
        }
    }
}
