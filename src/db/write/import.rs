use rayon::prelude::*;
use serde::Serialize;

use super::compact::seal_when_due;
use super::imported_space::{check_vector, imported_space};
use super::ingest_report::IngestReport;
use super::new_segments::{SortedRows, write_sorted};
use super::removal::remove_all_rows;
use crate::db::control::{Control, Stopwatch};
use crate::db::database::Database;
use crate::db::segment::NewSegment;
use crate::db::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::index::RowsBuilder;
use crate::model::{Calendar, SeriesKey, Timestamp};
use crate::store::{CatalogUse, EndingRows, FreshRow, NotedChanges, SeriesId, SpaceId, WriteTxn};

/// A vector of the user's own and the window that it stands for.
#[derive(Clone, Copy, Debug)]
pub struct VectorRow<'a> {
    /// The series of the window.
    pub series: &'a SeriesKey,
    /// The close time of the window's last bar.
    pub end: Timestamp,
    /// D finite numbers, not all 0. Only their direction counts.
    pub vector: &'a [f32],
}

/// What an import of vectors did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportReport {
    /// Vectors that are stored now.
    pub vectors: u64,
    /// Vectors of the same series and end that they replaced.
    pub replaced: u64,
    /// Segments that were written.
    pub segments: u64,
}

impl Database {
    /// Stores vectors that another program made, in a space of their own: made by the first
    /// import with the dimension of its vectors. `window` is the number of bars that one vector
    /// describes; it sets the default exclusion zone. If a series and end come twice, the last
    /// one counts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no vectors, if one has another dimension, is not finite or
    /// is zero, or if the space has an encoder or another dimension or window.
    pub fn import_vectors(
        &self,
        space: &str,
        window: u32,
        rows: &[VectorRow<'_>],
        control: &Control,
    ) -> Result<ImportReport> {
        let dim = rows.first().map_or(0, |r| r.vector.len());
        if dim == 0 {
            return Err(Error::invalid("expected at least one vector, found none"));
        }
        self.0.change(|| self.import(space, window, rows, control))
    }

    fn import(
        &self,
        space: &str,
        window: u32,
        rows: &[VectorRow<'_>],
        control: &Control,
    ) -> Result<ImportReport> {
        let dim = rows.first().map_or(0, |r| r.vector.len());
        rows.par_iter()
            .enumerate()
            .try_for_each(|(i, row)| check(i, row, dim))?;
        let inner = &self.0;
        let writer = inner.writer()?;
        let txn = writer.catalog.write()?;
        let id = imported_space(&txn, space, dim as u32, Some(window))?;
        let sorted = sort_rows(&txn, rows)?;
        let mut report = ImportReport {
            vectors: sorted.len() as u64,
            ..ImportReport::default()
        };
        let stored_vector = |i: usize| sorted.get(i).and_then(|&(_, r)| rows.get(r));
        if sorted.len() as u64 <= inner.files.sizes.fresh_batch {
            let snapshot = inner.snapshot()?;
            report.replaced = remove_old(&txn, &snapshot, id, &sorted)?;
            put_fresh(&txn, id, dim, &sorted, rows)?;
            inner.commit(&writer, txn)?;
            let mut sealed = IngestReport::default();
            seal_when_due(inner, &writer, control, &Stopwatch::default(), &mut sealed)?;
            report.segments = sealed.segments;
            return Ok(report);
        }
        // Series and space must be there before their segments, and an empty space is harmless.
        inner.commit(&writer, txn)?;
        let keys: Vec<_> = sorted.iter().map(|s| s.0).collect();
        let snapshot = inner.snapshot()?;
        let Some(state) = snapshot.space_by_id(id) else {
            return Err(Error::internal(format!(
                "the space {space} was dropped meanwhile"
            )));
        };
        let push = |builder: &mut RowsBuilder, i: usize| match stored_vector(i) {
            Some(row) => builder.push(row.vector),
            None => Err(Error::internal("a vector to import is not there")),
        };
        let plan = SortedRows {
            dim,
            keys: &keys,
            step_of: &|series| snapshot.step_of(state, series),
            push: &push,
        };
        let written = write_sorted(inner, &writer, &plan, control, &Stopwatch::default())?;
        let txn = writer.catalog.write()?;
        report.replaced = remove_old(&txn, &snapshot, id, &sorted)?;
        for new in &written {
            txn.add_segment(id, new.id, &new.record)?;
        }
        let mut rows = NotedChanges::default();
        keys.iter()
            .for_each(|&(series, end)| rows.row(id, series, end));
        txn.note_added(rows);
        report.segments = written.len() as u64;
        written.into_iter().for_each(NewSegment::keep);
        inner.commit(&writer, txn)?;
        Ok(report)
    }
}

fn check(i: usize, row: &VectorRow<'_>, dim: usize) -> Result<()> {
    let name = || format!("vector {} ({} ending {})", i + 1, row.series, row.end);
    check_vector(row.vector, dim, name)?;
    if !row.end.is_date() {
        return Err(Error::invalid(format!(
            "vector {} of {}: expected an end in the years -9999 to 9999, found {} ms",
            i + 1,
            row.series,
            row.end.millis()
        )));
    }
    Ok(())
}

/// The key of each row and its index in `rows`, sorted by key; of equal keys the last row.
fn sort_rows(txn: &WriteTxn, rows: &[VectorRow<'_>]) -> Result<Vec<((SeriesId, i64), usize)>> {
    let mut ids = std::collections::HashMap::new();
    let mut keyed = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let id = match ids.get(row.series) {
            Some(&id) => id,
            None => {
                let id = match txn.series_by_name(row.series)? {
                    Some((id, _)) => id,
                    None => {
                        txn.ensure_series(row.series, Calendar::of_market(&row.series.market))?
                    }
                };
                ids.insert(row.series, id);
                id
            }
        };
        keyed.push(((id, row.end.millis()), i));
    }
    keyed.par_sort_unstable();
    keyed.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            earlier.1 = later.1;
        }
        same
    });
    Ok(keyed)
}

/// Takes out the vectors that have the keys of new ones.
fn remove_old(
    txn: &WriteTxn,
    snapshot: &Snapshot,
    space: SpaceId,
    sorted: &[((SeriesId, i64), usize)],
) -> Result<u64> {
    let mut removed = 0;
    if snapshot
        .space_by_id(space)
        .is_some_and(|s| s.live_rows() > 0)
    {
        let gone = sorted.iter().map(|&((series, end), _)| EndingRows {
            series,
            first: end,
            last: end,
        });
        removed = remove_all_rows(txn, snapshot, space, &gone.collect::<Vec<_>>())?;
    }
    Ok(removed)
}

fn put_fresh(
    txn: &WriteTxn,
    space: SpaceId,
    dim: usize,
    sorted: &[((SeriesId, i64), usize)],
    rows: &[VectorRow<'_>],
) -> Result<()> {
    let mut builder = RowsBuilder::new(dim)?;
    for row in sorted.iter().filter_map(|&(_, i)| rows.get(i)) {
        builder.push(row.vector)?;
    }
    let view = builder.view();
    let mut fresh = Vec::with_capacity(sorted.len());
    for (row, &((series, end), _)) in sorted.iter().enumerate() {
        fresh.push(FreshRow {
            series,
            end,
            vector: view.row_bytes(row as u32)?,
        });
    }
    txn.put_fresh(space, fresh)
}
