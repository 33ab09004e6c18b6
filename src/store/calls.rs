//! The calls into redb.
//!
//! redb trusts the pages of its file, and panics on some that do not hold what was written to
//! them. Here, around its calls and nothing else, such a panic becomes [`Error::Corrupt`]: a panic
//! of other code says nothing about the file, and goes on to whoever called.

use std::any::Any;
use std::borrow::Borrow;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Bound, RangeBounds};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{AccessGuard, Key, Range, ReadOnlyTable, ReadableTable, Table, Value};

use super::faults::fault;
use super::overlay_key::OverlayKey;
use crate::error::{Error, Result};

/// Makes a call into redb. `call` holds code of redb's alone, and what cannot panic.
pub(super) fn caught<T>(path: &Path, call: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| unreadable(path, panic.as_ref()))
}

/// As [`caught`], for a call that can fail.
pub(super) fn calling<T, E: Into<redb::Error>>(
    path: &Path,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T> {
    caught(path, call)?.map_err(fault)
}

fn unreadable(path: &Path, panic: &(dyn Any + Send)) -> Error {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    let detail = format!("a page cannot be read ({})", said.unwrap_or("no message"));
    Error::corrupt(path, "catalog", detail)
}

/// A table of the catalog `T`, as redb opens it.
pub(crate) struct CheckedTable<T, K, V> {
    table: T,
    path: Arc<PathBuf>,
    entry: PhantomData<fn() -> (K, V)>,
}

/// What is found in a table. The values were looked at once, so looking again cannot panic.
type Entry<'a, K, V> = (AccessGuard<'a, K>, AccessGuard<'a, V>);

impl<T, K, V> CheckedTable<T, K, V> {
    pub(super) fn new(table: T, path: &Arc<PathBuf>) -> Self {
        Self {
            table,
            path: Arc::clone(path),
            entry: PhantomData,
        }
    }
}

impl<T: ReadableTable<K, V>, K: Key + 'static, V: Value + 'static> CheckedTable<T, K, V> {
    /// The value of a key.
    pub(super) fn get<'k>(
        &self,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<AccessGuard<'_, V>>> {
        calling(&self.path, || {
            let found = self.table.get(key)?;
            if let Some(value) = &found {
                value.value();
            }
            Ok::<_, redb::StorageError>(found)
        })
    }

    /// The entries of a range of keys, from either end.
    pub(super) fn range<'k, KR>(
        &self,
        range: impl RangeBounds<KR> + 'k,
    ) -> Result<Entries<'_, K, V>>
    where
        KR: Borrow<K::SelfType<'k>> + 'k,
    {
        Ok(Entries {
            range: calling(&self.path, || self.table.range(range))?,
            path: &self.path,
            failed: false,
        })
    }

    /// All entries, from either end.
    pub(super) fn iter(&self) -> Result<Entries<'_, K, V>> {
        Ok(Entries {
            range: calling(&self.path, || self.table.iter())?,
            path: &self.path,
            failed: false,
        })
    }

    /// The entry of the smallest key.
    pub(super) fn first(&self) -> Result<Option<Entry<'_, K, V>>> {
        self.iter()?.next().transpose()
    }

    /// The entry of the greatest key.
    pub(super) fn last(&self) -> Result<Option<Entry<'_, K, V>>> {
        self.iter()?.next_back().transpose()
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> Result<u64> {
        calling(&self.path, || self.table.len())
    }
}

impl<K: Key + 'static, V: Value + 'static> CheckedTable<Table<'_, K, V>, K, V> {
    /// Adds an entry, or replaces the one of that key.
    pub(super) fn insert<'k, 'v>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        value: impl Borrow<V::SelfType<'v>>,
    ) -> Result<()> {
        self.replace(key, value, |_| ()).map(drop)
    }

    /// As [`Self::insert`]. Returns what `read` takes from the value that was there.
    pub(super) fn replace<'k, 'v, R>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        value: impl Borrow<V::SelfType<'v>>,
        read: impl FnOnce(V::SelfType<'_>) -> R,
    ) -> Result<Option<R>> {
        calling(&self.path, || {
            let old = self.table.insert(key, value)?;
            Ok::<_, redb::StorageError>(old.map(|old| read(old.value())))
        })
    }

    /// Takes an entry out; `false` if there is none.
    pub(super) fn remove<'k>(&mut self, key: impl Borrow<K::SelfType<'k>>) -> Result<bool> {
        Ok(self.take(key, |_| ())?.is_some())
    }

    /// Takes an entry out. Returns what `read` takes from its value.
    pub(super) fn take<'k, R>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        read: impl FnOnce(V::SelfType<'_>) -> R,
    ) -> Result<Option<R>> {
        calling(&self.path, || {
            let old = self.table.remove(key)?;
            Ok::<_, redb::StorageError>(old.map(|old| read(old.value())))
        })
    }

    /// Takes out the entries of a range of keys.
    pub(super) fn clear<'k, KR>(&mut self, range: impl RangeBounds<KR> + 'k) -> Result<()>
    where
        KR: Borrow<K::SelfType<'k>> + 'k,
    {
        calling(&self.path, || self.table.retain_in(range, |_, _| false))
    }
}

impl<K: OverlayKey, V: Value + 'static> CheckedTable<Table<'_, K, V>, K, V> {
    /// Adds entries, ascending by key, with their values as bytes. Where nothing is stored from the first to the
    /// last of them, they go in together, which takes a fraction of the time.
    pub(super) fn insert_run(&mut self, run: &[(K, &[u8])]) -> Result<()> {
        if run.len() > 1 && self.insert_into_gap(run)? {
            return Ok(());
        }
        for (key, value) in run {
            self.insert(key, V::from_bytes(value))?;
        }
        Ok(())
    }

    /// Adds entries between two that are stored, or returns `false` if they do not all belong there.
    fn insert_into_gap(&mut self, run: &[(K, &[u8])]) -> Result<bool> {
        let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) else {
            return Ok(false);
        };
        calling(&self.path, || {
            let cursor = self.table.lower_bound_mut(Bound::Included(first))?;
            // On a page that cannot be read it panics, and would panic again when it is dropped, which ends the
            // program.
            let mut cursor = ManuallyDrop::new(cursor);
            let mut fill = || {
                let next = cursor.peek_next()?.map(|(key, _)| key.value());
                let is_gap = next.is_none_or(|next| *last < next);
                if is_gap {
                    for (key, value) in run {
                        cursor.insert_before(key, V::from_bytes(value))?;
                    }
                }
                Ok::<_, redb::Error>(is_gap)
            };
            let filled = fill();
            ManuallyDrop::into_inner(cursor).close()?;
            filled
        })
    }
}

/// Entries of a table, ascending by key. Ends after the first error.
pub(super) struct Entries<'a, K: Key + 'static, V: Value + 'static> {
    range: Range<'a, K, V>,
    path: &'a Path,
    failed: bool,
}

impl<'a, K: Key + 'static, V: Value + 'static> Entries<'a, K, V> {
    fn step(
        &mut self,
        next: impl FnOnce(&mut Range<'a, K, V>) -> Option<Result<Entry<'a, K, V>, redb::StorageError>>,
    ) -> Option<Result<Entry<'a, K, V>>> {
        if self.failed {
            return None;
        }
        let found = calling(self.path, || {
            let found = next(&mut self.range).transpose()?;
            if let Some((key, value)) = &found {
                key.value();
                value.value();
            }
            Ok::<_, redb::StorageError>(found)
        });
        self.failed = found.is_err();
        found.transpose()
    }
}

impl<'a, K: Key + 'static, V: Value + 'static> Iterator for Entries<'a, K, V> {
    type Item = Result<Entry<'a, K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Iterator::next)
    }
}

impl<K: Key + 'static, V: Value + 'static> DoubleEndedIterator for Entries<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(DoubleEndedIterator::next_back)
    }
}

/// A table of a read transaction.
pub(super) type ReadTable<K, V> = CheckedTable<ReadOnlyTable<K, V>, K, V>;
