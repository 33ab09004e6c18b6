//! Listings by GET: `/v1/bars?series=BTCUSDT:1h&last=100`.

use std::collections::HashMap;
use std::sync::LazyLock;

use rhymedb::ask::{self, Question};
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The questions that take no more than names, numbers and times.
pub(super) const LISTINGS: [&str; 8] = [
    "series",
    "spaces",
    "bars",
    "headlines",
    "stats",
    "tags",
    "attributes",
    "prototypes",
];

/// Their requests, as schemas.
static REQUESTS: LazyLock<HashMap<&'static str, Value>> = LazyLock::new(|| {
    let all = ask::schemas().into_iter();
    let listings = all.filter(|s| LISTINGS.contains(&s.question));
    listings.map(|s| (s.question, s.request)).collect()
});

/// The options that fit into a URL, and their schemas.
pub(super) fn options(question: &str) -> impl Iterator<Item = (&'static String, &'static Value)> {
    let options = REQUESTS.get(question);
    let options = options.and_then(|request| request.get("properties")?.as_object());
    let options = options.into_iter().flatten();
    options.filter(|(_, schema)| !is(schema, "object"))
}

/// Whether a question has to say an option.
pub(super) fn is_required(question: &str, option: &str) -> bool {
    let required = REQUESTS
        .get(question)
        .and_then(|r| r.get("required")?.as_array());
    required.is_some_and(|names| names.iter().any(|name| name == option))
}

/// The question that a URL asks.
pub(super) fn question(name: &str, query: &str) -> Result<Question, Refusal> {
    let mut request = Map::new();
    for (option, text) in form_urlencoded::parse(query.as_bytes()) {
        let schema = options(name).find(|(known, _)| **known == *option);
        let value = schema.map_or_else(|| text.as_ref().into(), |(_, s)| value(s, &text));
        if request.insert(option.clone().into_owned(), value).is_some() {
            return Err(Refusal::bad_request(format!("expected {option} once")));
        }
    }
    let refused = |e| {
        Refusal::bad_request(format!(
            "{e}, in the options of {name}; GET /openapi.json lists them, and POST takes all of them as JSON"
        ))
    };
    match Question::read(name, Value::Object(request)) {
        Some(read) => read.map_err(refused),
        None => Err(Refusal::bad_request(format!("no question {name:?}"))),
    }
}

/// The value that a text stands for.
fn value(schema: &Value, text: &str) -> Value {
    let literal = || {
        let value: Value = serde_json::from_str(text).ok()?;
        let fits = (value.is_number() && (is(schema, "integer") || is(schema, "number")))
            || (value.is_boolean() && is(schema, "boolean"));
        fits.then_some(value)
    };
    literal().unwrap_or_else(|| text.into())
}

/// Whether values of that type fit a schema.
fn is(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(some)) => some.iter().any(|one| one == name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_url_asks_what_json_asks() {
        for (name, query, request) in [
            ("series", "", json!({})),
            ("series", "text=12", json!({"text": "12"})),
            (
                "bars",
                "series=BTCUSDT%3A1h&last=5&until=2021-05-19T12%3A00",
                json!({"series": "BTCUSDT:1h", "last": 5, "until": "2021-05-19T12:00"}),
            ),
            ("headlines", "symbol=BTC+X", json!({"symbol": "BTC X"})),
        ] {
            let read = Question::read(name, request).unwrap().unwrap();
            assert_eq!(question(name, query).unwrap(), read, "{query}");
        }
        for (name, query, message) in [
            ("bars", "", "missing field `series`"),
            (
                "bars",
                "series=X:1h&last=few",
                "invalid type: string \"few\"",
            ),
            ("series", "txt=a", "unknown field `txt`"),
            ("series", "text=a&text=b", "expected text once"),
        ] {
            let refusal = question(name, query).unwrap_err();
            assert!(refusal.message.contains(message), "{}", refusal.message);
        }
    }
}
