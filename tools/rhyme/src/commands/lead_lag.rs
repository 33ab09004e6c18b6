//! Which assets move first.

use clap::Args as ClapArgs;
use rhymedb::ask::{LeadLagReply, LeadLagRequest};
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
The partial correlation of each asset's return with each other's one to three bars later, given
the other's own earlier returns and those of the market: stale prices, bouncing ones and a market
that leads all do not count. Given what the leader did that the other follows most, too: so only
one is called for one lead. A pair is called if chance over all pairs and lags explains it with a
q of at most 0.05, and if both halves of the period have it alone. Most markets answer that nobody
leads, or that who leads does not last.

Example: rhyme market lead-lag --interval 1h
Example: rhyme market lead-lag --interval 1h --returns 1000 --lags 5 --plot first.html";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    assets: Assets,
    /// How many of the latest returns count [default: 504, or all since --from]
    #[arg(long, value_name = "N")]
    returns: Option<usize>,
    /// The longest lag in bars
    #[arg(long, default_value_t = 3, value_name = "BARS")]
    lags: usize,
    /// How many pairs to list
    #[arg(short, default_value_t = 20, value_name = "PAIRS")]
    k: usize,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = LeadLagRequest::default();
    request.filter = args.assets.filter()?;
    (request.returns, request.as_of) = (args.returns, args.assets.as_of);
    (request.lags, request.k) = (args.lags, args.k);
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.assets.as_of);
    let drawn = || Ok(picture::lead_lag(view, &answer));
    args.plot.write(global, drawn)?;
    print(global.format, &reply)
}

const COLUMNS: [Column; 9] = [
    column("leader", "leader"),
    column("follower", "follower"),
    column("lag", "bars later"),
    column("partial", "partial"),
    column("p_value", "p"),
    column("q_value", "q"),
    column("first_half", "first half"),
    column("second_half", "second half"),
    column("called", "called"),
];

fn print(format: Format, reply: &LeadLagReply) -> Outcome {
    let rows = shown::rows(&reply.pairs)?;
    output::keep(&COLUMNS, &rows);
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &COLUMNS, &rows, ""),
        Format::Table => table(reply, rows),
    }
}

fn table(reply: &LeadLagReply, rows: Vec<Value>) -> Outcome {
    let lasts = match reply.stability_p <= 0.05 {
        true => "who leads in the first half leads in the second",
        false => "not stable: who leads in the first half does not in the second",
    };
    output::prose(&format!(
        "{} assets, {} returns of {} to {}: {} of {} pairs are called\n{lasts} (rank correlation {:.2}, p {:.3})\n",
        grouped(reply.assets.len() as u64),
        grouped(reply.returns as u64),
        reply.interval,
        reply.until,
        grouped(reply.called as u64),
        grouped(reply.all_pairs as u64),
        reply.stability,
        reply.stability_p,
    ))?;
    let decimals = ["partial", "q_value", "first_half", "second_half"].map(|key| (key, 3));
    let rows = with_p(rounded(rows, &decimals));
    output::listing(Format::Table, &COLUMNS, &rows, "")?;
    left_out(&reply.left_out)
}
