//! What was met in a JSON document beside its rows: what it says about all of them, and why it may hold none.

use super::super::container::FilePlace;
use crate::error::{Error, Result, excerpt, shortened};

/// What was met on the way, for messages.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) rows: u64,
    /// Rows of which the document did not say the symbol before them.
    pub(super) without_symbol: bool,
    /// The first two symbols that it names.
    pub(super) symbols: Vec<String>,
    /// The path of the list that gave rows without a symbol, and of the first that gave none.
    pub(super) list: Option<String>,
    pub(super) passed_over: Option<String>,
    pub(super) empty_list: bool,
    /// Some of its keys, shortened.
    pub(super) keys: Vec<String>,
    /// What the document itself says to people: `msg` and its like.
    pub(super) messages: Vec<String>,
    /// About how many bytes are held for what is open.
    pub(super) held: usize,
}

impl Seen {
    pub(super) fn note_symbol(&mut self, symbol: &str) {
        if self.symbols.len() < 2 && self.symbols.iter().all(|known| known != symbol) {
            self.symbols.push(symbol.to_owned());
        }
    }

    /// The symbol of all rows, if the document names one; refuses a document without rows.
    pub(super) fn settle(&self, place: &FilePlace) -> Result<Option<String>> {
        if let [one, another, ..] = self.symbols.as_slice()
            && self.without_symbol
        {
            return Err(place.error(
                None,
                format!(
                    "this JSON document names several symbols, {} and {}, and its rows do not say which is theirs; give each row a field symbol, or each symbol a file",
                    excerpt(one),
                    excerpt(another)
                ),
            ));
        }
        if self.rows == 0 && !(self.empty_list && self.messages.is_empty()) {
            return Err(self.no_rows(place));
        }
        Ok(match self.symbols.as_slice() {
            [symbol] => Some(symbol.clone()),
            _ => None,
        })
    }

    fn no_rows(&self, place: &FilePlace) -> Error {
        let mut message = "found no rows in this JSON document".to_owned();
        if !self.keys.is_empty() {
            message.push_str(&format!(" with the keys {}", self.keys.join(", ")));
        }
        if !self.messages.is_empty() {
            message.push_str(&format!("; it says {}", self.messages.join(", ")));
        }
        if let Some(list) = &self.passed_over {
            message.push_str(&format!(
                "; its list {} has no times; if these are the rows, take them out with {}",
                shortened(list),
                jq(list, place)
            ));
        }
        message.push_str("; expected an array of rows, one object a line, or an object of one list of rows, of symbol -> rows, of date -> fields, or of columns like t, o, h, l, c");
        place.error(None, message)
    }
}

/// The error of a document with two lists of rows.
pub(super) fn several_lists(place: &FilePlace, one: &str, another: &str) -> Error {
    let message = format!(
        "this JSON document holds several lists of rows, {} and {}; take out the one that is meant, for example with {}",
        shortened(one),
        shortened(another),
        jq(one, place)
    );
    place.error(None, message)
}

/// The error of a document that names the fields of its rows, which are arrays, after them.
pub(super) fn names_after_rows(place: &FilePlace, object: &str, names: &str, rows: &str) -> Error {
    let (names, rows) = (shortened(names), shortened(rows));
    let order = match object {
        "." => format!("{{\"{names}\", \"{rows}\"}}"),
        object => format!("{} | {{\"{names}\", \"{rows}\"}}", shortened(object)),
    };
    let message = format!(
        "expected the names of the fields before the rows, found them in {names} behind {rows}; put them before with {}",
        jq(&order, place)
    );
    place.error(None, message)
}

/// What to type to have a list in a file of its own.
fn jq(list: &str, place: &FilePlace) -> String {
    format!("jq '{list}' '{}' > rows.json", place.path().display())
}
