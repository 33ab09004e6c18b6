//! JSON documents as the texts of their rows. A row is parsed when it is its turn: a tree of all
//! values may take ninety times the memory of the text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::container::Place;
use super::step::Facts;
use crate::error::{Result, shortened};

/// Texts one after the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    all: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text at `at`, empty past the end.
    pub(super) fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let end = self.ends.get(at).copied().unwrap_or_default();
        let range = start.copied().unwrap_or_default()..end;
        self.all.get(range).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Texts, A::Error> {
        let mut texts = Texts::default();
        while let Some(row) = rows.next_element::<&RawValue>()? {
            texts.all.extend_from_slice(row.get().as_bytes());
            texts.ends.push(texts.all.len());
        }
        Ok(texts)
    }
}

/// An answer of Bybit's market API, or the `result` of one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    ret_code: Option<&'a RawValue>,
    #[serde(borrow)]
    ret_msg: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    category: Option<&'a RawValue>,
    #[serde(borrow)]
    symbol: Option<&'a RawValue>,
    #[serde(borrow)]
    list: Option<&'a RawValue>,
}

/// Whether an object is an answer of Bybit, or the `result` of one.
pub(super) fn is_answer(object: &Map<String, Value>) -> bool {
    object.contains_key("retCode") || object.get("list").is_some_and(Value::is_array)
}

/// The rows of a document: an array, or the list in an answer of Bybit's market API.
pub(super) fn read_document(text: &[u8], place: &Place) -> Result<(Texts, Facts)> {
    let invalid =
        |e: serde_json::Error| place.error(Some(e.line() as u64), format!("not valid JSON: {e}"));
    if text.trim_ascii_start().starts_with(b"[") {
        let rows = serde_json::from_slice(text).map_err(invalid)?;
        return Ok((rows, Facts::default()));
    }
    let answer: Answer<'_> = serde_json::from_slice(text).map_err(invalid)?;
    if answer.ret_code.is_none() && !answer.list.is_some_and(is_array) {
        return Err(place.error(
            None,
            "expected a JSON array of rows, one JSON object a line, or an answer of Bybit",
        ));
    }
    check_code(&answer, place)?;
    let result = match answer.result {
        Some(result) if result.get().starts_with('{') => {
            serde_json::from_str(result.get()).map_err(invalid)?
        }
        _ => answer,
    };
    let facts = Facts {
        symbol: text_of(result.symbol).filter(|s| !s.is_empty()),
        bybit_category: text_of(result.category)
            .filter(|c| ["spot", "linear", "inverse"].contains(&c.as_str())),
    };
    match result.list.filter(|list| is_array(list)) {
        Some(list) => Ok((serde_json::from_str(list.get()).map_err(invalid)?, facts)),
        None => Err(place.error(
            None,
            "expected result.list in the answer of Bybit, found none",
        )),
    }
}

fn is_array(value: &RawValue) -> bool {
    value.get().starts_with('[')
}

fn text_of(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

fn check_code(answer: &Answer<'_>, place: &Place) -> Result<()> {
    let Some(code) = answer.ret_code.map(RawValue::get).filter(|c| *c != "0") else {
        return Ok(());
    };
    let message = text_of(answer.ret_msg);
    Err(place.error(
        None,
        format!(
            "this is an error that Bybit answered (retCode {}: {}); fetch the candles again",
            shortened(code),
            shortened(message.as_deref().unwrap_or("no message"))
        ),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Texts;

    #[test]
    fn texts_keep_their_places() {
        let texts: Texts = serde_json::from_str(r#" [1, [2, "]"] , {"a":[]},"" ]"#).unwrap();
        let all: Vec<&[u8]> = (0..5).map(|at| texts.get(at)).collect();
        assert_eq!(texts.len(), 4);
        assert_eq!(all, [&b"1"[..], b"[2, \"]\"]", b"{\"a\":[]}", b"\"\"", b""]);
        assert!(serde_json::from_str::<Texts>("[]").unwrap().is_empty());
        assert!(serde_json::from_str::<Texts>("{}").is_err());
    }
}
