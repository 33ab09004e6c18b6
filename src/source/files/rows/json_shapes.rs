//! What the parts of a JSON document are, told by their keys: rows, names of symbols, or what stands around them.

use std::cell::LazyCell;
use std::collections::HashMap;

use serde_json::{Map, Value};

/// Keys of lists of rows in the answers of APIs, in lower case; none of them is a symbol.
const LISTS: [&str; 32] = [
    "data",
    "rows",
    "result",
    "results",
    "list",
    "values",
    "candles",
    "candlesticks",
    "klines",
    "kline",
    "bars",
    "bar",
    "quotes",
    "quote",
    "prices",
    "ohlc",
    "ohlcv",
    "history",
    "historical",
    "items",
    "records",
    "entries",
    "articles",
    "feed",
    "news",
    "headlines",
    "response",
    "payload",
    "body",
    "day",
    "chart",
    "observations",
];
/// Keys of lists that name the fields of rows that are arrays.
const NAMES: [&str; 7] = [
    "columns",
    "columnnames",
    "fields",
    "header",
    "headers",
    "names",
    "schema",
];

/// A key in lower case without spaces and punctuation, and without the numbers of `1. open` and `1a. open (USD)`.
pub(super) fn plain(key: &str) -> String {
    let letters = without_number(key).chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The key without a number before it: `open` of `1. open`.
pub(super) fn without_number(key: &str) -> &str {
    let Some((number, name)) = key.split_once(". ") else {
        return key;
    };
    let digits = number.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number && number.len() <= digits.len() + 1 {
        name
    } else {
        key
    }
}

/// Whether a key is that of a time.
pub(super) fn is_time_key(key: &str) -> bool {
    let key = plain(key);
    let words = ["time", "date", "publish", "created", "stamp"];
    matches!(key.as_str(), "t" | "ts" | "ticks" | "unix")
        || words.iter().any(|word| key.contains(word))
            && key != "timezone"
            && !key.contains("updat")
}

/// Whether a key is that of a column of bars.
pub(super) fn is_bar_key(key: &str) -> bool {
    let words = ["open", "high", "low", "close", "volume", "adjclose"];
    let key = plain(key);
    words.contains(&key.as_str()) || matches!(key.as_str(), "o" | "h" | "l" | "c" | "v")
}

/// Whether a key is itself a time, as in an object of date -> fields.
pub(super) fn is_time(key: &str) -> bool {
    let bytes = key.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    match bytes.get(digits) {
        None => matches!(digits, 8 | 10 | 13),
        Some(b'-' | b'/' | b'.') => digits == 4 && (8..=40).contains(&bytes.len()),
        Some(_) => false,
    }
}

/// Whether a key is that of a list of rows, and so no symbol.
pub(super) fn is_list_key(key: &str) -> bool {
    LISTS.contains(&plain(key).as_str())
}

/// Whether a key names the list of the fields of rows.
pub(super) fn is_names_key(key: &str) -> bool {
    NAMES.contains(&plain(key).as_str())
}

/// Currencies that prices are in, which stand between a coin and its candles.
const CURRENCIES: [&str; 11] = [
    "USD", "EUR", "GBP", "JPY", "CNY", "KRW", "INR", "AUD", "CAD", "CHF", "USDT",
];

/// Whether a key is a symbol, as in an object of symbol -> rows.
pub(super) fn is_symbol(key: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || ".-_=^/:".contains(c);
    key.len() <= 32
        && key.contains(|c: char| c.is_ascii_uppercase())
        && key.chars().all(fits)
        && !is_list_key(key)
        && !CURRENCIES.contains(&key)
}

/// Whether a key says which symbol the rows beside it have.
pub(super) fn is_symbol_key(key: &str) -> bool {
    matches!(plain(key).as_str(), "symbol" | "ticker" | "instid")
}

/// Whether an object has what a bar or a headline needs.
pub(super) fn is_whole_row(object: &Map<String, Value>) -> bool {
    let has = |wanted: &[&str]| {
        object
            .keys()
            .any(|key| wanted.contains(&plain(key).as_str()))
    };
    let time = object
        .iter()
        .any(|(key, value)| is_time_key(key) && is_scalar(value));
    let bar = has(&["open", "o"]) && has(&["close", "c"]);
    time && (bar || has(&["title", "headline", "text"]))
}

/// Whether an object may be a row: it has a time or a vector.
pub(super) fn is_like_a_row(object: &Map<String, Value>) -> bool {
    object.iter().any(|(key, value)| {
        let vector = ["vector", "embedding"].contains(&plain(key).as_str());
        is_time_key(key) && is_scalar(value) || vector && value.is_array()
    })
}

/// Keys of what an answer says to people.
const MESSAGES: [&str; 11] = [
    "message",
    "msg",
    "error",
    "errmsg",
    "errormessage",
    "note",
    "information",
    "detail",
    "reason",
    "retmsg",
    "s",
];

/// Whether a field tells people that something went wrong.
pub(super) fn is_message(key: &str, value: &Value) -> bool {
    let Value::String(text) = value else {
        return false;
    };
    let fine = ["", "ok", "success"].contains(&text.to_lowercase().as_str());
    !fine && MESSAGES.contains(&plain(key).as_str())
}

/// Whether an object tells people that something went wrong.
pub(super) fn says_something(object: &Map<String, Value>) -> bool {
    object.iter().any(|(key, value)| is_message(key, value))
}

/// Whether a list or object in it is empty, as in answers that found nothing.
pub(super) fn has_an_empty_list(object: &Map<String, Value>) -> bool {
    object.values().any(|value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(inner) => inner.is_empty(),
        _ => false,
    })
}

/// Whether an object holds nothing but lists of values, which are columns whose times stand elsewhere.
pub(super) fn is_columns(object: &Map<String, Value>) -> bool {
    let is_column = |value: &Value| match value {
        Value::Array(items) => items.iter().all(is_scalar),
        _ => false,
    };
    !object.is_empty() && object.values().all(is_column)
}

/// Whether rows are inside of an object, which then is none itself.
pub(super) fn holds_rows(object: &Map<String, Value>) -> bool {
    if is_whole_row(object) {
        return false;
    }
    // Counted once: many lists may have a key of times.
    let lengths = LazyCell::new(|| lengths_of(object));
    object.iter().any(|(key, value)| match value {
        Value::Array(items) => match items.first() {
            Some(Value::Array(_)) => true,
            Some(Value::Object(first)) => is_like_a_row(first) || holds_rows(first),
            Some(_) => is_time_key(key) && lengths.get(&items.len()).is_some_and(|n| *n >= 2),
            None => false,
        },
        Value::Object(inner) => {
            is_time(key) || is_whole_row(inner) || holds_rows(inner) || is_by_time(inner)
        }
        _ => false,
    })
}

/// How many lists of values in an object, or below it, have each length.
fn lengths_of(object: &Map<String, Value>) -> HashMap<usize, usize> {
    fn count(value: &Value, lengths: &mut HashMap<usize, usize>) {
        match value {
            Value::Array(items) if items.iter().all(is_scalar) => {
                *lengths.entry(items.len()).or_default() += 1;
            }
            Value::Array(items) => items.iter().for_each(|item| count(item, lengths)),
            Value::Object(inner) => inner.values().for_each(|value| count(value, lengths)),
            _ => {}
        }
    }
    let mut lengths = HashMap::new();
    object.values().for_each(|value| count(value, &mut lengths));
    lengths
}

/// Whether the keys are times, or the numbers of rows.
pub(super) fn is_by_time(object: &Map<String, Value>) -> bool {
    let numbered = |(at, key): (usize, &String)| *key == at.to_string();
    !object.is_empty()
        && object.values().all(is_scalar)
        && (object.keys().all(|key| is_time(key)) || object.keys().enumerate().all(numbered))
}

pub(super) fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// The most bytes that the names may have that an object in a row gives to its fields.
const MAX_NAMES: usize = 1 << 16;

/// A row as columns: objects in it become columns like `source.name`, and the numbers of `1. open` go. Of the
/// keys `t` and `T`, which are the same column to a reader, the second is the symbol if it is a text, and the time
/// of the close if it is a number.
pub(super) fn flattened(row: Map<String, Value>) -> Map<String, Value> {
    let text = |key: &str| row.get(key).is_some_and(is_name);
    let two_times = row.contains_key("t") && row.contains_key("T");
    let plain_keys = !two_times && row.keys().all(|key| without_number(key).len() == key.len());
    if plain_keys && !row.values().any(Value::is_object) {
        return row;
    }
    let symbol = ["S", "T"].into_iter().find(|key| text(key));
    let mut flat = Map::new();
    for (key, value) in row {
        match value {
            Value::Object(inner) if key.len() * inner.len() <= MAX_NAMES => {
                for (sub, value) in inner {
                    flat.insert(format!("{key}.{sub}"), value);
                }
            }
            value if two_times && Some(key.as_str()) == symbol => {
                flat.insert("symbol".to_owned(), value);
            }
            value if two_times && key == "T" => {
                let name = if is_name(&value) {
                    "type"
                } else {
                    "close_time"
                };
                flat.insert(name.to_owned(), value);
            }
            value => {
                flat.insert(without_number(&key).to_owned(), value);
            }
        }
    }
    flat
}

/// Whether a value is a text with a letter, which no number and no time since 1970 is.
fn is_name(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.contains(|c: char| c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn keys_of_many_apis() {
        for (key, expected) in [
            ("1. open", "open"),
            ("1a. open (USD)", "openusd"),
            ("T.x", "tx"),
        ] {
            assert_eq!(plain(key), expected);
        }
        for time in [
            "2024-01-31",
            "2024-01-31 09:30:00",
            "1704067200",
            "1704067200000",
            "20240131",
        ] {
            assert!(is_time(time), "{time}");
        }
        for other in ["AAPL", "1. open", "0", "12", "2024", ""] {
            assert!(!is_time(other), "{other}");
        }
        for symbol in ["AAPL", "BRK.B", "BTC-USD", "XXBTZUSD", "1INCHUSDT", "^GSPC"] {
            assert!(is_symbol(symbol), "{symbol}");
        }
        for other in ["bars", "BARS", "USD", "next_page_token", "Data", "OHLC", ""] {
            assert!(!is_symbol(other), "{other}");
        }
    }

    #[test]
    fn rows_and_what_holds_them() {
        for holder in [
            json!({"bars": {"AAA": [{"t": 1, "o": 1, "c": 1}]}}),
            json!({"bars": {"AAA": {"t": 1, "o": 1, "c": 1}}}),
            json!({"code": "0", "data": [["1", "2"]]}),
            json!({"s": "ok", "t": [1, 2], "o": [1, 2]}),
            json!({"open": {"1704067200": 1.0}, "close": {"1704067200": 1.0}}),
            json!({"2024-01-31": {"1. open": "1"}}),
            json!({"timestamp": [1], "indicators": {"quote": [{"open": [1], "close": [1]}]}}),
        ] {
            assert!(holds_rows(&object(holder.clone())), "{holder}");
        }
        for row in [
            json!({"time": 1, "title": "x", "tickers": ["A", "B"]}),
            json!({"time": 1, "title": "x", "comments": [{"date": 1}]}),
            json!({"title": "x", "ticker_sentiment": [{"ticker": "A"}]}),
            json!({"a": 1, "b": {"c": 2}}),
            json!({"time": 1, "vector": [0.1, 0.2]}),
            json!({"status": "ok"}),
        ] {
            assert!(!holds_rows(&object(row.clone())), "{row}");
        }
    }

    #[test]
    fn objects_in_rows_are_columns() {
        let row = json!({"title": "x", "source": {"id": null, "name": "Wire"}, "1. open": 2});
        let flat = json!({"title": "x", "source.id": null, "source.name": "Wire", "open": 2});
        assert_eq!(Value::Object(flattened(object(row))), flat);
        let row = json!({"T": "AAA", "t": 1, "o": 2});
        assert_eq!(
            Value::Object(flattened(object(row))),
            json!({"symbol": "AAA", "t": 1, "o": 2})
        );
        let row = json!({"T": "b", "S": "AAA", "t": 1});
        assert_eq!(
            Value::Object(flattened(object(row))),
            json!({"type": "b", "symbol": "AAA", "t": 1})
        );
        // Binance: the time of the close is no symbol.
        let row = json!({"t": 1, "T": 2, "s": "AAA"});
        assert_eq!(
            Value::Object(flattened(object(row))),
            json!({"t": 1, "close_time": 2, "s": "AAA"})
        );
    }
}
