//! What is open where the stream of a JSON document stands: lists and objects, and what they say about the
//! rows inside.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::json_columns::ByKey;
use super::json_shapes::is_symbol;
use super::texts::Texts;

/// An open list or object.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) is_list: bool,
    pub(super) key: String,
    /// Elements so far.
    pub(super) elements: u64,
    /// The values of an object that are no lists and no objects.
    pub(super) fields: Map<String, Value>,
    /// The first of these that says a symbol.
    pub(super) symbol: Option<Rc<str>>,
    /// Lists of such values, by their keys.
    pub(super) columns: Vec<(String, Texts)>,
    /// Objects of date -> value, which are columns as well.
    pub(super) by_key: ByKey,
    /// What a list says about the names of the fields of arrays.
    pub(super) names: Option<Names>,
    /// The list of arrays inside that were given before any names were known, and how many fields they have.
    pub(super) unnamed: Option<(String, usize)>,
    /// The values of a list.
    pub(super) texts: Texts,
    /// Whether lists or objects were inside.
    pub(super) holds_more: bool,
    /// What is known of the elements of a list, once the first was seen.
    pub(super) rows: Option<OfRows>,
    /// About how many bytes are held for it.
    pub(super) held: usize,
}

/// The names of the fields of rows that are arrays.
pub(super) type Names = Rc<Vec<String>>;

/// What holds for all elements of a list.
#[derive(Clone)]
pub(super) struct OfRows {
    /// Whether they are rows.
    pub(super) are_rows: bool,
    /// The symbol that the document names around them.
    pub(super) symbol: Option<Rc<str>>,
    pub(super) names: Option<Names>,
}

/// The symbol of the rows here: a key around them, or a field beside them if there are several of them.
pub(super) fn symbol_of(stack: &[Frame]) -> Option<Rc<str>> {
    let first_list = stack.iter().position(|frame| frame.is_list);
    let frames = stack.iter().enumerate().rev();
    let mut named = frames.filter_map(|(depth, frame)| {
        let in_list = first_list.is_some_and(|list| list < depth);
        let field = frame.symbol.clone().filter(|_| in_list);
        let key = || Some(frame.key.as_str()).filter(|key| is_symbol(key));
        field.or_else(|| key().map(Rc::from))
    });
    named.next()
}

/// The names of the fields of arrays, if the document lists them before.
pub(super) fn names_of(stack: &[Frame]) -> Option<Names> {
    stack.iter().rev().find_map(|frame| frame.names.clone())
}

/// Where the innermost list is, as `jq` writes it.
pub(super) fn path_of(stack: &[Frame]) -> String {
    let mut path = String::new();
    let mut inside_list = false;
    for frame in stack {
        if inside_list {
            path.push_str("[]");
        }
        if !frame.key.is_empty() {
            let letters = |b: u8| b.is_ascii_alphabetic() || b == b'_';
            let key = &frame.key;
            path.push_str(&match key.bytes().all(letters) {
                true => format!(".{key}"),
                false => format!(".\"{key}\""),
            });
        }
        inside_list = frame.is_list;
    }
    match path.is_empty() {
        true => ".".to_owned(),
        false => path,
    }
}
