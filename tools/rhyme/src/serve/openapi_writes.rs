//! What the description says of writing.

use serde_json::{Map, Value, json};

use super::writes::{Body, Given, WRITES, Write};

/// The paths of what can be written.
pub(super) fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for write in &WRITES {
        let path = paths
            .entry(format!("/v1/write/{}", write.what))
            .or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(write.method.to_lowercase(), operation(write));
        }
    }
    paths
}

/// How those who write show that they may.
pub(super) fn security() -> Value {
    json!({ "token": { "type": "http", "scheme": "bearer" } })
}

fn operation(write: &Write) -> Value {
    let parameters = write.options.iter().map(|given| {
        let (kind, required) = match given {
            Given::Flag(_) => ("boolean", false),
            Given::Needed(_) => ("string", true),
            Given::Option(_) | Given::Argument(_) => ("string", false),
        };
        json!({ "name": given.name(), "in": "query", "required": required, "schema": { "type": kind } })
    });
    let mut operation = json!({
        "operationId": write.name,
        "summary": write.about,
        "security": [{ "token": [] }],
        "parameters": parameters.collect::<Value>(),
        "responses": responses(),
    });
    let body = match write.body {
        Body::File => Some(file()),
        Body::Prototype => Some(json!({ "application/json": { "schema": prototype() } })),
        Body::None => None,
    };
    if let (Some(content), Some(operation)) = (body, operation.as_object_mut()) {
        let body = json!({ "required": true, "content": content });
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

/// A file of any kind that the command reads; its content says which.
fn file() -> Value {
    let text = json!({ "schema": { "type": "string" } });
    json!({ "text/csv": text, "application/json": {}, "application/octet-stream": {} })
}

fn prototype() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "Its name: `prototype:NAME` asks with it." },
            "windows": {
                "type": "array",
                "items": { "type": "string" },
                "minItems": 1,
                "description": "Windows of stored series, like BTCUSDT:1h@2021-05-19T14:00.",
            },
            "space": { "type": ["string", "null"], "description": "The space. Default: shape." },
        },
        "required": ["name", "windows"],
        "additionalProperties": false,
    })
}

fn responses() -> Value {
    let refused = |what: &str| {
        json!({
            "description": what,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } },
        })
    };
    json!({
        "200": {
            "description": "What was done: the report of the command, with what it says beside it under `notes`.",
            "content": { "application/json": { "schema": {
                "type": "object",
                "properties": { "notes": { "type": "array", "items": { "type": "string" } } },
                "required": ["notes"],
            } } },
        },
        "4XX": refused("Nothing was stored: 400 the body or an option is wrong, 401 the token is missing or another one, 403 this server changes nothing, 404 nothing of that name is stored, 408 the body came too slowly, 413 it is too long."),
        "500": refused("The database cannot be read or written."),
        "503": refused("Others write. Ask again after the time in Retry-After."),
    })
}
