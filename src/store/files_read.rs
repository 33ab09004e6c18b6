//! Files whose bars are stored, so that they need not be read again before they change.
//!
//! A record is true as long as the bars of its file are stored as the file gave them. Whoever changes or
//! removes such bars forgets it.

use std::ops::RangeInclusive;

use super::catalog::{CatalogUse, ReadTxn, WriteTxn};
use super::codec;
use super::tables::{FILE_SPANS, FILES_READ};
use crate::error::Result;
use crate::model::{FileRead, SeriesKey};

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
        self.forget_file(&file.path)?;
        let value = codec::encode(file)?;
        self.table_mut(FILES_READ)?
            .insert(file.path.as_str(), value.as_slice())?;
        let mut spans = self.table_mut(FILE_SPANS)?;
        for span in &file.series {
            let key = (span.series.as_str(), span.last, file.path.as_str());
            spans.insert(key, span.first)?;
        }
        Ok(())
    }

    /// Forgets the files that gave bars of series in ranges of open times.
    pub(crate) fn forget_files_of<'k>(
        &self,
        changed: impl IntoIterator<Item = (&'k SeriesKey, RangeInclusive<i64>)>,
    ) -> Result<()> {
        for path in self.files_of(changed)? {
            self.forget_file(&path)?;
        }
        Ok(())
    }

    fn files_of<'k>(
        &self,
        changed: impl IntoIterator<Item = (&'k SeriesKey, RangeInclusive<i64>)>,
    ) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let Some(spans) = self.table_if_there(FILE_SPANS)? else {
            return Ok(found);
        };
        if spans.len()? == 0 {
            return Ok(found);
        }
        for (series, range) in changed {
            let series = series.to_string();
            // Those that ended before are passed over.
            for item in spans.range((series.as_str(), *range.start(), "")..)? {
                let (key, begin) = item?;
                let (of, _, path) = key.value();
                if of != series {
                    break;
                }
                if begin.value() <= *range.end() {
                    found.push(path.to_owned());
                }
            }
        }
        Ok(found)
    }

    fn forget_file(&self, path: &str) -> Result<()> {
        let mut files = self.table_mut(FILES_READ)?;
        let Some(value) = files.take(path, <[u8]>::to_vec)? else {
            return Ok(());
        };
        let file: FileRead = codec::decode(self.path(), "files_read", &value)?;
        let mut spans = self.table_mut(FILE_SPANS)?;
        for span in &file.series {
            spans.remove((span.series.as_str(), span.last, path))?;
        }
        Ok(())
    }
}

impl ReadTxn {
    /// Every record of a file must be readable, and stand under its own path; so must the spans of its
    /// series, and no others.
    pub(super) fn check_files_read(&self) -> Result<()> {
        let Some(table) = self.table_if_there(FILES_READ)? else {
            return Ok(());
        };
        let spans = self.table_if_there(FILE_SPANS)?;
        let mut named = 0_u64;
        for item in table.iter()? {
            let (path, value) = item?;
            let file: FileRead = codec::decode(self.path(), "files_read", value.value())?;
            if file.path != path.value() {
                return Err(self.wrong(
                    "files_read",
                    format!("{} stands under another path", file.path),
                ));
            }
            for span in &file.series {
                let key = (span.series.as_str(), span.last, file.path.as_str());
                let first = match &spans {
                    Some(spans) => spans.get(key)?.map(|first| first.value()),
                    None => None,
                };
                if first != Some(span.first) {
                    return Err(self.wrong(
                        "file_spans",
                        format!("it lacks {} of {}", span.series, file.path),
                    ));
                }
                named += 1;
            }
        }
        let stored = match &spans {
            Some(spans) => spans.iter()?.count() as u64,
            None => 0,
        };
        match stored == named {
            true => Ok(()),
            false => Err(self.wrong(
                "file_spans",
                format!("expected the {named} spans of the files that were read, found {stored}"),
            )),
        }
    }
}
