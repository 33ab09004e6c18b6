//! Values and texts as they may stand in an answer.

use serde_json::Value;

/// Text from outside as it may stand on a terminal and in one row of a table: what would move the
/// cursor, break the line or turn the direction of what follows is written as an escape.
pub(crate) fn legible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                out.extend(c.escape_unicode());
            }
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// A value as CSV has it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let texts = items.iter().filter_map(Value::as_str);
            texts.collect::<Vec<_>>().join(";")
        }
        other => other.to_string(),
    }
}

/// Characters of a text that people are shown at once.
const MOST_SHOWN: usize = 600;

/// A text that people can read at once: a longer one, as of a report, is cut behind a word.
pub(crate) fn shortened(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MOST_SHOWN) else {
        return text.to_owned();
    };
    let kept = text.get(..end).unwrap_or_default();
    let kept = kept.rsplit_once(' ').map_or(kept, |(words, _)| words);
    format!("{kept} …")
}

/// A number with its thousands set apart: `1,234,567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{legible, shortened};

    #[test]
    fn long_texts_end_behind_a_word() {
        assert_eq!(shortened("prices fall"), "prices fall");
        let long = shortened(&"prices fall ".repeat(100));
        assert!(
            long.len() <= 604 && long.ends_with("s …") | long.ends_with("l …"),
            "{long}"
        );
        assert_eq!(shortened(&"ß".repeat(700)).chars().count(), 602);
    }

    #[test]
    fn nothing_legible_steers_a_terminal() {
        assert_eq!(
            legible("a\u{1b}[2J\r\nb\tc\u{9b}"),
            r"a\u{1b}[2J\r\nb\tc\u{9b}"
        );
        assert_eq!(
            legible("\u{202e}cba\u{2069}\u{200f}"),
            r"\u{202e}cba\u{2069}\u{200f}"
        );
        for plain in [
            "BTC-\"x\", 'y'",
            "\u{1f469}\u{200d}\u{1f680}",
            "e\u{301}",
            "\u{627}\u{644}",
            "C:\\x",
        ] {
            assert_eq!(legible(plain), plain);
        }
    }
}
