use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::Target;
use serde_json::{Value, json};

use super::words::{self, Place, number};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open;
use crate::output::{self, column};

pub(crate) const HELP: &str = "\
Example: rhyme context BTCUSDT:1h@2021-05-19T12:00 --after 1d";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A window of a stored series
    target: Target,
    #[command(flatten)]
    place: Place,
    /// Headlines that name this symbol [default: the window's]
    #[arg(long)]
    symbol: Option<String>,
    /// From how long before the window's last close, like 3d [default: from the window's start]
    #[arg(long, value_parser = words::duration, value_name = "TIME")]
    before: Option<Duration>,
    /// Up to how long after the window's last close
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    after: Duration,
    /// The time from the publication of a headline until somebody can know it, like 5m
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    latency: Duration,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let mut context = view.context(args.target.clone()).after(args.after);
    context = context.latency(args.latency);
    say!(context, args.place, names: space);
    say!(context, args, names: symbol);
    say!(context, args, some: before);
    let answer = context.run()?;
    let format = global.format;
    let rows: Vec<Value> = answer
        .headlines
        .iter()
        .map(|line| {
            json!({
                "published": line.headline.time.to_string(),
                "precision": line.headline.precision.to_string(),
                "known": line.known.to_string(),
                "score": line.score.map_or(Value::Null, |s| number(format, s)),
                "percentile": words::percentile(line.expressiveness),
                "source": line.headline.source,
                "text": line.headline.text,
            })
        })
        .collect();
    let columns = [
        column("published", "published"),
        column("known", "known"),
        column("score", "score"),
        column("percentile", "says more than %"),
        column("text", "headline"),
    ];
    match format {
        Format::Json => output::json(&json!({
            "query": {
                "window": words::window_json(&view, Some(&answer.window))?,
                "symbol": answer.symbol,
                "space": answer.space,
                "as_of": words::text(view.as_of()),
            },
            "headlines": rows,
        })),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            let window = words::window_line(&view, Some(&answer.window), "")?;
            output::prose(&format!("{window}\n"))?;
            output::listing(
                format,
                &columns,
                &rows,
                "no headline about it is known around that time",
            )
        }
    }
}
