use std::path::Path;

use clap::Args;
use rhymedb::{
    BarOptions, Database, Error, Hit, Query, Refine, SimilarAnswer, Target, Timestamp, View,
    read_bars,
};
use serde_json::{Value, json};

use super::which::Which;
use super::{note_pending, nothing_found, open, outcomes, pattern, pictures, words};
use crate::args::{Format, Global};
use crate::failure::Outcome;
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::render::{Style, sparkline};

pub(crate) const HELP: &str = "\
TARGET is one of
  BTCUSDT:1h                             the latest window of a series
  BTCUSDT:1h@2021-05-19T12:00            the window whose last bar closed at or before that time
  crypto/binance/BTCUSDT:1h@2021-05-19   with market and venue, where the symbol alone is ambiguous
  my_chart.csv                           a candle file: its last window
  prototype:NAME                         what `rhyme prototype add` has stored
  text:SENTENCE                          a sentence, in a space of charts and headlines

Example: rhyme similar BTCUSDT:1h@2021-05-19T12:00 -k 5 --market equity
Example: rhyme similar BTCUSDT:1h --outcome 24,72 --refine dtw
Example: rhyme similar BTCUSDT:1h --outcome 24 --plot similar.html
Example: rhyme similar --pattern 1,3,2,5,4
Example: rhyme similar --pattern \"double bottom\"";

#[derive(Debug, Args)]
pub(crate) struct Similar {
    /// A window of a stored series, or a candle file
    #[arg(required_unless_present = "pattern", conflicts_with = "pattern")]
    target: Option<String>,
    /// Ask with a drawing instead: a pattern by its name, or prices above 0 as text or in a file
    #[arg(long, value_name = "NAME|PRICES|FILE")]
    pattern: Option<String>,
    /// How many distinct episodes to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    /// Compare the candidates again on their bars: corr (correlation) or dtw (time warping)
    #[arg(long, value_name = "corr|dtw")]
    refine: Option<Refine>,
    /// What happened in so many bars after each hit, and after all windows that pass
    #[arg(long, value_name = "BARS", value_delimiter = ',')]
    outcome: Vec<u32>,
    /// Draw the query and the hits as candles, and what came afterwards behind a line
    #[arg(long, conflicts_with = "outcome")]
    chart: bool,
    /// The seed of the sample and of the bootstrap of --outcome
    #[arg(long, default_value_t = 0, requires = "outcome")]
    seed: u64,
    /// The space to search [default: shape]
    #[arg(long)]
    space: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Nothing whose last bar closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// The least distance between two answers of one symbol, and from the query [default: W/4]
    #[arg(long, value_name = "BARS")]
    exclusion: Option<u32>,
    /// The breadth of the search: larger finds more and takes longer [default: 128]
    #[arg(long)]
    ef: Option<usize>,
    /// Score every window
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Similar) -> Outcome {
    let db = open(global)?;
    let view = view_at(&db, args.as_of);
    note_pending(global, &view)?;
    if let Some(name) = args
        .pattern
        .as_deref()
        .filter(|text| pattern::is_name(text))
    {
        return named_pattern(global, args, &view, name);
    }
    let (target, query) = asked(args)?;
    if let (Some(as_of), Ok(Target { time, .. })) = (args.as_of, target.parse())
        && time > Some(as_of)
    {
        let text = "note: the target's time is later than the view; this is its last window that was known then";
        progress::notice(global, text);
    }
    let mut similar = view.similar(query).k(args.k).exact(args.exact);
    filtered!(similar, args.which);
    say!(similar, args, names: space);
    say!(similar, args, some: exclusion ef refine);
    if args.outcome.is_empty() {
        let answer = similar.run()?;
        let drawn = || picture::found(&view, target, &answer, None);
        args.plot.write(global, drawn)?;
        if args.chart {
            return print_charts(global.format, &view, target, &answer);
        }
        return print(global.format, &view, target, &answer);
    }
    let question = similar.clone();
    let answer = similar.outcomes(&args.outcome).seed(args.seed).run()?;
    args.plot.write(global, || {
        let after = (&args.outcome[..], args.seed);
        picture::outcomes(&view, target, &question, &answer.similar, after)
    })?;
    outcomes::print(global.format, &view, target, &answer)
}

/// Windows that end with a pattern of the built-in set.
fn named_pattern(global: &Global, args: &Similar, view: &View, name: &str) -> Outcome {
    let given = [
        ("--refine", args.refine.is_some()),
        ("--outcome", !args.outcome.is_empty()),
    ];
    if let Some((option, _)) = given.into_iter().find(|(_, given)| *given) {
        return Err(Error::Invalid(format!(
            "expected {option} with a target or a drawn path, found the pattern {name}, whose hits are compared on their bars anyway; leave it out"
        ))
        .into());
    }
    let mut search = view.pattern(name).k(args.k).exact(args.exact);
    filtered!(search, args.which);
    say!(search, args, names: space);
    say!(search, args, some: exclusion ef);
    let answer = search.run()?;
    let target = format!("pattern {}", answer.pattern);
    let drawn = || picture::found(view, &target, &answer.found, None);
    args.plot.write(global, drawn)?;
    if args.chart {
        return print_charts(global.format, view, &target, &answer.found);
    }
    let more = [
        ("pattern", json!(answer.pattern)),
        ("bars", json!(answer.bars)),
    ];
    print_with(global.format, view, &target, &answer.found, &more)
}

/// What was asked with, as text and as a query.
fn asked(args: &Similar) -> Outcome<(&str, Query)> {
    match (&args.pattern, &args.target) {
        (Some(pattern), _) => Ok((pattern, Query::Path(pattern::path(pattern)?))),
        (None, Some(target)) => Ok((target, words::query(target)?)),
        // The arguments were parsed so that there is one of the two.
        (None, None) => Err(Error::Invalid("expected a target".to_owned()).into()),
    }
}

pub(super) fn view_at(db: &Database, as_of: Option<Timestamp>) -> View {
    as_of.map_or_else(|| db.now(), |t| db.at(t))
}

/// A candle file, if there is one of that name, else a target.
pub(super) fn query(text: &str) -> Outcome<Query> {
    let path = Path::new(text);
    if !path.is_file() {
        if reads_as_file(text) {
            return Err(Error::NotFound {
                what: "candle file",
                name: text.to_owned(),
                hint_text: "say one that is there, or a stored series like BTCUSDT:1h".to_owned(),
            }
            .into());
        }
        return Ok(text.parse::<Target>()?.into());
    }
    let options = BarOptions {
        // A query belongs to no market; the name only lets files without one be read.
        market: Some("query".to_owned()),
        ..BarOptions::default()
    };
    let mut series = read_bars(path, &options)?.series;
    match (series.pop(), series.len()) {
        (Some(one), 0) => Ok(one.bars.into()),
        (_, others) => Err(Error::Invalid(format!(
            "expected a candle file of one series, found {} in {text}",
            others + 1
        ))
        .into()),
    }
}

/// Whether a user who types this means a file, though none of that name is there.
fn reads_as_file(text: &str) -> bool {
    let endings = [
        ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".zip",
    ];
    let lower = text.to_lowercase();
    text.starts_with(['.', '/']) || endings.iter().any(|ending| lower.ends_with(ending))
}

/// What is printed of a hit.
pub(super) const HIT_COLUMNS: [Column; 8] = [
    column("rank", "rank"),
    column("score", "score"),
    column("market", "market"),
    column("venue", "venue"),
    column("symbol", "symbol"),
    column("interval", "interval"),
    column("start", "start"),
    column("end", "end"),
];

pub(super) fn print(format: Format, view: &View, target: &str, answer: &SimilarAnswer) -> Outcome {
    print_with(format, view, target, answer, &[])
}

/// [`print`], with more in the JSON answer.
pub(super) fn print_with(
    format: Format,
    view: &View,
    target: &str,
    answer: &SimilarAnswer,
    more: &[(&str, Value)],
) -> Outcome {
    let rows: Vec<Value> = answer.hits.iter().map(hit_row).collect();
    // The table shows rounded scores.
    output::keep(&HIT_COLUMNS, &rows);
    match format {
        Format::Json => {
            let mut json = answer_json(target, view, answer, rows);
            if let Some(object) = json.as_object_mut() {
                let more = more.iter().cloned();
                object.extend(more.map(|(key, value)| (key.to_owned(), value)));
            }
            output::json(&json)
        }
        Format::Csv => output::listing(format, &hit_columns(answer), &rows, ""),
        Format::Table => print_table(view, target, answer),
    }
}

/// Candles for people; an answer for programs has no pictures.
fn print_charts(format: Format, view: &View, target: &str, answer: &SimilarAnswer) -> Outcome {
    if format != Format::Table {
        return print(format, view, target, answer);
    }
    let rows: Vec<Value> = answer.hits.iter().map(hit_row).collect();
    output::keep(&HIT_COLUMNS, &rows);
    output::prose(&heading(view, target, answer))?;
    output::lines(&pictures::charts(view, target, answer).join("\n"))
}

/// [`HIT_COLUMNS`], and what the search was refined by.
pub(super) fn hit_columns(answer: &SimilarAnswer) -> Vec<Column> {
    let mut columns = HIT_COLUMNS.to_vec();
    if answer.hits.iter().any(|hit| hit.refined.is_some()) {
        columns.insert(2, column("refined", "refined"));
    }
    columns
}

pub(super) fn print_table(view: &View, target: &str, answer: &SimilarAnswer) -> Outcome {
    let mut columns = hit_columns(answer);
    columns.push(column(output::CHART, "closes"));
    output::prose(&heading(view, target, answer))?;
    let rows: Vec<Value> = answer
        .hits
        .iter()
        .map(|hit| with_chart(view, hit, hit_row(hit)))
        .collect();
    output::listing(Format::Table, &columns, &rows, nothing_found(view)?)
}

pub(super) fn hit_row(hit: &Hit) -> Value {
    let series = &hit.window.series;
    let mut row = json!({
        "rank": hit.rank,
        "score": (f64::from(hit.score) * 1e6).round() / 1e6,
        "market": series.market,
        "venue": series.venue,
        "symbol": series.symbol,
        "interval": series.interval.to_string(),
        "start": hit.window.start.to_string(),
        "end": hit.window.end.to_string(),
    });
    if let (Some(refined), Some(object)) = (hit.refined, row.as_object_mut()) {
        let rounded = (refined * 1e6).round() / 1e6;
        object.insert("refined".to_owned(), json!(rounded));
    }
    row
}

pub(super) fn with_chart(view: &View, hit: &Hit, mut row: Value) -> Value {
    if let Some(object) = row.as_object_mut() {
        let chart = pictures::small_chart(view, &hit.window);
        object.insert(output::CHART.to_owned(), json!(chart));
        let score = format!("{:.4}", hit.score);
        object.insert("score".to_owned(), json!(score));
        if let Some(refined) = hit.refined {
            object.insert("refined".to_owned(), json!(format!("{refined:.4}")));
        }
    }
    row
}

fn heading(view: &View, target: &str, answer: &SimilarAnswer) -> String {
    let what = match &answer.query {
        Some(window) => format!("{} from {} to {}", window.series, window.start, window.end),
        None => target.to_owned(),
    };
    let what = output::legible(&what);
    let chart = match (&answer.query, &answer.query_bars) {
        (Some(window), _) => Some(pictures::small_chart(view, window)),
        (None, Some(bars)) => Some(sparkline(&bars.close, 24, Style::of_stdout())),
        (None, None) => None,
    };
    let chart = chart.map(|chart| format!("  {}", output::dimmed_afterwards(&chart)));
    format!(
        "{what}{}\n{} windows searched by {} in {:.2} ms, {} distinct {} at least {} bars apart\n",
        chart.unwrap_or_default(),
        output::grouped(answer.searched.windows),
        answer.searched.plan,
        answer.took.as_secs_f64() * 1e3,
        answer.hits.len(),
        if answer.hits.len() == 1 {
            "episode"
        } else {
            "episodes"
        },
        output::grouped(answer.exclusion.into()),
    )
}

pub(super) fn answer_json(
    target: &str,
    view: &View,
    answer: &SimilarAnswer,
    hits: Vec<Value>,
) -> Value {
    let mut query = json!({
        "target": target,
        "space": answer.space,
        "window_bars": answer.window_bars,
        "exclusion": answer.exclusion,
        "as_of": view.as_of().map(|t| t.to_string()),
    });
    if let (Some(window), Some(object)) = (&answer.query, query.as_object_mut()) {
        let parts = [
            ("market", window.series.market.clone()),
            ("venue", window.series.venue.clone()),
            ("symbol", window.series.symbol.clone()),
            ("interval", window.series.interval.to_string()),
            ("start", window.start.to_string()),
            ("end", window.end.to_string()),
        ];
        for (key, value) in parts {
            object.insert(key.to_owned(), json!(value));
        }
    }
    json!({
        "query": query,
        "hits": hits,
        "searched": {
            "windows": answer.searched.windows,
            "plan": answer.searched.plan,
        },
        "took_us": answer.took.as_micros() as u64,
    })
}
