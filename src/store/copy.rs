//! A catalog of its own from what a read transaction sees: how backups are made beside a writer.

use std::collections::BTreeSet;
use std::path::Path;

use redb::{Key, ReadableTableMetadata, TableDefinition, TableHandle, Value};

use super::calls::calling;
use super::catalog::{Catalog, CatalogUse, ReadTxn, WriteTxn};
use super::tables::{EachTable, each_table};
use crate::disk::Storage;
use crate::error::{Error, Result};

/// Entries between two calls of `progress`.
const STEP: u64 = 1024;

impl ReadTxn {
    /// Bytes of keys and values, and of the tree that holds them.
    pub(crate) fn stored_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        let txn = self.txn.get()?;
        for table in calling(self.path(), || txn.list_tables().map(Vec::from_iter))? {
            bytes += calling(self.path(), || {
                let stats = txn.open_untyped_table(table)?.stats()?;
                Ok::<_, redb::TableError>(stats.stored_bytes() + stats.metadata_bytes())
            })?;
        }
        Ok(bytes)
    }

    /// Writes all that this transaction sees into a new catalog at `path`, durably. Writers go on
    /// meanwhile. `progress` gets the bytes of keys and values written so far.
    ///
    /// # Errors
    /// Those of `progress`, and [`Error::Catalog`] if there is a table that this program does not
    /// know, and would leave out.
    pub(crate) fn copy_to(
        &self,
        storage: &dyn Storage,
        path: &Path,
        progress: &dyn Fn(u64) -> Result<()>,
    ) -> Result<()> {
        let txn = self.txn.get()?;
        let present: BTreeSet<String> = calling(self.path(), || {
            let tables = txn.list_tables()?;
            Ok::<_, redb::StorageError>(tables.map(|t| t.name().to_owned()).collect())
        })?;
        let copy = Catalog::open_or_create(storage, path)?;
        let txn = copy.write()?;
        let mut copying = Copying {
            from: self,
            to: &txn,
            rest: present,
            bytes: 0,
            progress,
        };
        each_table(&mut copying)?;
        if let Some(unknown) = copying.rest.first() {
            return Err(Error::Catalog(format!(
                "it has the table {unknown}, which this program does not know and would leave out; use the program that wrote it"
            )));
        }
        txn.commit().map(drop)
    }
}

struct Copying<'a> {
    from: &'a ReadTxn,
    to: &'a WriteTxn,
    /// Tables that are not copied yet.
    rest: BTreeSet<String>,
    bytes: u64,
    progress: &'a dyn Fn(u64) -> Result<()>,
}

impl EachTable for Copying<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<()> {
        if !self.rest.remove(definition.name()) {
            return Ok(());
        }
        let from = self.from.table(definition)?;
        let mut to = self.to.table_mut(definition)?;
        for (i, item) in (1..).zip(from.iter()?) {
            let (key, value) = item?;
            let (key, value) = (key.value(), value.value());
            let bytes = K::as_bytes(&key).as_ref().len() + V::as_bytes(&value).as_ref().len();
            self.bytes += bytes as u64;
            to.insert(key, value)?;
            if i % STEP == 0 {
                (self.progress)(self.bytes)?;
            }
        }
        (self.progress)(self.bytes)
    }
}
