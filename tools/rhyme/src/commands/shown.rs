//! Rows of a reply as tables show them: with fewer decimals than programs get.

use serde::Serialize;
use serde_json::{Value, json};

use super::moves::MOVE_COLUMNS;
use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{self, Column};

/// Rows of a reply, as programs get them.
pub(crate) fn rows<T: Serialize>(rows: &[T]) -> Outcome<Vec<Value>> {
    rows.iter().map(output::value).collect()
}

/// Prints a reply that lists rows: as it is for programs, in a table with so many decimals.
pub(super) fn listing<R: Serialize>(
    format: Format,
    reply: &impl Serialize,
    (columns, listed): (&[Column], &[R]),
    decimals: &[(&str, usize)],
    none: &str,
) -> Outcome {
    let listed = rows(listed)?;
    output::keep(columns, &listed);
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, columns, &listed, none),
        Format::Table => output::listing(format, columns, &rounded(listed, decimals), none),
    }
}

/// Rows whose figures of these keys have so many decimals, and whose moves have one and a sign.
pub(super) fn rounded(rows: Vec<Value>, decimals: &[(&str, usize)]) -> Vec<Value> {
    let rows = rows.into_iter();
    rows.map(|row| rounded_row(row, decimals)).collect()
}

/// The same of one row.
pub(super) fn rounded_row(mut row: Value, decimals: &[(&str, usize)]) -> Value {
    for (key, value) in row.as_object_mut().into_iter().flatten() {
        let Some(number) = value.as_f64() else {
            continue;
        };
        if MOVE_COLUMNS.iter().any(|column| column.key == key) {
            *value = json!(format!("{number:+.1}"));
        } else if let Some((_, decimals)) = decimals.iter().find(|(k, _)| k == key) {
            *value = json!(format!("{number:.decimals$}"));
        }
    }
    row
}

/// Rows whose p-values, at keys that end in `p` or are `p_value`, have three decimals, or five below a
/// thousandth: those of sizes may be far below it.
pub(super) fn with_p(mut rows: Vec<Value>) -> Vec<Value> {
    for object in rows.iter_mut().filter_map(Value::as_object_mut) {
        for (key, value) in object.iter_mut() {
            let p = value
                .as_f64()
                .filter(|_| key == "p_value" || key.ends_with("_p"));
            if let Some(p) = p {
                let decimals = if p < 0.001 { 5 } else { 3 };
                *value = json!(format!("{p:.decimals$}"));
            }
        }
    }
    rows
}

/// A row with the values of another one behind its own.
pub(super) fn joined(mut row: Value, more: Value) -> Value {
    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
        row.extend(more);
    }
    row
}

/// Rows with a small chart each.
pub(super) fn charted(rows: Vec<Value>, charts: impl Iterator<Item = String>) -> Vec<Value> {
    let with_chart = |(mut row, chart): (Value, String)| {
        if let Some(object) = row.as_object_mut() {
            object.insert(output::CHART.to_owned(), json!(chart));
        }
        row
    };
    rows.into_iter().zip(charts).map(with_chart).collect()
}
