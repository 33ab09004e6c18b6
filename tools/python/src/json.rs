//! Reports of the library as JSON.

use rhymedb::{Error, Result};
use serde::Serialize;
use serde_json::Value;

pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| none(&e))
}

pub(crate) fn value(report: &impl Serialize) -> Result<Value> {
    serde_json::to_value(report).map_err(|e| none(&e))
}

fn none(error: &serde_json::Error) -> Error {
    Error::Internal(format!("an answer has no JSON: {error}"))
}

/// A report with one more field.
pub(crate) fn with(mut report: Value, name: &str, added: Value) -> Value {
    if let Some(fields) = report.as_object_mut() {
        fields.insert(name.to_owned(), added);
    }
    report
}
