//! Words of a sentence, and phrases among them.

use std::collections::BTreeMap;

/// The words of a text in lower case: letters, digits, `&` and apostrophes within them.
pub(in crate::db) fn words(text: &str) -> Vec<String> {
    raw_words(text).map(|word| word.to_lowercase()).collect()
}

/// The same as they are written.
pub(in crate::db) fn raw_words(text: &str) -> impl Iterator<Item = String> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '&' | '\'' | '’');
    let parts = text.split(move |c: char| !inside(c));
    let parts = parts.map(|word| word.replace('’', "'"));
    parts
        .map(|word| word.trim_matches('\'').to_owned())
        .filter(|word| !word.is_empty())
}

/// Phrases of one or more words, each with a value.
pub(in crate::db) struct Phrases<T> {
    of: BTreeMap<Vec<String>, T>,
    longest: usize,
}

/// A phrase among the words of a sentence.
pub(in crate::db) struct FoundPhrase<T> {
    /// The number of its first word.
    pub(in crate::db) at: usize,
    /// How many words it has.
    pub(in crate::db) length: usize,
    pub(in crate::db) value: T,
}

impl<T> FoundPhrase<T> {
    /// Its words.
    pub(in crate::db) fn phrase(&self, words: &[String]) -> String {
        let own = words.get(self.at..self.at + self.length);
        own.unwrap_or_default().join(" ")
    }
}

impl<T: Clone> Phrases<T> {
    pub(in crate::db) fn new<'a>(phrases: impl IntoIterator<Item = (&'a String, T)>) -> Self {
        let phrases = phrases.into_iter();
        let of: BTreeMap<_, _> = phrases.map(|(phrase, v)| (words(phrase), v)).collect();
        let longest = of.keys().map(Vec::len).max().unwrap_or_default();
        Self { of, longest }
    }

    /// The phrases of a sentence from left to right, at each word the longest, none within another.
    pub(in crate::db) fn find(&self, words: &[String]) -> Vec<FoundPhrase<T>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let here = (1..=self.longest).rev().find_map(|length| {
                let value = self.of.get(words.get(at..at + length)?)?.clone();
                Some(FoundPhrase { at, length, value })
            });
            at += here.as_ref().map_or(1, |phrase| phrase.length);
            found.extend(here);
        }
        found
    }
}
