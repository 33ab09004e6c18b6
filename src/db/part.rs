//! Rows that are in no segment yet, held in memory and searched exactly.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::index::{Index, RowsBuilder};
use crate::store::{Directory, DirectoryBuilder, FreshRow, SeriesId};

/// The fresh rows of a space, as of one snapshot.
#[derive(Debug)]
pub(super) struct FreshPart {
    directory: DirectoryBuilder,
    rows: RowsBuilder,
    catalog: PathBuf,
}

impl FreshPart {
    /// From rows sorted by series and end. `step_of` is the usual distance of two windows of a
    /// series, in milliseconds.
    pub(super) fn new(
        catalog: &Path,
        dim: usize,
        fresh: &[FreshRow],
        step_of: impl Fn(SeriesId) -> i64,
    ) -> Result<Self> {
        let mut part = Self {
            directory: DirectoryBuilder::default(),
            rows: RowsBuilder::new(dim)?,
            catalog: catalog.to_path_buf(),
        };
        let key = |row: &FreshRow| (row.series, row.end);
        if !fresh.is_sorted_by(|a, b| key(a) < key(b)) {
            let detail = "its rows are not in the order of their keys";
            return Err(Error::corrupt(catalog, "fresh_rows", detail));
        }
        for row in fresh {
            part.rows
                .push_bytes(&row.vector)
                .map_err(|e| Error::corrupt(catalog, "fresh_rows", e.to_string()))?;
            part.directory
                .push(row.series, row.end, step_of(row.series));
        }
        Ok(part)
    }

    /// These rows with others, in any order; of two for one window the later one counts.
    pub(super) fn with(
        &self,
        mut added: Vec<&FreshRow>,
        step_of: impl Fn(SeriesId) -> i64,
    ) -> Result<Self> {
        // Stable, so of equal keys the last one is the newest.
        added.sort_by_key(|row| (row.series, row.end));
        let mut part = Self {
            directory: DirectoryBuilder::default(),
            rows: RowsBuilder::new(self.rows.view().dim())?,
            catalog: self.catalog.clone(),
        };
        part.rows.reserve(self.rows.len() + added.len());
        let mut known: Option<(SeriesId, i64)> = None;
        let mut step_of = |series| match known {
            Some((of, step)) if of == series => step,
            _ => known.insert((series, step_of(series))).1,
        };
        let old = self.directory()?;
        let view = self.rows.view();
        let mut olds = old.windows().zip(0u32..).peekable();
        // Rows of before that go on as they are, in one piece.
        let mut same = 0..0u32;
        let mut news = added.iter().peekable();
        while let Some(new) = news.next() {
            let key = (new.series, new.end);
            while let Some(((series, end), row)) = olds.next_if(|(window, _)| *window < key) {
                part.directory.push(series, end, step_of(series));
                same.end = row + 1;
            }
            let replaced = news
                .peek()
                .is_some_and(|next| (next.series, next.end) == key);
            if replaced {
                continue;
            }
            part.rows.push_rows(&view, same.clone())?;
            if let Some((_, row)) = olds.next_if(|(window, _)| *window == key) {
                same.end = row + 1;
            }
            same.start = same.end;
            part.rows
                .push_bytes(&new.vector)
                .map_err(|e| Error::corrupt(&self.catalog, "fresh_rows", e.to_string()))?;
            part.directory
                .push(new.series, new.end, step_of(new.series));
        }
        for ((series, end), row) in olds {
            part.directory.push(series, end, step_of(series));
            same.end = row + 1;
        }
        part.rows.push_rows(&view, same)?;
        Ok(part)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn directory(&self) -> Result<Directory<'_>> {
        let (entries, pieces) = self.directory.sections();
        Directory::new(entries, pieces, self.rows.len() as u32)
            .map_err(|e| Error::corrupt(&self.catalog, "fresh_rows", e))
    }

    pub(super) fn index(&self) -> Index<'_> {
        Index {
            rows: self.rows.view(),
            graph: None,
        }
    }
}
