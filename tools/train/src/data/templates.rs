//! Sentences from templates, in which `{a|b}` is one of several words.

use std::collections::BTreeMap;

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// The templates of a file by section: the lines below `# TITLE`, as `name` says from the title. Those
/// under a title without a name are left out.
pub(super) fn sections<K: Ord + Copy>(
    text: &'static str,
    name: impl Fn(&'static str) -> Option<K>,
) -> BTreeMap<K, Vec<&'static str>> {
    let mut found: BTreeMap<K, Vec<&'static str>> = BTreeMap::new();
    let mut section = None;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            section = name(title);
        } else if let Some(section) = section {
            found.entry(section).or_default().push(line);
        }
    }
    found
}

/// A sentence of a template.
pub(super) fn fill(template: &str, random: &mut ChaCha8Rng) -> String {
    let parts = template.split(['{', '}']).map(|part| {
        let choices: Vec<&str> = part.split('|').collect();
        choices.choose(random).copied().unwrap_or_default()
    });
    parts.collect()
}

/// All sentences of a template.
#[cfg(test)]
pub(super) fn sentences(template: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for part in template.split(['{', '}']) {
        let longer = all.iter().flat_map(|start| {
            let choices = part.split('|');
            choices.map(move |choice| format!("{start}{choice}"))
        });
        all = longer.collect();
    }
    all
}
