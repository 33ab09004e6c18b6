//! Tags of windows.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::catalog::{CatalogUse, ReadTxn, WriteTxn};
use super::codec;
use super::tables::TAGS;
use crate::error::{Error, Result};
use crate::model::{Tag, Timestamp};

/// What a tag says besides its name and its window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TagRecord {
    /// From when on it is known, in milliseconds UTC.
    known: i64,
    value: Option<f64>,
}

impl TagRecord {
    pub(super) fn decode(file: &Path, bytes: &[u8]) -> Result<Self> {
        codec::decode(file, "tags", bytes)
    }
}

/// The tag of a key and a value, checked.
fn tag_of(file: &Path, (name, end, series): (&str, i64, &str), bytes: &[u8]) -> Result<Tag> {
    let record = TagRecord::decode(file, bytes)?;
    let damaged = |e: Error| Error::corrupt(file, "tags", e.to_string());
    let tag = Tag {
        name: name.to_owned(),
        series: series.parse().map_err(damaged)?,
        end: Timestamp::from_millis(end),
        known: Timestamp::from_millis(record.known),
        value: record.value,
    };
    tag.check().map_err(damaged)?;
    Ok(tag)
}

/// Tags that are read from a transaction.
pub(crate) trait TagReads: CatalogUse + Sized {
    /// The tags of a name, or all, by name and time.
    fn tags(&self, name: Option<&str>) -> Result<Vec<Tag>> {
        let Some(table) = self.table_if_there(TAGS)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for item in table.iter()? {
            let (key, value) = item?;
            if name.is_none_or(|name| key.value().0 == name) {
                all.push(tag_of(self.path(), key.value(), value.value())?);
            }
        }
        Ok(all)
    }
}

impl<T: CatalogUse> TagReads for T {}

impl WriteTxn {
    /// Stores a tag; one of the same name and window is replaced.
    pub(crate) fn put_tag(&self, tag: &Tag) -> Result<()> {
        let value = codec::encode(&TagRecord {
            known: tag.known.millis(),
            value: tag.value,
        })?;
        let series = tag.series.to_string();
        let key = (tag.name.as_str(), tag.end.millis(), series.as_str());
        self.table_mut(TAGS)?.insert(key, value.as_slice())
    }

    /// Forgets a tag. `false` if there was none.
    pub(crate) fn remove_tag(&self, tag: &Tag) -> Result<bool> {
        let series = tag.series.to_string();
        let key = (tag.name.as_str(), tag.end.millis(), series.as_str());
        self.table_mut(TAGS)?.remove(key)
    }
}

impl ReadTxn {
    /// Every tag must decode to one that could be stored. Its series may be gone.
    pub(super) fn check_tags(&self) -> Result<()> {
        self.tags(None).map(drop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::Catalog;
    use super::*;
    use crate::disk::FileSystem;

    fn tag(name: &str, end: i64, known: i64) -> Tag {
        Tag {
            name: name.to_owned(),
            series: "crypto/test/AAA:1h".parse().unwrap(),
            end: Timestamp::from_millis(end),
            known: Timestamp::from_millis(known),
            value: Some(1.5),
        }
    }

    #[test]
    fn tags_come_back_and_wrong_ones_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&FileSystem, &path).unwrap();
        let txn = catalog.write().unwrap();
        let all = [tag("long", 10, 10), tag("long", 20, 25), tag("short", 5, 5)];
        for one in &all {
            txn.put_tag(one).unwrap();
        }
        assert!(!txn.remove_tag(&tag("short", 6, 6)).unwrap());
        txn.commit().unwrap();
        let read = catalog.read().unwrap();
        assert_eq!(read.tags(None).unwrap(), all);
        assert_eq!(read.tags(Some("short")).unwrap(), all[2..]);
        read.check_tables().unwrap();
        for (bad, message) in [
            (tag("two words", 10, 10), "expected a tag's name"),
            (tag("early", 10, 9), "known after its window"),
            (
                Tag {
                    value: Some(f64::NAN),
                    ..tag("nan", 10, 10)
                },
                "expected a finite number",
            ),
        ] {
            let txn = catalog.write().unwrap();
            txn.put_tag(&bad).unwrap();
            txn.commit().unwrap();
            let error = catalog.read().unwrap().check_tables().unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
            let txn = catalog.write().unwrap();
            assert!(txn.remove_tag(&bad).unwrap());
            txn.commit().unwrap();
        }
    }
}
