//! The weights of encoders, by the hash of their bytes.
//!
//! They stand in the catalog, not beside it: unlike segments they cannot be made again from it, a
//! space and its weights become true in one transaction. Most are small; a network of texts may have 90 MB, which is one
//! value on pages of its own: who does not ask for it does not read it.

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

    /// Whether there is a weights file of that hash. No other one is read for it.
    fn has_weights(&self, hash: u64) -> Result<bool> {
        match self.table_if_there(WEIGHTS)? {
            Some(table) => Ok(table.get(hash)?.is_some()),
            None => Ok(false),
        }
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
