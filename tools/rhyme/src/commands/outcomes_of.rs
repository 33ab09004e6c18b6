//! `rhyme outcomes`: what followed the dates of a file.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use rhymedb::ask::{OutcomesReply, OutcomesRequest};
use rhymedb::query::{Benchmark, Horizon};
use rhymedb::{Error, Target, Timestamp};
use serde_json::Value;

use super::outcomes::{OUTCOME_COLUMNS, with_horizon};
use super::shown;
use super::summary::{self, Compared, in_percent};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{open, view_of};
use crate::output::{self, Column, column};
use crate::progress;

pub(crate) const HELP: &str = "\
The file is a CSV with a header: a column symbol (or ticker) and a column time (or date), one moment a
row, like AAPL,2021-01-27T21:30. A moment counts from the first close at or after it, which the column
`start` shows: what moved before is no outcome. A date without a time of day counts from the end of that
day in UTC. A bar closes at the end of its interval, so days close at midnight UTC: news between the close
of a stock exchange and midnight counts from the price of that day. Moments without stored bars around
them, or after the last close, are left out and named, and of those that start at the same close the
first is counted. The base rate is what happened after all windows of the same series. Moments have one
interval: say 1d or 1h with --interval where several are stored.

Example: rhyme outcomes earnings.csv --interval 1d --horizon 1d,5d --net-of SPY";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A CSV of symbols and times
    file: PathBuf,
    /// How far to look: times like 24h or 5d, or bars like 24
    #[arg(long, value_delimiter = ',', default_value = "5d")]
    horizon: Vec<Horizon>,
    /// The bars that are looked at, like 1d
    #[arg(long)]
    interval: Option<rhymedb::Interval>,
    /// The space whose windows the base rate is of [default: shape]
    #[arg(long)]
    space: Option<String>,
    /// Nothing that was not known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// Measure outcomes net of a stored symbol like SPY, or of `market`: the mean of all other series of the
    /// same market and interval
    #[arg(long, value_name = "SYMBOL|market")]
    net_of: Option<Benchmark>,
    /// The seed of the base rate's sample
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = OutcomesRequest::new(read(&args.file, args.interval)?);
    request.horizon.clone_from(&args.horizon);
    request.space.clone_from(&args.space);
    request.seed = args.seed;
    request.net_of.clone_from(&args.net_of);
    request.as_of = args.as_of;
    let db = open(global)?;
    let reply = request.ask(&view_of(global, &db))?;
    progress::notes(global, &reply.notes);
    print(global.format, &reply)
}

/// The moments of a file.
fn read(path: &Path, interval: Option<rhymedb::Interval>) -> Outcome<Vec<Target>> {
    let wrong = |what: String| Error::Invalid(format!("{}: {what}", path.display()));
    let mut rows = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|e| wrong(e.to_string()))?;
    let header = rows.headers().map_err(|e| wrong(e.to_string()))?.clone();
    let find = |names: &[&str]| {
        let named =
            |h: &str| names.contains(&h.trim_start_matches('\u{feff}').to_lowercase().as_str());
        header.iter().position(named).ok_or_else(|| {
            wrong(format!(
                "expected a header with a column {}, found {}",
                names.join(" or "),
                header.iter().collect::<Vec<_>>().join(",")
            ))
        })
    };
    let symbol = find(&["symbol", "ticker", "series"])?;
    let time = find(&["time", "date", "datetime", "end", "published"])?;
    let mut moments = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|e| wrong(e.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let text = |at: usize| row.get(at).unwrap_or_default();
        let parsed = format!("{}@{}", text(symbol), text(time)).parse::<Target>();
        let mut moment = parsed.map_err(|e| wrong(format!("line {line}: {e}")))?;
        if is_day(text(time)) {
            moment.time = moment.time.map(|start| start.plus_millis(DAY_MS));
        }
        moment.interval = moment.interval.or(interval);
        moments.push(moment);
    }
    if moments.is_empty() {
        return Err(wrong("expected a row for each moment, found none".to_owned()).into());
    }
    Ok(moments)
}

const DAY_MS: i64 = 86_400_000;

/// Whether a time is a day alone: a time of day can follow it.
fn is_day(text: &str) -> bool {
    format!("{text} 00:00").parse::<Timestamp>().is_ok()
}

const MOMENT: [Column; 3] = [
    column("symbol", "symbol"),
    column("moment", "moment"),
    column("start", "from the close of"),
];

fn print(format: Format, reply: &OutcomesReply) -> Outcome {
    let columns = [&MOMENT[..], &OUTCOME_COLUMNS[1..]].concat();
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &columns, &rows(reply)?, ""),
        Format::Table => {
            let readable = |row| in_percent(with_horizon(row));
            let table: Vec<Value> = rows(reply)?.into_iter().map(readable).collect();
            output::listing(format, &columns, &table, "")?;
            output::lines("\nin summary")?;
            let all = reply.horizons.iter();
            let all = all.map(|h| Compared::of_moments(&h.summary, reply.interval));
            summary::print(&all.collect::<Vec<_>>(), reply.net_of.as_ref())
        }
    }
}

/// One row for each horizon of each moment.
fn rows(reply: &OutcomesReply) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    for (i, moment) in shown::rows(&reply.moments)?.into_iter().enumerate() {
        for outcome in reply.horizons.iter().filter_map(|h| h.moments.get(i)) {
            rows.push(shown::joined(moment.clone(), output::value(outcome)?));
        }
    }
    Ok(rows)
}
