//! Files whose bars are stored.

use crate::db::database::Database;
use crate::db::view::View;
use crate::error::Result;
use crate::model::FileRead;
use crate::store::FileReads;

impl Database {
    /// Remembers files whose bars were stored, so that who reads them again can pass over those that did
    /// not change. Deleting bars forgets all files.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn remember_files(&self, files: &[FileRead]) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        self.0.change(|| {
            let writer = self.0.writer()?;
            let txn = writer.catalog.write()?;
            for file in files {
                txn.put_file_read(file)?;
            }
            self.0.commit(&writer, txn)
        })
    }
}

impl View {
    /// The files that are remembered, by path.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn remembered_files(&self) -> Result<Vec<FileRead>> {
        self.look(|snapshot| snapshot.txn.files_read())
    }
}
