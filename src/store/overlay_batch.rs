//! Entries that commits laid over one table, side by side in memory.

use super::overlay_key::EntryKey;

/// Entries of a table, ascending by key, as one or several commits left them. Nobody changes a batch that
/// others can see, so snapshots share it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OverlayBatch {
    keys: Vec<EntryKey>,
    /// Where each value ends among the bytes of all.
    ends: Vec<usize>,
    values: Vec<u8>,
}

impl OverlayBatch {
    /// No entries, with room for some.
    pub(super) fn with_capacity(entries: usize, bytes: usize) -> Self {
        Self {
            keys: Vec::with_capacity(entries),
            ends: Vec::with_capacity(entries),
            values: Vec::with_capacity(bytes),
        }
    }

    /// Adds an entry, whose key comes after all others.
    pub(super) fn push(&mut self, key: EntryKey, value: &[u8]) {
        debug_assert!(self.keys.last().is_none_or(|last| *last < key), "ascending");
        self.keys.push(key);
        self.values.extend_from_slice(value);
        self.ends.push(self.values.len());
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The bytes of all values.
    pub(super) fn bytes(&self) -> usize {
        self.values.len()
    }

    pub(super) fn get(&self, key: EntryKey) -> Option<&[u8]> {
        self.value(self.keys.binary_search(&key).ok()?)
    }

    fn value(&self, i: usize) -> Option<&[u8]> {
        let start = match i.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.values.get(start..*self.ends.get(i)?)
    }

    /// The entries from `first` to `last`, ascending.
    pub(super) fn range(
        &self,
        first: EntryKey,
        last: EntryKey,
    ) -> impl ExactSizeIterator<Item = (EntryKey, &[u8])> {
        let start = self.keys.partition_point(|key| *key < first);
        let end = self.keys.partition_point(|key| *key <= last);
        let entry = |i: usize| {
            let key = self.keys.get(i).copied().unwrap_or(EntryKey::MAX);
            (key, self.value(i).unwrap_or_default())
        };
        (start..end.max(start)).map(entry)
    }

    /// All entries, ascending.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (EntryKey, &[u8])> {
        self.range(EntryKey::MIN, EntryKey::MAX)
    }

    /// The entries of both; of two with one key that of `newer`.
    pub(super) fn joined(&self, newer: &Self) -> Self {
        let mut joined =
            Self::with_capacity(self.len() + newer.len(), self.bytes() + newer.bytes());
        let mut olds = self.iter().peekable();
        for (key, value) in newer.iter() {
            while let Some((key, value)) = olds.next_if(|(old, _)| *old < key) {
                joined.push(key, value);
            }
            olds.next_if(|(old, _)| *old == key);
            joined.push(key, value);
        }
        olds.for_each(|(key, value)| joined.push(key, value));
        joined
    }
}
