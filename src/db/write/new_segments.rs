//! Rows that are sorted already, into new segments.

use std::sync::atomic::{AtomicU64, Ordering};

use super::two_at_once::two_at_once;
use crate::db::control::{Control, Stage, Stopwatch};
use crate::db::inner::{Inner, Writer};
use crate::db::segment::{NewRows, NewSegment, write_segment};
use crate::db::segment_sizes::two_fit;
use crate::error::Result;
use crate::index::RowsBuilder;
use crate::store::{SegmentId, SeriesId};

/// How many rows each of the fewest segments of at most `most` rows gets.
pub(in crate::db) fn even_size(rows: usize, most: usize) -> usize {
    rows.div_ceil(rows.div_ceil(most).max(1)).max(1)
}

/// Rows to be written into segments: sorted by series and end, and where their vectors are.
pub(in crate::db) struct SortedRows<'a> {
    pub(in crate::db) dim: usize,
    pub(in crate::db) keys: &'a [(SeriesId, i64)],
    pub(in crate::db) step_of: &'a (dyn Fn(SeriesId) -> i64 + Sync),
    /// Appends the vector of the row with that index in `keys`.
    pub(in crate::db) push: &'a (dyn Fn(&mut RowsBuilder, usize) -> Result<()> + Sync),
}

/// Writes rows into new segment files, which are not yet part of the database.
pub(in crate::db) fn write_sorted<'a>(
    inner: &'a Inner,
    writer: &Writer,
    sorted: &SortedRows<'_>,
    control: &Control,
    stopwatch: &Stopwatch,
) -> Result<Vec<NewSegment<'a>>> {
    let total = sorted.keys.len();
    let size = even_size(total, inner.files.sizes.most_rows(sorted.dim));
    let starts = (0..total).step_by(size);
    let txn = writer.catalog.write()?;
    let starts: Vec<(usize, SegmentId)> = starts
        .map(|start| Ok((start, txn.next_segment_id()?)))
        .collect::<Result<_>>()?;
    txn.commit()?;
    let indexed = AtomicU64::new(0);
    two_at_once(&starts, two_fit(size, sorted.dim), |&(start, id)| {
        let mut new = NewRows::new(sorted.dim)?;
        let keys = sorted.keys.iter().enumerate().skip(start).take(size);
        for (i, &(series, end)) in keys {
            (sorted.push)(&mut new.rows, i)?;
            new.directory.push(series, end, (sorted.step_of)(series));
        }
        let last = AtomicU64::new(0);
        let progress = |rows: u64| {
            let more = rows.saturating_sub(last.swap(rows, Ordering::Relaxed));
            let done = indexed.fetch_add(more, Ordering::Relaxed) + more;
            control.report(Stage::Index, done, total as u64)
        };
        write_segment(&inner.files, id, &new, control, stopwatch, &progress)
    })
}
