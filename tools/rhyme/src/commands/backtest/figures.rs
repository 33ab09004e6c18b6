//! A reply of a replay as tables.

use rhymedb::ask::{AlarmsRow, ChanceRow, MovesRow, PerformanceRow, ReplayReply};
use serde_json::{Value, json};

use crate::commands::shown;
use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{self, Column, column};
use crate::text::legible;

/// The trades of all series, each with its series.
pub(super) fn trade_rows<'r>(
    replies: impl IntoIterator<Item = &'r ReplayReply>,
) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    for reply in replies {
        for row in shown::rows(&reply.trades)? {
            rows.push(shown::joined(json!({ "series": reply.series }), row));
        }
    }
    Ok(rows)
}

pub(super) fn print(reply: &ReplayReply, with_trades: bool) -> Outcome {
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
    if let Some(alarms) = &reply.alarms {
        output::prose(&told(alarms))?;
        if reply.trades.is_empty() {
            return Ok(());
        }
    }
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
    if with_trades {
        output::lines("\ntrades")?;
        let rows = trade_rows([reply])?;
        output::listing(Format::Table, &TRADES, &rows, "the rule never traded")?;
    }
    Ok(())
}

/// How many alarms there were, and what followed them.
fn told(alarms: &AlarmsRow) -> String {
    let a_day = |n: Option<f64>| n.map_or_else(|| "no".to_owned(), |n| format!("{n:.2}"));
    let mut said = format!(
        "{} alarms in {} episodes: {} alarms and {} episodes a day\n",
        alarms.alarms,
        alarms.episodes,
        a_day(alarms.a_day),
        a_day(alarms.episodes_a_day)
    );
    let size = |moves: &MovesRow| {
        let error = moves
            .standard_error
            .map(|e| format!(" ± {:.2} %", 100.0 * e));
        format!("{:.2} %{}", 100.0 * moves.mean, error.unwrap_or_default())
    };
    if let (Some(after), Some(base)) = (&alarms.after, &alarms.base) {
        let p = match alarms.p {
            Some(p) => format!("p {p:.3}"),
            None => "no p".to_owned(),
        };
        said.push_str(&format!(
            "within {} prices moved by {} after alarms and by {} after any close, up or down: {:.2} times as far, {p}\n",
            alarms.horizon,
            size(after),
            size(base),
            after.mean / base.mean
        ));
    }
    said
}

const FIGURES: [Column; 5] = [
    column("figure", ""),
    column("rule", "rule"),
    column("hold", "buy and hold"),
    column("random", "random 5 / 50 / 95 %"),
    column("p", "p"),
];

pub(super) const TRADES: [Column; 10] = [
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
