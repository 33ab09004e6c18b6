//! The vectors of headlines in the spaces that have an encoder of text, or into which they were imported.
//!
//! Headlines are numbered as they come, so one number a space says how far it is. With an encoder, what is
//! above waits; of imported vectors it is the highest number that was imported. A row goes with its headline,
//! in one transaction.

use std::collections::BTreeMap;

use super::catalog::{CatalogUse, PASSAGES_FORMAT, WriteTxn};
use super::records::SpaceId;
use super::tables::{HEADLINE_MARKS, HEADLINE_ROWS};
use crate::error::Result;

/// Rows of headlines that are read from a transaction.
pub(crate) trait HeadlineRowReads: CatalogUse + Sized {
    /// Calls `found` with the number and the value of each headline of a space with a vector, by number. A value
    /// holds one row, or the rows of the headline's passages.
    fn each_headline_row(
        &self,
        space: SpaceId,
        found: impl FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        // Numbers start at 1.
        self.each_headline_row_after(space, 0, found)
    }

    /// The same for the headlines whose numbers are above `id`.
    fn each_headline_row_after(
        &self,
        space: SpaceId,
        id: u64,
        mut found: impl FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let Some(table) = self.table_if_there(HEADLINE_ROWS)? else {
            return Ok(());
        };
        let first = id.saturating_add(1);
        for item in table.range((space, first)..=(space, u64::MAX))? {
            let (key, vector) = item?;
            found(key.value().1, vector.value())?;
        }
        Ok(())
    }

    /// How many headlines have a row in a space. Costs nothing where no other space has read any.
    fn headline_row_count(&self, space: SpaceId) -> Result<u64> {
        let (Some(rows), Some(marks)) = (
            self.table_if_there(HEADLINE_ROWS)?,
            self.table_if_there(HEADLINE_MARKS)?,
        ) else {
            return Ok(0);
        };
        let mut alone = true;
        for mark in marks.iter()? {
            alone &= mark?.0.value() == space;
        }
        if alone {
            return rows.len();
        }
        // A writer opens a table once at a time.
        drop(rows);
        let mut count = 0;
        self.each_headline_row(space, |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// What a space has of a headline.
    fn headline_row(&self, space: SpaceId, id: u64) -> Result<Option<Vec<u8>>> {
        let Some(table) = self.table_if_there(HEADLINE_ROWS)? else {
            return Ok(None);
        };
        let found = table.get((space, id))?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    /// Whether a headline has a row in a space.
    fn has_headline_row(&self, space: SpaceId, id: u64) -> Result<bool> {
        match self.table_if_there(HEADLINE_ROWS)? {
            Some(table) => Ok(table.get((space, id))?.is_some()),
            None => Ok(false),
        }
    }

    /// The last headline that a space has looked at; 0 is none.
    fn headline_mark(&self, space: SpaceId) -> Result<u64> {
        let Some(table) = self.table_if_there(HEADLINE_MARKS)? else {
            return Ok(0);
        };
        let mark = table.get(space)?;
        Ok(mark.map_or(0, |m| m.value()))
    }
}

impl<T: CatalogUse> HeadlineRowReads for T {}

impl WriteTxn {
    /// Adds rows of headlines, and notes that the space has looked at all up to `mark`.
    pub(crate) fn put_headline_rows(
        &self,
        space: SpaceId,
        rows: &[(u64, Vec<u8>)],
        mark: u64,
    ) -> Result<()> {
        let mut table = self.table_mut(HEADLINE_ROWS)?;
        for (id, vector) in rows {
            table.insert((space, *id), vector.as_slice())?;
        }
        self.table_mut(HEADLINE_MARKS)?.insert(space, mark)?;
        Ok(())
    }

    /// Lets programs refuse the catalog that do not know rows of passages.
    pub(crate) fn require_passages(&self) -> Result<()> {
        self.require_format(PASSAGES_FORMAT)
    }

    /// Adds rows of headlines that came from outside, in any order, or replaces them. Returns how many were
    /// replaced.
    pub(crate) fn import_headline_rows(
        &self,
        space: SpaceId,
        rows: &BTreeMap<u64, Vec<u8>>,
    ) -> Result<u64> {
        let mark = self.headline_mark(space)?;
        let mut replaced = 0;
        let mut table = self.table_mut(HEADLINE_ROWS)?;
        for (id, vector) in rows {
            replaced += u64::from(table.get((space, *id))?.is_some());
            table.insert((space, *id), vector.as_slice())?;
        }
        let last = rows.keys().next_back().copied().unwrap_or(0);
        self.table_mut(HEADLINE_MARKS)?
            .insert(space, last.max(mark))?;
        // Readers go on from the mark, and look again at what is below it only if they are told to.
        if rows.keys().next().is_some_and(|first| *first <= mark) {
            self.note_headlines_changed();
        }
        Ok(replaced)
    }

    /// Forgets the rows of headlines in all spaces.
    pub(super) fn remove_headline_rows(&self, ids: &[u64]) -> Result<()> {
        let spaces = self.all_spaces()?;
        let mut table = self.table_mut(HEADLINE_ROWS)?;
        for (space, _) in spaces {
            for &id in ids {
                table.remove((space, id))?;
            }
        }
        Ok(())
    }

    /// Forgets all rows of headlines of a space.
    pub(super) fn clear_headline_rows(&self, space: SpaceId) -> Result<()> {
        self.table_mut(HEADLINE_ROWS)?
            .clear((space, 0)..=(space, u64::MAX))?;
        self.table_mut(HEADLINE_MARKS)?.remove(space)?;
        Ok(())
    }
}
