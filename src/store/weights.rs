//! The weights of encoders, by the hash of their bytes.
//!
//! They stand in the catalog, not beside it: unlike segments they cannot be made again from it, a
//! space and its weights become true in one transaction, and they are small.

use super::catalog::{CatalogUse, WriteTxn};
use super::tables::WEIGHTS;
use crate::error::Result;

/// Weights that are read from a transaction.
pub(crate) trait WeightReads: CatalogUse + Sized {
    /// The weights file of that hash.
    fn weights(&self, hash: u64) -> Result<Option<Vec<u8>>> {
        let Some(table) = self.table_if_there(WEIGHTS)? else {
            return Ok(None);
        };
        let found = table.get(hash)?;
        Ok(found.map(|bytes| bytes.value().to_vec()))
    }

    /// The hashes of all weights.
    fn weights_hashes(&self) -> Result<Vec<u64>> {
        let Some(table) = self.table_if_there(WEIGHTS)? else {
            return Ok(Vec::new());
        };
        let mut hashes = Vec::new();
        for item in table.iter()? {
            hashes.push(item?.0.value());
        }
        Ok(hashes)
    }
}

impl<T: CatalogUse> WeightReads for T {}

impl WriteTxn {
    /// Keeps a weights file.
    pub(crate) fn put_weights(&self, hash: u64, bytes: &[u8]) -> Result<()> {
        self.table_mut(WEIGHTS)?.insert(hash, bytes)?;
        Ok(())
    }

    /// Forgets a weights file.
    pub(crate) fn remove_weights(&self, hash: u64) -> Result<()> {
        self.table_mut(WEIGHTS)?.remove(hash)?;
        Ok(())
    }
}
