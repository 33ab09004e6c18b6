//! JSON documents (arrays of rows, answers of Bybit) and JSON lines.

use std::collections::HashMap;
use std::io::BufRead;

use csv::ByteRecord;
use serde_json::{Map, Value};

use super::super::columns::Layout;
use super::super::container::Place;
use super::lines::{Lines, MAX_ROW};
use super::{Facts, Step};
use crate::error::Result;

/// The largest document that is not one value a line; it is held in memory as a whole.
const MAX_DOCUMENT: usize = 32 << 20;
/// The most keys that the objects of a file may have between them.
const MAX_KEYS: usize = 1_000;

enum Source<'a> {
    /// One object a line; the first one was already read.
    Lines(Box<Lines<'a>>, Option<Value>),
    /// The rows of a document and how many of them were given.
    Document(Vec<Value>, usize),
}

pub(crate) struct JsonRows<'a> {
    source: Source<'a>,
    line: Vec<u8>,
    layout: Layout,
    positions: HashMap<String, usize>,
}

impl<'a> JsonRows<'a> {
    pub(crate) fn open(reader: Box<dyn BufRead + 'a>, place: Place) -> Result<(Self, Facts)> {
        let mut lines = Lines::new(reader, place);
        let mut text = Vec::new();
        lines.next(&mut text, MAX_DOCUMENT)?;
        let (source, facts) = match serde_json::from_slice::<Value>(&text) {
            Ok(Value::Object(row)) if !is_answer(&row) => {
                let first = Some(Value::Object(row));
                (Source::Lines(Box::new(lines), first), Facts::default())
            }
            _ => {
                // The line break that was cut off keeps the lines of error messages right.
                text.push(b'\n');
                lines.append_rest(&mut text, MAX_DOCUMENT)?;
                let (rows, facts) = document(&text, &lines.place)?;
                (Source::Document(rows, 0), facts)
            }
        };
        let mut rows = Self {
            source,
            line: Vec::new(),
            layout: Layout::Named(Vec::new()),
            positions: HashMap::new(),
        };
        rows.learn_columns();
        Ok((rows, facts))
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn has_none(&self) -> bool {
        matches!(&self.source, Source::Document(rows, _) if rows.is_empty())
    }

    /// Learns the columns of all rows that are in memory.
    fn learn_columns(&mut self) {
        let mut names = Vec::new();
        let known = match &self.source {
            Source::Lines(_, first) => first.as_slice(),
            Source::Document(rows, _) => rows,
        };
        if let Some(Value::Array(row)) = known.first() {
            self.layout = Layout::Positional(row.len());
            return;
        }
        for row in known.iter().filter_map(Value::as_object) {
            learn_keys(row, &mut names, &mut self.positions);
        }
        self.layout = Layout::Named(names);
    }

    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        let (at, value) = match &mut self.source {
            Source::Document(rows, given) => {
                let Some(row) = rows.get_mut(*given) else {
                    return Ok(Step::End);
                };
                *given += 1;
                (*given as u64, row.take())
            }
            Source::Lines(lines, first) => match first.take() {
                Some(value) => (lines.number, value),
                None => {
                    if !lines.next(&mut self.line, MAX_ROW)? {
                        return Ok(Step::End);
                    }
                    match serde_json::from_slice(&self.line) {
                        Ok(value) => (lines.number, value),
                        Err(e) => {
                            let message = format!("expected a JSON object, found {e}");
                            return Ok(Step::Bad(lines.number, message));
                        }
                    }
                }
            },
        };
        Ok(match self.fill(&value, record) {
            Ok(()) => Step::Row(at),
            Err(message) => Step::Bad(at, message),
        })
    }

    fn fill(&mut self, value: &Value, record: &mut ByteRecord) -> Result<(), String> {
        record.clear();
        match (value, &mut self.layout) {
            (Value::Object(row), Layout::Named(names)) => {
                learn_keys(row, names, &mut self.positions);
                for name in names {
                    push_value(row.get(name), record);
                }
                Ok(())
            }
            (Value::Array(row), Layout::Positional(width)) if row.len() <= *width => {
                for field in row {
                    push_value(Some(field), record);
                }
                Ok(())
            }
            (Value::Array(row), Layout::Positional(width)) => {
                Err(format!("expected {width} fields, found {}", row.len()))
            }
            (_, Layout::Positional(_)) => Err("expected an array like the first row".to_owned()),
            (_, Layout::Named(_)) => Err("expected an object like the first row".to_owned()),
        }
    }
}

/// Adds the keys of `row` that are new; columns that are known keep their positions.
fn learn_keys(
    row: &Map<String, Value>,
    names: &mut Vec<String>,
    positions: &mut HashMap<String, usize>,
) {
    for key in row.keys() {
        if !positions.contains_key(key) && names.len() < MAX_KEYS {
            positions.insert(key.clone(), names.len());
            names.push(key.clone());
        }
    }
}

/// A value as the text that a CSV file would have; arrays are joined by semicolons.
fn push_value(value: Option<&Value>, record: &mut ByteRecord) {
    match value {
        None | Some(Value::Null) => record.push_field(b""),
        Some(Value::String(text)) => record.push_field(text.as_bytes()),
        Some(Value::Array(items)) => {
            let text = |item: &Value| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let items: Vec<String> = items.iter().map(text).collect();
            record.push_field(items.join(";").as_bytes());
        }
        Some(other) => record.push_field(other.to_string().as_bytes()),
    }
}

/// Whether an object is an answer of Bybit, or the `result` of one.
fn is_answer(object: &Map<String, Value>) -> bool {
    object.contains_key("retCode") || object.get("list").is_some_and(Value::is_array)
}

/// The rows of a document: an array, or the list in an answer of Bybit's market API.
fn document(text: &[u8], place: &Place) -> Result<(Vec<Value>, Facts)> {
    let value: Value = serde_json::from_slice(text)
        .map_err(|e| place.error(Some(e.line() as u64), format!("not valid JSON: {e}")))?;
    let mut answer = match value {
        Value::Array(rows) => return Ok((rows, Facts::default())),
        Value::Object(object) if is_answer(&object) => object,
        _ => {
            return Err(place.error(
                None,
                "expected a JSON array of rows, one JSON object a line, or an answer of Bybit",
            ));
        }
    };
    let code = answer.get("retCode").map_or(Some(0), Value::as_i64);
    if code != Some(0) {
        let message = answer.get("retMsg").and_then(Value::as_str);
        return Err(place.error(
            None,
            format!(
                "this is an error that Bybit answered (retCode {}: {}); fetch the candles again",
                answer.get("retCode").unwrap_or(&Value::Null),
                message.unwrap_or("no message")
            ),
        ));
    }
    let mut result = match answer.remove("result") {
        Some(Value::Object(result)) => result,
        _ => answer,
    };
    let text_of = |key: &str| Some(result.get(key)?.as_str()?.to_owned());
    let facts = Facts {
        symbol: text_of("symbol").filter(|s| !s.is_empty()),
        bybit_category: text_of("category")
            .filter(|c| ["spot", "linear", "inverse"].contains(&c.as_str())),
    };
    match result.remove("list") {
        Some(Value::Array(rows)) => Ok((rows, facts)),
        _ => Err(place.error(
            None,
            "expected result.list in the answer of Bybit, found none",
        )),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
