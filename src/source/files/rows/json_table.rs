//! Rows that a JSON document holds as columns: `{"t": [1, 2], "o": [3, 4]}`.

use serde_json::{Map, Value};

use super::json_columns::ByKey;
use super::json_shapes::{is_names_key, is_time_key};
use super::texts::Texts;
use crate::error::shortened;

/// Columns of one length, given row by row.
pub(super) struct Table {
    columns: Vec<(String, Texts)>,
    by_key: ByKey,
    /// The keys of `by_key` are the times.
    keys_are_times: bool,
    len: usize,
    given: usize,
}

impl Table {
    /// The columns of an object; `None` if no column has times, or nothing is beside them.
    ///
    /// # Errors
    /// Why the columns do not belong together.
    pub(super) fn of(
        columns: &mut Vec<(String, Texts)>,
        by_key: &mut ByKey,
    ) -> Result<Option<Self>, String> {
        let times = columns.iter().find(|(key, _)| is_time_key(key));
        let (len, like) = match (times, by_key.is_empty()) {
            (_, false) => (by_key.len(), "the objects beside it"),
            (Some((key, times)), _) => (times.len(), key.as_str()),
            (None, true) => return Ok(None),
        };
        let by_date = !by_key.is_empty();
        let fits = |(_, column): &&(String, Texts)| !by_date && column.len() == len;
        let keys_are_times = by_date && !by_key.has(is_time_key);
        if !by_date && columns.iter().filter(fits).count() < 2 {
            return Ok(None);
        }
        let other = |column: &&(String, Texts)| !fits(column) && !is_names_key(&column.0);
        if let Some((key, column)) = columns.iter().find(other) {
            let (key, like) = (shortened(key), shortened(like));
            return Err(match by_date {
                true => format!(
                    "expected an object of date -> value for {key} as for the columns beside it, found a list of {}; leave it out with jq 'del(.. | .\"{key}\"?)', if it is no column",
                    column.len()
                ),
                false => format!(
                    "expected {len} values in the column {key} as in {like}, found {}; fetch the file again, or leave it out with jq 'del(.. | .\"{key}\"?)', if it is no column",
                    column.len()
                ),
            });
        }
        let mut table = std::mem::take(columns);
        table.retain(|(key, column)| !by_date && (column.len() == len || !is_names_key(key)));
        Ok(Some(Self {
            columns: table,
            by_key: std::mem::take(by_key),
            keys_are_times,
            len,
            given: 0,
        }))
    }

    pub(super) fn next(&mut self) -> Option<Result<Map<String, Value>, String>> {
        if self.given == self.len {
            return None;
        }
        let at = self.given;
        self.given += 1;
        let time = self.by_key.key(at).filter(|_| self.keys_are_times);
        let time = time.map(|key| Ok(("time".to_owned(), Value::String(key.to_owned()))));
        let values = self.by_key.row(at);
        let values = values.map(|(name, value)| Ok((name.to_owned(), value)));
        let lists = self.columns.iter().map(|(key, column)| {
            let value = serde_json::from_slice(column.get(at));
            let value = value.map_err(|e| format!("expected a value as {key}, found {e}"))?;
            Ok((key.clone(), value))
        });
        Some(time.into_iter().chain(values).chain(lists).collect())
    }
}
