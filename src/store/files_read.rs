//! Files whose bars are stored, so that they need not be read again before they change.

use super::catalog::{CatalogUse, ReadTxn, WriteTxn};
use super::codec;
use super::tables::FILES_READ;
use crate::error::Result;
use crate::model::FileRead;

/// Files that are read from a transaction.
pub(crate) trait FileReads: CatalogUse + Sized {
    /// All of them, by path.
    fn files_read(&self) -> Result<Vec<FileRead>> {
        let Some(table) = self.table_if_there(FILES_READ)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for item in table.iter()? {
            let (_, value) = item?;
            all.push(codec::decode(self.path(), "files_read", value.value())?);
        }
        Ok(all)
    }
}

impl<T: CatalogUse> FileReads for T {}

impl WriteTxn {
    /// Adds a file, or puts what is known of it now in the place of what was.
    pub(crate) fn put_file_read(&self, file: &FileRead) -> Result<()> {
        let value = codec::encode(file)?;
        let mut table = self.table_mut(FILES_READ)?;
        table.insert(file.path.as_str(), value.as_slice())?;
        Ok(())
    }

    /// Forgets all files: bars of them are not stored any more.
    pub(crate) fn forget_files_read(&self) -> Result<()> {
        let all = self.files_read()?;
        let mut table = self.table_mut(FILES_READ)?;
        for file in all {
            table.remove(file.path.as_str())?;
        }
        Ok(())
    }
}

impl ReadTxn {
    /// Every record of a file must be readable, and stand under its own path.
    pub(super) fn check_files_read(&self) -> Result<()> {
        let Some(table) = self.table_if_there(FILES_READ)? else {
            return Ok(());
        };
        for item in table.iter()? {
            let (path, value) = item?;
            let file: FileRead = codec::decode(self.path(), "files_read", value.value())?;
            if file.path != path.value() {
                return Err(self.wrong(
                    "files_read",
                    format!("{} stands under another path", file.path),
                ));
            }
        }
        Ok(())
    }
}
