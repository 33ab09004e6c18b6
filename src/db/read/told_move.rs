//! Sentences about a large move: which words tell of one, and of its direction.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::sentence::{Phrases, words};
use crate::error::{Error, Result};

/// A negation stands at most so many words before what it negates: "did not really crash".
const NEGATION_REACH: usize = 3;

/// A direction of prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MoveDirection {
    /// Prices fall.
    Down,
    /// Prices rise.
    Up,
}

impl MoveDirection {
    /// -1 or 1.
    pub(in crate::db) fn sign(self) -> f64 {
        match self {
            Self::Down => -1.0,
            Self::Up => 1.0,
        }
    }
}

impl fmt::Display for MoveDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "down",
            Self::Up => "up",
        })
    }
}

/// What a sentence says of a large move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::db) struct ToldMove {
    /// The word or words that say it, in lower case.
    pub(in crate::db) word: String,
    pub(in crate::db) direction: MoveDirection,
}

/// The words as they stand in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordFile {
    down: Vec<String>,
    up: Vec<String>,
    negations: Vec<String>,
    weak: Vec<String>,
    back: Vec<String>,
    other_things: Vec<String>,
}

struct Vocabulary {
    moves: Phrases<MoveDirection>,
    negations: Vec<String>,
    weak: Vec<String>,
    /// A way back from a move before: "rebounds from the crash" is no crash.
    back: Vec<String>,
    /// What may rise or fall and is no price: "volatility spikes".
    other_things: Vec<String>,
}

static VOCABULARY: LazyLock<Result<Vocabulary>> = LazyLock::new(|| {
    let file: WordFile = serde_json::from_str(include_str!("told_words.json"))
        .map_err(|error| Error::internal(format!("the words of moves do not read: {error}")))?;
    let down = file.down.iter().map(|p| (p, MoveDirection::Down));
    let up = file.up.iter().map(|p| (p, MoveDirection::Up));
    Ok(Vocabulary {
        moves: Phrases::new(down.chain(up)),
        negations: file.negations,
        weak: file.weak,
        back: file.back,
        other_things: file.other_things,
    })
});

/// The large move that a sentence tells of. `None` if it tells of none, denies it, calls it small, or
/// tells of moves in both directions.
pub(in crate::db) fn told_move(sentence: &str) -> Result<Option<ToldMove>> {
    let vocabulary = VOCABULARY.as_ref().map_err(Clone::clone)?;
    let words = words(sentence);
    if words.iter().any(|word| vocabulary.back.contains(word)) {
        return Ok(None);
    }
    let mut told: Option<ToldMove> = None;
    for found in vocabulary.moves.find(&words) {
        if !vocabulary.counts(&words, found.at, found.at + found.length) {
            continue;
        }
        match &told {
            Some(first) if first.direction != found.value => return Ok(None),
            Some(_) => {}
            None => {
                told = Some(ToldMove {
                    word: found.phrase(&words),
                    direction: found.value,
                });
            }
        }
    }
    Ok(told)
}

impl Vocabulary {
    /// Whether the words from `start` to `end` tell of a large move of prices.
    fn counts(&self, words: &[String], start: usize, end: usize) -> bool {
        let before = |reach: usize| words.get(start.saturating_sub(reach)..start);
        let before = |reach: usize| before(reach).unwrap_or_default();
        let after = words.get(end..).unwrap_or_default();
        let is = |list: &[String], word: &String| list.contains(word);
        let negated = before(NEGATION_REACH)
            .iter()
            .any(|word| is(&self.negations, word) || word.ends_with("n't"));
        let weak = before(2).iter().any(|word| is(&self.weak, word))
            || after.first().is_some_and(|word| is(&self.weak, word));
        // "volatility spikes", "fears of a crash" are about other things; "crash fears" too.
        let of_other = before(1).iter().any(|word| is(&self.other_things, word))
            || after
                .first()
                .is_some_and(|word| is(&self.other_things, word));
        let linked = |word: &String| ["in", "of"].contains(&word.as_str());
        let in_other = after.first().is_some_and(linked)
            && after
                .get(1)
                .is_some_and(|word| is(&self.other_things, word));
        !(negated || weak || of_other || in_other)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn told(sentence: &str) -> Option<(String, MoveDirection)> {
        told_move(sentence)
            .unwrap()
            .map(|told| (told.word, told.direction))
    }

    #[test]
    fn large_moves_are_recognised_with_their_direction() {
        use MoveDirection::{Down, Up};
        for (sentence, word, direction) in [
            ("bitcoin crashes", "crashes", Down),
            ("a Flash-Crash in futures", "flash crash", Down),
            ("Sell-off in tech stocks", "sell off", Down),
            ("shares plunge after a profit warning", "plunge", Down),
            ("capitulation", "capitulation", Down),
            ("the dollar SLUMPED", "slumped", Down),
            ("ether soars on ETF hopes", "soars", Up),
            ("stocks rallied hard", "rallied hard", Up),
            ("dogecoin to the moon", "to the moon", Up),
            ("shares skyrocket, then surge again", "skyrocket", Up),
        ] {
            assert_eq!(told(sentence), Some((word.to_owned(), direction)));
        }
    }

    #[test]
    fn denied_small_mixed_and_foreign_moves_do_not_count() {
        for sentence in [
            "",
            "bitcoin edges lower",
            "stocks rise",
            "bitcoin does not crash",
            "the market didn't really collapse",
            "no crash in sight",
            "the Fed averts a meltdown",
            "shares slightly plunge",
            "a mini crash",
            "stocks rebound after the crash",
            "oil surges as stocks tumble",
            "volatility spikes",
            "a surge in volume",
            "crash fears ease",
            "a plane crash",
            "crashworthy",
        ] {
            assert_eq!(told(sentence), None, "{sentence}");
        }
    }
}
