//! Files whose bars are stored.

use crate::db::database::Database;
use crate::db::view::View;
use crate::error::Result;
use crate::model::{FileRead, SeriesKey};
use crate::store::{BarReads, CatalogUse, FileReads};

impl Database {
    /// Remembers files whose bars were stored, so that who reads them again can pass over those that did
    /// not change. A file is forgotten when bars in one of its spans are added, replaced or deleted; only
    /// [`Self::adjust`] changes bars and leaves their files as read as they are.
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

    /// How many bars of a series are stored that open in `first..=last`, in milliseconds; 0 if there is no
    /// such series.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn bars_between(&self, series: &SeriesKey, first: i64, last: i64) -> Result<u64> {
        self.look(|snapshot| {
            let txn = &snapshot.txn;
            let Some((id, _)) = txn.series_by_name(series)? else {
                return Ok(0);
            };
            match txn.bar_extent(id)? {
                None => Ok(0),
                Some(all) if first <= all.first && all.last <= last => Ok(all.count),
                Some(_) => Ok(txn.bar_times(id, first..=last)?.len() as u64),
            }
        })
    }
}
