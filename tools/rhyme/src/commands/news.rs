use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::{NewsAbout, NewsAnswer, Timestamp};
use serde_json::{Value, json};

use super::trained;
use super::words::{self, HEADLINE_COLUMNS, Place, headline_row};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, open};
use crate::output;
use crate::text::{grouped, legible};

pub(crate) const HELP: &str = "\
TARGET is as for `rhyme similar`, or text:SENTENCE, or prototype:NAME.

Of a stored window the answer has headlines that name its symbol (or if none does, symbols of its
market) and were known at its end. --symbol and --any-symbol choose others; --within, --until and --any-time
look beyond its end.

Example: rhyme news BTCUSDT:1h@2021-05-19T12:00 --within 3d";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A window of a stored series, a candle file, a sentence or a prototype
    target: String,
    /// How many headlines to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    #[command(flatten)]
    place: Place,
    /// Only headlines published at most so long before or after the window's last close, like 3d
    #[arg(long, value_parser = words::duration, value_name = "TIME")]
    within: Option<Duration>,
    /// Only headlines that name one of these symbols [default: the window's, or those of its market]
    #[arg(long, value_delimiter = ',')]
    symbol: Vec<String>,
    /// Headlines whatever symbol they name
    #[arg(long, conflicts_with = "symbol")]
    any_symbol: bool,
    /// Headlines that were not known yet at the window's end too
    #[arg(long)]
    any_time: bool,
    /// Only headlines published at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only headlines published at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// The time from the publication of a headline until somebody can know it, like 5m
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    latency: Duration,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let mut news = view.news(words::query(&args.target)?).k(args.k);
    news = news.latency(args.latency);
    news = news.any_symbol(args.any_symbol).any_time(args.any_time);
    say!(news, args.place, names: space);
    say!(news, args, names: symbol);
    say!(news, args, some: within from until);
    let answer = news.run()?;
    words::warn(global, answer.warning().as_deref());
    let series = answer.query.as_ref().map(|w| &w.series);
    trained::note(global, &answer.space, answer.trained_until, series, "");
    let format = global.format;
    let hits = answer.hits.iter();
    let rows: Vec<Value> = hits.map(|hit| headline_row(format, hit)).collect();
    match format {
        Format::Json => output::json(&json!({
            "query": {
                "target": args.target,
                "window": words::window_json(&view, answer.query.as_ref())?,
                "space": answer.space,
                "as_of": words::text(view.as_of()),
            },
            "about": answer.about,
            "known_by": words::text(answer.known_by),
            "expressiveness": words::expressiveness(answer.expressiveness),
            "warning": answer.warning(),
            "trained_until": words::text(answer.trained_until),
            "headlines": rows,
            "searched": { "headlines": answer.searched },
            "took_us": answer.took.as_micros() as u64,
        })),
        Format::Csv => output::listing(format, &HEADLINE_COLUMNS, &rows, ""),
        Format::Table => {
            let told = answer.expressiveness.map(|e| words::told(Some(e)));
            output::prose(&format!(
                "{}\n{}{}{} headlines searched in {:.2} ms\n",
                words::window_line(&view, answer.query.as_ref(), &args.target)?,
                whose(&answer),
                told.map_or_else(String::new, |told| told + "\n"),
                grouped(answer.searched),
                answer.took.as_secs_f64() * 1e3
            ))?;
            output::listing(format, &HEADLINE_COLUMNS, &rows, "no headline was found")
        }
    }
}

/// Whose headlines the answer has, and until when, where nobody said: a line, or nothing.
fn whose(answer: &NewsAnswer) -> String {
    let about = answer.about.as_ref().map(|about| match about {
        NewsAbout::Symbol(symbol) => format!("of {symbol} (--any-symbol has all)"),
        NewsAbout::Market(market) => {
            format!("of the market {market}, as none names the symbol (--any-symbol has all)")
        }
    });
    let known_by = answer
        .known_by
        .map(|time| format!("known by {time} (--any-time has later ones)"));
    let told: Vec<String> = about.into_iter().chain(known_by).collect();
    if told.is_empty() {
        return String::new();
    }
    legible(&format!("headlines {}", told.join(", "))) + "\n"
}
