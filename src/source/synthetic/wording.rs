//! Turns templates into sentences.

use super::random::Stream;

/// Which templates headlines are made of.
///
/// A model that was trained on the one part and tested on the other has not seen the test's
/// wordings. The choice changes the texts alone: prices, events and times stay the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wordings {
    /// All templates.
    #[default]
    All,
    /// Three quarters of the templates of each kind.
    Train,
    /// The other quarter.
    HeldOut,
}

impl Wordings {
    fn admits(self, index: usize) -> bool {
        let held_out = index % 4 == 3;
        match self {
            Self::All => true,
            Self::Train => !held_out,
            Self::HeldOut => held_out,
        }
    }
}

/// What a headline is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) ticker: &'a str,
    pub(super) sector: &'a str,
}

const FIRST_NAMES: [&str; 12] = [
    "Ada", "Bruno", "Carla", "Dmitri", "Elena", "Felix", "Greta", "Hiro", "Ines", "Jonas", "Kira",
    "Leon",
];
const LAST_NAMES: [&str; 12] = [
    "Abernath",
    "Brockwell",
    "Castellan",
    "Dunmore",
    "Eckhart",
    "Farrow",
    "Grimsby",
    "Holloway",
    "Ivanko",
    "Jansson",
    "Kessler",
    "Lindqvist",
];

/// A sentence from one of the admitted templates.
pub(super) fn sentence(
    templates: &[&str],
    wordings: Wordings,
    subject: Subject<'_>,
    stream: &mut Stream,
) -> String {
    let admitted: Vec<&str> = templates
        .iter()
        .enumerate()
        .filter_map(|(i, template)| wordings.admits(i).then_some(*template))
        .collect();
    let template = pick(&admitted, stream);
    let mut text = String::with_capacity(96);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((slot, tail)) = after.split_once('}') else {
            break;
        };
        text.push_str(&fill(slot, subject, stream));
        rest = tail;
    }
    text.push_str(rest);
    capitalised(text)
}

fn fill(slot: &str, subject: Subject<'_>, stream: &mut Stream) -> String {
    match slot {
        "name" => subject.name.to_owned(),
        "ticker" => subject.ticker.to_owned(),
        "sector" => subject.sector.to_owned(),
        "pct" => stream.whole(4, 23).to_string(),
        "small" => stream.whole(3, 12).to_string(),
        "basis" => pick(&["25", "50", "75"], stream).to_owned(),
        "quarter" => pick(
            &["first-quarter", "second-quarter", "third-quarter", "Q4"],
            stream,
        )
        .to_owned(),
        "person" => format!(
            "{} {}",
            pick(&FIRST_NAMES, stream),
            pick(&LAST_NAMES, stream)
        ),
        choices => {
            let choices: Vec<&str> = choices.split('|').collect();
            pick(&choices, stream).to_owned()
        }
    }
}

fn pick<'a>(choices: &[&'a str], stream: &mut Stream) -> &'a str {
    choices
        .get(stream.below(choices.len()))
        .copied()
        .unwrap_or("")
}

fn capitalised(text: String) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() => first.to_uppercase().chain(letters).collect(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::event::EventKind;
    use super::super::market_kind::MarketKind;
    use super::super::phrases;
    use super::super::random::Purpose;
    use super::*;

    const SLOTS: [&str; 8] = [
        "name", "ticker", "sector", "pct", "small", "basis", "quarter", "person",
    ];

    fn all_lists() -> Vec<&'static [&'static str]> {
        let mut lists: Vec<_> = EventKind::ALL.map(phrases::of_event).to_vec();
        lists.push(&phrases::FILLER);
        lists
    }

    #[test]
    fn templates_are_many_distinct_and_well_formed() {
        let mut seen = HashSet::new();
        for templates in all_lists() {
            assert!(templates.len() >= 12);
            for template in templates {
                assert!(seen.insert(template), "{template} stands twice");
                for part in template.split('{').skip(1) {
                    let slot = part.split_once('}').map(|(slot, _)| slot);
                    let known = |slot: &str| slot.contains('|') || SLOTS.contains(&slot);
                    assert!(slot.is_some_and(known), "bad slot in {template}");
                }
            }
        }
    }

    #[test]
    fn sentences_are_whole_and_the_held_out_ones_are_apart() {
        let subject = Subject {
            name: "Nova",
            ticker: "NOVA",
            sector: "energy",
        };
        let mut stream = Stream::new(1, Purpose::Words, MarketKind::Crypto, 0);
        for templates in all_lists() {
            let mut draw = |wordings| -> HashSet<String> {
                (0..300)
                    .map(|_| sentence(templates, wordings, subject, &mut stream))
                    .collect()
            };
            let (train, held_out) = (draw(Wordings::Train), draw(Wordings::HeldOut));
            assert!(train.is_disjoint(&held_out));
            assert!(train.len() >= 9 && held_out.len() >= 3);
            for text in train.union(&held_out) {
                assert!(!text.contains(['{', '}', '|']), "{text}");
                assert!(!text.contains("  ") && text.len() > 15, "{text}");
                assert!(text.starts_with(|c: char| c.is_uppercase()), "{text}");
            }
        }
    }
}
