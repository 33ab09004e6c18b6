use clap::Args as ClapArgs;
use rhymedb::ask::{ReactionReply, ReactionRequest, Span};
use rhymedb::query::{Benchmark, Horizon, ReactionAnswer};
use rhymedb::{Interval, Timestamp};
use serde_json::Value;

use super::shown::{self, rounded};
use super::summary::{self, Compared, in_percent};
use super::words::{self, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;

pub(crate) const HELP: &str = "\
An outcome starts at the first price that a reader of the headline could have traded at: in a market
that never closes the close of the first bar that closed when the headline was known, in one with
sessions the open of the first bar that opened then. It counts only if it had ended at --as-of.
Headlines that say the same of one symbol within three days are one piece of news, and each symbol
starts at its own first headline. The outcomes stand beside what the same series did over the horizon
at any time. p is in units of the volatility before the news, against the mean of each series.

Example: rhyme reaction \"chief executive resigns\" --horizon 5d";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The headline
    text: String,
    /// How many pieces of news to find
    #[arg(short, default_value_t = 20)]
    k: usize,
    /// The horizon: a time like 24h or 5d, or bars with --interval
    #[arg(long, default_value = "5", value_name = "TIME|BARS")]
    horizon: Horizon,
    #[command(flatten)]
    options: SpaceOptions,
    /// Only series of this market
    #[arg(long)]
    market: Option<String>,
    /// Only series of this interval; needed where the symbols have several
    #[arg(long)]
    interval: Option<Interval>,
    /// Only headlines that name one of these symbols
    #[arg(long, value_delimiter = ',')]
    symbol: Vec<String>,
    /// Only headlines published at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only headlines published at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can act on it, like 5m
    #[arg(long, default_value = "0", value_name = "TIME")]
    latency: Span,
    /// Measure outcomes net of a stored symbol like SPY, or of `market`: the mean of all other series of the
    /// same market and interval
    #[arg(long, value_name = "SYMBOL|market")]
    net_of: Option<Benchmark>,
    /// The seed of the base rate's sample
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = ReactionRequest::new(&args.text);
    request.k = args.k;
    request.horizon = args.horizon;
    request.space.clone_from(&args.options.space);
    request.market.clone_from(&args.market);
    request.interval = args.interval;
    request.net_of.clone_from(&args.net_of);
    request.symbol.clone_from(&args.symbol);
    (request.from, request.until) = (args.from, args.until);
    request.latency = args.latency;
    request.seed = args.seed;
    request.as_of = args.options.as_of;
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.options.as_of);
    let drawn = || picture::reaction(view, &request, &answer);
    args.plot.write(global, drawn)?;
    let rows = shown::rows(&reply.outcomes)?;
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(global.format, &COLUMNS, &rows, ""),
        Format::Table => table(&reply, &answer, rows),
    }
}

const COLUMNS: [Column; 9] = [
    column("score", "score"),
    column("known", "known"),
    column("headlines", "headlines"),
    column("symbol", "symbol"),
    column("end", "end"),
    column("change", "change"),
    column("best", "best"),
    column("worst", "worst"),
    column("text", "headline"),
];

fn table(reply: &ReactionReply, answer: &ReactionAnswer, rows: Vec<Value>) -> Outcome {
    output::prose(&format!("{}\n", words::told(answer.expressiveness)))?;
    output::keep(&COLUMNS, &rows);
    if reply.summary.is_some() {
        output::lines("in summary")?;
        summary::print(&[Compared::of_news(reply)], reply.query.net_of.as_ref())?;
        output::lines("\none by one")?;
    }
    let none = "no news like it has an outcome that was known";
    let rows = rounded(rows, &[("score", 4)]).into_iter().map(in_percent);
    output::listing(Format::Table, &COLUMNS, &rows.collect::<Vec<_>>(), none)
}
