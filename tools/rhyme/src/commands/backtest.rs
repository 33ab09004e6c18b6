use std::path::PathBuf;

use clap::Args as ClapArgs;
use rhymedb::ask::{ChanceRow, PerformanceRow, ReplayReply, ReplayRequest};
use rhymedb::{Target, Timestamp};
use serde_json::{Value, json};

use super::rule_file;
use super::shown;
use super::trials::Trials;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{db_path, open, view_of};
use crate::output::{self, Column, column};
use crate::progress::{self, notice};
use crate::text::legible;

pub(crate) const HELP: &str = "\
At each close the rule is asked as `rhyme signal` asks it, of what was known then, and what it wants is done at the next
open. `rhyme help signal` shows a rule. Beside the account stand buying and holding, random positions of the same sides,
sizes and lengths, and the same positions at other times: a rule that is no better than those says nothing.

Every rule that is tried on a series is counted in trials.jsonl in the folder of the database: the best of many looks
good by luck, and the deflated Sharpe ratio takes that off.

Example: rhyme backtest analogs.toml BTCUSDT:1h --from 2021-05-20 --to 2021-05-25";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A file of the rule, TOML or JSON
    rule: PathBuf,
    /// Stored series
    #[arg(required = true)]
    series: Vec<Target>,
    /// Only closes at this time or later
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only closes at this time or earlier
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// The share of what is traded that is paid, at entry and again at exit
    #[arg(long, default_value_t = 0.001, value_name = "SHARE")]
    fee: f64,
    /// By what share a price is worse than the one that is stored
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    slippage: f64,
    /// How many random accounts to compare with
    #[arg(long, default_value_t = 100, value_name = "N")]
    draws: usize,
    /// The seed of the random accounts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Replay a rule whose encoder was trained on part of the period all the same
    #[arg(long)]
    allow_trained: bool,
    /// Print the trades
    #[arg(long)]
    trades: bool,
    /// Nothing that was not known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let rule = rule_file::read(&args.rule)?;
    let db = open(global)?;
    let view = view_of(global, &db);
    let trials = Trials::of(&db_path(global));
    let mut replies = Vec::new();
    for series in &args.series {
        let key = view.series_of(series)?.to_string();
        let mut request = ReplayRequest::new(series.clone(), rule.clone());
        (request.from, request.until) = (args.from, args.until);
        (request.fee, request.slippage) = (args.fee, args.slippage);
        (request.draws, request.seed) = (args.draws, args.seed);
        request.allow_trained = args.allow_trained;
        request.as_of = args.as_of;
        match trials.others(&key, &rule) {
            Ok(others) => request.trials = others,
            Err(e) => notice(
                global,
                &format!(
                    "earlier trials cannot be read, so the deflated Sharpe ratio knows of none: {e}"
                ),
            ),
        }
        let (reply, answer) =
            request.ask_in_full(&view, &progress::control_of_long_work(global))?;
        if let Some(sharpe) = answer.sharpe_a_bar
            && !global.read_only
            && let Err(e) = trials.note(&key, &rule, sharpe)
        {
            notice(
                global,
                &format!("this trial cannot be counted for later ones: {e}"),
            );
        }
        replies.push(reply);
    }
    // What holds for all of them is said once.
    let mut notes: Vec<String> = Vec::new();
    for note in replies.iter().flat_map(|r| &r.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    progress::notes(global, &notes);
    match global.format {
        Format::Json => match replies.as_slice() {
            [one] => output::json(&output::value(one)?),
            all => output::json(&output::value(&all)?),
        },
        Format::Csv => {
            let rows = trade_rows(&replies)?;
            output::listing(global.format, &TRADES, &rows, "")
        }
        Format::Table => replies
            .iter()
            .try_for_each(|reply| print(global, args, reply)),
    }
}

/// The trades of all series, each with its series.
fn trade_rows(replies: &[ReplayReply]) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    for reply in replies {
        for row in shown::rows(&reply.trades)? {
            rows.push(shown::joined(json!({ "series": reply.series }), row));
        }
    }
    Ok(rows)
}

fn print(global: &Global, args: &Args, reply: &ReplayReply) -> Outcome {
    output::prose(&format!(
        "{} on {} from {} to {}: asked {} times, {} signals, {} trades\n",
        legible(&reply.rule),
        legible(&reply.series),
        reply.from,
        reply.until,
        reply.asked,
        reply.signals,
        reply.summary.trades
    ))?;
    output::listing(Format::Table, &FIGURES, &figures(reply), "")?;
    if let Some(deflated) = &reply.deflated {
        let tried = match deflated.trials {
            1 => "the first rule that was tried on this series".to_owned(),
            n => format!(
                "the best of the {n} rules that were tried on this series would show {:.4} a bar by luck",
                deflated.by_luck
            ),
        };
        output::prose(&format!(
            "\nSharpe ratio a bar {:.4}; {tried}; that the true one is above that has the probability {:.2}\n",
            reply.sharpe_a_bar.unwrap_or_default(),
            deflated.probability
        ))?;
    }
    if args.trades {
        output::lines("\ntrades")?;
        let rows = trade_rows(std::slice::from_ref(reply))?;
        output::listing(global.format, &TRADES, &rows, "the rule never traded")?;
    }
    Ok(())
}

const FIGURES: [Column; 5] = [
    column("figure", ""),
    column("rule", "rule"),
    column("hold", "buy and hold"),
    column("random", "random 5 / 50 / 95 %"),
    column("p", "p"),
];

const TRADES: [Column; 10] = [
    column("series", "series"),
    column("side", "side"),
    column("size", "size"),
    column("entered", "entered"),
    column("entry", "entry"),
    column("exited", "exited"),
    column("exit", "exit"),
    column("bars", "bars"),
    column("result", "result"),
    column("why", "left by"),
];

/// A figure of a performance and how it is written.
type Figure = (&'static str, fn(&PerformanceRow) -> Option<String>);

fn percent(x: f64) -> String {
    format!("{:+.2} %", 100.0 * x)
}

const OF_ACCOUNTS: [Figure; 9] = [
    ("total return", |p| Some(percent(p.total_return))),
    ("annual return", |p| p.annual_return.map(percent)),
    ("volatility a year", |p| p.volatility.map(percent)),
    ("Sharpe ratio", |p| p.sharpe.map(|s| format!("{s:.2}"))),
    ("Sortino ratio", |p| p.sortino.map(|s| format!("{s:.2}"))),
    ("deepest fall", |p| Some(percent(-p.drawdown))),
    ("longest fall, bars", |p| Some(p.drawdown_bars.to_string())),
    ("time in the market", |p| {
        Some(format!("{:.1} %", 100.0 * p.exposure))
    }),
    ("traded a year, accounts", |p| {
        p.turnover.map(|t| format!("{t:.1}"))
    }),
];

fn figures(reply: &ReplayReply) -> Vec<Value> {
    let random = |name: &str, of: &ChanceRow| match name {
        "total return" => Some(of.total_return.map(percent).join(" / ")),
        "Sharpe ratio" => Some(of.sharpe.map(|s| format!("{s:.2}")).join(" / ")),
        _ => None,
    };
    let none = || "none".to_owned();
    let mut rows: Vec<Value> = OF_ACCOUNTS
        .iter()
        .map(|(name, of)| {
            let by = reply.random.as_ref();
            let p = by
                .filter(|_| *name == "Sharpe ratio")
                .map(|r| format!("{:.3}", r.p));
            json!({
                "figure": name,
                "rule": of(&reply.performance).unwrap_or_else(none),
                "hold": of(&reply.hold).unwrap_or_else(none),
                "random": by.and_then(|by| random(name, by)),
                "p": p,
            })
        })
        .collect();
    if let Some(shifted) = &reply.shifted {
        rows.push(json!({
            "figure": "Sharpe ratio, other times",
            "rule": reply.performance.sharpe.map_or_else(none, |s| format!("{s:.2}")),
            "random": shifted.sharpe.map(|s| format!("{s:.2}")).join(" / "),
            "p": format!("{:.3}", shifted.p),
        }));
    }
    let summary = &reply.summary;
    for (name, value) in [
        (
            "trades that gained",
            summary.win_rate.map(|w| format!("{:.0} %", 100.0 * w)),
        ),
        (
            "gains by losses",
            summary.profit_factor.map(|f| format!("{f:.2}")),
        ),
        ("mean trade", summary.mean.map(percent)),
        ("mean length, bars", summary.bars.map(|b| format!("{b:.1}"))),
    ] {
        rows.push(json!({"figure": name, "rule": value.unwrap_or_else(none)}));
    }
    rows
}
