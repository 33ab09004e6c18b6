//! Taking windows out of a space.

use std::ops::RangeInclusive;

use super::chart_space::ChartSpace;
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::index::RowSet;
use crate::model::Timestamp;
use crate::store::{BarReads, EndingRows, Pending, SeriesId, SeriesRecord, SpaceId, WriteTxn};

/// The windows that depend on bars which opened in the range `changed` and changed, or were removed.
pub(in crate::db) fn touched_windows(
    txn: &WriteTxn,
    space: &ChartSpace,
    series: SeriesId,
    changed: &RangeInclusive<i64>,
) -> Result<Pending> {
    let (first, last) = (*changed.start(), *changed.end());
    let reached = txn.nth_bar_after(series, last, space.space.reach() - 1)?;
    Ok(Pending {
        series,
        first,
        last: reached.unwrap_or(last),
    })
}

/// Takes out the rows of windows whose last bars open in the range of `windows`. Returns how many
/// were alive.
pub(in crate::db) fn remove_windows(
    txn: &WriteTxn,
    snapshot: &Snapshot,
    space: SpaceId,
    series: &SeriesRecord,
    windows: Pending,
) -> Result<u64> {
    let rows = rows_of(series, windows);
    remove_all_rows(txn, snapshot, space, &[rows])
}

/// The rows of windows whose last bars open in the range of `windows`.
pub(in crate::db) fn rows_of(series: &SeriesRecord, windows: Pending) -> EndingRows {
    let close = |open: i64| {
        let open = Timestamp::from_millis(open);
        series.key.interval.close_of(open).millis()
    };
    EndingRows {
        series: windows.series,
        first: close(windows.first),
        last: close(windows.last),
    }
}

/// Takes out the rows of a series that end in `first..=last`. Returns how many were alive.
pub(in crate::db) fn remove_rows(
    txn: &WriteTxn,
    snapshot: &Snapshot,
    space: SpaceId,
    series: SeriesId,
    first: i64,
    last: i64,
) -> Result<u64> {
    let rows = EndingRows {
        series,
        first,
        last,
    };
    remove_all_rows(txn, snapshot, space, &[rows])
}

/// Takes out rows of a space. Returns how many were alive.
pub(in crate::db) fn remove_all_rows(
    txn: &WriteTxn,
    snapshot: &Snapshot,
    space: SpaceId,
    gone: &[EndingRows],
) -> Result<u64> {
    let mut removed = txn.remove_unsealed(space, gone)?;
    let state = snapshot.space_by_id(space);
    for (segment, dead) in state.map_or(&[][..], |state| &state.segments) {
        let directory = segment.directory()?;
        for (of_one, removed) in gone.iter().zip(&mut removed) {
            let rows = directory.of_series(of_one.series);
            let Some(rows) = rows.map(|r| r.ending_in(of_one.first, of_one.last)) else {
                continue;
            };
            if !rows.is_empty() {
                txn.add_dead(segment.id, rows.clone())?;
                let live = RowSet::from_ranges([rows]).subtract(dead);
                *removed += live.len() as u64;
            }
        }
    }
    for (of_one, removed) in gone.iter().zip(&removed) {
        if *removed > 0 {
            txn.note_removed(space, of_one.series, of_one.first, of_one.last);
        }
    }
    Ok(removed.iter().sum())
}
