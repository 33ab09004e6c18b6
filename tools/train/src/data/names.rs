//! Which words name somebody. A name says which chart it is, and nothing about what happened.

use std::collections::{BTreeMap, BTreeSet};

use super::Dataset;

/// A word stays a word if so many assets share it, ...
const SPREAD: usize = 25;
/// ... none of them having more than this share of it.
const LARGEST_SHARE: f32 = 0.15;

/// How a word occurs.
#[derive(Default)]
struct Occurrences {
    /// In lower case.
    small: usize,
    /// With a capital, not as the first word.
    capital: usize,
    /// As the first word with a capital.
    first: usize,
    assets: BTreeMap<usize, usize>,
}

/// The words of the training headlines, in lower case and as the library's tokens have them, that
/// name somebody: mostly written with a capital, and of few assets. Words that occur less than
/// `least` times are not looked at.
pub fn names(data: &Dataset, least: usize) -> BTreeSet<String> {
    let mut words: BTreeMap<String, Occurrences> = BTreeMap::new();
    for &i in &data.parts.train {
        let Some(sample) = data.samples.get(i) else {
            continue;
        };
        let text = sample.text.and_then(|t| data.texts.get(t));
        let (Some(text), Some(asset)) = (text, data.asset(sample)) else {
            continue;
        };
        let inside = |c: char| c.is_alphanumeric() || c == '\'' || c == '\u{2019}';
        let runs = text
            .text
            .split(|c| !inside(c))
            .filter(|run| !run.is_empty());
        for (place, run) in runs.enumerate() {
            let word: String = run.chars().filter(|c| c.is_alphanumeric()).collect();
            if word.starts_with(|c: char| c.is_ascii_digit()) || word.is_empty() {
                continue;
            }
            let found = words.entry(word.to_lowercase()).or_default();
            let capital = word.starts_with(char::is_uppercase);
            match (capital, place) {
                (false, _) => found.small += 1,
                (true, 0) => found.first += 1,
                (true, _) => found.capital += 1,
            }
            *found.assets.entry(asset).or_default() += 1;
        }
    }
    let named = words.into_iter().filter(|(_, found)| is_name(found, least));
    named.map(|(word, _)| word).collect()
}

fn is_name(found: &Occurrences, least: usize) -> bool {
    let total = found.small + found.capital + found.first;
    // Any first word has a capital, so it says little.
    let capitals = found.capital as f32 + 0.5 * found.first as f32;
    if total < least.max(1) || found.small as f32 >= capitals {
        return false;
    }
    let most = found.assets.values().max().copied().unwrap_or(0);
    let spread = found.assets.len() >= SPREAD && (most as f32) < LARGEST_SHARE * total as f32;
    !spread
}
