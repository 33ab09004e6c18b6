//! What one commit lays over tables, as it is stored.

use std::path::Path;

use redb::Value;
use serde::{Deserialize, Serialize};

use super::codec;
use super::laid_table::OverlaidDefinition;
use super::overlay::PerTable;
use super::overlay_batch::OverlayBatch;
use super::overlay_key::{EntryKey, OverlayKey};
use super::plain_bytes;
use super::tables::{EXTENTS, FLAT, FRESH, PENDING, TAIL};
use crate::error::{Error, Result};

/// The entries of a commit by table, as they are encoded: the values one after the other.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct AppendRecord(PerTable<EncodedEntries>);

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct EncodedEntries {
    keys: Vec<EntryKey>,
    /// The length of each value.
    lens: Vec<u32>,
    #[serde(with = "plain_bytes")]
    values: Vec<u8>,
}

impl EncodedEntries {
    fn of(batch: &OverlayBatch) -> Self {
        let mut encoded = Self {
            keys: Vec::with_capacity(batch.len()),
            lens: Vec::with_capacity(batch.len()),
            values: Vec::with_capacity(batch.bytes()),
        };
        for (key, value) in batch.iter() {
            encoded.keys.push(key);
            encoded.lens.push(value.len() as u32);
            encoded.values.extend_from_slice(value);
        }
        encoded
    }

    /// The entries; `width` is the length of every value where the table has one.
    fn entries(&self, width: Option<usize>) -> Result<OverlayBatch, String> {
        if self.lens.len() != self.keys.len() {
            return Err(format!(
                "expected a value for each of {} keys, found {}",
                self.keys.len(),
                self.lens.len()
            ));
        }
        if !self.keys.is_sorted_by(|a, b| a < b) {
            return Err("its keys are not in their order".to_owned());
        }
        let mut rest = self.values.as_slice();
        let mut entries = OverlayBatch::with_capacity(self.keys.len(), self.values.len());
        for (&key, &len) in self.keys.iter().zip(&self.lens) {
            let len = len as usize;
            if width.is_some_and(|width| width != len) {
                return Err(format!("expected values of {width:?} bytes, found {len}"));
            }
            let (value, others) = rest
                .split_at_checked(len)
                .ok_or("its values end before the last key")?;
            entries.push(key, value);
            rest = others;
        }
        if rest.is_empty() {
            Ok(entries)
        } else {
            Err(format!("it has {} bytes of no value", rest.len()))
        }
    }
}

/// How long each value of a table is, if all are as long.
const fn width<K: OverlayKey, V: Value>(_: &OverlaidDefinition<K, V>) -> fn() -> Option<usize> {
    V::fixed_width
}

impl AppendRecord {
    /// The bytes of a record.
    pub(super) fn encode(laid: &PerTable<OverlayBatch>) -> Result<Vec<u8>> {
        codec::encode(&Self(laid.map(EncodedEntries::of)))
    }

    /// The entries of a record.
    pub(super) fn decode(file: &Path, bytes: &[u8]) -> Result<PerTable<OverlayBatch>> {
        let Self(record) = codec::decode(file, "appends", bytes)?;
        let entries = |encoded: &EncodedEntries, width: fn() -> Option<usize>| {
            let entries = encoded.entries(width());
            entries.map_err(|detail| Error::corrupt(file, "appends", detail))
        };
        Ok(PerTable {
            tail: entries(&record.tail, width(&TAIL))?,
            extents: entries(&record.extents, width(&EXTENTS))?,
            fresh: entries(&record.fresh, width(&FRESH))?,
            flat: entries(&record.flat, width(&FLAT))?,
            pending: entries(&record.pending, width(&PENDING))?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn key(series: u32, time: i64) -> EntryKey {
        EntryKey {
            space: 0,
            series,
            time,
        }
    }

    fn batch(entries: &[(EntryKey, usize)]) -> OverlayBatch {
        let mut batch = OverlayBatch::default();
        for &(key, len) in entries {
            batch.push(key, &vec![7; len]);
        }
        batch
    }

    fn laid() -> PerTable<OverlayBatch> {
        PerTable {
            tail: batch(&[(key(1, 5), 40), (key(2, -5), 40)]),
            extents: batch(&[(key(1, 0), 3), (key(2, 0), 0)]),
            fresh: batch(&[]),
            flat: batch(&[(key(1, 9), 0)]),
            pending: batch(&[(key(1, 9), 8)]),
        }
    }

    fn refused(change: impl Fn(&mut PerTable<EncodedEntries>)) -> String {
        let mut record = laid().map(EncodedEntries::of);
        change(&mut record);
        let bytes = codec::encode(&AppendRecord(record)).unwrap();
        let decoded = AppendRecord::decode(Path::new("c"), &bytes);
        decoded.unwrap_err().to_string()
    }

    #[test]
    fn a_record_comes_back_and_one_that_cannot_be_is_refused() {
        let bytes = AppendRecord::encode(&laid()).unwrap();
        assert_eq!(
            AppendRecord::decode(Path::new("c"), &bytes).unwrap(),
            laid()
        );
        for (found, message) in [
            (refused(|r| r.tail.lens = vec![39, 41]), "found 39"),
            (refused(|r| r.tail.keys.reverse()), "not in their order"),
            (refused(|r| r.extents.values.push(0)), "1 bytes of no value"),
            (refused(|r| r.extents.values.clear()), "end before"),
            (refused(|r| r.pending.lens.clear()), "each of 1 keys"),
        ] {
            assert!(found.contains(message), "{found}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
            if let Ok(laid) = AppendRecord::decode(Path::new("c"), &bytes) {
                prop_assert_eq!(AppendRecord::encode(&laid).unwrap(), bytes);
            }
        }
    }
}
