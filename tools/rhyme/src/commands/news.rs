use clap::Args as ClapArgs;
use rhymedb::Timestamp;
use rhymedb::ask::{NewsReply, NewsRequest, Span};
use rhymedb::query::NewsAbout;

use super::query_text;
use super::shown::{self, rounded};
use super::spread::{self, Spread};
use super::words::{self, HEADLINE_COLUMNS, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, known, open, view_of};
use crate::output;
use crate::progress;
use crate::text::{grouped, legible};

pub(crate) const HELP: &str = "\
TARGET is as for `rhyme similar`, or text:SENTENCE, or prototype:NAME.

Of a stored window the answer has headlines that name its symbol (or if none does, symbols of its
market) and were known at its end. --symbol and --any-symbol choose others; --within, --until and --any-time
look beyond its end.

Example: rhyme news BTCUSDT:1h@2021-05-19T12:00 --within 3d";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A window of a stored series, a candle file, a vector in a .npy file, a sentence or a prototype
    target: String,
    /// How many headlines to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    #[command(flatten)]
    spread: Spread,
    #[command(flatten)]
    options: SpaceOptions,
    /// Only headlines published at most so long before or after the window's last close, like 3d
    #[arg(long, value_name = "TIME")]
    within: Option<Span>,
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
    #[arg(long, default_value = "0", value_name = "TIME")]
    latency: Span,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = NewsRequest::new(query_text::subject(&args.target)?);
    request.k = args.k;
    (request.per, request.diverse) = (args.spread.per()?, args.spread.diverse);
    request.space.clone_from(&args.options.space);
    request.within = args.within;
    request.symbol.clone_from(&args.symbol);
    (request.any_symbol, request.any_time) = (args.any_symbol, args.any_time);
    (request.from, request.until) = (args.from, args.until);
    request.latency = args.latency;
    request.as_of = args.options.as_of;
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.options.as_of);
    let format = global.format;
    let rows = shown::rows(&reply.headlines)?;
    match format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(format, &HEADLINE_COLUMNS, &rows, ""),
        Format::Table => {
            let told = answer.expressiveness.map(|e| words::told(Some(e)));
            output::prose(&format!(
                "{}\n{}{}{}{} headlines searched in {:.2} ms\n",
                words::window_line(view, answer.query.as_ref(), &args.target)?,
                whose(&reply),
                told.map_or_else(String::new, |told| told + "\n"),
                spread::told(reply.query.per, reply.query.diverse),
                grouped(reply.searched.headlines),
                answer.took.as_secs_f64() * 1e3
            ))?;
            output::keep(&HEADLINE_COLUMNS, &rows);
            let rows = rounded(rows, &[("score", 4)]);
            output::listing(format, &HEADLINE_COLUMNS, &rows, "no headline was found")
        }
    }
}

/// Whose headlines the answer has, and until when, where nobody said: a line, or nothing.
fn whose(answer: &NewsReply) -> String {
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
