//! The rows of a JSON document, which is read as a stream: what stands around the rows may have any size.
//!
//! Rows are the elements of an array: of the document itself, of an object that holds one list of rows, or of
//! one with a list for each symbol. Or they are objects by date (`{"2024-01-31": {"open": 1}}`), or columns
//! (`{"t": [1, 2], "o": [3, 4]}`). Keys tell which it is: see `json_shapes`.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::container::FilePlace;
use super::json_frame::{Frame, Names, OfRows, names_of, path_of, symbol_of};
use super::json_seen::{Seen, names_after_rows, several_lists};
use super::json_shapes::{
    flattened, holds_rows, is_bar_key, is_by_time, is_columns, is_like_a_row, is_list_key,
    is_message, is_names_key, is_scalar, is_symbol_key, is_time, is_time_key, is_whole_row, plain,
};
use super::json_table::Table;
use super::lines::MAX_ROW;
use super::scan::Scan;
use super::step::Facts;
use crate::error::{Error, Result, excerpt, shortened};

/// The deepest nesting of what stands around the rows.
const MAX_DEPTH: usize = 64;
/// The most that the columns of a document, or the fields of an object, may have in all.
const MAX_HELD: usize = 64 << 20;

/// A row: an object, or an array whose fields have no names.
pub(super) struct Row {
    pub(super) value: Value,
    /// The symbol that the document names beside an array.
    pub(super) symbol: Option<Rc<str>>,
}

/// The column of the symbol that a document names around rows that name another one themselves.
pub(super) const AROUND: &str = "document symbol";

/// Reads a document.
pub(super) struct Document<'a> {
    scan: Scan<'a>,
    stack: Vec<Frame>,
    text: Vec<u8>,
    table: Option<(Table, Option<Rc<str>>)>,
    row: Option<Row>,
    /// What was said about all rows so far.
    pub(super) facts: Facts,
    seen: Seen,
}

impl<'a> Document<'a> {
    #[cfg(test)]
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    pub(super) fn new(scan: Scan<'a>) -> Self {
        Self {
            scan,
            stack: Vec::new(),
            text: Vec::new(),
            table: None,
            row: None,
            facts: Facts::default(),
            seen: Seen::default(),
        }
    }

    fn place(&self) -> &FilePlace {
        self.scan.place()
    }

    /// The next row, or what is no row and why; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Result<Row, String>>> {
        loop {
            if let Some((table, symbol)) = &mut self.table {
                let symbol = symbol.clone();
                match table.next() {
                    Some(row) => {
                        let row = row.map(|fields| self.named(fields, symbol, None));
                        return Ok(Some(row));
                    }
                    None => self.table = None,
                }
            }
            if let Some(row) = self.row.take() {
                return Ok(Some(Ok(row)));
            }
            let found = match self.stack.last() {
                None => match self.scan.peek()? {
                    None => {
                        self.facts.symbol = self.seen.settle(self.scan.place())?;
                        return Ok(None);
                    }
                    Some(first) => self.enter(String::new(), first).map(|()| None)?,
                },
                Some(frame) if frame.is_list => self.in_list()?,
                Some(_) => self.in_object().map(|()| None)?,
            };
            if found.is_some() {
                // What is no row is told as one, too.
                self.seen.rows += u64::from(matches!(found, Some(Err(_))));
                return Ok(found);
            }
        }
    }

    /// Opens the list or object that comes next.
    fn enter(&mut self, key: String, first: u8) -> Result<()> {
        if !matches!(first, b'[' | b'{') {
            let found = excerpt(&char::from(first).to_string());
            return Err(self
                .scan
                .invalid(&format!("expected [ or {{, found {found}")));
        }
        self.scan.expect(first)?;
        if self.stack.len() == MAX_DEPTH {
            let message = format!("expected JSON nested at most {MAX_DEPTH} deep, found more");
            return Err(self.place().error(None, message));
        }
        if let Some(outer) = self.stack.last_mut() {
            outer.holds_more = true;
        }
        self.stack.push(Frame {
            is_list: first == b'[',
            key,
            ..Frame::default()
        });
        Ok(())
    }

    /// Goes on in a list by one element.
    fn in_list(&mut self) -> Result<Option<Result<Row, String>>> {
        let Some(frame) = self.stack.last_mut() else {
            return Ok(None);
        };
        let Some(first) = self.scan.element(b']', frame.elements == 0)? else {
            self.close_list()?;
            return Ok(None);
        };
        frame.elements += 1;
        if !self.scan.value(&mut self.text, MAX_ROW)? {
            return match first {
                b'[' | b'{' => self.enter(String::new(), first).map(|()| None),
                _ => Err(self.too_long()),
            };
        }
        let value: Value = match serde_json::from_slice(&self.text) {
            Ok(value) => value,
            Err(e) => {
                return Ok(Some(Err(format!(
                    "expected a JSON object or array, found {e}"
                ))));
            }
        };
        match value {
            Value::Object(object)
                if holds_rows(&object) || self.stack.len() > 1 && is_columns(&object) =>
            {
                self.give_back_and_enter(first)
            }
            Value::Array(items) if items.first().is_some_and(|item| !is_scalar(item)) => {
                self.give_back_and_enter(first)
            }
            Value::Object(_) | Value::Array(_) => {
                let list = self.of_list(&value)?;
                Ok(list.are_rows.then(|| self.list_row(value, list)))
            }
            scalar if self.stack.len() == 1 => Ok(Some(Err(format!(
                "expected a JSON object or array, found {}",
                excerpt(&scalar.to_string())
            )))),
            _ => self.hold_text().map(|()| None),
        }
    }

    fn give_back_and_enter(&mut self, first: u8) -> Result<Option<Result<Row, String>>> {
        let text = std::mem::take(&mut self.text);
        self.scan.give_back(&text);
        self.enter(String::new(), first).map(|()| None)
    }

    /// Keeps the value of a list that may be a column.
    fn hold_text(&mut self) -> Result<()> {
        self.hold(self.text.len())?;
        if let Some(frame) = self.stack.last_mut() {
            frame.texts.push(&self.text);
        }
        Ok(())
    }

    fn hold(&mut self, bytes: usize) -> Result<()> {
        self.seen.held += bytes;
        if let Some(frame) = self.stack.last_mut() {
            frame.held += bytes;
        }
        if self.seen.held > MAX_HELD {
            let message = format!(
                "expected columns of at most {} MiB in a JSON document, found more; write one row a line (JSONL) instead",
                MAX_HELD >> 20
            );
            return Err(self.place().error(None, message));
        }
        Ok(())
    }

    fn too_long(&self) -> Error {
        let message = format!("the row is longer than {MAX_ROW} bytes");
        self.place().error(None, message)
    }

    /// What holds for the elements of the innermost list; `first` is the first of them.
    fn of_list(&mut self, first: &Value) -> Result<OfRows> {
        let Some(frame) = self.stack.last() else {
            return Err(self.scan.invalid("expected a list"));
        };
        if let Some(known) = &frame.rows {
            return Ok(known.clone());
        }
        let like_a_row = match first {
            Value::Object(object) => is_like_a_row(object),
            _ => true,
        };
        let are_rows = self.stack.len() == 1 || like_a_row || is_list_key(&frame.key);
        let symbol = symbol_of(&self.stack);
        if !are_rows {
            let path = || path_of(&self.stack);
            self.seen.passed_over.get_or_insert_with(path);
        } else if symbol.is_none() {
            let path = path_of(&self.stack);
            match &self.seen.list {
                Some(one) if *one != path => {
                    return Err(several_lists(self.scan.place(), one, &path));
                }
                _ => self.seen.list = Some(path),
            }
        }
        let found = OfRows {
            are_rows,
            symbol,
            names: names_of(&self.stack),
        };
        if let Some(frame) = self.stack.last_mut() {
            frame.rows = Some(found.clone());
        }
        Ok(found)
    }

    /// A row of a list.
    fn list_row(&mut self, value: Value, list: OfRows) -> Result<Row, String> {
        let OfRows { symbol, names, .. } = list;
        match value {
            Value::Object(fields) => Ok(self.named(fields, symbol, None)),
            Value::Array(items) => match names {
                Some(names) if items.len() > names.len() => Err(format!(
                    "expected {} fields, as many as the document names, found {}",
                    names.len(),
                    items.len()
                )),
                Some(names) => {
                    let fields = names.iter().cloned().zip(items).collect();
                    Ok(self.named(fields, symbol, None))
                }
                None => {
                    self.count(symbol.is_some());
                    if let Some(frame) = self.stack.last_mut() {
                        frame.unnamed = Some((String::new(), items.len()));
                    }
                    let value = Value::Array(items);
                    Ok(Row { value, symbol })
                }
            },
            value => Ok(Row { value, symbol }),
        }
    }

    fn count(&mut self, has_symbol: bool) {
        self.seen.rows += 1;
        self.seen.without_symbol |= !has_symbol;
    }

    /// A row with what the document says around it: its symbol and its time.
    fn named(
        &mut self,
        fields: Map<String, Value>,
        symbol: Option<Rc<str>>,
        time: Option<String>,
    ) -> Row {
        let mut fields = flattened(fields);
        let own = fields
            .iter()
            .find(|(key, value)| is_symbol_key(key) && is_scalar(value));
        let own = own.map(|(_, value)| value.as_str().unwrap_or_default().to_owned());
        self.count(own.is_some() || symbol.is_some());
        if let Some(symbol) = symbol.filter(|symbol| own.as_deref() != Some(&**symbol)) {
            let name = if own.is_some() { AROUND } else { "symbol" };
            fields.insert(name.to_owned(), Value::String(symbol.as_ref().to_owned()));
        }
        if let Some(time) = time.filter(|_| !fields.keys().any(|key| is_time_key(key))) {
            fields.insert("time".to_owned(), Value::String(time));
        }
        Row {
            value: Value::Object(fields),
            symbol: None,
        }
    }

    /// Goes on in an object by one key.
    fn in_object(&mut self) -> Result<()> {
        let is_first = self.stack.last().is_none_or(|frame| frame.elements == 0);
        if self.scan.element(b'}', is_first)?.is_none() {
            return self.close_object();
        }
        if !self.scan.value(&mut self.text, MAX_ROW)? {
            return Err(self.too_long());
        }
        let key: String = serde_json::from_slice(&self.text)
            .map_err(|e| self.scan.invalid(&format!("expected a key, found {e}")))?;
        self.scan.expect(b':')?;
        let first = self.scan.peek()?;
        if self.stack.len() == 1 && self.seen.keys.len() < 20 {
            self.seen.keys.push(shortened(&key));
        }
        if let Some(frame) = self.stack.last_mut() {
            frame.elements += 1;
        }
        if let Some(first @ (b'[' | b'{')) = first {
            return self.enter(key, first);
        }
        if !self.scan.value(&mut self.text, MAX_ROW)? {
            return Err(self.too_long());
        }
        let value: Value = serde_json::from_slice(&self.text)
            .map_err(|e| self.scan.invalid(&format!("expected a value, found {e}")))?;
        // An entry of an object takes more memory than its text.
        self.hold(self.text.len() + key.len() + 32)?;
        self.note(&key, &value);
        if let Some(frame) = self.stack.last_mut() {
            if let Some(symbol) = value.as_str().filter(|_| is_symbol_key(&key)) {
                frame.symbol.get_or_insert_with(|| Rc::from(symbol));
            }
            frame.fields.insert(key, value);
        }
        Ok(())
    }

    /// Keeps what a field around rows says about them.
    fn note(&mut self, key: &str, value: &Value) {
        let Value::String(text) = value else {
            return;
        };
        if is_message(key, value) && self.seen.messages.len() < 20 {
            let message = format!("{}: {}", shortened(key), excerpt(text));
            self.seen.messages.push(message);
        }
        let key = plain(key);
        if key.contains("timezone") || key == "tz" {
            self.facts.zones.note(text);
        } else if key == "category" && ["spot", "linear", "inverse"].contains(&text.as_str()) {
            self.facts.bybit_category = Some(text.clone());
        } else if is_symbol_key(&key) && !text.is_empty() {
            self.seen.note_symbol(text);
        }
    }

    fn close_list(&mut self) -> Result<()> {
        let Some(list) = self.close() else {
            return Ok(());
        };
        let Some(frame) = self.stack.last_mut() else {
            return Ok(());
        };
        // Columns of objects in a list belong to the object around it.
        frame.columns.extend(list.columns);
        frame.names = frame.names.take().or(list.names);
        if let Some((_, width)) = list.unnamed {
            frame.unnamed = Some((list.key.clone(), width));
        }
        if list.texts.is_empty() || list.key.is_empty() {
            return Ok(());
        }
        let names = is_names_key(&list.key).then(|| list.texts.as_strings());
        if let Some(names) = names.flatten() {
            let late = frame.unnamed.take();
            if let Some((rows, _)) = late.filter(|(_, width)| *width == names.len()) {
                let object = path_of(&self.stack);
                return Err(names_after_rows(self.place(), &object, &list.key, &rows));
            }
            frame.names.get_or_insert_with(|| Names::new(names));
        }
        frame.columns.push((list.key, list.texts));
        Ok(())
    }

    /// Closes the innermost list or object. What it holds counts as held by the one around it.
    fn close(&mut self) -> Option<Frame> {
        let closed = self.stack.pop()?;
        self.seen.empty_list |= closed.elements == 0;
        match self.stack.last_mut() {
            Some(outer) => outer.held += closed.held,
            None => self.seen.held -= closed.held,
        }
        Some(closed)
    }

    /// What was held for an object that gave rows is free again.
    fn release(&mut self, held: usize) {
        self.seen.held -= held;
        if let Some(outer) = self.stack.last_mut() {
            outer.held -= held;
        }
    }

    fn close_object(&mut self) -> Result<()> {
        let symbol = symbol_of(&self.stack);
        let time = self.stack.iter().rev().find(|frame| is_time(&frame.key));
        let time = time.map(|frame| frame.key.clone());
        let has_outer = self.stack.len() > 1;
        let Some(mut object) = self.close() else {
            return Ok(());
        };
        let held = if has_outer { object.held } else { 0 };
        self.check_code(&object.fields)?;
        let table = Table::of(&mut object.columns, &mut object.by_key);
        if let Some(table) = table.map_err(|message| self.place().error(None, message))? {
            self.table = Some((table, symbol));
            self.release(held);
            return Ok(());
        }
        if !object.holds_more && !is_time(&object.key) && is_by_time(&object.fields) {
            // A column of the object around it.
            if let Some(outer) = self.stack.last_mut() {
                outer.by_key.add(object.key, object.fields);
            }
            return Ok(());
        }
        let mut fields = object.fields;
        let has_fields = !fields.is_empty();
        for (key, texts) in &object.columns {
            let items = (0..texts.len()).map(|at| serde_json::from_slice(texts.get(at)).ok());
            fields.insert(key.clone(), Value::Array(items.flatten().collect()));
        }
        if !fields.is_empty() && (time.is_some() || is_whole_row(&fields)) {
            self.row = Some(self.named(fields, symbol, time));
            self.release(held);
        } else if let Some(outer) = self.stack.last_mut() {
            // Lists beside single values describe something else than rows.
            let mut columns = object.columns;
            columns.retain(|(key, _)| !has_fields || is_bar_key(key));
            outer.columns.extend(columns);
            outer.names = outer.names.take().or(object.names);
            if let Some((_, width)) = object.unnamed {
                outer.unnamed = Some((object.key, width));
            }
        }
        Ok(())
    }

    /// Refuses an error that Bybit answered.
    fn check_code(&self, fields: &Map<String, Value>) -> Result<()> {
        let Some(code) = fields
            .get("retCode")
            .filter(|code| code.as_i64() != Some(0))
        else {
            return Ok(());
        };
        let message = fields.get("retMsg").and_then(Value::as_str);
        Err(self.place().error(
            None,
            format!(
                "this is an error that Bybit answered (retCode {}: {}); fetch the candles again",
                shortened(&code.to_string()),
                shortened(message.unwrap_or("no message"))
            ),
        ))
    }
}
