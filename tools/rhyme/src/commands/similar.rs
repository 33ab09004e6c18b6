use std::path::Path;

use clap::Args;
use rhymedb::{
    BarOptions, Error, Hit, Horizon, Query, Refine, SimilarAnswer, Target, Timestamp, View,
    read_bars,
};
use serde_json::{Value, json};

use super::moves::{self, MOVE_COLUMNS};
use super::open_bar::{self, WithOpen};
use super::told::{self, Sentence};
use super::which::Which;
use super::{outcomes, pattern, pictures, trained, words};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{note_pending, nothing_found, open, view_at};
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
  tag:NAME                               all windows that `rhyme tag` gave this name
  text:SENTENCE                          a sentence, in a space of charts and headlines

The list holds the best window of each run of similar ones. Nobody could know it as the best when
it closed: it is, because the bars after it looked less like the target. So what came after it
leans against the target's direction. --outcome and --chart look at what came after. They take
entries instead: of each run the first window that is as similar as the worst of the list.

The summary leaves out hits that overlap the target in time, which are the same event, and hits of
another interval. Both stay in the list.

Example: rhyme similar BTCUSDT:1h@2021-05-19T12:00 -k 5 --market equity
Example: rhyme similar BTCUSDT:1h --outcome 24h,3d --refine dtw
Example: rhyme similar BTCUSDT:1h --outcome 24h --plot similar.html
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
    /// What happened after each hit and after all windows that pass: within a time like 24h or 5d, or
    /// so many bars of the target's interval
    #[arg(long, value_name = "TIME|BARS", value_delimiter = ',')]
    outcome: Vec<Horizon>,
    /// Count hits that overlap the target in time in the summary too
    #[arg(long, requires = "outcome")]
    same_moment: bool,
    /// Count hits of other intervals in the summary too
    #[arg(long, requires = "outcome")]
    other_intervals: bool,
    /// Draw the query and entries as candles, and what came afterwards behind a line
    #[arg(long, conflicts_with = "outcome")]
    chart: bool,
    /// Answer with the first window of each run of similar ones rather than the best, as --outcome and
    /// --chart do
    #[arg(long)]
    entries: bool,
    /// The seed of the sample of --outcome
    #[arg(long, default_value_t = 0, requires = "outcome")]
    seed: u64,
    /// The space to search [default: shape]
    #[arg(long)]
    space: Option<String>,
    #[command(flatten)]
    with_open: WithOpen,
    #[command(flatten)]
    which: Which,
    /// Nothing whose last bar closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// The least distance between two answers of one symbol, and from the query [default: W/4]
    #[arg(long, value_name = "BARS")]
    exclusion: Option<u32>,
    #[command(flatten)]
    sentence: Sentence,
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
    let view = view_at(global, &db, args.as_of);
    note_pending(global, &view)?;
    if let Some(name) = args
        .pattern
        .as_deref()
        .filter(|text| pattern::is_name(text))
    {
        return named_pattern(global, args, &view, name);
    }
    let (target, mut query) = asked(args)?;
    if let Some(open) = args.with_open.query(&view, target)? {
        query = open;
    }
    if let (Some(as_of), Ok(Target { time, .. })) = (args.as_of, target.parse())
        && time > Some(as_of)
    {
        let text = "note: the target's time is later than the view; this is its last window that was known then";
        progress::notice(global, text);
    }
    let mut similar = view.similar(query).k(args.k).exact(args.exact);
    similar = similar.entries(args.entries || args.chart);
    similar = similar.by_words(args.sentence.by_words);
    similar = similar.all_symbols(args.sentence.all_symbols);
    similar = similar.filter(args.which.filter());
    say!(similar, args, names: space);
    say!(similar, args, some: exclusion ef refine);
    if args.outcome.is_empty() {
        let answer = similar.run()?;
        note_trained(global, &answer);
        let few = (answer.hits.len(), args.k);
        args.which.note_few(global, few, args.exact);
        let drawn = || picture::found(&view, target, &answer, None);
        args.plot.write(global, drawn)?;
        if args.chart {
            return print_charts(global.format, &view, target, &answer);
        }
        return print(global.format, &view, target, &answer);
    }
    let question = similar;
    let after = |horizons: &[Horizon]| {
        let outcomes = question.clone().outcomes(horizons).seed(args.seed);
        let outcomes = outcomes.same_moment(args.same_moment);
        outcomes.other_intervals(args.other_intervals).run()
    };
    let answer = after(&args.outcome)?;
    note_trained(global, &answer.similar);
    let few = (answer.similar.hits.len(), args.k);
    args.which.note_few(global, few, args.exact);
    args.plot.write(global, || {
        picture::outcomes(&view, target, &answer, |horizons| Ok(after(horizons)?))
    })?;
    outcomes::print(global.format, &view, target, &answer)
}

fn note_trained(global: &Global, answer: &SimilarAnswer) {
    let series = answer.query.as_ref().map(|w| &w.series);
    trained::note(global, &answer.space, answer.trained_until, series, "");
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
    search = search.filter(args.which.filter());
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

/// A candle file, if there is one of that name, else a target.
pub(super) fn query(text: &str) -> Outcome<Query> {
    let path = Path::new(text);
    if !path.is_file() {
        if reads_as_file(text) {
            return Err(Error::NotFound {
                what: "candle file",
                name: text.to_owned(),
                hint_text: "name a file that exists, or a stored series like BTCUSDT:1h".to_owned(),
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
pub(crate) const HIT_COLUMNS: [Column; 10] = [
    column("rank", "rank"),
    column("score", "score"),
    column("market", "market"),
    column("venue", "venue"),
    column("symbol", "symbol"),
    column("interval", "interval"),
    column("start", "start"),
    column("end", "end"),
    MOVE_COLUMNS[0],
    MOVE_COLUMNS[1],
];

pub(super) fn print(format: Format, view: &View, target: &str, answer: &SimilarAnswer) -> Outcome {
    print_with(format, view, target, answer, &[])
}

/// [`print()`], with more in the JSON answer.
pub(super) fn print_with(
    format: Format,
    view: &View,
    target: &str,
    answer: &SimilarAnswer,
    more: &[(&str, Value)],
) -> Outcome {
    let rows = hit_rows(Format::Json, view, answer)?;
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
    let rows = hit_rows(Format::Json, view, answer)?;
    output::keep(&HIT_COLUMNS, &rows);
    output::prose(&heading(view, target, answer)?)?;
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
    output::prose(&heading(view, target, answer)?)?;
    let rows = answer
        .hits
        .iter()
        .zip(hit_rows(Format::Table, view, answer)?);
    let rows: Vec<Value> = rows
        .map(|(hit, row)| with_chart(view, hit, row, answer.entries))
        .collect();
    output::listing(Format::Table, &columns, &rows, nothing_found(view)?)
}

/// The hits of a search as rows.
pub(crate) fn hit_rows(format: Format, view: &View, answer: &SimilarAnswer) -> Outcome<Vec<Value>> {
    let row = |hit| hit_row(format, view, hit);
    answer.hits.iter().map(row).collect()
}

/// A hit with the move of its window.
pub(super) fn hit_row(format: Format, view: &View, hit: &Hit) -> Outcome<Value> {
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
    moves::with_move(format, view, &hit.window, row)
}

/// A row with a small chart; what came after only of an entry.
pub(super) fn with_chart(view: &View, hit: &Hit, mut row: Value, entry: bool) -> Value {
    if let Some(object) = row.as_object_mut() {
        let chart = match entry {
            true => pictures::small_chart(view, &hit.window),
            false => pictures::closes(view, &hit.window),
        };
        object.insert(output::CHART.to_owned(), json!(chart));
        let score = format!("{:.4}", hit.score);
        object.insert("score".to_owned(), json!(score));
        if let Some(refined) = hit.refined {
            object.insert("refined".to_owned(), json!(format!("{refined:.4}")));
        }
    }
    row
}

fn heading(view: &View, target: &str, answer: &SimilarAnswer) -> Outcome<String> {
    let open = open_bar::of(answer);
    let what = match open {
        Some(open) => open_bar::told(open),
        None => words::window_line(view, answer.query.as_ref(), target)?,
    };
    let stored = answer.query.as_ref().filter(|_| open.is_none());
    let chart = match (stored, &answer.query_bars) {
        (Some(window), _) => Some(pictures::small_chart(view, window)),
        (None, Some(bars)) => Some(sparkline(&bars.close, 24, Style::of_stdout())),
        (None, None) => None,
    };
    let chart = chart.map(|chart| format!("  {}", output::dimmed_afterwards(&chart)));
    let (one, many, kind) = match answer.entries {
        true => (
            "entry",
            "entries",
            "each is the first window of its run of similar ones",
        ),
        false => (
            "distinct episode",
            "distinct episodes",
            "each is the best window of its run, known only later; --entries lists the first of each run",
        ),
    };
    let told = told::lines(answer);
    Ok(format!(
        "{what}{}\n{told}{} windows searched by {} in {:.2} ms, {} {} at least {} bars apart\n{kind}\n",
        chart.unwrap_or_default(),
        crate::text::grouped(answer.searched.windows),
        answer.searched.plan,
        answer.took.as_secs_f64() * 1e3,
        answer.hits.len(),
        if answer.hits.len() == 1 { one } else { many },
        crate::text::grouped(answer.exclusion.into()),
    ))
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
        "entries": answer.entries,
        "as_of": view.as_of().map(|t| t.to_string()),
        "open_bar": open_bar::json(answer.open_bar),
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
    let mut json = json!({
        "query": query,
        "trained_until": words::text(answer.trained_until),
        "hits": hits,
        "searched": {
            "windows": answer.searched.windows,
            "plan": answer.searched.plan,
        },
        "took_us": answer.took.as_micros() as u64,
    });
    if let Some(object) = json.as_object_mut() {
        object.extend(told::json(answer));
    }
    json
}
