//! What the write transaction lays over a table.

use super::overlay::{OverlayRows, ValueBytes};
use super::overlay_key::EntryKey;

/// Entries that one transaction lays over a table, at most. More go into the table at once: a record of
/// them would be no smaller than the pages that it saves.
pub(super) const MOST_LAID: usize = 1 << 14;

/// What is laid over a table in the write transaction.
#[derive(Debug, Default)]
pub(super) struct OverlayWriter {
    pub(super) rows: OverlayRows,
    /// The keys that this transaction laid over, in this order.
    pub(super) new: Vec<EntryKey>,
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

    /// The entries that this transaction laid over, ascending.
    pub(super) fn new_entries(&self) -> Vec<(EntryKey, ValueBytes)> {
        let mut keys = self.new.clone();
        keys.sort_unstable();
        keys.dedup();
        let entry = |key| Some((key, self.rows.get(key)?.clone()));
        keys.into_iter().filter_map(entry).collect()
    }
}
