//! Rows that a JSON document holds as columns: `{"t": [1, 2], "o": [3, 4]}`.

use serde_json::{Map, Value};

use super::json_shapes::is_time_key;
use super::texts::Texts;

/// Columns of one length, given row by row.
pub(super) struct Table {
    columns: Vec<(String, Texts)>,
    len: usize,
    given: usize,
}

impl Table {
    /// The columns that are as long as that of the times; `None` if there is no such column, or nothing beside
    /// it. `index` has the times if no column has.
    pub(super) fn of(
        columns: &mut Vec<(String, Texts)>,
        index: &mut Option<Texts>,
    ) -> Option<Self> {
        let times = columns.iter().find(|(key, _)| is_time_key(key));
        let len = match (times, index.as_ref()) {
            (Some((_, times)), _) => times.len(),
            (None, Some(index)) => index.len(),
            (None, None) => return None,
        };
        let fits = |(_, column): &(String, Texts)| column.len() == len;
        let from_index = times.is_none();
        if columns.iter().filter(|c| fits(c)).count() + usize::from(from_index) < 2 {
            return None;
        }
        let mut table = std::mem::take(columns);
        table.retain(fits);
        if let Some(index) = index.take().filter(|_| from_index) {
            table.insert(0, ("time".to_owned(), index));
        }
        Some(Self {
            columns: table,
            len,
            given: 0,
        })
    }

    pub(super) fn next(&mut self) -> Option<Result<Map<String, Value>, String>> {
        if self.given == self.len {
            return None;
        }
        let at = self.given;
        self.given += 1;
        let fields = self.columns.iter().map(|(key, column)| {
            let value = serde_json::from_slice(column.get(at));
            let value = value.map_err(|e| format!("expected a value as {key}, found {e}"))?;
            Ok((key.clone(), value))
        });
        Some(fields.collect())
    }
}
