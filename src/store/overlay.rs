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
//! Only entries that are put into a table can be laid over it. A transaction that takes entries out and puts
//! none in their place folds. A reader keeps what it has read: a commit costs it the record of the commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::overlay_batch::OverlayBatch;
use super::overlay_key::EntryKey;

/// What is laid over a table at a key: a value, or `None` where the write transaction takes out what is
/// there.
pub(super) type LaidValue<'a> = Option<&'a [u8]>;

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
    pub(super) fn into_each(self) -> [T; 5] {
        [self.tail, self.extents, self.fresh, self.flat, self.pending]
    }

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

/// Entries that are laid over one table. A clone costs nothing.
///
/// Batches of commits are joined as they grow alike, as in a log-structured merge tree: so there are few to look
/// into, and a commit copies few entries of those before it. Snapshots share batches.
#[derive(Clone, Debug, Default)]
pub(crate) struct OverlayRows {
    /// What commits left, older ones first. Each has at least twice as many entries as the next.
    batches: Arc<Vec<Arc<OverlayBatch>>>,
    /// What the write transaction changes.
    new: Arc<BTreeMap<EntryKey, Option<Box<[u8]>>>>,
}

impl OverlayRows {
    /// What is laid over at a key; `None` if nothing is.
    pub(super) fn get(&self, key: EntryKey) -> Option<LaidValue<'_>> {
        if !self.new.is_empty()
            && let Some(value) = self.new.get(&key)
        {
            return Some(value.as_deref());
        }
        let mut newest_first = self.batches.iter().rev();
        newest_first.find_map(|batch| batch.get(key)).map(Some)
    }

    /// Adds an entry, or replaces the one of that key.
    pub(super) fn insert(&mut self, key: EntryKey, value: &[u8]) {
        Arc::make_mut(&mut self.new).insert(key, Some(Box::from(value)));
    }

    /// Notes that the write transaction takes an entry out.
    pub(super) fn take_out(&mut self, key: EntryKey) {
        Arc::make_mut(&mut self.new).insert(key, None);
    }

    /// Whether the write transaction takes entries out.
    pub(super) fn takes_out(&self) -> bool {
        self.new.values().any(Option::is_none)
    }

    /// How many entries the write transaction changes.
    pub(super) fn changed(&self) -> usize {
        self.new.len()
    }

    /// The entries that the write transaction adds or replaces.
    pub(super) fn new_batch(&self) -> OverlayBatch {
        let bytes = self.new.values().flatten().map(|value| value.len()).sum();
        let mut batch = OverlayBatch::with_capacity(self.new.len(), bytes);
        for (key, value) in self.new.iter() {
            if let Some(value) = value {
                batch.push(*key, value);
            }
        }
        batch
    }

    /// Lays what a later commit left over these.
    pub(super) fn lay(&mut self, batch: OverlayBatch) {
        if batch.is_empty() {
            return;
        }
        let batches = Arc::make_mut(&mut self.batches);
        let mut newest = batch;
        while let Some(older) = batches.pop_if(|older| older.len() < 2 * newest.len()) {
            newest = older.joined(&newest);
        }
        batches.push(Arc::new(newest));
    }

    /// The entries from `first` to `last`, ascending.
    pub(super) fn range(&self, first: EntryKey, last: EntryKey) -> Vec<(EntryKey, LaidValue<'_>)> {
        let mut found: Vec<(EntryKey, LaidValue<'_>)> = Vec::new();
        if first > last {
            return found;
        }
        let mut parts = 0;
        for batch in self.batches.iter() {
            let of_one = batch.range(first, last);
            parts += usize::from(of_one.len() > 0);
            found.extend(of_one.map(|(key, value)| (key, Some(value))));
        }
        if !self.new.is_empty() {
            let before = found.len();
            let new = self.new.range(first..=last);
            found.extend(new.map(|(key, value)| (*key, value.as_deref())));
            parts += usize::from(found.len() > before);
        }
        if parts > 1 {
            // Stable, so of equal keys the last one is the newest.
            found.sort_by_key(|(key, _)| *key);
            found.dedup_by(|newer, older| {
                let same = newer.0 == older.0;
                if same {
                    older.1 = newer.1;
                }
                same
            });
        }
        found
    }

    /// All entries, ascending.
    pub(super) fn all(&self) -> Vec<(EntryKey, LaidValue<'_>)> {
        self.range(EntryKey::MIN, EntryKey::MAX)
    }
}

impl PerTable<OverlayRows> {
    /// Lays what a later commit left over each of them.
    pub(super) fn lay(&mut self, laid: PerTable<OverlayBatch>) {
        for (rows, batch) in self.each_mut().into_iter().zip(laid.into_each()) {
            rows.lay(batch);
        }
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

    type Mirror = BTreeMap<EntryKey, Option<u8>>;

    fn plain(found: &[(EntryKey, LaidValue<'_>)]) -> Vec<(EntryKey, Option<u8>)> {
        let byte = |value: &[u8]| *value.first().unwrap();
        found.iter().map(|(k, v)| (*k, v.map(byte))).collect()
    }

    fn part(mirror: &Mirror, first: EntryKey, last: EntryKey) -> Vec<(EntryKey, Option<u8>)> {
        let all = mirror.iter().map(|(k, v)| (*k, *v));
        all.filter(|(k, _)| (first..=last).contains(k)).collect()
    }

    fn all(mirror: &Mirror) -> Vec<(EntryKey, Option<u8>)> {
        part(mirror, EntryKey::MIN, EntryKey::MAX)
    }

    proptest! {
        #[test]
        fn entries_agree_with_a_map(
            // Of each transaction, what it puts or takes out, in this order.
            txns in prop::collection::vec(
                prop::collection::vec((key(), prop::option::weighted(0.9, any::<u8>())), 0..9),
                0..20,
            ),
            first in key(),
            last in key(),
        ) {
            let (mut committed, mut mirror) = (OverlayRows::default(), Mirror::new());
            for changes in txns {
                let (mut rows, mut changed) = (committed.clone(), mirror.clone());
                for (key, value) in changes {
                    match value {
                        Some(value) => rows.insert(key, &[value]),
                        None => rows.take_out(key),
                    }
                    changed.insert(key, value);
                    prop_assert_eq!(rows.get(key), Some(value.as_ref().map(std::slice::from_ref)));
                    prop_assert_eq!(plain(&rows.range(first, last)), part(&changed, first, last));
                }
                prop_assert_eq!(plain(&rows.all()), all(&changed));
                // Others see nothing of it before the commit.
                prop_assert_eq!(plain(&committed.all()), all(&mirror));
                if rows.takes_out() {
                    continue; // It would fold.
                }
                committed.lay(rows.new_batch());
                mirror = changed;
                prop_assert_eq!(plain(&committed.all()), all(&mirror));
                let lens: Vec<usize> = committed.batches.iter().map(|b| b.len()).collect();
                prop_assert!(lens.is_sorted_by(|older, newer| *older >= 2 * newer), "{:?}", lens);
            }
        }
    }
}
