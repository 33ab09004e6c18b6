//! Other ways to tell of made-up events than the market's own: those of `teacher/phrases.txt`.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::seq::IndexedRandom;
use rhymedb::query::Pairs;
use rhymedb::synthetic::{EventKind, MarketEvent};

use super::Ends;
use super::templates::{fill, sections};
use crate::random::seeded;

/// The purpose of these random numbers.
const PHRASES: u32 = 17;
const TEXT: &str = include_str!("../../teacher/phrases.txt");

/// The templates of each kind of event: the lines below `# KIND: ...`, up to the next such line.
fn phrases() -> BTreeMap<EventKind, Vec<&'static str>> {
    sections(TEXT, |title| {
        let named = |k: &&EventKind| title.starts_with(&format!("{k}: "));
        EventKind::ALL.iter().find(named).copied()
    })
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
            headline.text = fill(template, &mut random);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket, Wordings};

    use super::super::templates::sentences;
    use super::*;

    #[test]
    fn every_kind_has_phrases() {
        let found = phrases();
        for kind in EventKind::ALL {
            let count = found.get(&kind).map_or(0, Vec::len);
            assert!(count >= 40, "{kind}: {count}");
        }
    }

    /// No three words in a row of the phrases stand in a wording that is kept from training.
    #[test]
    fn phrases_do_not_repeat_wordings_that_are_kept_for_tests() {
        let market = SyntheticMarket::new(SyntheticConfig {
            wordings: Wordings::HeldOut,
            ..SyntheticConfig::default()
        });
        let runs = |text: &str| -> Vec<String> {
            let lower = text.to_lowercase();
            let words: Vec<&str> = lower
                .split(|c: char| !c.is_alphanumeric())
                .filter(|w| !w.is_empty())
                .collect();
            words.windows(3).map(|w| w.join(" ")).collect()
        };
        let headlines = market.map(|m| m.headlines()).unwrap_or_default();
        let held_out: HashSet<String> = headlines.iter().flat_map(|h| runs(&h.text)).collect();
        assert!(held_out.len() > 500, "{}", held_out.len());
        for line in TEXT.lines().filter(|l| !l.starts_with('#')) {
            for sentence in sentences(line) {
                for run in runs(&sentence) {
                    assert!(!held_out.contains(&run), "{run} of {sentence}");
                }
            }
        }
    }
}
