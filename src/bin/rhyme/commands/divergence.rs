use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::Timestamp;
use serde_json::{Value, json};

use super::words::{self, Place, number};
use super::{check_period, open};
use crate::args::Global;
use crate::failure::Outcome;
use crate::output::{self, column};
use crate::picture::{self, PlotArgs};

pub(crate) const HELP: &str = "\
For each bar in which headlines about the symbol became known: the cosine of the window that ends
with it and the mean of those headlines, and its percentile among the earlier moments of the series.
Low is divergence; the flagged moments come first.

Example: rhyme divergence BTCUSDT:1h --below 2";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The series, like BTCUSDT:1h
    series: String,
    #[command(flatten)]
    place: Place,
    /// Headlines that name this symbol [default: the series' own]
    #[arg(long)]
    symbol: Option<String>,
    /// Only moments at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only moments at or before this time
    #[arg(long)]
    to: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can know it, like 5m
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    latency: Duration,
    /// How many windows after the news the chart ends, so that it shows the reaction
    #[arg(long, default_value_t = 0, value_name = "WINDOWS")]
    lag: usize,
    /// Flag moments whose percentile is at most this
    #[arg(long, default_value_t = 5.0, value_name = "PERCENTILE")]
    below: f64,
    /// The earlier moments that a percentile needs
    #[arg(long, default_value_t = 30, value_name = "N")]
    history: usize,
    /// Only the first N moments of the answer; 0 is all
    #[arg(long, default_value_t = 20, value_name = "N")]
    first: usize,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.from, args.to)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let mut divergence = view
        .divergence(words::series(&args.series)?)
        .latency(args.latency)
        .lag(args.lag)
        .below(args.below)
        .history(args.history);
    say!(divergence, args.place, names: space);
    say!(divergence, args, names: symbol);
    say!(divergence, args, some: from to);
    let answer = divergence.run()?;
    let drawn = || picture::divergence(&view, args.below, &answer);
    args.plot.write(global, drawn)?;
    let shown = if args.first == 0 {
        usize::MAX
    } else {
        args.first
    };
    let rows: Vec<Value> = answer
        .moments
        .iter()
        .take(shown)
        .map(|moment| {
            json!({
                "flagged": moment.flagged,
                "end": moment.end.to_string(),
                "similarity": number(global.format, moment.similarity),
                "percentile": moment.percentile.map(|p| (p * 10.0).round() / 10.0),
                "earlier": moment.earlier,
                "headlines": moment.headlines,
            })
        })
        .collect();
    let columns = [
        column("flagged", "flagged"),
        column("end", "end"),
        column("similarity", "similarity"),
        column("percentile", "percentile"),
        column("earlier", "of earlier"),
        column("headlines", "headlines"),
    ];
    let none = "no headline about the symbol became known in a bar of the series";
    output::listing(global.format, &columns, &rows, none)
}
