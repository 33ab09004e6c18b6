use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::{Horizon, Interval, ReactionAnswer, Timestamp, View};
use serde_json::{Value, json};

use super::summary::{self, Compared, in_percent, rounded};
use super::trained;
use super::words::{self, Place, number};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, open};
use crate::output::{self, column};
use crate::picture::{self, PlotArgs};

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
    place: Place,
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
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    latency: Duration,
    /// The seed of the base rate's sample
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let answer = ask(&view, args, args.horizon, None)?;
    words::warn(global, answer.warning().as_deref());
    trained::note(global, &answer.space, answer.trained_until, None, "");
    args.plot.write(global, || {
        picture::news(&view, &answer, |horizon, interval| {
            ask(&view, args, horizon, interval)
        })
    })?;
    print(global.format, &view, &answer)
}

fn ask(
    view: &View,
    args: &Args,
    horizon: Horizon,
    interval: Option<Interval>,
) -> Outcome<ReactionAnswer> {
    let mut reaction = view.reaction(&args.text).k(args.k).horizon(horizon);
    reaction = reaction.seed(args.seed).latency(args.latency);
    say!(reaction, args.place, names: space);
    say!(reaction, args, names: market symbol);
    say!(reaction, args, some: from until);
    if let Some(interval) = args.interval.or(interval) {
        reaction = reaction.interval(interval);
    }
    Ok(reaction.run()?)
}

fn print(format: Format, view: &View, answer: &ReactionAnswer) -> Outcome {
    let rows = rows(format, answer);
    let [p_value, no_p_value] = summary::p_json(&answer.p_value);
    match format {
        Format::Json => output::json(&json!({
            "query": {
                "text": answer.text,
                "space": answer.space,
                "horizon": summary::horizon_json(answer.horizon),
                "interval": answer.interval.map(|i| i.to_string()),
                "as_of": words::text(view.as_of()),
            },
            "expressiveness": words::expressiveness(answer.expressiveness),
            "warning": answer.warning(),
            "trained_until": words::text(answer.trained_until),
            "summary": answer.summary.as_ref().map(summary::json_of),
            "base": answer.base.as_ref().map(summary::json_of),
            "base_windows": answer.base_windows,
            "p_value": p_value,
            "no_p_value": no_p_value,
            "outcomes": rows,
        })),
        Format::Csv => output::listing(format, &columns(), &rows, ""),
        Format::Table => table(answer, &rows),
    }
}

fn columns() -> [output::Column; 9] {
    [
        column("score", "score"),
        column("known", "known"),
        column("headlines", "headlines"),
        column("symbol", "symbol"),
        column("end", "end"),
        column("change", "change"),
        column("best", "best"),
        column("worst", "worst"),
        column("text", "headline"),
    ]
}

fn rows(format: Format, answer: &ReactionAnswer) -> Vec<Value> {
    let told = answer.news.iter();
    let pairs = told.flat_map(|news| news.outcomes.iter().map(move |o| (news, o)));
    pairs
        .map(|(news, outcome)| {
            json!({
                "score": number(format, f64::from(news.score)),
                "known": news.known.to_string(),
                "headlines": news.headlines,
                "market": outcome.series.market,
                "venue": outcome.series.venue,
                "symbol": outcome.series.symbol,
                "interval": outcome.series.interval.to_string(),
                "start": outcome.start.to_string(),
                "repeated": outcome.repeated,
                "end": outcome.outcome.closed.to_string(),
                "change": rounded(outcome.outcome.change),
                "best": rounded(outcome.outcome.best),
                "worst": rounded(outcome.outcome.worst),
                "volatility": rounded(outcome.outcome.volatility),
                "text": news.headline.text,
            })
        })
        .collect()
}

fn table(answer: &ReactionAnswer, rows: &[Value]) -> Outcome {
    output::prose(&format!("{}\n", words::told(answer.expressiveness)))?;
    output::keep(&columns(), rows);
    if answer.summary.is_some() {
        output::lines("in summary")?;
        summary::print(&[Compared::of_news(answer)])?;
        output::lines("\none by one")?;
    }
    let none = "no news like it has an outcome that was known";
    let rows: Vec<Value> = rows.iter().cloned().map(in_percent).collect();
    output::listing(Format::Table, &columns(), &rows, none)
}
