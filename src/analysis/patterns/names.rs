//! What patterns are called.

use super::drawn::{PATTERNS, Pattern};
use crate::error::{Error, Result, excerpt};

/// The name of a pattern by its number.
pub(crate) fn name(pattern: usize) -> &'static str {
    PATTERNS.get(pattern).map_or("", |p| p.name)
}

/// The pattern of a name, in any case and with any of `-`, `_` and spaces between its words.
pub(crate) fn named(text: &str) -> Result<usize> {
    let wanted = words(text);
    let fits = |p: &Pattern| names(p).any(|name| words(name) == wanted);
    PATTERNS
        .iter()
        .position(fits)
        .ok_or_else(|| Error::NotFound {
            what: "pattern",
            name: excerpt(text),
            hint_text: format!("there are: {}", PATTERNS.map(|p| p.name).join(", ")),
        })
}

/// The pattern that a sentence names, the one of the longest name if there are several. A name of one
/// word, like "flag", has to be the whole sentence: in others it may mean anything.
pub(crate) fn told_in(sentence: &str) -> Option<usize> {
    let sentence = words(sentence);
    let mut best: Option<(usize, usize)> = None;
    for (pattern, name) in (0..)
        .zip(&PATTERNS)
        .flat_map(|(i, p)| names(p).map(move |n| (i, n)))
    {
        let name = words(name);
        let among = sentence.windows(name.len().max(1)).any(|part| part == name);
        let told = if name.len() > 1 {
            among
        } else {
            sentence == name
        };
        if told && best.is_none_or(|(_, longest)| name.len() > longest) {
            best = Some((pattern, name.len()));
        }
    }
    best.map(|(pattern, _)| pattern)
}

fn names(pattern: &Pattern) -> impl Iterator<Item = &'static str> + use<> {
    std::iter::once(pattern.name).chain(pattern.also.iter().copied())
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '&')
        .filter(|word| !word.is_empty())
        .map(|word| {
            if word == "&" {
                "and".to_owned()
            } else {
                word.to_lowercase()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::analysis::LabelSet;

    #[test]
    fn patterns_are_called_as_their_labels() {
        let set = LabelSet::built_in_named("patterns").unwrap();
        let labels: Vec<&str> = set.labels().iter().map(|l| l.name.as_str()).collect();
        assert_eq!(labels, PATTERNS.map(|p| p.name));
    }

    #[test]
    fn names_are_recognised() {
        let of = |text: &str| told_in(text).map(name);
        assert_eq!(
            of("an inverse head and shoulders in oil"),
            Some("inverse head and shoulders")
        );
        assert_eq!(
            of("Head-and-Shoulders top on heavy volume"),
            Some("head and shoulders")
        );
        assert_eq!(of("double bottoms of banks"), Some("double bottom"));
        assert_eq!(of("a bull flag after a rally"), Some("flag"));
        assert_eq!(of("flag"), Some("flag"));
        assert_eq!(of("red flag raised by auditors"), None);
        assert_eq!(
            of("shares double, bottom line grows"),
            Some("double bottom")
        );
        assert_eq!(of("shares plunge"), None);
        assert_eq!(named("Double_Top").map(name).unwrap(), "double top");
        let error = named("wedge").unwrap_err().to_string();
        assert!(
            error.contains("there are: double bottom, double top"),
            "{error}"
        );
    }
}
