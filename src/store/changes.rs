use super::catalog::WriteTxn;
use super::records::SpaceId;
use super::rows::FreshRow;

/// What a transaction changed of all that a reader keeps in memory: so that one who knows the state
/// before need not read everything again.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The last moment, in milliseconds UTC, up to which no bar closed and no headline became known
    /// that was added, replaced or taken out.
    pub(crate) unchanged_to: i64,
    /// A series was named or forgotten.
    pub(crate) series: bool,
    /// Fresh rows were taken out.
    pub(crate) fresh_removed: bool,
    /// Fresh rows that were added or replaced, in this order.
    pub(crate) fresh_added: Vec<(SpaceId, FreshRow)>,
    /// Headlines were taken out, or say something else about themselves than before.
    pub(crate) headlines_changed: bool,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            unchanged_to: i64::MAX,
            series: false,
            fresh_removed: false,
            fresh_added: Vec::new(),
            headlines_changed: false,
        }
    }
}

impl WriteTxn {
    /// Notes that something changed that was known after a moment, and nothing up to it.
    pub(crate) fn note_changed_after(&self, moment: i64) {
        let mut changes = self.changes.borrow_mut();
        changes.unchanged_to = changes.unchanged_to.min(moment);
    }

    pub(super) fn note_fresh(&self, space: SpaceId, rows: &[FreshRow]) {
        let added = rows.iter().map(|row| (space, row.clone()));
        self.changes.borrow_mut().fresh_added.extend(added);
    }

    pub(super) fn note_fresh_removed(&self) {
        self.changes.borrow_mut().fresh_removed = true;
    }

    pub(super) fn note_headlines_changed(&self) {
        self.changes.borrow_mut().headlines_changed = true;
    }
}
