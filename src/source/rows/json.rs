//! JSON documents (arrays of rows, answers of Bybit) and JSON lines.

use std::collections::HashMap;
use std::io::BufRead;

use csv::ByteRecord;
use serde_json::{Map, Value};

use super::super::columns::Layout;
use super::super::container::Place;
use super::document::{Texts, is_answer, read_document};
use super::lines::{Lines, MAX_ROW};
use super::step::{Facts, Step};
use crate::error::Result;

/// The largest document that is not one value a line; it is held in memory as a whole.
const MAX_DOCUMENT: usize = 32 << 20;
/// The most keys that the objects of a file may have between them, and their bytes.
const MAX_KEYS: usize = 1_000;
const MAX_KEY_BYTES: usize = 1 << 20;

enum Source<'a> {
    /// One object a line; the first one was already read.
    Lines(Box<Lines<'a>>, Option<Value>),
    /// The rows of a document and how many of them were given.
    Document(Texts, usize),
}

pub(crate) struct JsonRows<'a> {
    source: Source<'a>,
    line: Vec<u8>,
    layout: Layout,
    keys: Keys,
}

/// The columns that the keys of objects have.
#[derive(Default)]
struct Keys {
    positions: HashMap<String, usize>,
    bytes: usize,
}

impl<'a> JsonRows<'a> {
    pub(crate) fn open(reader: Box<dyn BufRead + 'a>, place: Place) -> Result<(Self, Facts)> {
        let mut lines = Lines::new(reader, place.clone());
        let mut text = Vec::new();
        lines.next(&mut text, MAX_DOCUMENT)?;
        let (source, facts) = match first_row(&text) {
            Some(row) => {
                let first = Some(Value::Object(row));
                (Source::Lines(Box::new(lines), first), Facts::default())
            }
            None => {
                // The line break that was cut off keeps the lines of error messages right.
                text.push(b'\n');
                lines.append_rest(&mut text, MAX_DOCUMENT)?;
                let (rows, facts) = read_document(&text, &lines.place)?;
                (Source::Document(rows, 0), facts)
            }
        };
        let mut rows = Self {
            source,
            line: Vec::new(),
            layout: Layout::Named(Vec::new()),
            keys: Keys::default(),
        };
        rows.learn_columns()
            .map_err(|message| place.error(Some(1), message))?;
        Ok((rows, facts))
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn has_none(&self) -> bool {
        matches!(&self.source, Source::Document(rows, _) if rows.is_empty())
    }

    /// Learns the columns of the first row, and those of all further rows of a document.
    fn learn_columns(&mut self) -> Result<(), String> {
        let mut names = Vec::new();
        match &self.source {
            Source::Lines(_, first) => {
                if let Some(Value::Object(row)) = first {
                    self.keys.learn(row, &mut names);
                }
            }
            Source::Document(rows, _) => {
                for at in 0..rows.len() {
                    match read_row(rows.get(at)) {
                        Ok(Value::Object(row)) => self.keys.learn(&row, &mut names),
                        Ok(Value::Array(row)) if at == 0 => {
                            self.layout = Layout::Positional(row.len());
                            return Ok(());
                        }
                        Err(message) if at == 0 => return Err(message),
                        // What is no row is told when it is given.
                        _ => {}
                    }
                }
            }
        }
        self.layout = Layout::Named(names);
        Ok(())
    }

    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        let (at, row) = match &mut self.source {
            Source::Document(rows, given) => {
                if *given == rows.len() {
                    return Ok(Step::End);
                }
                *given += 1;
                (*given as u64, read_row(rows.get(*given - 1)))
            }
            Source::Lines(lines, first) => match first.take() {
                Some(value) => (lines.number, Ok(value)),
                None => {
                    if !lines.next(&mut self.line, MAX_ROW)? {
                        return Ok(Step::End);
                    }
                    (lines.number, read_row(&self.line))
                }
            },
        };
        Ok(match row.and_then(|row| self.fill(&row, record)) {
            Ok(()) => Step::Row(at),
            Err(message) => Step::Bad(at, message),
        })
    }

    fn fill(&mut self, value: &Value, record: &mut ByteRecord) -> Result<(), String> {
        record.clear();
        match (value, &mut self.layout) {
            (Value::Object(row), Layout::Named(names)) => {
                self.keys.learn(row, names);
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

/// The first line as the first of many rows, unless the text is a document.
fn first_row(line: &[u8]) -> Option<Map<String, Value>> {
    let short = line.get(..MAX_ROW).is_none_or(|start| start == line);
    let row = short.then(|| serde_json::from_slice(line).ok())?;
    row.filter(|row| !is_answer(row))
}

fn read_row(text: &[u8]) -> Result<Value, String> {
    if text.len() > MAX_ROW {
        return Err(format!("the row is longer than {MAX_ROW} bytes"));
    }
    serde_json::from_slice(text).map_err(|e| format!("expected a JSON object or array, found {e}"))
}

impl Keys {
    /// Adds the keys of `row` that are new; columns that are known keep their positions.
    fn learn(&mut self, row: &Map<String, Value>, names: &mut Vec<String>) {
        for key in row.keys() {
            let bytes = self.bytes + key.len();
            let room = names.len() < MAX_KEYS && bytes <= MAX_KEY_BYTES;
            if room && !self.positions.contains_key(key) {
                self.positions.insert(key.clone(), names.len());
                names.push(key.clone());
                self.bytes = bytes;
            }
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

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
