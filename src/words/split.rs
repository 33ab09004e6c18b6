//! How a text becomes words.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer words are none: they are addresses and codes that nobody types.
const LONGEST: usize = 64;

/// The words of a text, in their order.
///
/// Case and accents are nothing (`Nestlé` is `nestle`, `ß` is `ss`). Parts that a hyphen, a `&`, a `/` or a dot
/// holds together are words, and so is the whole: `S&P` is `s`, `p` and `sp`, so that `SP` and `S&P` meet. A
/// number is one word without the commas of its thousands. An apostrophe is nothing, with the `s` of a genitive.
/// The plural of an English word is its singular. Chinese, Japanese and Korean, which write no spaces, are
/// split into pairs of characters.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cluster = Cluster::default();
    let mut chars = folded(text).peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        if c.is_alphanumeric() {
            cluster.push(c, &mut found);
        } else if cluster.goes_on_after(c, next) {
            cluster.join(c, next);
        } else {
            cluster.end(&mut found);
        }
    }
    cluster.end(&mut found);
    found
}

/// Characters without case and accents.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c));
    // By way of capitals, which is what makes `ß` and `ss` the same.
    plain.flat_map(|c| c.to_uppercase().flat_map(char::to_lowercase))
}

/// Letters and digits with what holds them together.
#[derive(Default)]
struct Cluster {
    /// Those that are complete.
    parts: Vec<String>,
    part: String,
    last: Option<char>,
    /// The last character of a run that is written without spaces.
    unspaced: Option<char>,
}

impl Cluster {
    fn push(&mut self, c: char, found: &mut Vec<String>) {
        if is_unspaced(c) {
            if self.unspaced.is_none() {
                self.end(found);
            }
            if let Some(before) = self.unspaced {
                found.push(String::from_iter([before, c]));
            }
            (self.unspaced, self.last) = (Some(c), Some(c));
            return;
        }
        if self.unspaced.take().is_some() {
            self.end(found);
        }
        self.part.push(c);
        self.last = Some(c);
    }

    /// Whether a character holds what is before it and what comes next together.
    fn goes_on_after(&self, c: char, next: Option<char>) -> bool {
        let joins = matches!(
            c,
            '-' | '\u{2010}' | '\u{2011}' | '&' | '/' | '.' | ',' | '\'' | '’'
        );
        let (Some(last), Some(next)) = (self.last, next) else {
            return false;
        };
        let within = last.is_alphanumeric() && next.is_alphanumeric();
        let spaced = self.unspaced.is_none() && !is_unspaced(next);
        let number = last.is_numeric() && next.is_numeric();
        joins && within && spaced && (c != ',' || number)
    }

    fn join(&mut self, c: char, next: Option<char>) {
        let number = self.last.is_some_and(char::is_numeric) && next.is_some_and(char::is_numeric);
        match c {
            ',' => {}
            '.' if number => self.part.push(c),
            '\'' | '’' => self.part.push('\''),
            _ => self.parts.push(std::mem::take(&mut self.part)),
        }
    }

    fn end(&mut self, found: &mut Vec<String>) {
        if !self.part.is_empty() {
            self.parts.push(std::mem::take(&mut self.part));
        }
        let parts: Vec<String> = self
            .parts
            .drain(..)
            .map(|part| without_apostrophe(&part))
            .collect();
        if parts.len() > 1 {
            keep(parts.concat(), found);
        }
        parts.into_iter().for_each(|part| keep(part, found));
        // One character alone, which is in no pair.
        (self.last, self.unspaced) = (None, None);
    }
}

fn keep(word: String, found: &mut Vec<String>) {
    if !word.is_empty() && word.chars().count() <= LONGEST {
        found.push(singular(word));
    }
}

fn without_apostrophe(part: &str) -> String {
    part.strip_suffix("'s").unwrap_or(part).replace('\'', "")
}

/// The singular of an English plural, by the rules of Harman (1991); besides, `es` goes as a whole where it is
/// spoken (`losses`, `crashes`). Short words and those that are not of the letters a to z stay as they are.
fn singular(mut word: String) -> String {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word;
    }
    let ends = |endings: &[&str]| endings.iter().any(|end| word.ends_with(end));
    if ends(&["ies"]) && !ends(&["eies", "aies"]) {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if ends(&["sses", "ches", "shes", "xes"]) {
        word.truncate(word.len() - 2);
    } else if ends(&["es"]) && !ends(&["aes", "ees", "oes"])
        || ends(&["s"]) && !ends(&["es", "us", "ss"])
    {
        word.truncate(word.len() - 1);
    }
    word
}

/// Whether a character belongs to a script that writes no spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> String {
        words(text).join(" ")
    }

    #[test]
    fn texts_become_words() {
        for (text, expected) in [
            ("BlackRock files Form 4", "blackrock file form 4"),
            ("S&P 500 up 1,200.50 points", "sp s p 500 up 1200.50 point"),
            ("10-K and 8-K/A", "10k 10 k and 8ka 8 k a"),
            (
                "Apple's dividend; Apple’s dividends",
                "apple dividend apple dividend",
            ),
            ("O'Reilly doesn't", "oreilly doesnt"),
            ("U.S. jobs", "us u s job"),
            (
                "Nestlé, NESTLE, Straße, STRASSE",
                "nestle nestle strasse strasse",
            ),
            ("$TSLA +3.5% (pre-market)", "tsla 3.5 premarket pre market"),
            ("ends with a dot. New one", "end with a dot new one"),
            (
                "companies, losses, crashes, prices, gas, status",
                "company loss crash price gas status",
            ),
            ("比特币大涨", "比特 特币 币大 大涨"),
            ("BTC比特币ETF", "btc 比特 特币 etf"),
            ("", ""),
            ("--- ... '''", ""),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn what_nobody_types_is_no_word() {
        assert_eq!(words(&"x".repeat(65)), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(64)).len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_can_be_split(text in "\\PC{0,60}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && word.chars().count() <= LONGEST);
            }
        }

        /// What is typed as it was printed is found.
        #[test]
        fn case_and_spaces_change_nothing(text in "[a-zA-ZßéÜ0-9 ]{0,40}") {
            let other = format!("  {} ", text.to_uppercase());
            prop_assert_eq!(words(&text), words(&other));
        }
    }
}
