use clap::Args as ClapArgs;
use rhymedb::{Axis, Query, Timestamp, View};
use serde_json::{Value, json};

use super::words::{self, Place, number};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, open};
use crate::output::{self, column};

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
    place: Place,
    /// Only windows that closed, or headlines published, at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only windows that closed, or headlines published, at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let mut axis = view.axis(end(&args.low), end(&args.high));
    say!(axis, args.place, names: space);
    let warning = axis.warning()?;
    words::warn(global, warning.as_deref());
    match (&args.history, &args.headlines) {
        (Some(series), _) => history(global.format, args, &axis, series),
        (None, Some(symbol)) => headlines(global.format, args, &axis, symbol),
        (None, None) => points(global.format, args, &view, (&axis, warning)),
    }
}

fn end(text: &str) -> Query {
    match text.strip_prefix("prototype:") {
        Some(name) => Query::prototype(name),
        None => Query::text(text.strip_prefix("text:").unwrap_or(text)),
    }
}

fn points(
    format: Format,
    args: &Args,
    view: &View,
    (axis, warning): (&Axis, Option<String>),
) -> Outcome {
    let mut rows = Vec::with_capacity(args.targets.len());
    let mut direction = None;
    for target in &args.targets {
        let point = axis.of(words::query(target)?)?;
        direction = point.expressiveness;
        rows.push(json!({
            "target": target,
            "end": words::text(point.window.as_ref().map(|w| w.end)),
            "value": number(format, point.value),
            "deviations": point.deviations.map(|d| (d * 100.0).round() / 100.0),
        }));
    }
    let columns = [
        column("target", "target"),
        column("end", "end"),
        column("value", "value"),
        column("deviations", "deviations"),
    ];
    match format {
        Format::Json => output::json(&json!({
            "axis": { "low": args.low, "high": args.high },
            "as_of": words::text(view.as_of()),
            "expressiveness": words::expressiveness(direction),
            "warning": warning,
            "points": rows,
        })),
        Format::Csv | Format::Table => output::listing(format, &columns, &rows, ""),
    }
}

fn history(format: Format, args: &Args, axis: &Axis, series: &str) -> Outcome {
    let answer = axis.history(&words::series(series)?, args.from, args.until)?;
    let rows: Vec<Value> = answer
        .points
        .iter()
        .map(|(end, value, deviations)| {
            json!({
                "end": end.to_string(),
                "value": number(format, *value),
                "deviations": deviations.map(|d| (d * 100.0).round() / 100.0),
            })
        })
        .collect();
    let columns = [
        column("end", "end"),
        column("value", "value"),
        column("deviations", "deviations"),
    ];
    let none = "the series has no windows in that period";
    output::listing(format, &columns, &rows, none)
}

fn headlines(format: Format, args: &Args, axis: &Axis, symbol: &str) -> Outcome {
    let found = axis.headlines(symbol, args.from, args.until)?;
    let rows: Vec<Value> = found
        .iter()
        .map(|line| {
            json!({
                "known": line.known.to_string(),
                "value": number(format, line.value),
                "text": line.headline.text,
            })
        })
        .collect();
    let columns = [
        column("known", "known"),
        column("value", "value"),
        column("text", "headline"),
    ];
    output::listing(format, &columns, &rows, "no such headlines are known")
}
