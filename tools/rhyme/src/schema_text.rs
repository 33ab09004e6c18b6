//! Schemas of questions for readers who do not program in Rust.

use serde_json::Value;

/// What a request is for, without what only readers of the library understand.
#[cfg(feature = "serve")]
pub(crate) fn about(request: &Value) -> String {
    let text = request.get("description").and_then(Value::as_str);
    let text = text.unwrap_or_default().split("\n\n").next();
    let mut text = text.unwrap_or_default().replace('\n', " ");
    for reference in [": see [", " See ["] {
        text.truncate(text.find(reference).unwrap_or(text.len()));
    }
    format!("{}.", text.trim_end_matches('.'))
}

/// Takes the programs in Rust out of descriptions that the library's documentation has.
pub(crate) fn make_plain(value: &mut Value) {
    match value {
        Value::Object(rules) => {
            for (key, rule) in rules {
                match rule {
                    Value::String(text) if key == "description" => {
                        let words = text.split("\n\n```").next().unwrap_or_default();
                        *text = words.replace("[`", "`").replace("`]", "`");
                    }
                    rule => make_plain(rule),
                }
            }
        }
        Value::Array(rules) => rules.iter_mut().for_each(make_plain),
        _ => {}
    }
}
