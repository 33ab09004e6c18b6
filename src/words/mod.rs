//! Words as words: how a text is split, and how well texts fit some words (BM25), as of any moment.
//!
//! Texts are numbered in the order in which they became known, so what was known at a moment are the first
//! so many of them. How many texts hold a word, and how long texts are, is counted among these alone: a
//! word that becomes frequent later weighs as much as it did then.

mod index;
mod split;

pub(crate) use index::{Ranked, WordIndex};
