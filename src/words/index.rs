use std::collections::HashMap;

use super::split::words;

/// How much a repeated word adds, and how much long texts lose: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// A text counts as at most so many times as long as the mean one. A passage of a report has forty times the words of a
/// headline: without this it would lose to any headline that holds one of the words that were asked for.
const LONGEST: f64 = 4.0;

/// A text that holds at least one of the words that were asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranked {
    /// The number of the text.
    pub(crate) text: u32,
    /// BM25, above 0.
    pub(crate) score: f32,
}

/// Which texts hold which words. Texts are numbered from 0.
///
/// A word of a text takes 8 bytes, however often the text holds it, and each word its letters once.
#[derive(Clone, Debug, Default)]
pub(crate) struct WordIndex {
    terms: HashMap<Box<str>, Vec<Holds>>,
    /// How many words the first texts have together: one more number than there are texts.
    lengths: Vec<u64>,
}

/// A text that holds a word, and how often, at most 255 times.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Holds {
    text: u32,
    times: u8,
}

impl WordIndex {
    /// The index of some texts, in their order.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut index = Self {
            terms: HashMap::new(),
            lengths: vec![0],
        };
        for text in texts {
            index.push(text);
        }
        index
    }

    fn push(&mut self, text: &str) {
        let number = self.len();
        let words = words(text);
        let length = words.len() as u64;
        for word in words {
            let holds = match self.terms.get_mut(word.as_str()) {
                Some(holds) => holds,
                None => self.terms.entry(word.into_boxed_str()).or_default(),
            };
            match holds.last_mut().filter(|last| last.text == number) {
                Some(last) => last.times = last.times.saturating_add(1),
                None => holds.push(Holds {
                    text: number,
                    times: 1,
                }),
            }
        }
        self.lengths.push(self.words_of_first(number) + length);
    }

    /// How many texts there are.
    pub(crate) fn len(&self) -> u32 {
        self.lengths.len().saturating_sub(1) as u32
    }

    fn words_of_first(&self, texts: u32) -> u64 {
        self.lengths.get(texts as usize).copied().unwrap_or(0)
    }

    /// This index and another one as one: `ours` and `theirs` are the new numbers of their texts, ascending,
    /// and each number of the whole stands in one of them.
    pub(crate) fn merged(&self, other: &Self, ours: &[u32], theirs: &[u32]) -> Self {
        let mut terms: HashMap<Box<str>, Vec<Holds>> = HashMap::with_capacity(self.terms.len());
        for (word, holds) in &self.terms {
            let mut all = renumbered(holds, ours);
            if let Some(more) = other.terms.get(word) {
                let older = all.len();
                all.extend(renumbered(more, theirs));
                if all.get(older.saturating_sub(1)).map(|h| h.text) > all.get(older).map(|h| h.text)
                {
                    all.sort_unstable_by_key(|h| h.text);
                }
            }
            terms.insert(word.clone(), all);
        }
        for (word, holds) in &other.terms {
            if !self.terms.contains_key(word) {
                terms.insert(word.clone(), renumbered(holds, theirs));
            }
        }
        let mut each = vec![0; ours.len() + theirs.len()];
        for (index, numbers) in [(self, ours), (other, theirs)] {
            for (&number, pair) in numbers.iter().zip(index.lengths.windows(2)) {
                if let (Some(slot), [before, after]) = (each.get_mut(number as usize), pair) {
                    *slot = after - before;
                }
            }
        }
        let mut lengths = Vec::with_capacity(each.len() + 1);
        let mut sum = 0;
        lengths.push(sum);
        for length in each {
            sum += length;
            lengths.push(sum);
        }
        Self { terms, lengths }
    }

    /// Those of the first `known` texts that hold at least one word of a question and that `allowed` lets
    /// through, best first; of equal ones the one with the lower number. Words are weighed by how many of the
    /// first `known` texts hold them, whichever are allowed.
    pub(crate) fn best(
        &self,
        question: &str,
        known: u32,
        allowed: impl Fn(u32) -> bool,
    ) -> Vec<Ranked> {
        let known = known.min(self.len());
        let mean = self.words_of_first(known) as f64 / f64::from(known.max(1));
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for word in distinct(question) {
            let holds = self.known_to_hold(&word, known);
            let (all, some) = (f64::from(known), holds.len() as f64);
            let weight = (1.0 + (all - some + 0.5) / (some + 0.5)).ln();
            for held in holds.iter().filter(|held| allowed(held.text)) {
                let length = self.words_of_first(held.text + 1) - self.words_of_first(held.text);
                let times = f64::from(held.times);
                let long = K1 * (1.0 - B + B * (length as f64 / mean).min(LONGEST));
                *scores.entry(held.text).or_default() +=
                    weight * times * (K1 + 1.0) / (times + long);
            }
        }
        let ranked = scores.into_iter().map(|(text, score)| Ranked {
            text,
            score: score as f32,
        });
        let mut ranked: Vec<Ranked> = ranked.collect();
        ranked.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.text.cmp(&b.text)));
        ranked
    }

    /// The words of a question that none of the first `known` texts holds, as they were split.
    pub(crate) fn unknown(&self, question: &str, known: u32) -> Vec<String> {
        let mut words = distinct(question);
        words.retain(|word| self.known_to_hold(word, known).is_empty());
        words
    }

    fn known_to_hold(&self, word: &str, known: u32) -> &[Holds] {
        let holds = self.terms.get(word).map_or(&[][..], Vec::as_slice);
        let end = holds.partition_point(|held| held.text < known);
        holds.get(..end).unwrap_or_default()
    }
}

fn renumbered(holds: &[Holds], numbers: &[u32]) -> Vec<Holds> {
    let new = |held: &Holds| {
        let text = *numbers.get(held.text as usize)?;
        Some(Holds { text, ..*held })
    };
    holds.iter().filter_map(new).collect()
}

/// Each word once, in the order of the question.
fn distinct(question: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words(question) {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// The formula, letter by letter, over the first `known` texts.
    fn plain(texts: &[String], question: &str, known: usize) -> Vec<(u32, f64)> {
        let split: Vec<Vec<String>> = texts[..known].iter().map(|t| words(t)).collect();
        let mean = split.iter().map(Vec::len).sum::<usize>() as f64 / known as f64;
        let mut found = Vec::new();
        for (number, text) in split.iter().enumerate() {
            let mut score = 0.0;
            for word in distinct(question) {
                let times = text.iter().filter(|w| **w == word).count() as f64;
                let some = split.iter().filter(|t| t.contains(&word)).count() as f64;
                let weight = (1.0 + (known as f64 - some + 0.5) / (some + 0.5)).ln();
                let length = (text.len() as f64 / mean).min(4.0);
                let long = 1.2 * (1.0 - 0.75 + 0.75 * length);
                score += weight * times * 2.2 / (times + long);
            }
            if score > 0.0 {
                found.push((number as u32, score));
            }
        }
        found
    }

    /// One passage of a report among headlines, which are much shorter.
    #[test]
    fn a_passage_that_holds_all_words_is_before_a_headline_that_holds_one() {
        let mut texts = vec!["prices went down today".to_owned(); 200];
        let costs = "costs did not change in this part of the report ".repeat(40);
        texts.push(format!(
            "{costs} the chip plant in Xanadu burned down {costs}"
        ));
        let index = WordIndex::of(texts.iter().map(String::as_str));
        let found = index.best("chip plant Xanadu burned down", u32::MAX, |_| true);
        assert_eq!(found[0].text, 200, "{found:?}");
    }

    proptest! {
        #[test]
        fn scores_are_those_of_the_formula_as_of_any_moment(
            texts in prop::collection::vec(prop_oneof![9 => "([abc] ){1,6}[a-f]", 1 => "([abc] ){40,60}[a-f]"], 1..30),
            question in "[a-g]( [a-g]){0,3}",
            known in 1_usize..30,
        ) {
            let known = known.min(texts.len());
            let index = WordIndex::of(texts.iter().map(String::as_str));
            let mut found = index.best(&question, known as u32, |_| true);
            prop_assert!(found.windows(2).all(|p| p[0].score >= p[1].score));
            found.sort_by_key(|f| f.text);
            let expected = plain(&texts, &question, known);
            prop_assert_eq!(found.len(), expected.len());
            for (found, (text, score)) in found.iter().zip(expected) {
                prop_assert_eq!(found.text, text);
                prop_assert!((f64::from(found.score) - score).abs() < 1e-5);
            }
            // What is not known yet changes nothing, not even a bit.
            let cut = WordIndex::of(texts[..known].iter().map(String::as_str));
            prop_assert_eq!(cut.best(&question, u32::MAX, |_| true), index.best(&question, known as u32, |_| true));
        }

        #[test]
        fn an_index_that_grew_is_the_index_of_all(
            texts in prop::collection::vec(("[a-d]( [a-d]){0,4}", any::<bool>()), 0..40),
        ) {
            let numbered = || texts.iter().zip(0_u32..);
            let side = |wanted: bool| {
                let some = numbered().filter(move |((_, side), _)| *side == wanted);
                some.map(|((text, _), number)| (text.as_str(), number)).unzip()
            };
            let (ours, our_numbers): (Vec<&str>, Vec<u32>) = side(true);
            let (theirs, their_numbers): (Vec<&str>, Vec<u32>) = side(false);
            let grown = WordIndex::of(ours).merged(&WordIndex::of(theirs), &our_numbers, &their_numbers);
            let whole = WordIndex::of(texts.iter().map(|(text, _)| text.as_str()));
            prop_assert_eq!(grown.lengths, whole.lengths);
            prop_assert_eq!(grown.terms, whole.terms);
        }
    }

    #[test]
    fn unknown_words_are_told_as_of_then() {
        let index = WordIndex::of(["BlackRock buys", "form 4 filed"]);
        assert_eq!(index.unknown("blackrock Form 8", 1), ["form", "8"]);
        assert_eq!(index.unknown("blackrock Form 8", 2), ["8"]);
    }
}
