//! Answers as values: what `last` means in the shell, and what goes into files.

use std::path::Path;

use rhymedb::files::{TableColumn, TableWriter};
use rhymedb::{Error, Timestamp};
use serde_json::Value;

use crate::failure::Outcome;
use crate::text::text;

/// The rows of a listing. A row that has `market`, `venue`, `symbol` and `interval` names a
/// series, and with `end` a window.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The keys that are printed, in order.
    keys: Vec<String>,
    rows: Vec<Value>,
}

impl Answer {
    pub(crate) fn new(keys: Vec<String>, rows: Vec<Value>) -> Self {
        Self { keys, rows }
    }

    /// The keys that are printed, in order.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(crate) fn rows(&self) -> &[Value] {
        &self.rows
    }

    /// The rows of a JSON answer: the value itself if it is a list of objects, else the first
    /// such list in it. `None` if there is none: a single record is no answer to come back to.
    pub(crate) fn of_json(value: &Value) -> Option<Self> {
        let rows_of = |value: &Value| {
            let rows = value.as_array()?;
            rows.iter().all(Value::is_object).then(|| rows.clone())
        };
        let rows = rows_of(value).or_else(|| value.as_object()?.values().find_map(rows_of))?;
        let mut keys: Vec<String> = Vec::new();
        for row in rows.iter().filter_map(Value::as_object) {
            for (key, value) in row {
                // What is nested has no column.
                if !value.is_object() && !keys.contains(key) {
                    keys.push(key.clone());
                }
            }
        }
        Some(Self { keys, rows })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The target that a row names, counted from 1.
    pub(crate) fn target(&self, number: usize) -> Outcome<String> {
        let row = number.checked_sub(1).and_then(|i| self.rows.get(i));
        let Some(row) = row else {
            return Err(Error::Invalid(format!(
                "expected last[1] to last[{}], found last[{number}]",
                self.rows.len()
            ))
            .into());
        };
        let text = |key: &str| row.get(key).and_then(Value::as_str);
        let named = (
            text("market"),
            text("venue"),
            text("symbol"),
            text("interval"),
        );
        let (Some(market), Some(venue), Some(symbol), Some(interval)) = named else {
            return Err(Error::Invalid(format!(
                "row {number} of the last answer names no series, so last[{number}] is no target"
            ))
            .into());
        };
        let time = text("end").map(|end| format!("@{end}"));
        Ok(format!(
            "{market}/{venue}/{symbol}:{interval}{}",
            time.unwrap_or_default()
        ))
    }

    /// Writes it to a file of the kind that its name says. Returns the number of rows.
    pub(crate) fn write(&self, path: &Path, replace: bool) -> Outcome<u64> {
        let mut table = TableWriter::create(path, replace)?;
        let columns: Vec<(&str, TableColumn)> = self
            .keys
            .iter()
            .map(|key| (key.as_str(), self.column(key)))
            .collect();
        table.write(&columns)?;
        Ok(table.finish()?)
    }

    /// The values of a key, with the narrowest type that all of them have.
    fn column(&self, key: &str) -> TableColumn {
        let values = || {
            self.rows
                .iter()
                .map(|row| row.get(key).filter(|v| !v.is_null()))
        };
        let all = |is: fn(&Value) -> bool| values().flatten().all(is);
        if values().flatten().next().is_none() {
            return TableColumn::Text(vec![None; self.rows.len()]);
        }
        if all(Value::is_boolean) {
            return TableColumn::Flag(values().map(|v| v?.as_bool()).collect());
        }
        if all(Value::is_i64) {
            return TableColumn::Whole(values().map(|v| v?.as_i64()).collect());
        }
        if all(Value::is_number) {
            return TableColumn::Number(values().map(|v| v?.as_f64()).collect());
        }
        if all(|v| time(v).is_some()) {
            return TableColumn::Time(values().map(|v| time(v?)).collect());
        }
        TableColumn::Text(values().map(|v| v.map(text)).collect())
    }
}

/// A moment as answers write it, to the second or finer and in UTC.
fn time(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let like = text.contains('T') && text.ends_with('Z');
    text.parse().ok().filter(|_| like)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn answer() -> Answer {
        Answer::of_json(&json!({
            "query": { "target": "X" },
            "hits": [
                { "rank": 1, "score": 0.5, "market": "crypto", "venue": "x", "symbol": "BTC",
                  "interval": "1h", "end": "2021-05-19T12:00:00Z", "note": null },
                { "rank": 2, "score": 1, "market": "crypto", "venue": "x", "symbol": "ETH",
                  "interval": "1h", "end": "2021-05-20T12:00:00Z", "note": "T..Z" },
            ],
        }))
        .unwrap()
    }

    #[test]
    fn rows_name_targets() {
        let answer = answer();
        assert_eq!(
            answer.target(2).unwrap(),
            "crypto/x/ETH:1h@2021-05-20T12:00:00Z"
        );
        for outside in [0, 3] {
            assert!(answer.target(outside).is_err());
        }
        let series = json!([{"market": "m", "venue": "v", "symbol": "S", "interval": "1d"}]);
        let series = Answer::of_json(&series).unwrap();
        assert_eq!(series.target(1).unwrap(), "m/v/S:1d");
        assert!(Answer::of_json(&json!({"bars": 3})).is_none());
        let other = Answer::of_json(&json!([{"text": "news"}])).unwrap();
        assert!(other.target(1).is_err());
    }

    #[test]
    fn columns_get_the_narrowest_type() {
        let answer = answer();
        assert_eq!(
            answer.column("rank"),
            TableColumn::Whole(vec![Some(1), Some(2)])
        );
        let scores = TableColumn::Number(vec![Some(0.5), Some(1.0)]);
        assert_eq!(answer.column("score"), scores);
        assert!(matches!(answer.column("end"), TableColumn::Time(_)));
        let notes = TableColumn::Text(vec![None, Some("T..Z".to_owned())]);
        assert_eq!(answer.column("note"), notes);
    }
}
