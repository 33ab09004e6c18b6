//! What the write transaction lays over a table.

use super::overlay::OverlayRows;

/// Entries that one transaction lays over a table, at most. More go into the table at once: a record of
/// them would be no smaller than the pages that it saves.
pub(super) const MOST_LAID: usize = 1 << 14;
/// Entries that are taken out of a range of keys one by one, at most. More go faster in one piece.
pub(super) const MOST_TAKEN: usize = 64;

/// What is laid over a table in the write transaction.
#[derive(Debug, Default)]
pub(super) struct OverlayWriter {
    pub(super) rows: OverlayRows,
    /// Whether all entries went into the table, and later ones go there too.
    pub(super) folded: bool,
}

impl OverlayWriter {
    /// Over a table with what earlier commits laid over it.
    pub(super) fn over(rows: &OverlayRows) -> Self {
        Self {
            rows: rows.clone(),
            ..Self::default()
        }
    }
}
