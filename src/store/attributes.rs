//! Attributes of symbols.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::catalog::{CatalogUse, ReadTxn, WriteTxn};
use super::codec;
use super::tables::ATTRIBUTES;
use crate::error::{Error, Result};
use crate::model::{Attribute, Timestamp};

/// What an attribute says besides its symbol and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttributeRecord {
    value: String,
    /// From when on it is known, in milliseconds UTC, if that was said.
    known: Option<i64>,
}

impl AttributeRecord {
    pub(super) fn decode(file: &Path, bytes: &[u8]) -> Result<Self> {
        codec::decode(file, "attributes", bytes)
    }
}

fn attribute_of(
    file: &Path,
    (symbol, market, name): (&str, &str, &str),
    bytes: &[u8],
) -> Result<Attribute> {
    let record = AttributeRecord::decode(file, bytes)?;
    let mut attribute = Attribute::new(symbol, name, record.value);
    name.clone_into(&mut attribute.name);
    attribute.market = (!market.is_empty()).then(|| market.to_owned());
    attribute.known = record.known.map(Timestamp::from_millis);
    let damaged = |e: Error| Error::corrupt(file, "attributes", e.to_string());
    attribute.check().map_err(damaged)?;
    Ok(attribute)
}

fn key_of(attribute: &Attribute) -> (&str, &str, &str) {
    let market = attribute.market.as_deref().unwrap_or_default();
    (&attribute.symbol, market, &attribute.name)
}

/// Attributes that are read from a transaction.
pub(crate) trait AttributeReads: CatalogUse + Sized {
    /// All attributes, by symbol, market and name; those of any market come first.
    fn attributes(&self) -> Result<Vec<Attribute>> {
        let Some(table) = self.table_if_there(ATTRIBUTES)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for item in table.iter()? {
            let (key, value) = item?;
            all.push(attribute_of(self.path(), key.value(), value.value())?);
        }
        Ok(all)
    }
}

impl<T: CatalogUse> AttributeReads for T {}

impl WriteTxn {
    /// Stores an attribute; one of the same symbol, market and name is replaced.
    pub(crate) fn put_attribute(&self, attribute: &Attribute) -> Result<()> {
        let value = codec::encode(&AttributeRecord {
            value: attribute.value.clone(),
            known: attribute.known.map(Timestamp::millis),
        })?;
        let mut table = self.table_mut(ATTRIBUTES)?;
        table.insert(key_of(attribute), value.as_slice())
    }

    /// Forgets an attribute. `false` if there was none.
    pub(crate) fn remove_attribute(&self, attribute: &Attribute) -> Result<bool> {
        self.table_mut(ATTRIBUTES)?.remove(key_of(attribute))
    }
}

impl ReadTxn {
    /// Every attribute must decode to one that could be stored. Its symbol need not be stored.
    pub(super) fn check_attributes(&self) -> Result<()> {
        self.attributes().map(drop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::Catalog;
    use super::*;
    use crate::disk::FileSystem;

    #[test]
    fn attributes_come_back_and_wrong_ones_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&FileSystem, &path).unwrap();
        let txn = catalog.write().unwrap();
        let known = Timestamp::from_millis(7);
        let all = [
            Attribute::new("AAA", "sector", "Energy"),
            Attribute::new("AAA", "sector", "Coins").in_market("crypto"),
            Attribute::new("BBB", "Short Name", "Bee, Inc.").known(known),
        ];
        for one in &all {
            txn.put_attribute(one).unwrap();
        }
        assert!(
            !txn.remove_attribute(&Attribute::new("AAA", "name", "x"))
                .unwrap()
        );
        txn.commit().unwrap();
        let read = catalog.read().unwrap();
        assert_eq!(read.attributes().unwrap(), all);
        read.check_tables().unwrap();
        for (bad, message) in [
            (
                Attribute::new("AAA", "/", "x"),
                "expected an attribute's name",
            ),
            (
                Attribute::new("AAA", "empty", ""),
                "expected a value of empty",
            ),
            (
                Attribute::new("AAA", "line", "a\nb"),
                "expected a value of line",
            ),
        ] {
            let txn = catalog.write().unwrap();
            txn.put_attribute(&bad).unwrap();
            txn.commit().unwrap();
            let error = catalog.read().unwrap().check_tables().unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
            let txn = catalog.write().unwrap();
            assert!(txn.remove_attribute(&bad).unwrap());
            txn.commit().unwrap();
        }
    }
}
