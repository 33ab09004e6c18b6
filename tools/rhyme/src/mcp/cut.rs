//! Answers of a bounded size. Whole rows are left out, and what was left out is said.

use serde_json::Value;

/// The most rows of a list.
pub(super) const ROWS: usize = 50;
/// The most bytes of an answer as JSON.
pub(super) const BYTES: usize = 32 << 10;

/// What was left out.
pub(super) struct Cut {
    /// A sentence for each list.
    pub(super) said: Vec<String>,
    /// The rows of each list before: the name of the list and their number.
    pub(super) lengths: Vec<(String, usize)>,
}

/// Leaves rows out until the answer is short enough.
pub(super) fn to_fit(answer: &mut Value) -> Cut {
    let mut lengths = Vec::new();
    note_lengths(answer, &mut lengths);
    let mut most = ROWS;
    shorten(answer, most);
    while most > 1 && answer.to_string().len() > BYTES {
        most /= 2;
        shorten(answer, most);
    }
    if answer.to_string().len() > BYTES {
        shorten_texts(answer);
    }
    let said = lengths.iter().filter(|(_, rows)| *rows > most);
    let said = said.map(|(name, rows)| {
        format!("cut: {name} has {rows} rows, of which the first {most} follow")
    });
    let said = said.collect();
    Cut { said, lengths }
}

/// The lists of an answer, not those in their rows.
fn note_lengths(answer: &Value, into: &mut Vec<(String, usize)>) {
    for (name, value) in answer.as_object().into_iter().flatten() {
        match value {
            Value::Array(rows) => into.push((name.clone(), rows.len())),
            other => note_lengths(other, into),
        }
    }
}

fn shorten(value: &mut Value, most: usize) {
    match value {
        Value::Array(rows) => {
            rows.truncate(most);
            rows.iter_mut().for_each(|row| shorten(row, most));
        }
        Value::Object(object) => object.values_mut().for_each(|v| shorten(v, most)),
        _ => {}
    }
}

/// Long texts in the last row that is left.
fn shorten_texts(value: &mut Value) {
    const CHARS: usize = 500;
    match value {
        Value::String(text) if text.chars().nth(CHARS).is_some() => {
            let beginning: String = text.chars().take(CHARS).collect();
            *text = format!("{beginning}... (cut)");
        }
        Value::Array(rows) => rows.iter_mut().for_each(shorten_texts),
        Value::Object(object) => object.values_mut().for_each(shorten_texts),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_cut_by_rows_and_say_so() {
        let mut short = json!({ "hits": [1, 2, 3], "notes": [] });
        let before = short.clone();
        assert!(to_fit(&mut short).said.is_empty());
        assert_eq!(short, before);

        let mut long = json!({ "query": { "of": [1] }, "hits": (0..200).collect::<Vec<_>>() });
        let cut = to_fit(&mut long);
        assert_eq!(
            cut.said,
            ["cut: hits has 200 rows, of which the first 50 follow"]
        );
        assert_eq!(
            cut.lengths,
            [("of".to_owned(), 1), ("hits".to_owned(), 200)]
        );
        assert_eq!(long["hits"].as_array().map(Vec::len), Some(50));

        let row = json!({ "text": "x".repeat(3000) });
        let mut wide = json!({ "headlines": vec![row; 50] });
        let cut = to_fit(&mut wide);
        assert!(wide.to_string().len() <= BYTES);
        assert_eq!(
            cut.said,
            ["cut: headlines has 50 rows, of which the first 6 follow"]
        );

        let mut one = json!({ "headlines": [{ "text": "x".repeat(2 * BYTES) }] });
        to_fit(&mut one);
        assert!(one.to_string().len() < 1000 && one.to_string().contains("(cut)"));
    }
}
