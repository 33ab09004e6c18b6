//! Changing a table that is laid over.

use std::borrow::Borrow;
use std::cell::RefMut;
use std::ops::RangeInclusive;

use redb::{Table, TableDefinition, Value};

use super::calls::CheckedTable;
use super::catalog::WriteTxn;
use super::laid_table::OverlaidDefinition;
use super::overlaid::OverlaidEntries;
use super::overlay::OverlayRows;
use super::overlay_key::OverlayKey;
use super::overlay_writer::{MOST_LAID, MOST_TAKEN, OverlayWriter};
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

    /// What `read` takes from the value of a key.
    pub(super) fn read<R>(
        &mut self,
        key: K,
        read: impl FnOnce(V::SelfType<'_>) -> R,
    ) -> Result<Option<R>> {
        match self.over.rows.get(key.entry()) {
            Some(laid) => Ok(laid.map(|bytes| read(V::from_bytes(bytes)))),
            None => Ok(self.table()?.get(key)?.map(|value| read(value.value()))),
        }
    }

    /// Adds an entry, or replaces the one of that key.
    pub(super) fn insert<'v>(&mut self, key: K, value: impl Borrow<V::SelfType<'v>>) -> Result<()> {
        if self.over.folded {
            return self.table()?.insert(key, value);
        }
        let bytes = V::as_bytes(value.borrow());
        self.over.rows.insert(key.entry(), bytes.as_ref());
        self.fold_if_many()
    }

    /// As [`Self::insert`]. Returns what `read` takes from the value that was there.
    pub(super) fn replace<'v, R>(
        &mut self,
        key: K,
        value: impl Borrow<V::SelfType<'v>>,
        read: impl FnOnce(V::SelfType<'_>) -> R,
    ) -> Result<Option<R>> {
        let old = self.read(key, read)?;
        self.insert(key, value)?;
        Ok(old)
    }

    /// Takes an entry out; `false` if there is none. If another one is put in its place before the commit, that
    /// one is laid over it, and nothing has to be folded.
    pub(super) fn remove(&mut self, key: K) -> Result<bool> {
        if self.over.folded {
            return self.table()?.remove(key);
        }
        if self.read(key, |_| ())?.is_none() {
            return Ok(false);
        }
        self.over.rows.take_out(key.entry());
        self.fold_if_many()?;
        Ok(true)
    }

    /// Takes out the entries of a range of keys.
    pub(super) fn clear(&mut self, keys: RangeInclusive<K>) -> Result<()> {
        // Nothing has to be folded to take out none.
        if self.entries(&keys)?.next().transpose()?.is_none() {
            return Ok(());
        }
        // What goes need not go into the table first: sealed rows are many.
        self.fold_unless(|key| keys.contains(&key))?;
        self.table()?.clear(keys)
    }

    /// Takes out the entries of a range of keys, as [`Self::remove`] does where they are few. Returns what
    /// `read` takes from each.
    pub(super) fn drain<R>(
        &mut self,
        keys: RangeInclusive<K>,
        read: impl Fn(K, V::SelfType<'_>) -> R,
    ) -> Result<Vec<R>> {
        // In two goes: redb's iterator that takes out while it reads goes on working when it is dropped, so on a
        // page that cannot be read it would panic twice, which ends the program.
        let mut found = Vec::new();
        let mut taken = Vec::new();
        for item in self.entries(&keys)? {
            let (key, value) = item?;
            found.push(key);
            taken.push(read(key, value.value()));
        }
        if found.is_empty() {
            return Ok(taken);
        }
        if self.over.folded || found.len() > MOST_TAKEN {
            self.fold_unless(|key| keys.contains(&key))?;
            self.table()?.clear(keys)?;
            return Ok(taken);
        }
        for key in found {
            self.over.rows.take_out(key.entry());
        }
        self.fold_if_many()?;
        Ok(taken)
    }

    /// The entries of a range of keys.
    fn entries(&mut self, keys: &RangeInclusive<K>) -> Result<OverlaidEntries<'_, K, V>> {
        let (first, last) = (*keys.start(), *keys.end());
        self.table()?;
        let laid = self.over.rows.range(first.entry(), last.entry());
        let table = self.open.as_ref();
        let table = table.ok_or_else(|| Error::internal("an open table is not there"))?;
        Ok(OverlaidEntries::new(table.range(first..=last)?, laid))
    }

    fn fold_if_many(&mut self) -> Result<()> {
        if self.over.rows.changed() > MOST_LAID {
            return self.fold();
        }
        Ok(())
    }

    /// Puts all that is laid over the table into it, and whatever comes after.
    pub(super) fn fold(&mut self) -> Result<()> {
        self.fold_unless(|_| false)
    }

    /// The same if this transaction takes entries out: only what is put can be laid over a table.
    pub(super) fn fold_what_goes(&mut self) -> Result<()> {
        if self.over.rows.takes_out() {
            return self.fold();
        }
        Ok(())
    }

    /// The same without the entries whose keys are to go.
    fn fold_unless(&mut self, goes: impl Fn(K) -> bool) -> Result<()> {
        let rows = self.over.rows.clone();
        let mut all = rows.all();
        all.retain(|(key, _)| !goes(K::of(*key)));
        let mut run = Vec::new();
        for of_one in all.chunk_by(|(a, _), (b, _)| (a.space, a.series) == (b.space, b.series)) {
            run.clear();
            run.extend(
                of_one
                    .iter()
                    .filter_map(|(key, value)| Some((K::of(*key), (*value)?))),
            );
            self.table()?.insert_run(&run)?;
            for (key, _) in of_one.iter().filter(|(_, value)| value.is_none()) {
                self.table()?.remove(K::of(*key))?;
            }
        }
        self.over.rows = OverlayRows::default();
        self.over.folded = true;
        Ok(())
    }
}
