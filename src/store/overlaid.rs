//! A table with the entries that are laid over it, read as one.

use std::ops::RangeInclusive;
use std::vec::IntoIter;

use redb::{AccessGuard, ReadableTable, Value};

use super::calls::{CheckedTable, Entries};
use super::overlay::{LaidValue, OverlayRows};
use super::overlay_key::{EntryKey, OverlayKey};
use crate::error::Result;

/// A value of a table that is laid over, from the table or from what is laid over it.
pub(crate) enum FoundValue<'a, V: Value + 'static> {
    Stored(AccessGuard<'a, V>),
    Laid(&'a [u8]),
}

impl<V: Value + 'static> FoundValue<'_, V> {
    pub(super) fn value(&self) -> V::SelfType<'_> {
        match self {
            Self::Stored(guard) => guard.value(),
            Self::Laid(bytes) => V::from_bytes(bytes),
        }
    }
}

/// A table `T` with what is laid over it. An entry that is laid over hides the one of the same key.
pub(crate) struct OverlaidTable<T, K, V> {
    table: CheckedTable<T, K, V>,
    rows: OverlayRows,
}

impl<T, K, V> OverlaidTable<T, K, V> {
    pub(super) fn new(table: CheckedTable<T, K, V>, rows: OverlayRows) -> Self {
        Self { table, rows }
    }
}

impl<T: ReadableTable<K, V>, K: OverlayKey, V: Value + 'static> OverlaidTable<T, K, V> {
    /// The entries of a range of keys, from either end.
    pub(super) fn range(&self, keys: RangeInclusive<K>) -> Result<OverlaidEntries<'_, K, V>> {
        let laid = self.rows.range(keys.start().entry(), keys.end().entry());
        Ok(OverlaidEntries::new(self.table.range(keys)?, laid))
    }

    /// All entries, from either end.
    pub(super) fn iter(&self) -> Result<OverlaidEntries<'_, K, V>> {
        Ok(OverlaidEntries::new(self.table.iter()?, self.rows.all()))
    }
}

type FoundEntry<'a, K, V> = (K, FoundValue<'a, V>);

/// Entries of a table and of what is laid over it, ascending by key. Ends after the first error.
pub(crate) struct OverlaidEntries<'a, K: OverlayKey, V: Value + 'static> {
    stored: Entries<'a, K, V>,
    laid: IntoIter<(EntryKey, LaidValue<'a>)>,
    /// Entries that were taken from either end of the table, and are not given yet.
    front: Option<FoundEntry<'a, K, V>>,
    back: Option<FoundEntry<'a, K, V>>,
    failed: bool,
}

impl<'a, K: OverlayKey, V: Value + 'static> OverlaidEntries<'a, K, V> {
    pub(super) fn new(stored: Entries<'a, K, V>, laid: Vec<(EntryKey, LaidValue<'a>)>) -> Self {
        Self {
            stored,
            laid: laid.into_iter(),
            front: None,
            back: None,
            failed: false,
        }
    }

    fn give<T>(&mut self, found: Result<Option<T>>) -> Option<Result<T>> {
        self.failed = found.is_err();
        found.transpose()
    }

    fn first(&mut self) -> Result<Option<FoundEntry<'a, K, V>>> {
        loop {
            if self.front.is_none() {
                let next = self.stored.next().transpose()?;
                let next = next.map(|(key, value)| (key.value(), FoundValue::Stored(value)));
                self.front = next.or_else(|| self.back.take());
            }
            let laid = self.laid.as_slice().first().map(|(key, _)| K::of(*key));
            let stored = self.front.as_ref().map(|(key, _)| *key);
            if stored.is_some_and(|key| laid.is_none_or(|over| key < over)) {
                return Ok(self.front.take());
            }
            if stored == laid {
                self.front = None;
            }
            match self.laid.next() {
                Some((key, Some(value))) => {
                    return Ok(Some((K::of(key), FoundValue::Laid(value))));
                }
                Some((_, None)) => {} // Taken out.
                None => return Ok(None),
            }
        }
    }

    fn last(&mut self) -> Result<Option<FoundEntry<'a, K, V>>> {
        loop {
            if self.back.is_none() {
                let next = self.stored.next_back().transpose()?;
                let next = next.map(|(key, value)| (key.value(), FoundValue::Stored(value)));
                self.back = next.or_else(|| self.front.take());
            }
            let laid = self.laid.as_slice().last().map(|(key, _)| K::of(*key));
            let stored = self.back.as_ref().map(|(key, _)| *key);
            if stored.is_some_and(|key| laid.is_none_or(|over| key > over)) {
                return Ok(self.back.take());
            }
            if stored == laid {
                self.back = None;
            }
            match self.laid.next_back() {
                Some((key, Some(value))) => {
                    return Ok(Some((K::of(key), FoundValue::Laid(value))));
                }
                Some((_, None)) => {} // Taken out.
                None => return Ok(None),
            }
        }
    }
}

impl<'a, K: OverlayKey, V: Value + 'static> Iterator for OverlaidEntries<'a, K, V> {
    type Item = Result<FoundEntry<'a, K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let found = self.first();
        self.give(found)
    }
}

impl<K: OverlayKey, V: Value + 'static> DoubleEndedIterator for OverlaidEntries<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let found = self.last();
        self.give(found)
    }
}
