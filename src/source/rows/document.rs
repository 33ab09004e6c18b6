//! The rows of a JSON document, which is read as a stream: what stands around the rows may have any size.
//!
//! Rows are the elements of an array: of the document itself, of an object that holds one list of rows, or of
//! one with a list for each symbol. Or they are objects by date (`{"2024-01-31": {"open": 1}}`), or columns
//! (`{"t": [1, 2], "o": [3, 4]}`). Keys tell which it is: see `json_shapes`.

use serde_json::{Map, Value};

use super::super::container::Place;
use super::json_seen::{Seen, several_lists};
use super::json_shapes::{
    flattened, holds_rows, is_by_time, is_columns, is_like_a_row, is_list_key, is_message,
    is_names_key, is_scalar, is_symbol, is_symbol_key, is_time, is_time_key, is_whole_row,
    needs_zone, plain,
};
use super::json_table::Table;
use super::lines::MAX_ROW;
use super::scan::Scan;
use super::step::Facts;
use super::texts::Texts;
use crate::error::{Error, Result, excerpt, shortened};

/// The deepest nesting of what stands around the rows.
const MAX_DEPTH: usize = 64;
/// The most that the columns of a document, or the fields of an object, may have in all.
const MAX_HELD: usize = 64 << 20;

/// A row: an object, or an array whose fields have no names.
pub(super) struct Row {
    pub(super) value: Value,
    /// The symbol that the document names beside an array.
    pub(super) symbol: Option<String>,
}

/// What is open where the stream stands: a list or an object.
#[derive(Default)]
struct Frame {
    is_list: bool,
    key: String,
    /// Elements so far.
    elements: u64,
    /// The values of an object that are no lists and no objects.
    fields: Map<String, Value>,
    /// Lists of such values, by their keys.
    columns: Vec<(String, Texts)>,
    /// The keys of objects of date -> value, which are columns.
    index: Option<Texts>,
    /// The values of a list.
    texts: Texts,
    /// Whether lists or objects were inside.
    holds_more: bool,
    /// Whether the elements of a list are rows, once it is known.
    rows: Option<bool>,
}

/// Reads a document.
pub(super) struct Document<'a> {
    scan: Scan<'a>,
    stack: Vec<Frame>,
    text: Vec<u8>,
    table: Option<(Table, Option<String>)>,
    row: Option<Row>,
    /// What was said about all rows so far.
    pub(super) facts: Facts,
    zone: Option<String>,
    seen: Seen,
}

impl<'a> Document<'a> {
    pub(super) fn new(scan: Scan<'a>) -> Self {
        Self {
            scan,
            stack: Vec::new(),
            text: Vec::new(),
            table: None,
            row: None,
            facts: Facts::default(),
            zone: None,
            seen: Seen::default(),
        }
    }

    fn place(&self) -> &Place {
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
            self.close_list();
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
            Value::Object(_) | Value::Array(_) if self.list_has_rows(&value)? => {
                Ok(Some(Ok(self.list_row(value))))
            }
            Value::Object(_) | Value::Array(_) => Ok(None),
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

    /// Whether the elements of the innermost list are rows; `first` is the first of them.
    fn list_has_rows(&mut self, first: &Value) -> Result<bool> {
        let path = self.path();
        let is_top = self.stack.len() == 1;
        let has_symbol = self.symbol().is_some();
        let Some(frame) = self.stack.last_mut() else {
            return Ok(false);
        };
        if let Some(known) = frame.rows {
            return Ok(known);
        }
        let like_a_row = match first {
            Value::Object(object) => is_like_a_row(object),
            _ => true,
        };
        let are_rows = is_top || like_a_row || is_list_key(&frame.key);
        frame.rows = Some(are_rows);
        if !are_rows {
            self.seen.passed_over.push(path);
        } else if !has_symbol && !self.seen.lists.contains(&path) {
            self.seen.lists.push(path);
            if let [one, another] = self.seen.lists.as_slice() {
                return Err(several_lists(self.scan.place(), one, another));
            }
        }
        Ok(are_rows)
    }

    /// Where the innermost list is, as `jq` writes it.
    fn path(&self) -> String {
        let mut path = String::new();
        let mut inside_list = false;
        for frame in &self.stack {
            if inside_list {
                path.push_str("[]");
            }
            if !frame.key.is_empty() {
                let plain_key = frame
                    .key
                    .bytes()
                    .all(|b| b.is_ascii_alphabetic() || b == b'_');
                let key = &frame.key;
                path.push_str(&match plain_key {
                    true => format!(".{key}"),
                    false => format!(".\"{key}\""),
                });
            }
            inside_list = frame.is_list;
        }
        if path.is_empty() {
            ".".to_owned()
        } else {
            path
        }
    }

    /// A row of a list.
    fn list_row(&mut self, value: Value) -> Row {
        let symbol = self.symbol();
        match value {
            Value::Object(fields) => self.named(fields, symbol, None),
            Value::Array(items) => match self.names() {
                Some(names) => {
                    let fields = names.into_iter().zip(items).collect();
                    self.named(fields, symbol, None)
                }
                None => {
                    self.count(symbol.is_some());
                    let value = Value::Array(items);
                    Row { value, symbol }
                }
            },
            value => Row { value, symbol },
        }
    }

    fn count(&mut self, has_symbol: bool) {
        self.seen.rows += 1;
        self.seen.without_symbol |= !has_symbol;
    }

    /// The names of the fields of arrays, if the document lists them before; and then the times of rows.
    fn names(&self) -> Option<Vec<String>> {
        let lists = self.stack.iter().rev().flat_map(|frame| &frame.columns);
        let (_, names) = lists.into_iter().find(|(key, _)| is_names_key(key))?;
        let text = |at| serde_json::from_slice::<String>(names.get(at)).ok();
        (0..names.len()).map(text).collect()
    }

    /// A row with what the document says around it: its symbol and its time, and the zone of its times.
    fn named(
        &mut self,
        fields: Map<String, Value>,
        symbol: Option<String>,
        time: Option<String>,
    ) -> Row {
        let mut fields = flattened(fields);
        let own = fields
            .iter()
            .any(|(key, value)| is_symbol_key(key) && is_scalar(value));
        self.count(own || symbol.is_some());
        if let Some(symbol) = symbol.filter(|_| !own) {
            fields.insert("symbol".to_owned(), Value::String(symbol));
        }
        if let Some(time) = time.filter(|_| !fields.keys().any(|key| is_time_key(key))) {
            fields.insert("time".to_owned(), Value::String(time));
        }
        if let Some(zone) = &self.zone {
            for (key, value) in &mut fields {
                match value {
                    Value::String(text) if is_time_key(key) && needs_zone(text) => {
                        text.push(' ');
                        text.push_str(zone);
                    }
                    _ => {}
                }
            }
        }
        Row {
            value: Value::Object(fields),
            symbol: None,
        }
    }

    /// The symbol of the rows here: a key around them, or a field beside them if there are several of them.
    fn symbol(&self) -> Option<String> {
        let in_list = |depth: usize| self.stack.iter().take(depth).any(|frame| frame.is_list);
        let frames = self.stack.iter().enumerate().rev();
        let mut named = frames.filter_map(|(depth, frame)| {
            let field = || frame.fields.iter().find(|(key, _)| is_symbol_key(key));
            let field = in_list(depth).then(field).flatten();
            let field = field.and_then(|(_, value)| value.as_str());
            let key = Some(frame.key.as_str()).filter(|key| is_symbol(key));
            field.or(key).map(str::to_owned)
        });
        named.next()
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
            self.seen.keys.push(key.clone());
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
            frame.fields.insert(key, value);
        }
        Ok(())
    }

    /// Keeps what a field around rows says about them.
    fn note(&mut self, key: &str, value: &Value) {
        let Value::String(text) = value else {
            return;
        };
        if is_message(key, value) {
            let message = format!("{}: {}", shortened(key), excerpt(text));
            self.seen.messages.push(message);
        }
        let key = plain(key);
        if key.ends_with("timezone") || key == "exchangetimezonename" {
            // Names of the table of zones; abbreviations may mean several.
            self.zone = Some(text.clone()).filter(|zone| zone.contains('/') || zone == "UTC");
        } else if key == "category" && ["spot", "linear", "inverse"].contains(&text.as_str()) {
            self.facts.bybit_category = Some(text.clone());
        } else if is_symbol_key(&key) && !text.is_empty() && !self.seen.symbols.contains(text) {
            self.seen.symbols.push(text.clone());
        }
    }

    fn close_list(&mut self) {
        let Some(list) = self.stack.pop() else {
            return;
        };
        self.seen.empty_list |= list.elements == 0;
        let Some(outer) = self.stack.last_mut() else {
            return;
        };
        // Columns of objects in a list belong to the object around it.
        outer.columns.extend(list.columns);
        if !list.texts.is_empty() && !list.key.is_empty() {
            outer.columns.push((list.key, list.texts));
        }
    }

    fn close_object(&mut self) -> Result<()> {
        let symbol = self.symbol();
        let time = self.stack.iter().rev().find(|frame| is_time(&frame.key));
        let time = time.map(|frame| frame.key.clone());
        let Some(mut object) = self.stack.pop() else {
            return Ok(());
        };
        self.seen.empty_list |= object.elements == 0;
        self.check_code(&object.fields)?;
        if let Some(table) = Table::of(&mut object.columns, &mut object.index) {
            self.table = Some((table, symbol));
            return Ok(());
        }
        if !object.holds_more && !is_time(&object.key) && is_by_time(&object.fields) {
            self.add_column(object);
            return Ok(());
        }
        let mut fields = object.fields;
        for (key, texts) in &object.columns {
            let items = (0..texts.len()).map(|at| serde_json::from_slice(texts.get(at)).ok());
            fields.insert(key.clone(), Value::Array(items.flatten().collect()));
        }
        if !fields.is_empty() && (time.is_some() || is_whole_row(&fields)) {
            self.row = Some(self.named(fields, symbol, time));
        } else if let Some(outer) = self.stack.last_mut() {
            outer.columns.extend(object.columns);
        }
        Ok(())
    }

    /// Keeps an object of date -> value as a column of the object around it.
    fn add_column(&mut self, object: Frame) {
        let (mut keys, mut values) = (Texts::default(), Texts::default());
        for (key, value) in &object.fields {
            keys.push(Value::String(key.clone()).to_string().as_bytes());
            values.push(value.to_string().as_bytes());
        }
        if let Some(outer) = self.stack.last_mut() {
            outer.columns.push((object.key, values));
            outer.index.get_or_insert(keys);
        }
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
