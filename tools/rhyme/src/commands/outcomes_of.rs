//! `rhyme outcomes`: what followed the dates of a file.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use rhymedb::{
    Error, Horizon, HorizonOutcomes, MomentLeftOut, MomentsAnswer, NoStart, SeriesKey, Target,
    Timestamp,
};
use serde_json::{Map, Value, json};

use super::outcomes::{OUTCOME_COLUMNS, outcome_json, summary_json, with_horizon};
use super::summary::{self, Compared, in_percent};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{note_pending, open, view_at};
use crate::output::{self, Column, column};
use crate::progress::notice;
use crate::text::legible;

pub(crate) const HELP: &str = "\
The file is a CSV with a header: a column symbol (or ticker) and a column time (or date), one moment a
row, like AAPL,2021-01-27T21:30. A moment counts from the first close at or after it, which the column
`start` shows: what moved before is no outcome. A date without a time of day counts from the end of that
day in UTC. A bar closes at the end of its interval, so days close at midnight UTC: news between the close
of a stock exchange and midnight counts from the price of that day. Moments without stored bars around
them, or after the last close, are left out and named, and of those that start at the same close the
first is counted. The base rate is what happened after all windows of the same series. Moments have one
interval: say 1d or 1h with --interval where several are stored.

Example: rhyme outcomes earnings.csv --interval 1d --horizon 1d,5d";

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
    /// The seed of the base rate's sample
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let moments = read(&args.file, args.interval)?;
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    note_pending(global, &view)?;
    let mut question = view.outcomes_of(moments, &args.horizon).seed(args.seed);
    say!(question, args, names: space);
    let answer = question.run()?;
    if global.format != Format::Json {
        tell_left_out(global, &answer);
    }
    print(global.format, &answer)
}

/// How many moments of a kind are named.
const NAMED: usize = 5;

/// Says on standard error which moments are not counted, and why.
fn tell_left_out(global: &Global, answer: &MomentsAnswer) {
    let asked = answer.moments.len() + answer.left_out.len();
    for why in [NoStart::NoBars, NoStart::NotClosed, NoStart::Repeated] {
        let left: Vec<_> = answer.left_out.iter().filter(|m| m.why == why).collect();
        if left.is_empty() {
            continue;
        }
        let named = left.iter().take(NAMED);
        let named: Vec<String> = named.map(|m| format!("{}@{}", m.series, m.time)).collect();
        let more = left.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let text = format!(
            "note: {} of {asked} moments left out, as {why}: {}{more}",
            left.len(),
            named.join(", ")
        );
        notice(global, &legible(&text));
    }
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

fn print(format: Format, answer: &MomentsAnswer) -> Outcome {
    let columns = [&MOMENT[..], &OUTCOME_COLUMNS[1..]].concat();
    match format {
        Format::Json => output::json(&json!({
            "space": answer.space,
            "interval": answer.interval.to_string(),
            "moments": moments(answer),
            "left_out": answer.left_out.iter().map(left_out_json).collect::<Vec<_>>(),
            "horizons": answer.horizons.iter().map(whole_json).collect::<Vec<_>>(),
            "took_us": answer.took.as_micros() as u64,
        })),
        Format::Csv => output::listing(format, &columns, &rows(answer), ""),
        Format::Table => {
            let readable = |row| in_percent(with_horizon(row));
            let table: Vec<Value> = rows(answer).into_iter().map(readable).collect();
            output::listing(format, &columns, &table, "")?;
            output::lines("\nin summary")?;
            let of = |h| Compared::of_moments(h, answer.interval);
            summary::print(&answer.horizons.iter().map(of).collect::<Vec<_>>())
        }
    }
}

/// The moments that are counted.
fn moments(answer: &MomentsAnswer) -> Vec<Value> {
    let all = answer.moments.iter().zip(&answer.times);
    all.map(|(window, time)| {
        let mut row = series_json(&window.series, *time);
        row.insert("start".to_owned(), window.end.to_string().into());
        row.into()
    })
    .collect()
}

fn left_out_json(left: &MomentLeftOut) -> Value {
    let mut row = series_json(&left.series, left.time);
    row.insert("why".to_owned(), left.why.to_string().into());
    row.into()
}

fn series_json(series: &SeriesKey, moment: Timestamp) -> Map<String, Value> {
    [
        ("market", series.market.clone()),
        ("venue", series.venue.clone()),
        ("symbol", series.symbol.clone()),
        ("interval", series.interval.to_string()),
        ("moment", moment.to_string()),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.into()))
    .collect()
}

fn whole_json(of_one: &HorizonOutcomes) -> Value {
    let outcomes: Vec<Value> = of_one
        .hits
        .iter()
        .map(|o| outcome_json(of_one.horizon, o))
        .collect();
    let mut whole = summary_json(of_one);
    if let Some(object) = whole.as_object_mut() {
        object.insert("moments".to_owned(), json!(outcomes));
    }
    whole
}

/// One row for each horizon of each moment.
fn rows(answer: &MomentsAnswer) -> Vec<Value> {
    let mut rows = Vec::new();
    for (i, moment) in moments(answer).into_iter().enumerate() {
        for of_one in &answer.horizons {
            let Some(outcome) = of_one.hits.get(i) else {
                continue;
            };
            let mut row = moment.clone();
            let more = outcome_json(of_one.horizon, outcome);
            if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
                row.extend(more);
            }
            rows.push(row);
        }
    }
    rows
}
