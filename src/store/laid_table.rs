//! Which tables records of commits are laid over.

use redb::{TableDefinition, Value};

use super::overlay::PerTable;
use super::overlay_key::OverlayKey;

/// The name and the types of a table that is laid over, and which of them it is. It can be opened in no
/// other way, so nobody reads the table alone.
pub(crate) struct OverlaidDefinition<K: OverlayKey, V: Value + 'static> {
    pub(super) table: TableDefinition<'static, K, V>,
    pub(super) place: LaidTable,
}

/// Which of the tables that are laid over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LaidTable {
    Tail,
    Extents,
    Fresh,
    Flat,
    Pending,
}

impl<T> PerTable<T> {
    pub(super) fn at(&self, place: LaidTable) -> &T {
        match place {
            LaidTable::Tail => &self.tail,
            LaidTable::Extents => &self.extents,
            LaidTable::Fresh => &self.fresh,
            LaidTable::Flat => &self.flat,
            LaidTable::Pending => &self.pending,
        }
    }
}
