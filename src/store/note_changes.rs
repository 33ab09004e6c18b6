//! Noting what a transaction changes.

use std::sync::Arc;

use super::catalog::WriteTxn;
use super::last_bars::LastBars;
use super::noted_change::{NotedChange, NotedChanges};
use super::records::{FreshRow, SeriesId, SpaceId};

impl WriteTxn {
    /// Notes that something changed that was known after a moment, and nothing up to it.
    pub(crate) fn note_changed_after(&self, moment: i64) {
        let mut changes = self.changes.borrow_mut();
        changes.unchanged_to = changes.unchanged_to.min(moment);
    }

    pub(super) fn note_bars_changed(&self, series: SeriesId) {
        let mut changes = self.changes.borrow_mut();
        let changed = changes.bars.entry(series).or_default();
        changed.times += 1;
        changed.last = None;
    }

    /// Notes how a series ends, if its bars were changed once. Readers of what is committed then need not read
    /// these bars again.
    pub(crate) fn note_last_bars(&self, series: SeriesId, bars: LastBars) {
        let mut changes = self.changes.borrow_mut();
        if let Some(changed) = changes.bars.get_mut(&series)
            && changed.times == 1
            && changed.last.as_ref().is_none_or(|l| l.len() < bars.len())
        {
            changed.last = Some(Arc::new(bars));
        }
    }

    /// Notes rows of new segments that were added.
    pub(crate) fn note_added(&self, rows: NotedChanges) {
        self.noted.borrow_mut().append(rows);
    }

    /// Notes that all rows of a series that end in `first..=last` were taken out.
    pub(crate) fn note_removed(&self, space: SpaceId, series: SeriesId, first: i64, last: i64) {
        self.note(NotedChange::Removed {
            space,
            series,
            first,
            last,
        });
    }

    /// Notes that nobody can tell which rows this commit changes.
    pub(crate) fn note_unknown(&self) {
        self.noted.borrow_mut().forget();
    }

    pub(super) fn note(&self, change: NotedChange) {
        self.noted.borrow_mut().push(change);
    }

    pub(super) fn note_fresh(&self, space: SpaceId, rows: Vec<FreshRow>) {
        let (mut noted, mut changes) = (self.noted.borrow_mut(), self.changes.borrow_mut());
        for row in rows {
            noted.row(space, row.series, row.end);
            changes.add_fresh(space, row);
        }
    }

    pub(super) fn note_headlines_changed(&self) {
        self.changes.borrow_mut().headlines_changed = true;
    }
}
