//! Other ways to tell of made-up events than the market's own: those of `teacher/phrases.txt`.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::seq::IndexedRandom;
use rhymedb::{EventKind, MarketEvent, Pairs};

use super::Ends;
use crate::random::seeded;

/// The purpose of these random numbers.
const PHRASES: u32 = 17;
const TEXT: &str = include_str!("../../teacher/phrases.txt");

/// The templates of each kind of event: the lines below `# KIND: ...`, up to the next such line.
fn phrases() -> BTreeMap<EventKind, Vec<&'static str>> {
    let mut found: BTreeMap<EventKind, Vec<&'static str>> = BTreeMap::new();
    let mut kind = None;
    for line in TEXT.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            let named = |k: &&EventKind| title.starts_with(&format!("{k}: "));
            kind = EventKind::ALL.iter().find(named).copied();
        } else if let Some(kind) = kind {
            found.entry(kind).or_default().push(line);
        }
    }
    found
}

/// Tells of a share of the events' headlines by a phrase of their kind.
pub(super) fn retell(
    pairs: &mut Pairs,
    ends: &Ends,
    events: &[MarketEvent],
    share: f32,
    seed: u64,
) {
    let phrases = phrases();
    let mut random = seeded(seed, PHRASES, 0);
    for pair in &pairs.list {
        let (Some(key), Some(headline)) = (
            pairs.series.get(pair.series),
            pairs.headlines.get_mut(pair.headline),
        ) else {
            continue;
        };
        let event = ends.of_headline(key, headline);
        let kind = event.and_then(|end| events.get(end.event)).map(|e| e.kind);
        let templates = kind.and_then(|kind| phrases.get(&kind));
        let template = templates.and_then(|list| list.choose(&mut random));
        if let Some(template) = template
            && random.random_range(0.0..1.0) < share
        {
            let parts = template.replace('{', "}");
            let words = parts.split('}').map(|part| {
                let choices: Vec<&str> = part.split('|').collect();
                choices.choose(&mut random).copied().unwrap_or_default()
            });
            headline.text = words.collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_phrases() {
        let found = phrases();
        for kind in EventKind::ALL {
            let count = found.get(&kind).map_or(0, Vec::len);
            assert!(count >= 6, "{kind}: {count}");
        }
    }
}
