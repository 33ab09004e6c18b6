use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::{Interval, ReactionAnswer, Spread, Timestamp};
use serde_json::{Value, json};

use super::words::{self, Place, number};
use super::{check_period, open};
use crate::args::{Format, Global};
use crate::failure::Outcome;
use crate::output::{self, column};

pub(crate) const HELP: &str = "\
An outcome starts at the close of the first bar that closed when the headline was known, and counts
only if it had ended at --as-of. Headlines that say the same within three days are one piece of
news. `all times` is what the same series did over the horizon at any time.

Example: rhyme reaction \"chief executive resigns\" --interval 1d --horizon 5";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The headline
    text: String,
    /// How many pieces of news to find
    #[arg(short, default_value_t = 20)]
    k: usize,
    /// The horizon in bars
    #[arg(long, default_value_t = 5, value_name = "BARS")]
    horizon: usize,
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
    #[arg(long)]
    to: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can act on it, like 5m
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    latency: Duration,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.from, args.to)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let mut reaction = view.reaction(&args.text).k(args.k).horizon(args.horizon);
    reaction = reaction.latency(args.latency);
    if let Some(space) = &args.place.space {
        reaction = reaction.space(space);
    }
    if let Some(market) = &args.market {
        reaction = reaction.market(market);
    }
    if let Some(interval) = args.interval {
        reaction = reaction.interval(interval);
    }
    for symbol in &args.symbol {
        reaction = reaction.symbol(symbol);
    }
    if let Some(from) = args.from {
        reaction = reaction.from(from);
    }
    if let Some(to) = args.to {
        reaction = reaction.to(to);
    }
    let answer = reaction.run()?;
    words::warn(global, answer.warning().as_deref());
    let rows = rows(global.format, &answer);
    match global.format {
        Format::Json => output::json(&json!({
            "query": {
                "text": answer.text,
                "space": answer.space,
                "horizon": answer.horizon,
                "interval": answer.interval.map(|i| i.to_string()),
                "as_of": words::text(view.as_of()),
            },
            "expressiveness": words::expressiveness(answer.expressiveness),
            "warning": answer.warning(),
            "after": output::value(&answer.spread)?,
            "all_times": output::value(&answer.base)?,
            "outcomes": rows,
        })),
        Format::Csv => output::listing(global.format, &columns(), &rows, ""),
        Format::Table => table(&answer, &rows),
    }
}

fn columns() -> [output::Column; 9] {
    [
        column("score", "score"),
        column("known", "known"),
        column("headlines", "headlines"),
        column("symbol", "symbol"),
        column("end", "end"),
        column("change", "return"),
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
                "end": outcome.end.to_string(),
                "change": number(format, outcome.change),
                "best": number(format, outcome.best),
                "worst": number(format, outcome.worst),
                "text": news.headline.text,
            })
        })
        .collect()
}

fn table(answer: &ReactionAnswer, rows: &[Value]) -> Outcome {
    output::prose(&format!("{}\n", words::told(answer.expressiveness)))?;
    let spreads = [
        ("after the news", &answer.spread),
        ("all times", &answer.base),
    ];
    let spreads: Vec<Value> = spreads
        .iter()
        .filter_map(|(name, spread)| Some(spread_row(name, spread.as_ref()?)))
        .collect();
    let columns = [
        column("what", "returns"),
        column("outcomes", "outcomes"),
        column("blocks", "blocks"),
        column("mean", "mean"),
        column("error", "standard error"),
        column("up", "up"),
        column("q5", "5 %"),
        column("q25", "25 %"),
        column("q50", "50 %"),
        column("q75", "75 %"),
        column("q95", "95 %"),
    ];
    if !spreads.is_empty() {
        output::listing(Format::Table, &columns, &spreads, "")?;
        output::lines("")?;
    }
    let none = "no news like it has an outcome that was known";
    output::listing(Format::Table, &self::columns(), rows, none)
}

fn spread_row(name: &str, spread: &Spread) -> Value {
    let number = |x: f64| number(Format::Table, x);
    let [q5, q25, q50, q75, q95] = spread.quantiles.map(number);
    json!({
        "what": name,
        "outcomes": spread.outcomes,
        "blocks": spread.blocks,
        "mean": number(spread.mean),
        "error": spread.standard_error.map(number),
        "up": number(spread.up),
        "q5": q5,
        "q25": q25,
        "q50": q50,
        "q75": q75,
        "q95": q95,
    })
}
