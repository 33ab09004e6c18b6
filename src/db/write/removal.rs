//! Taking windows out of a space.

use std::ops::RangeInclusive;

use super::chart_space::ChartSpace;
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::model::Timestamp;
use crate::store::{BarReads, Pending, SeriesId, SeriesRecord, SpaceId, WriteTxn};

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
    let close = |open: i64| {
        let open = Timestamp::from_millis(open);
        series.key.interval.close_of(open).millis()
    };
    let (first, last) = (close(windows.first), close(windows.last));
    remove_rows(txn, snapshot, space, windows.series, first, last)
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
    let mut removed = txn.remove_unsealed(space, series, first, last)?;
    let state = snapshot.space_by_id(space);
    for (segment, dead) in state.map_or(&[][..], |state| &state.segments) {
        let directory = segment.directory()?;
        let Some(rows) = directory
            .of_series(series)
            .map(|r| r.ending_in(first, last))
        else {
            continue;
        };
        if !rows.is_empty() {
            txn.add_dead(segment.id, rows.clone())?;
            removed += crate::index::RowSet::from_ranges([rows])
                .subtract(dead)
                .len() as u64;
        }
    }
    if removed > 0 {
        txn.note_removed(space, series, first, last);
    }
    Ok(removed)
}
