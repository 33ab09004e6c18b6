//! What is stored of a headline in a space: its vector, or those of its passages.

use crate::encode::Bank;
use crate::error::{Error, Result};
use crate::index::{Rows, RowsBuilder};
use crate::model::Passage;

/// A stored vector of a headline, and with a [`Bank`] its expressiveness, an f32.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredHeadline<'a> {
    /// Where the passage is whose vector it is; `None` is the text as a whole.
    pub(super) passage: Option<Passage>,
    pub(super) vector: &'a [u8],
    pub(super) expressiveness: Option<f32>,
}

impl<'a> StoredHeadline<'a> {
    /// Takes the value of a headline apart: one row for the whole text, or one for each of its passages, with the
    /// place of the passage before it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn all(bytes: &'a [u8], dim: usize, with_bank: bool) -> Result<Vec<Self>, String> {
        let expected = 2 * dim + if with_bank { 4 } else { 0 };
        if bytes.len() == expected {
            return Ok(vec![Self::parse(bytes, dim, None)?]);
        }
        let one = expected + Passage::BYTES;
        if bytes.is_empty() || !bytes.len().is_multiple_of(one) {
            return Err(format!(
                "expected a stored row of {expected} bytes, or rows of passages of {one}, found {}",
                bytes.len()
            ));
        }
        let mut all: Vec<Self> = Vec::with_capacity(bytes.len() / one);
        for row in bytes.chunks_exact(one) {
            let (place, row) = row.split_first_chunk().ok_or("a passage has no place")?;
            let passage = Passage::from_bytes(*place).ok_or("a passage is empty")?;
            if all.last().is_some_and(|last| last.passage >= Some(passage)) {
                return Err("its passages do not ascend".to_owned());
            }
            all.push(Self::parse(row, dim, Some(passage))?);
        }
        Ok(all)
    }

    fn parse(bytes: &'a [u8], dim: usize, passage: Option<Passage>) -> Result<Self, String> {
        let (vector, rest) = bytes
            .split_at_checked(2 * dim)
            .ok_or("a row is too short")?;
        let expressiveness = rest.first_chunk().map(|b| f32::from_le_bytes(*b));
        match expressiveness {
            Some(e) if !(0.0..=1.0).contains(&e) => {
                Err(format!("expected an expressiveness of 0 to 1, found {e}"))
            }
            _ => Ok(Self {
                passage,
                vector,
                expressiveness,
            }),
        }
    }

    /// The bytes of a row of `rows`.
    pub(super) fn encode(rows: &Rows<'_>, row: u32, bank: Option<&Bank>) -> Result<Vec<u8>> {
        let mut bytes = rows.row_bytes(row)?;
        if let Some(bank) = bank {
            // Of the stored vector, so that anybody can check it.
            let spread = bank.expressiveness(&rows.vector(row)?);
            bytes.extend_from_slice(&spread.to_le_bytes());
        }
        Ok(bytes)
    }

    /// The value of a headline, of the rows of its passages that have one; `None` if none has.
    pub(super) fn value(rows: impl Iterator<Item = (Option<Passage>, Vec<u8>)>) -> Option<Vec<u8>> {
        let mut value = None;
        for (passage, row) in rows {
            let value = value.get_or_insert_with(Vec::new);
            if let Some(passage) = passage {
                value.extend_from_slice(&passage.to_bytes());
            }
            value.extend_from_slice(&row);
        }
        value
    }

    /// Whether a value has rows of passages.
    pub(super) fn is_split(value: &[u8], dim: usize, with_bank: bool) -> bool {
        value.len() > 2 * dim + if with_bank { 4 } else { 0 }
    }

    /// Checks a value: its rows can be read, what they say of their vectors is so, and their passages are parts of
    /// the text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(
        value: &[u8],
        (dim, bank): (usize, Option<&Bank>),
        text: impl FnOnce() -> Result<String>,
    ) -> Result<(), String> {
        let all = StoredHeadline::all(value, dim, bank.is_some())?;
        for stored in &all {
            // A builder a row: nothing has to be kept of it.
            let told = |e: Error| e.to_string();
            let mut builder = RowsBuilder::new(dim).map_err(told)?;
            builder.push_bytes(stored.vector).map_err(told)?;
            let whole = StoredHeadline::encode(&builder.view(), 0, bank).map_err(told)?;
            let mut found = stored.vector.to_vec();
            found.extend(stored.expressiveness.iter().flat_map(|e| e.to_le_bytes()));
            if whole != found {
                return Err("its expressiveness is not that of its vector".to_owned());
            }
        }
        let mut passages = all.iter().filter_map(|stored| stored.passage).peekable();
        if passages.peek().is_none() {
            return Ok(());
        }
        let text = text().map_err(|e| e.to_string())?;
        match passages.all(|passage| passage.of(&text).is_some()) {
            true => Ok(()),
            false => Err("a passage is no part of its text".to_owned()),
        }
    }
}
