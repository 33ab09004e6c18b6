//! Entries of tables that small commits left beside them, in memory.
//!
//! A bar of each of a thousand series touches a page of a table for each series, since tables are sorted
//! by series. So a small commit writes its entries into one record instead (the table `appends`), and
//! every reader lays the records over the tables. After some commits the entries of all records are
//! folded into the tables, and the records go.
//!
//! ```text
//! table   AAA: 1 2 3 4        BBB: 1 2 3 4
//! record      5                   5            commit 7: one page instead of two
//! record        6                   6          commit 8
//! read    AAA: 1 2 3 4 5 6    BBB: 1 2 3 4 5 6
//! ```
//!
//! Only entries that are put into a table can be laid over it. A transaction that takes entries out of a
//! table folds first. A reader keeps what it has read: a commit costs it the series that changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::overlay_key::EntryKey;

/// The bytes of a value, as the table would hold them.
pub(super) type ValueBytes = Arc<[u8]>;

/// The entries of one space and series by time. Readers share them.
type Run = Arc<Vec<(i64, ValueBytes)>>;

/// One of something for each table that is laid over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PerTable<T> {
    pub(super) tail: T,
    pub(super) extents: T,
    pub(super) fresh: T,
    pub(super) flat: T,
    pub(super) pending: T,
}

impl<T> PerTable<T> {
    /// Makes another one of each.
    pub(super) fn map<U>(&self, mut make: impl FnMut(&T) -> U) -> PerTable<U> {
        PerTable {
            tail: make(&self.tail),
            extents: make(&self.extents),
            fresh: make(&self.fresh),
            flat: make(&self.flat),
            pending: make(&self.pending),
        }
    }

    pub(super) fn each(&self) -> [&T; 5] {
        [
            &self.tail,
            &self.extents,
            &self.fresh,
            &self.flat,
            &self.pending,
        ]
    }

    pub(super) fn each_mut(&mut self) -> [&mut T; 5] {
        [
            &mut self.tail,
            &mut self.extents,
            &mut self.fresh,
            &mut self.flat,
            &mut self.pending,
        ]
    }
}

/// Entries that are laid over one table. A clone costs nothing, and a change of it copies the series that
/// it changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct OverlayRows(Arc<BTreeMap<(u32, u32), Run>>);

impl OverlayRows {
    pub(super) fn get(&self, key: EntryKey) -> Option<&ValueBytes> {
        let run = self.0.get(&(key.space, key.series))?;
        let found = run.binary_search_by_key(&key.time, |(time, _)| *time);
        run.get(found.ok()?).map(|(_, value)| value)
    }

    /// Adds an entry, or replaces the one of that key.
    pub(super) fn insert(&mut self, key: EntryKey, value: ValueBytes) {
        let runs = Arc::make_mut(&mut self.0);
        let run = Arc::make_mut(runs.entry((key.space, key.series)).or_default());
        let later = |(time, _): &(i64, ValueBytes)| *time >= key.time;
        let at = match run.last() {
            Some(last) if later(last) => run.partition_point(|entry| !later(entry)),
            _ => run.len(),
        };
        match run.get_mut(at) {
            Some((time, old)) if *time == key.time => *old = value,
            _ => run.insert(at, (key.time, value)),
        }
    }

    /// The entries from `first` to `last`, ascending.
    pub(super) fn range(&self, first: EntryKey, last: EntryKey) -> Vec<(EntryKey, ValueBytes)> {
        let mut found = Vec::new();
        if first > last {
            return found;
        }
        let runs = (first.space, first.series)..=(last.space, last.series);
        for (&(space, series), run) in self.0.range(runs) {
            let key = |time| EntryKey {
                space,
                series,
                time,
            };
            let start = run.partition_point(|(time, _)| key(*time) < first);
            let end = run.partition_point(|(time, _)| key(*time) <= last);
            let part = run.get(start..end).unwrap_or_default();
            found.extend(part.iter().map(|(time, value)| (key(*time), value.clone())));
        }
        found
    }

    /// All entries, ascending.
    pub(super) fn all(&self) -> Vec<(EntryKey, ValueBytes)> {
        self.range(EntryKey::MIN, EntryKey::MAX)
    }
}

/// What is laid over the tables of one state of a catalog: the records after the last fold.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay {
    pub(super) rows: PerTable<OverlayRows>,
    /// The number of the last commit whose entries are in the tables.
    pub(super) folded: u64,
    /// The number of the last commit.
    pub(super) last: u64,
    /// Bytes of the records.
    pub(super) bytes: usize,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = EntryKey> {
        (0u32..3, 0u32..3, -4i64..4).prop_map(|(space, series, time)| EntryKey {
            space,
            series,
            time,
        })
    }

    proptest! {
        #[test]
        fn entries_agree_with_a_map(
            entries in prop::collection::vec((key(), any::<u8>()), 0..60),
            first in key(),
            last in key(),
        ) {
            let (mut rows, mut mirror) = (OverlayRows::default(), BTreeMap::new());
            for (i, (key, value)) in entries.iter().enumerate() {
                let before = (rows.clone(), mirror.clone());
                rows.insert(*key, Arc::from([*value].as_slice()));
                mirror.insert(*key, *value);
                prop_assert_eq!(rows.get(*key).unwrap().first(), Some(value));
                // What others hold stays as it is.
                prop_assert_eq!(before.0.all().len(), before.1.len(), "step {}", i);
            }
            let plain = |found: Vec<(EntryKey, ValueBytes)>| -> Vec<(EntryKey, u8)> {
                found.iter().map(|(k, v)| (*k, v.first().copied().unwrap())).collect()
            };
            let all: Vec<_> = mirror.iter().map(|(k, v)| (*k, *v)).collect();
            prop_assert_eq!(plain(rows.all()), all.clone());
            let part: Vec<_> = all.into_iter().filter(|(k, _)| (first..=last).contains(k)).collect();
            prop_assert_eq!(plain(rows.range(first, last)), part);
        }
    }
}
