//! Columns of a JSON document that are objects of date -> value: `{"open": {"2024-01-02": 1}}`.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Such columns, joined by their keys.
#[derive(Default)]
pub(super) struct ByKey {
    keys: Vec<String>,
    at: HashMap<String, usize>,
    columns: Vec<(String, Vec<Value>)>,
}

impl ByKey {
    /// Adds a column. A key that other columns lack is a row of its own, where they have nothing.
    pub(super) fn add(&mut self, name: String, values: Map<String, Value>) {
        let mut column = vec![Value::Null; self.keys.len()];
        for (key, value) in values {
            match self.at.get(&key) {
                Some(at) => {
                    if let Some(place) = column.get_mut(*at) {
                        *place = value;
                    }
                }
                None => {
                    self.at.insert(key.clone(), self.keys.len());
                    self.keys.push(key);
                    column.push(value);
                }
            }
        }
        self.columns.push((name, column));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether a column has a name of this kind.
    pub(super) fn has(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.columns.iter().any(|(name, _)| fits(name))
    }

    /// The key of a row.
    pub(super) fn key(&self, row: usize) -> Option<&str> {
        self.keys.get(row).map(String::as_str)
    }

    /// The values of a row by the names of their columns.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (&str, Value)> {
        let value = move |column: &[Value]| column.get(row).cloned().unwrap_or_default();
        let columns = self.columns.iter();
        columns.map(move |(name, column)| (name.as_str(), value(column)))
    }
}
