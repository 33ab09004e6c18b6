//! Tokens of texts, by a `tokenizer.json`. All calls into the library `tokenizers` stand here; where it panics on what a
//! file says, the file is refused.

use std::fmt::Display;

use tokenizers::{Encoding, Tokenizer, TruncationDirection};

use crate::error::{Error, Result, excerpt, shortened, unpanicked};

/// A run of tokens with what begins and ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) ids: Vec<i64>,
    pub(super) types: Vec<i64>,
    /// Whether there is more than what begins and ends it.
    pub(super) says_anything: bool,
}

/// A tokenizer that cuts texts in parts of at most so many tokens.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    /// The most tokens of a part beside those that begin and end it.
    room: usize,
    /// The token that fills up; 0 where the file names none.
    pub(super) pad: i64,
    /// The largest number of a token.
    pub(super) largest: i64,
}

fn refused(found: impl Display) -> Error {
    Error::invalid(format!(
        "expected a tokenizer.json that this program can use, found that {found}; save the model's with `AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)` of the Python package `transformers`"
    ))
}

fn said(error: impl Display) -> String {
    shortened(&error.to_string())
}

impl Tokens {
    /// Reads a `tokenizer.json`. What it says of truncation and padding is left aside.
    ///
    /// # Errors
    /// [`Error::Invalid`] that says what does not serve.
    pub(super) fn new(text: &[u8], max_tokens: usize) -> Result<Self> {
        let read = unpanicked("its parts contradict each other", || {
            Self::read(text, max_tokens)
        });
        read.map_err(refused)
    }

    fn read(text: &[u8], max_tokens: usize) -> Result<Self, String> {
        let mut tokenizer = Tokenizer::from_bytes(text).map_err(said)?;
        let padding = tokenizer.get_padding().map(|p| p.pad_id);
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(said)?;
        let around = tokenizer.encode("", true).map_err(said)?.len();
        let room = max_tokens.checked_sub(around).filter(|room| *room > 0);
        let room = room.ok_or_else(|| {
            format!(
                "it puts {around} tokens around a text, where {max_tokens} in all are declared as max_tokens"
            )
        })?;
        let names = ["[PAD]", "<pad>"];
        let named = names.iter().find_map(|name| tokenizer.token_to_id(name));
        let pad = padding.or(named).unwrap_or(0);
        let known = tokenizer.get_vocab(true).into_values().max();
        let largest = known.ok_or("it has no tokens")?.max(pad);
        Ok(Self {
            tokenizer,
            room,
            pad: pad.into(),
            largest: largest.into(),
        })
    }

    /// The tokens of a text, in parts.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) fn parts(&self, text: &str) -> Result<Vec<Part>, String> {
        let parts = unpanicked("the tokenizer cannot read it", || self.cut(text));
        parts.map_err(|e| format!("{e}: {}", excerpt(text)))
    }

    /// The truncation of the library stops reading a long text where the first part ends, so parts are cut here.
    fn cut(&self, text: &str) -> Result<Vec<Part>, String> {
        let mut first = self.tokenizer.encode(text, false).map_err(said)?;
        first.truncate(self.room, 0, TruncationDirection::Right);
        let more = first.take_overflowing();
        let whole = |part| {
            let part = self.tokenizer.post_process(part, None, true);
            part.map(|part| as_part(&part)).map_err(said)
        };
        std::iter::once(first).chain(more).map(whole).collect()
    }
}

fn as_part(encoding: &Encoding) -> Part {
    let whole = |numbers: &[u32]| numbers.iter().map(|&n| n.into()).collect();
    Part {
        ids: whole(encoding.get_ids()),
        types: whole(encoding.get_type_ids()),
        says_anything: encoding.get_special_tokens_mask().contains(&0),
    }
}
