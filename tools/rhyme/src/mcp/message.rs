//! Messages of JSON-RPC 2.0.

use serde_json::{Value, json};

pub(super) const PARSE_ERROR: i32 = -32700;
pub(super) const INVALID_REQUEST: i32 = -32600;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;

/// A message of the client.
pub(super) enum Message {
    Request {
        id: Value,
        method: String,
        params: Value,
    },
    Notification {
        method: String,
        params: Value,
    },
    /// To what was never asked.
    Answer,
    Wrong {
        id: Value,
        why: &'static str,
    },
}

impl Message {
    pub(super) fn of(mut message: Value) -> Self {
        let mut take = |key: &str| message.get_mut(key).map(Value::take);
        let id = take("id");
        let method = take("method");
        let params = take("params").unwrap_or_default();
        let is_answer = take("result").is_some() || take("error").is_some();
        let version = take("jsonrpc");
        let fit = |id: &Value| id.is_string() || id.is_number();
        match (version.as_ref().and_then(Value::as_str), method, id) {
            (Some("2.0"), Some(Value::String(method)), None) => {
                Self::Notification { method, params }
            }
            (Some("2.0"), Some(Value::String(method)), Some(id)) if fit(&id) => {
                Self::Request { id, method, params }
            }
            (Some("2.0"), None, _) if is_answer => Self::Answer,
            (_, _, id) => Self::Wrong {
                id: id.filter(fit).unwrap_or_default(),
                why: "expected a request of JSON-RPC 2.0 with jsonrpc, id and method",
            },
        }
    }
}

pub(super) fn result(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

pub(super) fn error(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
