//! Rows that are in no segment yet, held in memory and searched exactly.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::index::{Index, Rows, RowsBuilder};
use crate::store::{Directory, DirectoryBuilder, FreshRow, SeriesId, SeriesRows};

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
        let old = self.directory()?;
        let mut joined = Joined {
            part,
            old: self.rows.view(),
            same: 0..0,
            step_of,
        };
        let mut news = added.as_slice();
        for of_one in old.iter() {
            let series = of_one.series();
            let earlier = news.partition_point(|row| row.series < series);
            let to = news.partition_point(|row| row.series <= series);
            joined.add(news.get(..earlier).unwrap_or_default())?;
            joined.join(&of_one, news.get(earlier..to).unwrap_or_default())?;
            news = news.get(to..).unwrap_or_default();
        }
        joined.add(news)?;
        joined.copy()?;
        Ok(joined.part)
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

/// Fresh rows of before on their way into one part with new ones.
struct Joined<'a, S> {
    part: FreshPart,
    old: Rows<'a>,
    /// Rows of before that are named already and go on as they are, in one piece.
    same: Range<u32>,
    step_of: S,
}

impl<S: Fn(SeriesId) -> i64> Joined<'_, S> {
    /// Adds the rows of a series, in their order; of two for one window the later one counts.
    fn join(&mut self, of_one: &SeriesRows<'_>, new: &[&FreshRow]) -> Result<()> {
        let rows = of_one.rows();
        // Nearly always all of them: new windows are later.
        let before = new.first().map_or(rows.end, |row| {
            of_one.ending_in(i64::MIN, row.end.saturating_sub(1)).end
        });
        self.part
            .directory
            .push_first(of_one, before.saturating_sub(rows.start));
        self.same.end = before;
        let step = (self.step_of)(of_one.series());
        let ends = (before..rows.end).filter_map(|row| Some((of_one.end_of(row)?, row)));
        let mut olds = ends.peekable();
        for new in latest(new) {
            while let Some((end, row)) = olds.next_if(|(end, _)| *end < new.end) {
                self.part.directory.push(of_one.series(), end, step);
                self.same.end = row + 1;
            }
            self.copy()?;
            if let Some((_, row)) = olds.next_if(|(end, _)| *end == new.end) {
                self.same = row + 1..row + 1;
            }
            self.push(new, step)?;
        }
        for (end, row) in olds {
            self.part.directory.push(of_one.series(), end, step);
            self.same.end = row + 1;
        }
        Ok(())
    }

    /// Adds the rows of series of which there are none yet.
    fn add(&mut self, new: &[&FreshRow]) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        self.copy()?;
        for new in latest(new) {
            self.push(new, (self.step_of)(new.series))?;
        }
        Ok(())
    }

    fn push(&mut self, new: &FreshRow, step: i64) -> Result<()> {
        let pushed = self.part.rows.push_bytes(&new.vector);
        pushed.map_err(|e| Error::corrupt(&self.part.catalog, "fresh_rows", e.to_string()))?;
        self.part.directory.push(new.series, new.end, step);
        Ok(())
    }

    /// Copies the rows of before up to here.
    fn copy(&mut self) -> Result<()> {
        self.part.rows.push_rows(&self.old, self.same.clone())?;
        self.same.start = self.same.end;
        Ok(())
    }
}

/// Of rows for the same window the last one.
fn latest<'a>(rows: &'a [&'a FreshRow]) -> impl Iterator<Item = &'a FreshRow> {
    let runs = rows.chunk_by(|a, b| (a.series, a.end) == (b.series, b.end));
    runs.filter_map(|run| run.last().copied())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn step_of(series: SeriesId) -> i64 {
        i64::from(series) + 1
    }

    fn part(rows: &BTreeMap<(SeriesId, i64), u8>) -> FreshPart {
        let row = |(&(series, end), &value): (&(SeriesId, i64), &u8)| FreshRow {
            series,
            end,
            vector: vec![value, 1, 2, 3],
        };
        let rows: Vec<FreshRow> = rows.iter().map(row).collect();
        FreshPart::new(Path::new("c"), 2, &rows, step_of).unwrap()
    }

    proptest! {
        #[test]
        fn rows_that_come_later_make_the_part_of_all_rows(
            // Mostly later windows, some between and some again.
            commits in prop::collection::vec(
                prop::collection::vec((0u32..5, 0i64..9, 1u8..100), 0..9),
                1..9,
            ),
        ) {
            let mut all = BTreeMap::new();
            let mut joined = part(&all);
            for (i, commit) in commits.iter().enumerate() {
                let row = |&(series, end, value): &(u32, i64, u8)| FreshRow {
                    series,
                    end: end + 3 * i as i64,
                    vector: vec![value, 1, 2, 3],
                };
                let added: Vec<FreshRow> = commit.iter().map(row).collect();
                all.extend(added.iter().map(|r| ((r.series, r.end), *r.vector.first().unwrap())));
                joined = joined.with(added.iter().collect(), step_of).unwrap();
                let expected = part(&all);
                prop_assert_eq!(joined.directory.sections(), expected.directory.sections());
                prop_assert_eq!(joined.rows.sections(), expected.rows.sections());
                joined.directory().unwrap().verify().unwrap();
            }
        }
    }
}
