//! From a headline to the hashes of its features.
//!
//! 1. Wire prefixes go: `UPDATE 2-`, `BRIEF-`, `RPT-`, `WRAPUP 1-`, `CORRECTED-`, ..., also several.
//! 2. Letters become lower case. A token is a run of letters and digits; an apostrophe inside a run
//!    is dropped, everything else separates.
//! 3. A run of digits, with `.` and `,` inside, is a number. It becomes a token of its order of
//!    magnitude, `<n3>` for 1,000 to 9,999, and `<p1>` if `%`, `pct` or `percent` follows.
//! 4. A word of the list of names becomes `<name>`; several in a row are one.
//! 5. Words, pairs of neighbours, and pieces of 3 to 5 characters of each word between `<` and `>`
//!    are hashed, each kind with a seed of its own. Numbers and names have no pieces.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The version of the rules above.
pub(super) const VERSION: u32 = 1;
/// Longer texts are cut here: a headline is a sentence.
const MAX_TOKENS: usize = 256;
/// Longer words have no further pieces.
const MAX_WORD: usize = 32;
const WORD: u64 = 1;
const PAIR: u64 = 2;
const PIECE: u64 = 3;
const NAME: &str = "<name>";
/// First words of a headline that say how it was sent and nothing of what happened.
const PREFIXES: [&str; 16] = [
    "update",
    "brief",
    "rpt",
    "refile",
    "wrapup",
    "corrected",
    "correction",
    "exclusive",
    "factbox",
    "timeline",
    "analysis",
    "preview",
    "snapshot",
    "breakingviews",
    "instant view",
    "breaking",
];

/// The hashes of a text's features, each below the number of buckets; for tools that train.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFeatures {
    /// Words, numbers and names.
    pub words: Vec<u32>,
    /// Pairs of neighbours among them.
    pub pairs: Vec<u32>,
    /// Pieces of 3 to 5 characters.
    pub pieces: Vec<u32>,
}

/// The features of a text, hashed into `buckets`; words of `names` are read as `<name>`.
pub fn text_features(text: &str, names: &BTreeSet<String>, buckets: u32) -> TextFeatures {
    let mut features = TextFeatures::default();
    let bucket = |bytes: &[u8], kind: u64| {
        (xxh3_64_with_seed(bytes, kind) % u64::from(buckets.max(1))) as u32
    };
    let mut pair = String::new();
    let mut before = String::new();
    for token in tokens(text, names) {
        features.words.push(bucket(token.as_bytes(), WORD));
        if !before.is_empty() {
            pair.clear();
            pair.push_str(&before);
            pair.push(' ');
            pair.push_str(&token);
            features.pairs.push(bucket(pair.as_bytes(), PAIR));
        }
        if !token.starts_with('<') {
            each_piece(&token, |piece| {
                features.pieces.push(bucket(piece.as_bytes(), PIECE));
            });
        }
        before = token;
    }
    features
}

/// Calls `found` with each piece of 3 to 5 characters of `<word>`.
fn each_piece(word: &str, mut found: impl FnMut(&str)) {
    let bounded: String = std::iter::once('<')
        .chain(word.chars().take(MAX_WORD))
        .chain(['>'])
        .collect();
    let starts = bounded.char_indices().map(|(i, _)| i);
    let starts: Vec<usize> = starts.chain([bounded.len()]).collect();
    for size in 3..=5 {
        for (&from, &to) in starts.iter().zip(starts.iter().skip(size)) {
            if let Some(piece) = bounded.get(from..to) {
                found(piece);
            }
        }
    }
}

/// The tokens of a text.
fn tokens(text: &str, names: &BTreeSet<String>) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut rest = without_prefixes(&lower);
    let mut tokens: Vec<String> = Vec::new();
    while let Some(start) = rest.find(char::is_alphanumeric) {
        if tokens.len() == MAX_TOKENS {
            break;
        }
        rest = rest.get(start..).unwrap_or_default();
        let token = if rest.starts_with(|c: char| c.is_ascii_digit()) {
            number(&mut rest)
        } else {
            word(&mut rest)
        };
        let token = if names.contains(&token) {
            NAME.to_owned()
        } else {
            token
        };
        let again = token == NAME && tokens.last().is_some_and(|t| t == NAME);
        if !again {
            tokens.push(token);
        }
    }
    tokens
}

/// What follows wire prefixes: a known word, perhaps a number, and a dash or a colon.
fn without_prefixes(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let stripped = PREFIXES.iter().find_map(|prefix| {
            let after = rest.strip_prefix(prefix)?;
            let after =
                after.trim_start_matches([' ', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
            let after = after.strip_prefix(['-', ':', '–', '—'])?.trim_start();
            (!after.is_empty()).then_some(after)
        });
        match stripped {
            Some(after) => rest = after,
            None => return rest,
        }
    }
}

/// Takes a word off the front of `rest`.
fn word(rest: &mut &str) -> String {
    let inside = |c: char| c.is_alphanumeric() || is_apostrophe(c);
    let end = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
    let (run, after) = rest.split_at(end);
    *rest = after;
    run.chars().filter(|&c| !is_apostrophe(c)).collect()
}

fn is_apostrophe(c: char) -> bool {
    c == '\'' || c == '\u{2019}'
}

/// Takes a number, or a word that starts with a digit, off the front of `rest`.
fn number(rest: &mut &str) -> String {
    let text = *rest;
    let mut end = text.len();
    let mut before = '0';
    for (i, c) in text.char_indices() {
        let next = text.get(i + c.len_utf8()..).and_then(|t| t.chars().next());
        let point = (c == '.' || c == ',') && next.is_some_and(|n| n.is_ascii_digit());
        let inside = c.is_ascii_digit() || (point && before.is_ascii_digit());
        if !inside {
            end = i;
            break;
        }
        before = c;
    }
    let (digits, after) = text.split_at(end);
    let unit = |c: char| c.is_alphabetic();
    let suffix = after.find(|c: char| !unit(c)).unwrap_or(after.len());
    let (suffix, later) = after.split_at(suffix);
    // 10k, 3bn, 5m and 1st, but not 10year.
    let scale = match suffix {
        "" => 0,
        "k" => 3,
        "m" | "mn" | "mln" => 6,
        "b" | "bn" | "bln" => 9,
        "t" | "tn" | "trn" => 12,
        _ => return word(rest),
    };
    *rest = later;
    let kind = if takes_percent(rest) { 'p' } else { 'n' };
    format!("<{kind}{}>", magnitude(digits) + scale)
}

/// Takes a sign or a word for per cent off the front of `rest`, if one is there.
fn takes_percent(rest: &mut &str) -> bool {
    let after = rest.trim_start_matches([' ', '-']);
    for unit in ["%", "percent", "pct"] {
        if let Some(later) = after.strip_prefix(unit)
            && !(unit != "%" && later.starts_with(char::is_alphanumeric))
        {
            *rest = later;
            return true;
        }
    }
    false
}

/// The power of ten of the first digit that is not 0, from the digits alone: no number is too long.
fn magnitude(digits: &str) -> i32 {
    let whole = digits.split('.').next().unwrap_or_default();
    let significant = |part: &str| {
        part.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let before = significant(whole);
    let before = before.trim_start_matches('0');
    if !before.is_empty() {
        return i32::try_from(before.len() - 1).unwrap_or(i32::MAX).min(15);
    }
    let after = digits.split_once('.').map(|(_, a)| significant(a));
    let after = after.unwrap_or_default();
    let zeros = after.len() - after.trim_start_matches('0').len();
    if zeros == after.len() {
        return -9; // Nothing but zeros.
    }
    -i32::try_from(zeros + 1).unwrap_or(8).min(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let names = BTreeSet::from(["apple".to_owned(), "inc".to_owned()]);
        tokens(text, &names).join(" ")
    }

    #[test]
    fn prefixes_numbers_and_names() {
        for (text, expected) in [
            ("UPDATE 2-Shares fall", "shares fall"),
            ("UPDATE 1-RPT-Shares fall", "shares fall"),
            ("BRIEF-Apple Inc's profit", "<name> incs profit"),
            ("Apple Inc. rises", "<name> rises"),
            ("Updates from the market", "updates from the market"),
            ("Brief respite", "brief respite"),
            ("UPDATE 1-", "update <n0>"),
            ("up 3.5% to $12,345.67", "up <p0> to <n4>"),
            ("up 12 pct, 0.05 percent", "up <p1> <p-2>"),
            ("up 12 pctx", "up <n1> pctx"),
            ("$3bn deal, 10k jobs, 5mln", "<n9> deal <n4> jobs <n6>"),
            ("0 and 0.0", "<n-9> and <n-9>"),
            ("5,", "<n0>"),
            ("Q3 1st 2019", "q3 1st <n3>"),
            ("don't — won’t", "dont wont"),
            ("", ""),
            ("  …  ", ""),
            ("БИТКОИН Straße 日本株", "биткоин straße 日本株"),
            (
                "İstanbul",
                "i\u{307}stanbul"
                    .split('\u{307}')
                    .collect::<Vec<_>>()
                    .join(" ")
                    .as_str(),
            ),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn pieces_are_characters_not_bytes() {
        let mut pieces = Vec::new();
        each_piece("日本", |p| pieces.push(p.to_owned()));
        assert_eq!(pieces, ["<日本", "日本>", "<日本>"]);
        let mut pieces = Vec::new();
        each_piece("a", |p| pieces.push(p.to_owned()));
        assert_eq!(pieces, ["<a>"]);
    }

    #[test]
    fn long_texts_are_cut() {
        let text = "9".repeat(100_000) + &" word".repeat(100_000);
        let features = text_features(&text, &BTreeSet::new(), 1 << 15);
        assert_eq!(features.words.len(), MAX_TOKENS);
        assert_eq!(features.pairs.len(), MAX_TOKENS - 1);
    }
}
