//! How much assets move together now, and what is usual for them.

use clap::Args as ClapArgs;
use rhymedb::ask::{CorrelationReply, CorrelationRequest};
use serde_json::Value;

use super::assets::{Assets, left_out};
use super::shown::{self, rounded, with_p};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::text::grouped;

pub(crate) const HELP: &str = "\
Correlations of log returns over the bars that both assets have: `now` in the latest window of 63
returns, `usual` the mean of the pair's earlier windows, which do not overlap, and p how often the
latest of such a past lies so far from it. q is for many pairs at once: of all pairs with a q of
at most 0.05, one in twenty is there by chance. `best guess` is `now` drawn towards the mean of
all pairs, as much as so few returns demand (Ledoit and Wolf 2004): take that for what comes next,
and compare it with nothing.

Example: rhyme market correlation --interval 1h
Example: rhyme market correlation --interval 1h --window 48 --as-of 2021-05-01 --plot together.html";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    assets: Assets,
    /// The returns of a window
    #[arg(long, default_value_t = 63, value_name = "N")]
    window: usize,
    /// The most earlier windows that say what is usual
    #[arg(long, default_value_t = 40, value_name = "N")]
    past: usize,
    /// Take off what the market did
    #[arg(long)]
    less_market: bool,
    /// How many pairs to list
    #[arg(short, default_value_t = 20, value_name = "PAIRS")]
    k: usize,
    /// Give the correlation of each pair in every window, in JSON
    #[arg(long)]
    history: bool,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = CorrelationRequest::default();
    request.filter = args.assets.filter()?;
    request.as_of = args.assets.as_of;
    (request.window, request.past, request.k) = (args.window, args.past, args.k);
    (request.less_market, request.history) = (args.less_market, args.history);
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.assets.as_of);
    let drawn = || Ok(picture::correlation(view, &answer));
    args.plot.write(global, drawn)?;
    print(global.format, &reply)
}

const COLUMNS: [Column; 8] = [
    column("a", "one"),
    column("b", "other"),
    column("correlation", "now"),
    column("usual", "usual"),
    column("p_value", "p"),
    column("q_value", "q"),
    column("past", "earlier windows"),
    column("shrunk", "best guess"),
];

fn print(format: Format, reply: &CorrelationReply) -> Outcome {
    let rows = shown::rows(&reply.pairs)?;
    output::keep(&COLUMNS, &rows);
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &COLUMNS, &rows, ""),
        Format::Table => table(reply, rows),
    }
}

fn table(reply: &CorrelationReply, rows: Vec<Value>) -> Outcome {
    let usual: Vec<f64> = reply
        .windows
        .iter()
        .rev()
        .skip(1)
        .filter_map(|w| w.mean)
        .collect();
    let usual = match (reply.mean_p, usual.len()) {
        (Some(p), n) => format!(
            " (usually {:.2}, p {p:.3})",
            usual.iter().sum::<f64>() / n as f64
        ),
        (None, _) => String::new(),
    };
    let until = reply.windows.last().map(|w| w.until.to_string());
    output::prose(&format!(
        "{} assets, {} returns of {} to {}: mean correlation {:.2}{usual}; single ones are drawn {:.0} % towards it\n{} of {} pairs move together otherwise than usual, with a q of at most 0.05\n",
        grouped(reply.assets.len() as u64),
        reply.returns,
        reply.interval,
        until.unwrap_or_default(),
        reply.mean,
        100.0 * reply.shrinkage,
        grouped(reply.alarms as u64),
        grouped(reply.all_pairs as u64),
    ))?;
    let decimals = ["shrunk", "usual", "q_value", "correlation"].map(|key| (key, 3));
    let rows = with_p(rounded(rows, &decimals));
    output::listing(Format::Table, &COLUMNS, &rows, "fewer than two to compare")?;
    left_out(&reply.left_out)
}
