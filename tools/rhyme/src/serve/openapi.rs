//! The server's description as OpenAPI 3.1, made of the schemas of questions and answers.

use rhymedb::ask::{self, QuestionSchema};
use serde_json::{Map, Value, json};

use super::export;
use super::listing::{self, LISTINGS};
use super::openapi_writes;
use crate::schema_text::{about, make_plain};

const JSON: &str = "application/json";

pub(super) fn document() -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    let mut any = Vec::new();
    for schema in ask::schemas() {
        let question = schema.question;
        any.push(named_request(&schema));
        let about = about(&schema.request);
        let request = hoisted(schema.request, &mut schemas);
        let reply = hoisted(schema.reply, &mut schemas);
        let mut path = Map::new();
        let post = json!({
            "operationId": question,
            "summary": about,
            "requestBody": json_body(&request),
            "responses": responses(JSON, &reply),
        });
        path.insert("post".to_owned(), post);
        if LISTINGS.contains(&question) {
            let get = json!({
                "operationId": format!("get-{question}"),
                "summary": about,
                "parameters": parameters(question),
                "responses": responses(JSON, &reply),
            });
            path.insert("get".to_owned(), get);
        }
        paths.insert(format!("/v1/{question}"), path.into());
    }
    let any = any.into_iter().map(|s| hoisted(s, &mut schemas)).collect();
    schemas.insert("Question".to_owned(), json!({ "oneOf": Value::Array(any) }));
    schemas.insert("Refusal".to_owned(), refusal());
    paths.insert("/v1/ask".to_owned(), ask_path());
    paths.extend(exports());
    paths.extend(openapi_writes::paths());
    paths.extend(others());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "rhyme serve",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Questions to a RhymeDB database. Every answer is what `rhyme --format json` prints. Nothing can be changed, unless the server lets those write who have a token.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://localhost:7878" }],
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": openapi_writes::security() },
    });
    make_plain(&mut document);
    document
}

/// A request with the name of its question in it, as `/v1/ask` takes it.
fn named_request(schema: &QuestionSchema) -> Value {
    let mut request = schema.request.clone();
    let Some(rules) = request.as_object_mut() else {
        return request;
    };
    if let Some(Value::String(title)) = rules.get_mut("title") {
        title.insert_str(0, "Named");
    }
    let properties = rules.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("question".to_owned(), json!({ "const": schema.question }));
    }
    let required = rules.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        required.push("question".into());
    }
    request
}

/// Moves a schema, and those that it defines, to the components of the document. Returns the reference.
fn hoisted(mut schema: Value, into: &mut Map<String, Value>) -> Value {
    point_at_components(&mut schema);
    let mut name = String::new();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
        if let Some(Value::Object(definitions)) = schema.remove("$defs") {
            into.extend(definitions);
        }
        let title = schema.remove("title");
        name = title
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
    }
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    into.insert(name, schema);
    reference
}

fn point_at_components(schema: &mut Value) {
    match schema {
        Value::Object(rules) => {
            for (key, rule) in rules {
                match rule {
                    Value::String(to) if key == "$ref" => {
                        *to = to.replace("#/$defs/", "#/components/schemas/");
                    }
                    rule => point_at_components(rule),
                }
            }
        }
        Value::Array(rules) => rules.iter_mut().for_each(point_at_components),
        _ => {}
    }
}

fn json_body(schema: &Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

fn responses(kind: &str, reply: &Value) -> Value {
    let refused = |what: &str| {
        json!({
            "description": what,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } },
        })
    };
    json!({
        "200": {
            "description": "The answer.",
            "content": { kind: { "schema": reply } },
        },
        "4XX": refused("The request cannot be answered: 400 it says something wrong, 403 its sender may not ask, 404 nothing of that name is stored, 408 its body came too slowly, 413 its body is too long, 415 it is no JSON, 429 this client asks too much at once."),
        "500": refused("The database cannot be read."),
        "503": refused("Too many questions wait. Ask again after the time in Retry-After."),
        "504": refused("The answer took longer than the server allows."),
    })
}

fn refusal() -> Value {
    json!({
        "type": "object",
        "properties": { "error": {
            "type": "object",
            "properties": {
                "kind": { "type": "string", "description": "The kind of error, for programs." },
                "message": { "type": "string", "description": "What was expected, what came and what to do." },
            },
            "required": ["kind", "message"],
        }},
        "required": ["error"],
    })
}

/// The options of a listing in its URL.
fn parameters(question: &str) -> Value {
    let options = listing::options(question).map(|(name, schema)| {
        let mut schema = schema.clone();
        point_at_components(&mut schema);
        json!({ "name": name, "in": "query", "required": listing::is_required(question, name), "schema": schema })
    });
    options.collect()
}

fn ask_path() -> Value {
    let question = json!({ "$ref": "#/components/schemas/Question" });
    json!({ "post": {
        "operationId": "ask",
        "summary": "Any question, with its name under `question`.",
        "requestBody": json_body(&question),
        // The answer is that of the path of the question's name.
        "responses": responses(JSON, &json!({ "type": "object" })),
    }})
}

/// Tables as Arrow.
fn exports() -> Map<String, Value> {
    let paths = export::TABLES.map(|(table, counted, options)| {
        let parameters = options.iter().map(|option| {
            json!({ "name": option, "in": "query", "required": false, "schema": { "type": "string" } })
        });
        let path = json!({ "get": {
            "operationId": counted,
            "summary": format!("The {table} of series (SYMBOL:INTERVAL, with commas; default: all) as an Arrow stream."),
            "parameters": parameters.collect::<Value>(),
            "responses": responses(export::KIND, &json!({})),
        }});
        (format!("/v1/export/{table}"), path)
    });
    paths.into_iter().collect()
}

/// What is no question.
fn others() -> Map<String, Value> {
    let get = |id: &str, about: &str, kind: &str, schema: Value| {
        json!({ "get": {
            "operationId": id,
            "summary": about,
            "responses": {
                "200": { "description": about, "content": { kind: { "schema": schema } } },
                "4XX": { "description": "Its sender may not ask." },
                "503": { "description": "The database cannot be read." },
            },
        }})
    };
    let text = || json!({ "type": "string" });
    let plain = "text/plain";
    [
        ("/", get("page", "A page for people.", "text/html", text())),
        (
            "/healthz",
            get(
                "health",
                "Whether the database can be read.",
                JSON,
                json!({ "type": "object" }),
            ),
        ),
        (
            "/metrics",
            get("metrics", "Counters for Prometheus.", plain, text()),
        ),
        (
            "/openapi.json",
            get(
                "openapi",
                "This document.",
                JSON,
                json!({ "type": "object" }),
            ),
        ),
        (
            "/v1/schemas",
            get(
                "schemas",
                "The JSON schemas of every question and answer.",
                JSON,
                json!({ "type": "array" }),
            ),
        ),
    ]
    .map(|(path, item)| (path.to_owned(), item))
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "tests"
    )]

    use std::collections::HashMap;
    use std::path::PathBuf;

    use super::*;

    /// The description that clients are written against; `RHYME_GOLDEN=write` writes it anew.
    #[test]
    fn the_description_is_the_one_that_is_committed() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        if std::env::var_os("RHYME_GOLDEN").is_some_and(|v| v == "write") {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed.replace("\r\n", "\n") == text,
            "docs/openapi.json is not what the server takes and gives; RHYME_GOLDEN=write cargo test -p rhyme --lib openapi writes it"
        );
    }

    /// Two schemas of one name would be one in the document.
    #[test]
    fn a_name_means_one_schema() {
        let mut seen: HashMap<String, Value> = HashMap::new();
        let mut check = |name: &str, schema: &Value| {
            let before = seen.insert(name.to_owned(), schema.clone());
            assert!(
                before.is_none_or(|b| b == *schema),
                "{name} means two things"
            );
        };
        for schema in ask::schemas() {
            for side in [schema.request, schema.reply] {
                let definitions = side.get("$defs").and_then(Value::as_object);
                for (name, definition) in definitions.into_iter().flatten() {
                    check(name, definition);
                }
                let mut own = side.clone();
                own.as_object_mut()
                    .unwrap()
                    .retain(|key, _| key != "$defs" && key != "$schema" && key != "title");
                assert!(side["title"].is_string());
                // A definition of the same name has no title.
                check(side["title"].as_str().unwrap(), &own);
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_question_has_a_path() {
        let document = document();
        let mut references = 0;
        let mut to_do = vec![&document];
        while let Some(value) = to_do.pop() {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(to)) = object.get("$ref") {
                        let pointer = to.trim_start_matches('#');
                        assert!(document.pointer(pointer).is_some(), "{to}");
                        references += 1;
                    }
                    to_do.extend(object.values());
                }
                Value::Array(list) => to_do.extend(list),
                Value::String(text) => assert!(!text.contains("```"), "{text}"),
                _ => {}
            }
        }
        assert!(references > 100, "{references}");
        for name in rhymedb::ask::Question::NAMES {
            let path = format!("/v1/{name}");
            let summary = document["paths"][&path]["post"]["summary"].as_str();
            assert!(
                summary.is_some_and(|s| s.len() > 20 && !s.contains('[')),
                "{name}: {summary:?}"
            );
        }
    }
}
