use clap::Args as ClapArgs;
use rhymedb::Timestamp;
use rhymedb::ask::{DivergenceRequest, Span};
use rhymedb::query::DivergenceAnswer;

use super::shown::{self, rounded};
use super::words::{self, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::text::grouped;

pub(crate) const HELP: &str = "\
For each bar in which headlines about the symbol became known: the cosine of the window that ends
with it and the mean of those headlines, and its percentile among the earlier moments of the series
with a like number of headlines. Low is divergence. Moments that the weights were trained on have
no percentile, and later ones are compared with later ones alone. Flagged moments whose windows overlap are one
episode, and its sign says what the price did over the last quarter of the window and what the news
say. --moments lists every moment, the flagged ones first.

Example: rhyme divergence BTCUSDT:1h --below 2";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The series, like BTCUSDT:1h
    series: String,
    #[command(flatten)]
    options: SpaceOptions,
    /// Headlines that name this symbol [default: the series' own]
    #[arg(long)]
    symbol: Option<String>,
    /// Only moments at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only moments at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can know it, like 5m
    #[arg(long, default_value = "0", value_name = "TIME")]
    latency: Span,
    /// How many windows after the news the chart ends, so that it shows the reaction
    #[arg(long, default_value_t = 0, value_name = "WINDOWS")]
    lag: usize,
    /// Flag moments whose percentile is at most this
    #[arg(long, default_value_t = 5.0, value_name = "PERCENTILE")]
    below: f64,
    /// The earlier moments that a percentile needs
    #[arg(long, default_value_t = 30, value_name = "N")]
    history: usize,
    /// Every moment instead of the episodes
    #[arg(long)]
    moments: bool,
    /// How many episodes or moments to list; 0 is all
    #[arg(short, alias = "first", default_value_t = 20, value_name = "N")]
    k: usize,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = DivergenceRequest::new(words::series(&args.series)?);
    request.space.clone_from(&args.options.space);
    request.symbol.clone_from(&args.symbol);
    (request.from, request.until) = (args.from, args.until);
    (request.latency, request.lag) = (args.latency, args.lag);
    (request.below, request.history) = (args.below, args.history);
    (request.moments, request.k) = (args.moments, args.k);
    request.as_of = args.options.as_of;
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.options.as_of);
    let drawn = || picture::divergence(view, args.below, &answer);
    args.plot.write(global, drawn)?;
    let (columns, rows, none) = match (&reply.moments, &reply.episodes) {
        (Some(moments), _) => {
            let none = "no headline about the symbol became known in a bar of the series";
            (&MOMENT_COLUMNS, shown::rows(moments)?, none.to_owned())
        }
        (None, episodes) => {
            let rows = shown::rows(episodes.as_deref().unwrap_or_default())?;
            (&EPISODE_COLUMNS, rows, none_flagged(&answer))
        }
    };
    output::keep(columns, &rows);
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(global.format, columns, &rows, &none),
        Format::Table => {
            let rows = rounded(rows, &[("similarity", 4), ("news_direction", 4)]);
            output::listing(global.format, columns, &rows, &none)
        }
    }
}

/// What is said where nothing is flagged.
fn none_flagged(answer: &DivergenceAnswer) -> String {
    let seen = answer.moments.iter().filter(|m| m.trained_until.is_some());
    let seen = match seen.count() as u64 {
        0 => String::new(),
        n => format!(
            " ({} of them without a percentile: the weights were trained on them)",
            grouped(n)
        ),
    };
    format!(
        "none of {} moments with news is flagged{seen}; --moments lists them",
        grouped(answer.moments.len() as u64)
    )
}

const MOMENT_COLUMNS: [Column; 9] = [
    column("flagged", "flagged"),
    column("end", "end"),
    column("sign", "which way"),
    column("similarity", "similarity"),
    column("percentile", "percentile"),
    column("earlier", "of earlier"),
    column("price_change", "price %"),
    column("news_direction", "news"),
    column("headlines", "headlines"),
];

const EPISODE_COLUMNS: [Column; 9] = [
    column("first", "first"),
    column("last", "last"),
    column("moments", "moments"),
    column("sign", "which way"),
    column("end", "lowest at"),
    column("percentile", "percentile"),
    column("price_change", "price %"),
    column("news_direction", "news"),
    column("headlines", "headlines"),
];
