//! Changing a table that is laid over.

use std::borrow::Borrow;
use std::cell::RefMut;
use std::ops::RangeInclusive;

use redb::{Table, TableDefinition, Value};

use super::calls::CheckedTable;
use super::catalog::WriteTxn;
use super::laid_table::OverlaidDefinition;
use super::overlaid::FoundValue;
use super::overlay::{OverlayRows, ValueBytes};
use super::overlay_key::OverlayKey;
use super::overlay_writer::{MOST_LAID, OverlayWriter};
use crate::error::{Error, Result};

/// A table that is laid over, for writing. It is opened when it is first needed: laying an entry over it does
/// not need it.
pub(super) struct OverlaidMut<'a, K: OverlayKey, V: Value + 'static> {
    txn: &'a WriteTxn,
    definition: TableDefinition<'static, K, V>,
    open: Option<CheckedTable<Table<'a, K, V>, K, V>>,
    over: RefMut<'a, OverlayWriter>,
}

impl WriteTxn {
    /// A table that records of commits are laid over; only one handle of a table may live at a time.
    pub(super) fn overlaid_mut<K: OverlayKey, V: Value + 'static>(
        &self,
        definition: OverlaidDefinition<K, V>,
    ) -> Result<OverlaidMut<'_, K, V>> {
        let over = self.over.at(definition.place).try_borrow_mut();
        Ok(OverlaidMut {
            txn: self,
            definition: definition.table,
            open: None,
            over: over.map_err(|_| Error::internal("a table is changed by two at once"))?,
        })
    }
}

impl<'a, K: OverlayKey, V: Value + 'static> OverlaidMut<'a, K, V> {
    fn table(&mut self) -> Result<&mut CheckedTable<Table<'a, K, V>, K, V>> {
        let table = match self.open.take() {
            Some(table) => table,
            None => self.txn.table_mut(self.definition)?,
        };
        Ok(self.open.insert(table))
    }

    /// The value of a key.
    pub(super) fn get(&mut self, key: K) -> Result<Option<FoundValue<'_, V>>> {
        if let Some(value) = self.over.rows.get(key.entry()) {
            return Ok(Some(FoundValue::Laid(value.clone())));
        }
        Ok(self.table()?.get(key)?.map(FoundValue::Stored))
    }

    /// Adds an entry, or replaces the one of that key.
    pub(super) fn insert<'v>(&mut self, key: K, value: impl Borrow<V::SelfType<'v>>) -> Result<()> {
        if self.over.folded {
            return self.table()?.insert(key, value);
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
        self.table()?.remove(key)
    }

    /// Takes out the entries of a range of keys.
    pub(super) fn clear(&mut self, keys: RangeInclusive<K>) -> Result<()> {
        if self.is_empty(&keys)? {
            return Ok(());
        }
        // What goes need not go into the table first: sealed rows are many.
        self.fold_unless(|key| keys.contains(&key))?;
        self.table()?.clear(keys)
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
        self.table()?.drain(keys, read)
    }

    /// Whether there is no entry in a range of keys: then nothing has to be folded to take out none.
    fn is_empty(&mut self, keys: &RangeInclusive<K>) -> Result<bool> {
        let (first, last) = (*keys.start(), *keys.end());
        if !self.over.rows.range(first.entry(), last.entry()).is_empty() {
            return Ok(false);
        }
        let mut stored = self.table()?.range(first..=last)?;
        Ok(stored.next().transpose()?.is_none())
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
                self.table()?.insert(key, V::from_bytes(&value))?;
            }
        }
        self.over.rows = OverlayRows::default();
        self.over.new = Vec::new();
        self.over.folded = true;
        Ok(())
    }
}
