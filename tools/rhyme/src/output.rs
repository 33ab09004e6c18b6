//! Answers on standard output: tables for people, JSON and CSV for programs.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use serde_json::Value;

use crate::answer::Answer;
use crate::failure::{Failure, Outcome};
use crate::fit::{self, Wide};
use crate::format::Format;
use crate::render::{AFTERWARDS, Style, wrapped};
use crate::sink::{self, Out};
use crate::text::{grouped, legible, shortened, text};
use crate::zone;

/// The key of a column of small charts, which is the last.
pub(crate) const CHART: &str = "chart";

/// A column of a listing: the key of its value in JSON and its name in a table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
}

/// Short for a [`Column`].
pub(crate) const fn column(key: &'static str, title: &'static str) -> Column {
    Column { key, title }
}

/// A report as the JSON object that [`record`] takes.
pub(crate) fn value(report: &impl serde::Serialize) -> Outcome<Value> {
    Ok(serde_json::to_value(report).map_err(io::Error::from)?)
}

/// Prints rows of one kind. Each row is a JSON object; a key without a column is in JSON alone.
/// Where people read and there are no rows, they read `none` instead of an empty table.
pub(crate) fn listing(format: Format, columns: &[Column], rows: &[Value], none: &str) -> Outcome {
    keep(columns, rows);
    let columns: Vec<_> = columns.iter().map(|c| (c.key, c.title)).collect();
    match format {
        Format::Json => json(&Value::Array(rows.to_vec())),
        Format::Csv => csv(&columns, rows),
        Format::Table if rows.is_empty() => lines(none),
        Format::Table => table(&columns, rows),
    }
}

/// Keeps rows as the answer of the command that runs, for whoever asks for it afterwards. What
/// [`listing`] prints is kept by itself; a command whose table shows other values gives them first.
pub(crate) fn keep(columns: &[Column], rows: &[Value]) {
    sink::keep(|| {
        let keys = columns.iter().map(|c| c.key.to_owned()).collect();
        Some(Answer::new(keys, rows.to_vec()))
    });
}

/// Prints an answer again; its columns are named by their keys.
pub(crate) fn again(format: Format, answer: &Answer) -> Outcome {
    let (keys, rows) = (answer.keys(), answer.rows());
    let columns: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), key.as_str()))
        .collect();
    match format {
        Format::Json => json(&Value::Array(rows.to_vec())),
        Format::Csv => csv(&columns, rows),
        Format::Table if rows.is_empty() => lines("nothing found"),
        Format::Table => table(&columns, rows),
    }
}

/// Prints one thing: in a table, a line for each of its values.
pub(crate) fn record(format: Format, columns: &[Column], row: &Value) -> Outcome {
    match format {
        Format::Json => json(row),
        Format::Csv => {
            let columns: Vec<_> = columns.iter().map(|c| (c.key, c.title)).collect();
            csv(&columns, std::slice::from_ref(row))
        }
        Format::Table => {
            let mut out = Out;
            let width = columns.iter().map(|c| c.title.len()).max().unwrap_or(0);
            for c in columns {
                writeln!(out, "{:width$}  {}", c.title, cell(row, c.key))?;
            }
            Ok(())
        }
    }
}

pub(crate) fn json(value: &Value) -> Outcome {
    sink::keep(|| Answer::of_json(value));
    let mut out = io::BufWriter::new(Out);
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

fn csv(columns: &[(&str, &str)], rows: &[Value]) -> Outcome {
    let mut out = csv::Writer::from_writer(Out);
    let failed = |e: csv::Error| match e.into_kind() {
        csv::ErrorKind::Io(e) => Failure::from(e),
        other => Failure::Output(io::Error::other(format!("{other:?}"))),
    };
    out.write_record(columns.iter().map(|(key, _)| key))
        .map_err(failed)?;
    for row in rows {
        let cells = columns.iter().map(|(key, _)| plain(row, key));
        out.write_record(cells).map_err(failed)?;
    }
    out.flush()?;
    Ok(())
}

/// A table for people. On a terminal it keeps to its width: long texts are broken, and columns that
/// can be done without are left out, which a last line says.
fn table(columns: &[(&str, &str)], rows: &[Value]) -> Outcome {
    let cells: Vec<Vec<String>> = columns
        .iter()
        .map(|(key, _)| rows.iter().map(|row| cell(row, key)).collect())
        .collect();
    let wide = columns.iter().zip(&cells).map(|((key, title), cells)| {
        let texts = cells.iter().map(String::as_str).chain([*title]);
        let width = texts.map(|text| text.chars().count()).max().unwrap_or(0);
        Wide { key, width }
    });
    let wide: Vec<Wide<'_>> = wide.collect();
    let room = sink::width();
    let (standing, fits) = fit::standing(&wide, room.unwrap_or(usize::MAX));
    let shown = |i: &usize| Some((columns.get(*i)?, cells.get(*i)?));
    let shown: Vec<_> = standing.iter().filter_map(shown).collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(room) = room.and_then(|room| u16::try_from(room).ok()) {
        table.set_width(room);
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(shown.iter().map(|((_, title), _)| title));
    for row in 0..rows.len() {
        table.add_row(shown.iter().filter_map(|(_, cells)| cells.get(row)));
    }
    for (i, ((key, _), _)) in shown.iter().enumerate() {
        let numeric = |r: &Value| r.get(*key).is_some_and(Value::is_number);
        if let Some(column) = table.column_mut(i) {
            if rows.iter().any(numeric) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if fits && !fit::is_prose(key) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    let mut text = table.trim_fmt();
    if columns.iter().any(|(key, _)| *key == CHART) {
        text = dimmed_afterwards(&text);
    }
    lines(&text)?;
    note_left_out(columns, &standing)
}

/// Where lines end with small charts, what came after their windows is dimmed.
pub(crate) fn dimmed_afterwards(table: &str) -> String {
    let style = Style::of_stdout();
    let mut out = String::with_capacity(table.len());
    for line in table.split_inclusive('\n') {
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |l| (l, "\n"));
        match text.rfind(AFTERWARDS).filter(|_| style.colour) {
            Some(at) => {
                let (before, after) = text.split_at(at);
                out.push_str(&format!("{before}{}{end}", style.dim(after)));
            }
            None => out.push_str(line),
        }
    }
    out
}

fn note_left_out(columns: &[(&str, &str)], standing: &[usize]) -> Outcome {
    let left_out = columns.iter().enumerate();
    let left_out = left_out.filter(|(i, _)| !standing.contains(i));
    let titles: Vec<&str> = left_out.map(|(_, (_, title))| *title).collect();
    if titles.is_empty() {
        return Ok(());
    }
    let note = format!(" (no room for: {})", titles.join(", "));
    prose(&Style::of_stdout().dim(&note))
}

/// Prints a table whose columns are not known before: texts first, then figures, which stand right.
pub(crate) fn grid(titles: &[&str], texts: usize, rows: &[Vec<String>]) -> Outcome {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(room) = sink::width().and_then(|room| u16::try_from(room).ok()) {
        table.set_width(room);
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(titles);
    for row in rows {
        table.add_row(row.iter().map(|cell| legible(cell)));
    }
    for i in texts..titles.len() {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    lines(&table.trim_fmt())
}

/// Prints text for people. Times in it are shown in their zone.
pub(crate) fn lines(text: &str) -> Outcome {
    writeln!(Out, "{}", zone::in_text(text))?;
    Ok(())
}

/// Prints a line that is read by a program, and at once.
pub(crate) fn line_at_once(line: &str) -> Outcome {
    let mut out = Out;
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints sentences; on a terminal they are broken between words.
pub(crate) fn prose(text: &str) -> Outcome {
    match sink::width() {
        Some(width) => lines(&wrapped(&zone::in_text(text), width)),
        None => lines(text),
    }
}

fn plain(row: &Value, key: &str) -> String {
    row.get(key).map(text).unwrap_or_default()
}

/// As [`plain`], with thousands set apart. Of the text of a report it is the passage that was found, and no more than
/// people read in a table.
fn cell(row: &Value, key: &str) -> String {
    if let Some(n) = row.get(key).and_then(Value::as_u64) {
        return grouped(n);
    }
    let whole = legible(&plain(row, key));
    match key {
        "text" => match row.get("passage").and_then(Value::as_str) {
            Some(passage) => format!("… {}", shortened(&legible(passage))),
            None => shortened(&whole),
        },
        "headlines" => shortened(&whole),
        _ => zone::in_cell(whole),
    }
}
