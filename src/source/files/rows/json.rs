//! JSON documents and JSON lines as rows.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, Cursor, Read};

use csv::ByteRecord;
use serde_json::{Map, Value};

use super::super::columns::Layout;
use super::super::container::{BOM, FilePlace};
use super::document::{Document, Row};
use super::field_order::names_of;
use super::json_shapes::{flattened, has_an_empty_list, holds_rows, is_like_a_row, says_something};
use super::lines::{Lines, MAX_ROW};
use super::scan::Scan;
use super::step::{Facts, Step};
use crate::error::Result;

/// The most keys that the objects of a file may have between them, and their bytes.
const MAX_KEYS: usize = 1_000;
const MAX_KEY_BYTES: usize = 1 << 20;
/// Rows of a document that are read before the first is given, so that the columns of all of them are known
/// at once; and the most bytes that these may have.
const ROWS_AHEAD: usize = 1_000;
const BYTES_AHEAD: usize = 4 << 20;

enum Source<'a> {
    /// One object a line.
    Lines(Box<Lines<'a>>),
    Document(Box<Document<'a>>),
}

pub(crate) struct JsonRows<'a> {
    source: Source<'a>,
    line: Vec<u8>,
    layout: Layout,
    keys: Keys,
    /// Rows of a document that were read ahead.
    ahead: VecDeque<Result<Row, String>>,
    given: u64,
    facts: Facts,
}

/// The columns that the keys of objects have.
#[derive(Default)]
struct Keys {
    positions: HashMap<String, usize>,
    bytes: usize,
    /// The number of fields of rows that are arrays and have names all the same.
    array_width: Option<usize>,
}

impl<'a> JsonRows<'a> {
    pub(crate) fn open(mut reader: Box<dyn BufRead + 'a>, place: FilePlace) -> Result<Self> {
        let rows_place = place.clone();
        let start = first_line(&mut reader, &place)?;
        let first = first_of_lines(&start, &mut reader, &place)?;
        let source = if first.is_some() {
            let whole = Box::new(Cursor::new(start).chain(reader));
            Source::Lines(Box::new(Lines::new(whole, place)))
        } else {
            Source::Document(Box::new(Document::new(Scan::new(start, reader, place))))
        };
        let mut rows = Self {
            source,
            line: Vec::new(),
            layout: Layout::Named(Vec::new()),
            keys: Keys::default(),
            ahead: VecDeque::new(),
            given: 0,
            facts: Facts::default(),
        };
        rows.read_ahead()?;
        if let Some(Err(message)) = rows.ahead.front()
            && !rows.ahead.iter().any(Result::is_ok)
        {
            return Err(rows_place.error(Some(1), message));
        }
        let mut names = Vec::new();
        if let Some(first) = first {
            rows.keys.learn(&flattened(first), &mut names);
        }
        rows.learn_columns(names);
        Ok(rows)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What the text says about all of its rows; complete after the last of them.
    pub(crate) fn facts(&self) -> Facts {
        match &self.source {
            Source::Lines(_) => self.facts.clone(),
            Source::Document(document) => Facts {
                field_order: self.facts.field_order.clone(),
                ..document.facts.clone()
            },
        }
    }

    pub(crate) fn has_none(&self) -> bool {
        matches!(self.source, Source::Document(_)) && self.ahead.is_empty() && self.given == 0
    }

    fn read_ahead(&mut self) -> Result<()> {
        let Source::Document(document) = &mut self.source else {
            return Ok(());
        };
        let mut bytes = 0;
        while self.ahead.len() < ROWS_AHEAD && bytes < BYTES_AHEAD {
            let Some(row) = document.next()? else {
                break;
            };
            bytes += row.as_ref().map_or(0, |row| weight(&row.value));
            self.ahead.push_back(row);
        }
        Ok(())
    }

    /// Learns the columns of the rows that were read ahead; the first of them decides whether rows are objects
    /// or arrays.
    fn learn_columns(&mut self, mut names: Vec<String>) {
        let rows = || self.ahead.iter().filter_map(|row| row.as_ref().ok());
        let first = rows().next().map(|row| &row.value);
        let Some(Value::Array(first)) = first else {
            for row in rows() {
                if let Value::Object(row) = &row.value {
                    self.keys.learn(row, &mut names);
                }
            }
            self.layout = Layout::Named(names);
            return;
        };
        let arrays: Vec<&Vec<Value>> = rows().filter_map(|row| row.value.as_array()).collect();
        let has_symbols = rows().any(|row| row.symbol.is_some());
        let ordered = names_of(&arrays);
        self.facts.field_order = ordered.as_ref().map(|names| names.join(", "));
        self.layout = match ordered {
            None if !has_symbols => Layout::Positional(first.len()),
            ordered => {
                let usual = ["time", "open", "high", "low", "close", "volume"];
                let name = |at: usize| {
                    let known = usual.get(at).map(|name| (*name).to_owned());
                    known.unwrap_or_else(|| format!("field{}", at + 1))
                };
                let mut names = ordered.unwrap_or_else(|| (0..first.len()).map(name).collect());
                self.keys.array_width = Some(names.len());
                if has_symbols {
                    names.push("symbol".to_owned());
                }
                Layout::Named(names)
            }
        };
    }

    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        let (at, row) = match &mut self.source {
            Source::Document(document) => {
                let row = match self.ahead.pop_front() {
                    Some(row) => row,
                    None => match document.next()? {
                        Some(row) => row,
                        None => return Ok(Step::End),
                    },
                };
                self.given += 1;
                (self.given, row)
            }
            Source::Lines(lines) => {
                if !lines.next(&mut self.line, MAX_ROW)? {
                    return Ok(Step::End);
                }
                (lines.number, read_line(&self.line))
            }
        };
        Ok(match row.and_then(|row| self.fill(&row, record)) {
            Ok(()) => Step::Row(at),
            Err(message) => Step::Bad(at, message),
        })
    }

    fn fill(&mut self, row: &Row, record: &mut ByteRecord) -> Result<(), String> {
        record.clear();
        match (&row.value, &mut self.layout, self.keys.array_width) {
            (Value::Object(row), Layout::Named(names), None) => {
                self.keys.learn(row, names);
                for name in names {
                    push_value(row.get(name), record);
                }
                Ok(())
            }
            (Value::Array(fields), Layout::Named(_), Some(width)) if fields.len() <= width => {
                for at in 0..width {
                    push_value(fields.get(at), record);
                }
                record.push_field(row.symbol.as_deref().unwrap_or_default().as_bytes());
                Ok(())
            }
            (Value::Array(row), Layout::Positional(width), _) if row.len() <= *width => {
                for field in row {
                    push_value(Some(field), record);
                }
                Ok(())
            }
            (Value::Array(row), Layout::Positional(width), _) => {
                Err(format!("expected {width} fields, found {}", row.len()))
            }
            (Value::Array(row), _, Some(width)) => {
                Err(format!("expected {width} fields, found {}", row.len()))
            }
            (_, Layout::Positional(_), _) | (_, _, Some(_)) => {
                Err("expected an array like the first row".to_owned())
            }
            (_, Layout::Named(_), None) => Err("expected an object like the first row".to_owned()),
        }
    }
}

/// The text up to the first line break after something, without the mark of UTF-8; no more than a row may have.
fn first_line(reader: &mut Box<dyn BufRead + '_>, place: &FilePlace) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    loop {
        let room = (MAX_ROW + 1).saturating_sub(start.len()) as u64;
        let read = reader.by_ref().take(room).read_until(b'\n', &mut start);
        let read = read.map_err(|e| place.read_error(Some(1), e))?;
        if start.starts_with(BOM) {
            start.drain(..BOM.len());
        }
        if read == 0 || !start.trim_ascii().is_empty() {
            return Ok(start);
        }
    }
}

/// The first line as the first of rows that are one object a line, unless the text is a document.
fn first_of_lines(
    start: &[u8],
    rest: &mut Box<dyn BufRead + '_>,
    place: &FilePlace,
) -> Result<Option<Map<String, Value>>> {
    let object: Option<Map<String, Value>> = serde_json::from_slice(start).ok();
    let Some(object) = object.filter(|o| !o.contains_key("retCode") && !holds_rows(o)) else {
        return Ok(None);
    };
    let rest = rest.fill_buf().map_err(|e| place.read_error(Some(1), e))?;
    let is_answer = says_something(&object) || has_an_empty_list(&object);
    let is_answer = is_answer && rest.is_empty() && !is_like_a_row(&object);
    Ok(Some(object).filter(|_| !is_answer))
}

fn read_line(text: &[u8]) -> Result<Row, String> {
    let row: Value = serde_json::from_slice(text)
        .map_err(|e| format!("expected a JSON object or array, found {e}"))?;
    let value = match row {
        Value::Object(row) => Value::Object(flattened(row)),
        other => other,
    };
    Ok(Row {
        value,
        symbol: None,
    })
}

/// About how many bytes a value has.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| key.len() + weight(value));
            fields.sum::<usize>() + 2
        }
        _ => 8,
    }
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
#[path = "document_tests.rs"]
mod document_tests;
#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
