//! The text of a headline: one line without control characters and without HTML entities.

/// A text made fit to be stored, and what was done to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CleanText {
    pub(super) text: String,
    /// Control characters or line breaks became blanks.
    pub(super) had_controls: bool,
    /// HTML entities were decoded.
    pub(super) had_entities: bool,
}

/// Makes a line of a text. White space around a line break, and control characters, become one blank.
pub(super) fn clean_text(text: &str) -> CleanText {
    // Most texts are printable ASCII, in which there is nothing to do.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'&') {
        return CleanText {
            text: text.trim().to_owned(),
            had_controls: false,
            had_entities: false,
        };
    }
    let decoded = decode_entities(text);
    let had_entities = decoded.is_some();
    let text = decoded.as_deref().unwrap_or(text);
    let had_controls = text.contains(breaks);
    CleanText {
        text: if had_controls {
            in_one_line(text)
        } else {
            text.trim().to_owned()
        },
        had_controls,
        had_entities,
    }
}

/// Control characters, and the two separators of Unicode that break lines.
fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Replaces each run of white space that holds a character of [`breaks`] by one blank.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_space = |c: char| breaks(c) && printable(c).is_none() || c.is_whitespace();
        let run_end = rest.find(|c| !is_space(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(run_end);
        if run.contains(breaks) {
            line.push(' ');
            rest = after;
        } else if run.is_empty() {
            line.push(printable(c).unwrap_or(c));
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else {
            line.push_str(run);
            rest = after;
        }
    }
    line.trim().to_owned()
}

/// What a control character between U+0080 and U+009F was before somebody took Windows-1252 for Latin-1.
/// Browsers show these characters, too.
fn printable(c: char) -> Option<char> {
    const WINDOWS_1252: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    let at = (c as usize).checked_sub(0x80)?;
    WINDOWS_1252.get(at).copied().filter(|c| *c != '\0')
}

/// The entities that headlines use. Of the 2,231 that HTML has, the others stay as they are.
const ENTITIES: [(&str, &str); 48] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("ensp", " "),
    ("emsp", " "),
    ("thinsp", " "),
    ("shy", ""),
    ("zwj", ""),
    ("zwnj", ""),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("sbquo", "‚"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("hellip", "…"),
    ("bull", "•"),
    ("middot", "·"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("cent", "¢"),
    ("sect", "§"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("deg", "°"),
    ("plusmn", "±"),
    ("times", "×"),
    ("frac12", "½"),
    ("frac14", "¼"),
    ("frac34", "¾"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
];
/// The longest name or number between `&` and `;`.
const LONGEST_ENTITY: usize = 8;
/// Texts that were escaped twice hold `&amp;amp;`, and no headline means that.
const MOST_ESCAPES: usize = 3;

/// The text with its entities decoded, `None` if it holds none.
fn decode_entities(text: &str) -> Option<String> {
    let mut decoded = decode_once(text)?;
    for _ in 1..MOST_ESCAPES {
        match decode_once(&decoded) {
            Some(deeper) => decoded = deeper,
            None => break,
        }
    }
    Some(decoded)
}

fn decode_once(text: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices('&') {
        let Some((entity, end)) = entity_at(text, at).filter(|_| at >= copied) else {
            continue;
        };
        decoded.push_str(text.get(copied..at).unwrap_or_default());
        decoded.push_str(&entity);
        copied = end;
    }
    decoded.push_str(text.get(copied..).unwrap_or_default());
    (copied > 0).then_some(decoded)
}

/// What the entity at `at` stands for, and where it ends.
fn entity_at(text: &str, at: usize) -> Option<(String, usize)> {
    let after = text.get(at + 1..)?;
    let length = after
        .bytes()
        .take(LONGEST_ENTITY + 1)
        .position(|b| b == b';')?;
    let name = after.get(..length)?;
    let end = at + 1 + length + 1;
    let Some(number) = name.strip_prefix('#') else {
        let (_, value) = ENTITIES.iter().find(|(known, _)| *known == name)?;
        return Some(((*value).to_owned(), end));
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    let value = char::from_u32(number)?;
    let value = printable(value).unwrap_or(value);
    let value = if value == '\u{a0}' { ' ' } else { value };
    Some((value.to_string(), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        clean_text(text).text
    }

    #[test]
    fn breaks_and_control_characters_become_one_blank() {
        for (text, expected) in [
            ("Maker lifts\nits outlook", "Maker lifts its outlook"),
            ("Maker lifts \r\n  its outlook", "Maker lifts its outlook"),
            ("\tBank\tnames\u{7f}a chief\n", "Bank names a chief"),
            ("Bank\u{2028}names", "Bank names"),
            ("a\u{0}\u{1}\u{2}b", "a b"),
            // Blanks alone are the writer's.
            ("two  blanks, and\na break", "two  blanks, and a break"),
            // Windows-1252 that was read as Latin-1.
            ("the maker\u{92}s \u{93}plan\u{94}", "the maker’s “plan”"),
        ] {
            let cleaned = clean_text(text);
            assert_eq!(cleaned.text, expected, "{text:?}");
            assert!(cleaned.had_controls && !cleaned.had_entities, "{text:?}");
        }
        let untouched = clean_text("two  blanks & a \u{fe0f}sign");
        assert!(!untouched.had_controls && !untouched.had_entities);
        assert_eq!(untouched.text, "two  blanks & a \u{fe0f}sign");
        assert_eq!(clean("\u{7f}\n"), "");
    }

    #[test]
    fn entities_are_decoded_and_what_is_none_stays() {
        for (text, expected) in [
            ("R&amp;D at S&amp;P", "R&D at S&P"),
            ("Maker&#39;s &quot;plan&quot;", "Maker's \"plan\""),
            ("&#8217;&#x2019;&#146;&rsquo;", "’’’’"),
            ("up 5&nbsp;%&#160;today", "up 5 % today"),
            ("AT&amp;amp;T &amp;#39;s", "AT&T 's"),
            ("first&#10;second", "first second"),
        ] {
            let cleaned = clean_text(text);
            assert_eq!(cleaned.text, expected, "{text}");
            assert!(cleaned.had_entities, "{text}");
        }
        for text in [
            "AT&T; then",
            "R&D",
            "a & b; c",
            "&;",
            "&#;",
            "&#x110000;",
            "&unknown;",
            "&amp",
            "&é;",
        ] {
            assert_eq!(clean(text), text);
            assert!(!clean_text(text).had_entities, "{text}");
        }
    }
}
