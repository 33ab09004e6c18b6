//! Changing a table that is laid over.

use std::borrow::Borrow;
use std::cell::RefMut;
use std::ops::RangeInclusive;

use redb::{Table, Value};

use super::calls::CheckedTable;
use super::overlaid::FoundValue;
use super::overlay::{OverlayRows, ValueBytes};
use super::overlay_key::{EntryKey, OverlayKey};
use crate::error::Result;

/// Entries that one transaction lays over a table, at most. More go into the table at once: a record of
/// them would be no smaller than the pages that it saves.
const MOST_LAID: usize = 1 << 14;

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

/// A table that is laid over, open for writing.
pub(super) struct OverlaidMut<'a, K: OverlayKey, V: Value + 'static> {
    table: CheckedTable<Table<'a, K, V>, K, V>,
    over: RefMut<'a, OverlayWriter>,
}

impl<'a, K: OverlayKey, V: Value + 'static> OverlaidMut<'a, K, V> {
    pub(super) fn new(
        table: CheckedTable<Table<'a, K, V>, K, V>,
        over: RefMut<'a, OverlayWriter>,
    ) -> Self {
        Self { table, over }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: K) -> Result<Option<FoundValue<'_, V>>> {
        match self.over.rows.get(key.entry()) {
            Some(value) => Ok(Some(FoundValue::Laid(value.clone()))),
            None => Ok(self.table.get(key)?.map(FoundValue::Stored)),
        }
    }

    /// Adds an entry, or replaces the one of that key.
    pub(super) fn insert<'v>(&mut self, key: K, value: impl Borrow<V::SelfType<'v>>) -> Result<()> {
        if self.over.folded {
            return self.table.insert(key, value);
        }
        let bytes = ValueBytes::from(V::as_bytes(value.borrow()).as_ref());
        self.over.rows.insert(key.entry(), bytes);
        self.over.new.push(key.entry());
        if self.over.new.len() > MOST_LAID {
            self.fold()?;
        }
        Ok(())
    }

    /// As [`Self::insert`]. Returns what `read` takes from the value that was there.
    pub(super) fn replace<'v, R>(
        &mut self,
        key: K,
        value: impl Borrow<V::SelfType<'v>>,
        read: impl FnOnce(V::SelfType<'_>) -> R,
    ) -> Result<Option<R>> {
        let old = self.get(key)?.map(|old| read(old.value()));
        self.insert(key, value)?;
        Ok(old)
    }

    /// Takes an entry out; `false` if there is none.
    pub(super) fn remove(&mut self, key: K) -> Result<bool> {
        if self.get(key)?.is_none() {
            return Ok(false);
        }
        self.fold()?;
        self.table.remove(key)
    }

    /// Takes out the entries of a range of keys.
    pub(super) fn clear(&mut self, keys: RangeInclusive<K>) -> Result<()> {
        if self.is_empty(&keys)? {
            return Ok(());
        }
        // What goes need not go into the table first: sealed rows are many.
        self.fold_unless(|key| keys.contains(&key))?;
        self.table.clear(keys)
    }

    /// Takes out the entries of a range of keys. Returns what `read` takes from each.
    pub(super) fn drain<R>(
        &mut self,
        keys: RangeInclusive<K>,
        read: impl Fn(K, V::SelfType<'_>) -> R,
    ) -> Result<Vec<R>> {
        if self.is_empty(&keys)? {
            return Ok(Vec::new());
        }
        self.fold()?;
        self.table.drain(keys, read)
    }

    /// Whether there is no entry in a range of keys: then nothing has to be folded to take out none.
    fn is_empty(&self, keys: &RangeInclusive<K>) -> Result<bool> {
        let (first, last) = (*keys.start(), *keys.end());
        let laid = self.over.rows.range(first.entry(), last.entry());
        Ok(laid.is_empty()
            && self
                .table
                .range(first..=last)?
                .next()
                .transpose()?
                .is_none())
    }

    /// Puts all that is laid over the table into it, and whatever comes after.
    pub(super) fn fold(&mut self) -> Result<()> {
        self.fold_unless(|_| false)
    }

    /// The same without the entries whose keys are to go.
    fn fold_unless(&mut self, goes: impl Fn(K) -> bool) -> Result<()> {
        for (key, value) in self.over.rows.all() {
            let key = K::of(key);
            if !goes(key) {
                self.table.insert(key, V::from_bytes(&value))?;
            }
        }
        self.over.rows = OverlayRows::default();
        self.over.new = Vec::new();
        self.over.folded = true;
        Ok(())
    }
}
