//! Columns of a JSON document that are objects of date -> value: `{"open": {"2024-01-02": 1}}`.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Such columns, joined by their keys. What a column lacks takes no memory.
#[derive(Default)]
pub(super) struct ByKey {
    names: Vec<String>,
    at: HashMap<String, usize>,
    rows: Vec<Row>,
}

/// The values of one key, each with the place of its column.
struct Row {
    key: String,
    values: Vec<(usize, Value)>,
}

impl ByKey {
    /// Adds a column. A key that other columns lack is a row of its own, where they have nothing.
    pub(super) fn add(&mut self, name: String, values: Map<String, Value>) {
        let column = self.names.len();
        self.names.push(name);
        for (key, value) in values {
            let row = match self.at.get(&key) {
                Some(row) => *row,
                None => {
                    self.at.insert(key.clone(), self.rows.len());
                    self.rows.push(Row {
                        key,
                        values: Vec::new(),
                    });
                    self.rows.len() - 1
                }
            };
            if let Some(row) = self.rows.get_mut(row) {
                row.values.push((column, value));
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a column has a name of this kind.
    pub(super) fn has(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.names.iter().any(|name| fits(name))
    }

    /// The key of a row.
    pub(super) fn key(&self, row: usize) -> Option<&str> {
        self.rows.get(row).map(|row| row.key.as_str())
    }

    /// The values of a row by the names of their columns.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (&str, Value)> {
        let values = self.rows.get(row).into_iter().flat_map(|row| &row.values);
        values.filter_map(|(column, value)| {
            let name = self.names.get(*column)?;
            Some((name.as_str(), value.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_column_lacks_takes_no_memory() {
        let mut columns = ByKey::default();
        for at in 0..100 {
            let values = json!({format!("2024-01-{at}"): at});
            columns.add(
                format!("c{at}"),
                values.as_object().cloned().unwrap_or_default(),
            );
        }
        assert_eq!(columns.len(), 100);
        let held: usize = columns.rows.iter().map(|row| row.values.len()).sum();
        assert_eq!(held, 100);
        assert_eq!(columns.row(99).collect::<Vec<_>>(), [("c99", json!(99))]);
    }
}
