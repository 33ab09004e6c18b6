//! Which series are made of the bars of another.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{CatalogUse, MADE_FORMAT, ReadTxn, WriteTxn};
use super::records::SeriesId;
use super::tables::{MADE, META};
use crate::error::{Error, Result};

/// Marks of made series that are read from a transaction.
pub(crate) trait MadeReads: CatalogUse + Sized {
    /// Every made series with the one that it is made of. Marks that name a series that is not stored, or
    /// that nothing can follow, are no marks: a program that knew nothing of them deleted it.
    fn made_series(&self) -> Result<BTreeMap<SeriesId, SeriesId>> {
        let mut all = self.made_marks()?;
        if !all.is_empty() {
            let stored: BTreeSet<SeriesId> =
                self.all_series()?.into_iter().map(|(id, _)| id).collect();
            all.retain(|made, source| stored.contains(made) && stored.contains(source));
        }
        Ok(all)
    }

    /// Every mark that is stored.
    fn made_marks(&self) -> Result<BTreeMap<SeriesId, SeriesId>> {
        let Some(table) = self.table_if_there(MADE)? else {
            return Ok(BTreeMap::new());
        };
        let mut all = BTreeMap::new();
        for item in table.iter()? {
            let (made, source) = item?;
            all.insert(made.value(), source.value());
        }
        Ok(all)
    }

    /// The version of the catalog's format.
    fn format(&self) -> Result<u64> {
        let found = self.table(META)?.get("format")?.map(|v| v.value());
        found.ok_or_else(|| Error::corrupt(self.path(), "meta", "it names no format"))
    }
}

impl<T: CatalogUse> MadeReads for T {}

impl WriteTxn {
    /// Marks a series as made of another. From then on programs that do not know such marks refuse the
    /// catalog: they would change the one series and not the other.
    pub(crate) fn put_made(&self, made: SeriesId, source: SeriesId) -> Result<()> {
        self.require_format(MADE_FORMAT)?;
        self.table_mut(MADE)?.insert(made, source)
    }

    /// Removes the marks that name a series that is not stored, and returns how many there were.
    pub(crate) fn remove_orphan_marks(&self) -> Result<u64> {
        let sound = self.made_series()?;
        let mut marks = self.made_marks()?;
        marks.retain(|made, _| !sound.contains_key(made));
        for &made in marks.keys() {
            self.table_mut(MADE)?.remove(made)?;
        }
        Ok(marks.len() as u64)
    }
}

impl ReadTxn {
    /// A made series and its source must be stored and differ in nothing but the interval, which is
    /// longer. So no series is made of itself, by whatever detour.
    pub(super) fn check_made(&self) -> Result<()> {
        let all: BTreeMap<_, _> = self.all_series()?.into_iter().collect();
        let ids: BTreeSet<SeriesId> = all.keys().copied().collect();
        for (made, source) in self.made_marks()? {
            for id in [made, source] {
                self.known("made_series", "series", id.into(), ids.contains(&id))?;
            }
            let (Some(coarse), Some(fine)) = (all.get(&made), all.get(&source)) else {
                continue;
            };
            let (a, b) = (&coarse.key, &fine.key);
            let same_name = (&a.market, &a.venue, &a.symbol) == (&b.market, &b.venue, &b.symbol);
            let longer = a.interval.nominal_millis() > b.interval.nominal_millis();
            if !same_name || !longer || coarse.calendar != fine.calendar {
                return Err(self.wrong("made_series", format!("{a} cannot be made of {b}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::super::Catalog;
    use super::*;
    use crate::disk::FileSystem;
    use crate::model::{Calendar, Interval, SeriesKey};

    #[test]
    fn marks_come_back_and_wrong_ones_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&FileSystem, &path).unwrap();
        let txn = catalog.write().unwrap();
        let mut ids = Vec::new();
        for (symbol, hours) in [("AAA", 1), ("AAA", 4), ("BBB", 4)] {
            let key = SeriesKey::new("crypto", "test", symbol, Interval::hours(hours)).unwrap();
            ids.push(txn.ensure_series(&key, Calendar::Continuous).unwrap());
        }
        let [fine, coarse, other] = ids[..] else {
            panic!("three series")
        };
        txn.put_made(coarse, fine).unwrap();
        txn.commit().unwrap();
        let read = catalog.read().unwrap();
        assert_eq!(read.made_series().unwrap(), [(coarse, fine)].into());
        assert_eq!(read.format().unwrap(), 2);
        read.check_tables().unwrap();
        for (made, source, message) in [
            (coarse, 9, "it names the series 9"),
            (fine, coarse, "AAA:1h cannot be made of crypto/test/AAA:4h"),
            (other, fine, "BBB:4h cannot be made of crypto/test/AAA:1h"),
        ] {
            let txn = catalog.write().unwrap();
            txn.put_made(made, source).unwrap();
            txn.commit().unwrap();
            let error = catalog.read().unwrap().check_tables().unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
            let txn = catalog.write().unwrap();
            txn.table_mut(MADE).unwrap().remove(made).unwrap();
            txn.put_made(coarse, fine).unwrap();
            txn.commit().unwrap();
        }
        let key = SeriesKey::new("crypto", "test", "AAA", Interval::hours(4)).unwrap();
        let txn = catalog.write().unwrap();
        txn.remove_series(coarse, &key).unwrap();
        assert_eq!(txn.made_series().unwrap(), BTreeMap::new());
    }
}
