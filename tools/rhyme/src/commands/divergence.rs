use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::{DivergenceEpisode, DivergenceMoment, Timestamp};
use serde_json::{Value, json};

use super::trained;
use super::words::{self, Place, number};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, open};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
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
    place: Place,
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
    check_period(args.from, args.until)?;
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
    say!(divergence, args, some: from until);
    let answer = divergence.run()?;
    let series = Some(&answer.series);
    let more = "; moments whose window began before have no percentile";
    trained::note(global, &answer.space, answer.trained_until, series, more);
    let drawn = || picture::divergence(&view, args.below, &answer);
    args.plot.write(global, drawn)?;
    let shown = if args.k == 0 { usize::MAX } else { args.k };
    if args.moments {
        let rows = answer.moments.iter().take(shown);
        let rows: Vec<Value> = rows.map(|m| moment_row(global.format, m)).collect();
        let none = "no headline about the symbol became known in a bar of the series";
        return output::listing(global.format, &MOMENT_COLUMNS, &rows, none);
    }
    let rows = answer.episodes.iter().take(shown);
    let rows: Vec<Value> = rows.map(|e| episode_row(global.format, e)).collect();
    let seen = answer.moments.iter().filter(|m| m.trained_until.is_some());
    let seen = match seen.count() as u64 {
        0 => String::new(),
        n => format!(
            " ({} of them without a percentile: the weights were trained on them)",
            grouped(n)
        ),
    };
    let none = format!(
        "none of {} moments with news is flagged{seen}; --moments lists them",
        grouped(answer.moments.len() as u64)
    );
    output::listing(global.format, &EPISODE_COLUMNS, &rows, &none)
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

fn moment_row(format: Format, moment: &DivergenceMoment) -> Value {
    json!({
        "flagged": moment.flagged,
        "end": moment.end.to_string(),
        "sign": moment.sign().map(|s| s.to_string()),
        "similarity": number(format, moment.similarity),
        "percentile": moment.percentile.map(tenth),
        "earlier": moment.earlier,
        "trained_until": words::text(moment.trained_until),
        "price_change": moment.price_change.map(|c| tenth(100.0 * c)),
        "news_direction": number(format, moment.news_direction),
        "headlines": moment.headlines,
    })
}

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

fn episode_row(format: Format, episode: &DivergenceEpisode) -> Value {
    let lowest = &episode.lowest;
    json!({
        "first": episode.first.to_string(),
        "last": episode.last.to_string(),
        "moments": episode.moments,
        "sign": episode.sign.map(|s| s.to_string()),
        "end": lowest.end.to_string(),
        "similarity": number(format, lowest.similarity),
        "percentile": lowest.percentile.map(tenth),
        "earlier": lowest.earlier,
        "price_change": lowest.price_change.map(|c| tenth(100.0 * c)),
        "news_direction": number(format, lowest.news_direction),
        "headlines": lowest.headlines,
    })
}

fn tenth(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}
