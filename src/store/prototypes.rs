//! Prototypes: named averages of chosen windows, each in one space.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::catalog::{CatalogUse, ReadTxn, WriteTxn};
use super::codec;
use super::records::SpaceId;
use super::tables::PROTOTYPES;
use crate::error::{Error, Result};
use crate::model::Window;

/// A prototype as the catalog knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PrototypeRecord {
    pub(crate) space: SpaceId,
    /// The mean of the windows' unit vectors, at unit length.
    pub(crate) vector: Vec<f32>,
    /// The windows that it was made of, ascending by end.
    pub(crate) windows: Vec<Window>,
    /// Mean cosine of the windows with the prototype.
    pub(crate) cohesion: f64,
    /// When it was made, in milliseconds UTC.
    pub(crate) created: i64,
}

impl PrototypeRecord {
    /// Decodes a record and checks that its vector has a direction.
    pub(super) fn decode(file: &Path, bytes: &[u8]) -> Result<Self> {
        let record: Self = codec::decode(file, "prototypes", bytes)?;
        let squares = record.vector.iter().map(|&x| f64::from(x).powi(2));
        let length = squares.sum::<f64>().sqrt();
        if (length - 1.0).abs() < 1e-3 && !record.windows.is_empty() {
            return Ok(record);
        }
        let detail = format!(
            "expected a unit vector of at least one window, found the length {length} and {} windows",
            record.windows.len()
        );
        Err(Error::corrupt(file, "prototypes", detail))
    }
}

/// Prototypes that are read from a transaction.
pub(crate) trait PrototypeReads: CatalogUse + Sized {
    /// All prototypes, by name.
    fn prototypes(&self) -> Result<Vec<(String, PrototypeRecord)>> {
        let Some(table) = self.table_if_there(PROTOTYPES)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for item in table.iter()? {
            let (name, value) = item?;
            let record = PrototypeRecord::decode(self.path(), value.value())?;
            all.push((name.value().to_owned(), record));
        }
        Ok(all)
    }

    /// The prototype of that name.
    fn prototype(&self, name: &str) -> Result<Option<PrototypeRecord>> {
        let Some(table) = self.table_if_there(PROTOTYPES)? else {
            return Ok(None);
        };
        let found = table.get(name)?;
        found
            .map(|value| PrototypeRecord::decode(self.path(), value.value()))
            .transpose()
    }
}

impl<T: CatalogUse> PrototypeReads for T {}

impl WriteTxn {
    /// Adds a prototype.
    pub(crate) fn put_prototype(&self, name: &str, record: &PrototypeRecord) -> Result<()> {
        let value = codec::encode(record)?;
        self.table_mut(PROTOTYPES)?.insert(name, value.as_slice())?;
        Ok(())
    }

    /// Forgets a prototype. `false` if there was none of that name.
    pub(crate) fn remove_prototype(&self, name: &str) -> Result<bool> {
        let mut table = self.table_mut(PROTOTYPES)?;
        table.remove(name)
    }

    /// Forgets all prototypes of a space.
    pub(super) fn clear_prototypes(&self, space: SpaceId) -> Result<()> {
        let all = self.prototypes()?;
        for (name, _) in all.iter().filter(|(_, record)| record.space == space) {
            self.remove_prototype(name)?;
        }
        Ok(())
    }
}

impl ReadTxn {
    /// Prototypes must be of a space that is stored, and of its dimension.
    pub(super) fn check_prototypes(&self) -> Result<()> {
        let spaces = self.all_spaces()?;
        let dims: BTreeMap<_, _> = spaces
            .iter()
            .map(|(id, s)| (*id, s.space.encoder.dim as usize))
            .collect();
        for (name, record) in self.prototypes()? {
            let dim = dims.get(&record.space);
            self.known("prototypes", "space", record.space.into(), dim.is_some())?;
            let found = record.vector.len();
            if dim != Some(&found) {
                return Err(self.wrong(
                    "prototypes",
                    format!("expected {dim:?} numbers of {name}, found {found}"),
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::Catalog;
    use super::*;
    use crate::disk::FileSystem;
    use crate::model::{EncoderSpec, Interval, Modality, SeriesKey, Sharing, Space, Timestamp};

    fn record(space: SpaceId, vector: Vec<f32>) -> PrototypeRecord {
        let series = SeriesKey::new("crypto", "test", "AAA", Interval::hours(1)).unwrap();
        PrototypeRecord {
            space,
            vector,
            windows: vec![Window {
                series,
                start: Timestamp::from_millis(0),
                end: Timestamp::from_millis(3_600_000),
            }],
            cohesion: 1.0,
            created: 1,
        }
    }

    /// The space 1 of two dimensions, and what is found after `change`.
    fn checked(change: impl Fn(&WriteTxn)) -> (Catalog, std::result::Result<(), String>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&FileSystem, &path).unwrap();
        let txn = catalog.write().unwrap();
        let spec = EncoderSpec {
            id: "test/1".to_owned(),
            modality: Modality::Chart,
            dim: 2,
            channels: 1,
            window: 4,
            receptive_field: 4,
            warm_up: 0,
            sharing: Sharing::None,
            causal: true,
            normaliser: "none".to_owned(),
            weights_hash: 0,
        };
        assert_eq!(
            txn.add_space(&Space::new("net", spec, 1).unwrap()).unwrap(),
            1
        );
        change(&txn);
        txn.commit().unwrap();
        let found = catalog.read().unwrap().check_tables();
        (catalog, found.map(drop).map_err(|e| e.to_string()))
    }

    #[test]
    fn prototypes_come_back_and_go_with_their_space() {
        let sound = record(1, vec![0.6, 0.8]);
        let (catalog, found) = checked(|txn| txn.put_prototype("a", &sound).unwrap());
        assert_eq!(found, Ok(()));
        let txn = catalog.write().unwrap();
        assert_eq!(txn.prototype("a").unwrap(), Some(sound.clone()));
        assert_eq!(txn.prototype("b").unwrap(), None);
        assert!(!txn.remove_prototype("b").unwrap());
        txn.remove_space(1).unwrap();
        assert_eq!(txn.prototypes().unwrap(), []);
    }

    #[test]
    fn prototypes_that_belong_to_nothing_are_found() {
        for (bad, message) in [
            (record(2, vec![0.6, 0.8]), "it names the space 2"),
            (
                record(1, vec![1.0]),
                "expected Some(2) numbers of a, found 1",
            ),
            (record(1, vec![0.6, f32::NAN]), "expected a unit vector"),
        ] {
            let (_, found) = checked(|txn| txn.put_prototype("a", &bad).unwrap());
            let error = found.unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
