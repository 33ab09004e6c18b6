//! The answer to a search for similar windows, printed.

use super::moves::{self, MOVE_COLUMNS};
use super::open_bar::{self};
use super::told::{self};
use super::{pictures, words};
use crate::failure::Outcome;
use crate::format::Format;
use crate::opening::nothing_found;
use crate::output::{self, Column, column};
use crate::render::{Style, sparkline};
use crate::text::grouped;
use rhymedb::{Hit, SimilarAnswer, View};
use serde_json::{Value, json};

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
pub(super) fn print_charts(
    format: Format,
    view: &View,
    target: &str,
    answer: &SimilarAnswer,
) -> Outcome {
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
        grouped(answer.searched.windows),
        answer.searched.plan,
        answer.took.as_secs_f64() * 1e3,
        answer.hits.len(),
        if answer.hits.len() == 1 { one } else { many },
        grouped(answer.exclusion.into()),
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
        "weekdays_before_open": answer.open_bar.map(|_| answer.weekdays_before_open),
        "tags_left_out": answer.tags_left_out,
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
