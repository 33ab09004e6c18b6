use std::num::NonZeroU32;

use super::Headline;

/// A text up to this many bytes is read as a whole.
const WHOLE: usize = 8 << 10;
/// The most bytes of a passage: services of embeddings read so much, and it is about one subject.
const MOST: usize = 2 << 10;

/// Where a passage stands in its text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Passage {
    start: u32,
    length: NonZeroU32,
}

impl Passage {
    /// The bytes of a stored one.
    pub(crate) const BYTES: usize = 8;

    fn new(start: usize, length: usize) -> Option<Self> {
        Some(Self {
            start: u32::try_from(start).ok()?,
            length: NonZeroU32::new(u32::try_from(length).ok()?)?,
        })
    }

    /// Where it begins and how long it is, little-endian: a stored one does not move when the splitting of texts is
    /// changed.
    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        (u64::from(self.start) | u64::from(self.length.get()) << 32).to_le_bytes()
    }

    /// What [`Self::to_bytes`] made bytes of; `None` if it would be empty.
    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let both = u64::from_le_bytes(bytes);
        Self::new(both as u32 as usize, (both >> 32) as usize)
    }

    /// Its part of the text; `None` if the text has no such part.
    pub(crate) fn of(self, text: &str) -> Option<&str> {
        let start = self.start as usize;
        let end = start.checked_add(self.length.get() as usize)?;
        text.get(start..end)
    }
}

impl Headline {
    /// The most bytes of a text. One of more than 8 KiB, like a report, is split in passages, each with a vector
    /// and words of its own.
    pub const MAX_TEXT: usize = 512 << 10;

    /// The passages of the text, in its order: the whole text, or if it has more than 8 KiB parts of at most 2 KiB,
    /// which end with a sentence where there is one. They are what encoders get, and together they are the text.
    ///
    /// ```
    /// use rhymedb::data::{Headline, TimePrecision};
    /// let mut report = Headline {
    ///     time: "2024-02-01T21:30:00Z".parse()?,
    ///     precision: TimePrecision::Second,
    ///     text: "Shares fall after the report".to_owned(),
    ///     source: "wire".to_owned(),
    ///     symbols: vec!["AAPL".to_owned()],
    /// };
    /// assert_eq!(report.passages(), ["Shares fall after the report"]);
    /// report.text = "Revenue rose by a tenth. Costs did not. ".repeat(250);
    /// assert!(report.passages().iter().all(|part| part.len() <= 2048 && part.ends_with(". ")));
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    pub fn passages(&self) -> Vec<&str> {
        let split = self.split().into_iter();
        split.filter_map(|passage| self.part(passage)).collect()
    }

    /// The passages of the text, in its order; a single `None` is the text as a whole.
    pub(crate) fn split(&self) -> Vec<Option<Passage>> {
        split(&self.text)
    }

    /// A passage of the text, or the whole.
    pub(crate) fn part(&self, passage: Option<Passage>) -> Option<&str> {
        match passage {
            Some(passage) => passage.of(&self.text),
            None => Some(&self.text),
        }
    }
}

/// Splits a text. Passages follow on one another and lose nothing. They are of like length, and end with a sentence
/// where there is one, else with a word. The same text is always split in the same way.
fn split(text: &str) -> Vec<Option<Passage>> {
    if text.len() <= WHOLE {
        return vec![None];
    }
    let mut found = Vec::with_capacity(text.len() / MOST + 1);
    let (mut start, mut rest) = (0, text);
    while !rest.is_empty() {
        let length = length_of_next(rest);
        found.push(Passage::new(start, length));
        start += length;
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// How many bytes the first passage of a text has.
fn length_of_next(rest: &str) -> usize {
    let pieces = rest.len().div_ceil(MOST);
    if pieces <= 1 {
        return rest.len();
    }
    // So that the last one is no scrap.
    let even = rest.len().div_ceil(pieces);
    let most = rest.floor_char_boundary((even + even / 4).min(MOST));
    let least = even / 2;
    let (mut sentence, mut word) = (None, None);
    for (at, c) in rest.char_indices() {
        let end = at + c.len_utf8();
        if end > most {
            break;
        }
        if end < least {
            continue;
        }
        let (before, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if c.is_whitespace() {
            word = Some(end);
        }
        if ends_sentence(c, before, after) {
            sentence = Some(end);
        }
    }
    sentence.or(word).unwrap_or(most)
}

/// Whether a sentence ends with a character and what is before it.
fn ends_sentence(c: char, before: &str, after: &str) -> bool {
    const CLOSING: [char; 8] = ['"', '\'', '”', '’', ')', ']', '»', '」'];
    if matches!(c, '。' | '！' | '？') {
        return !after.starts_with(CLOSING);
    }
    // The blanks behind a sentence belong to it.
    if !c.is_whitespace() || after.starts_with(char::is_whitespace) {
        return false;
    }
    // A blank line ends a paragraph. A single line end may only wrap a line.
    if before.ends_with("\n\n") {
        return true;
    }
    let before = before.trim_end().trim_end_matches(CLOSING);
    let mut last = before.chars().rev();
    match last.next() {
        Some('!' | '?' | '…') => true,
        Some('.') => {
            // `J. Doe` and `U.S. shares` go on, and so does what begins with a small letter.
            let letters = last.take_while(|c| c.is_alphanumeric()).count();
            letters != 1 && !after.starts_with(char::is_lowercase)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        let all = split(text).into_iter();
        all.map(|p| p.map_or(text, |p| p.of(text).unwrap()))
            .collect()
    }

    #[test]
    fn a_short_text_is_one() {
        let text = "a ".repeat(WHOLE / 2);
        assert_eq!(split(&text), [None]);
        assert_eq!(split(""), [None]);
        assert!(split(&(text + "b")).len() >= 5);
    }

    #[test]
    fn passages_end_with_sentences() {
        let sentence = "The U.S. bank of J. Doe said “shares fell 3.5 pct.” today, e.g. in Paris. ";
        let text = sentence.repeat(1 + WHOLE / sentence.len());
        for part in texts(&text) {
            assert!(part.starts_with("The U.S."), "{part}");
            assert!(part.ends_with("Paris. "), "{part}");
        }
        let asked = "Why do prices fall? Nobody knows! ".repeat(400);
        let fits = |part: &&str| part.ends_with("? ") || part.ends_with("! ");
        assert!(texts(&asked).iter().all(fits));
        let chinese = "股市今天下跌。".repeat(600);
        assert!(texts(&chinese).iter().all(|part| part.ends_with('。')));
    }

    #[test]
    fn without_sentences_they_end_with_words_and_without_words_anywhere() {
        let words = "alpha beta ".repeat(1000);
        assert!(texts(&words).iter().all(|part| part.ends_with(' ')));
        let one = "ß".repeat(WHOLE);
        assert_eq!(texts(&one).concat(), one);
        assert!(texts(&one).len() >= 8);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_character_is_cut(
            parts in prop::collection::vec("[a-zß€😀。.!? \\n\"]{0,80}", 0..400),
            times in 1_usize..8,
        ) {
            let text = parts.concat().repeat(times);
            let found = texts(&text);
            prop_assert_eq!(found.concat(), text.clone());
            prop_assert_eq!(split(&text), split(&text.clone()));
            if text.len() > WHOLE {
                let lengths = || found.iter().map(|p| p.len());
                prop_assert!(lengths().max().unwrap() <= MOST);
                prop_assert!(lengths().min().unwrap() >= MOST / 8, "{:?}", lengths().collect::<Vec<_>>());
            } else {
                prop_assert_eq!(found.len(), 1);
            }
        }

        #[test]
        fn stored_places_come_back(start in any::<u32>(), length in 1_u32..) {
            let passage = Passage::new(start as usize, length as usize).unwrap();
            prop_assert_eq!(Passage::from_bytes(passage.to_bytes()), Some(passage));
        }
    }

    #[test]
    fn what_is_no_place_in_a_text_is_none() {
        assert_eq!(Passage::from_bytes([0; 8]), None);
        let beyond = Passage::new(3, 4).unwrap();
        assert_eq!(beyond.of("abcdef"), None);
        assert_eq!(beyond.of("ab€defg"), None);
        assert_eq!(beyond.of("abcdefg"), Some("defg"));
    }
}
