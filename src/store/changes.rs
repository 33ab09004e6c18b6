use std::collections::HashMap;
use std::sync::Arc;

use super::catalog::WriteTxn;
use super::records::{SeriesId, SpaceId};
use super::rows::FreshRow;
use crate::model::Bars;

/// What a transaction changed of all that a reader keeps in memory: so that one who knows the state
/// before need not read everything again.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The last moment, in milliseconds UTC, up to which no bar closed and no headline became known
    /// that was added, replaced or taken out.
    pub(crate) unchanged_to: i64,
    /// A series was named or forgotten.
    pub(crate) series: bool,
    /// Fresh rows were taken out.
    pub(crate) fresh_removed: bool,
    /// Fresh rows that were added or replaced, in this order.
    pub(crate) fresh_added: Vec<(SpaceId, FreshRow)>,
    /// Headlines were taken out, or say something else about themselves than before.
    pub(crate) headlines_changed: bool,
    /// The series whose bars changed.
    pub(crate) bars: HashMap<SeriesId, ChangedBars>,
}

/// How the bars of a series changed.
#[derive(Debug, Default)]
pub(crate) struct ChangedBars {
    /// By so many changes.
    times: usize,
    /// The last bars of the series after it, if it was one change and whoever made it had them at hand.
    pub(crate) last: Option<Arc<Bars>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            unchanged_to: i64::MAX,
            series: false,
            fresh_removed: false,
            fresh_added: Vec::new(),
            headlines_changed: false,
            bars: HashMap::new(),
        }
    }
}

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
    pub(crate) fn note_last_bars(&self, series: SeriesId, bars: Bars) {
        let mut changes = self.changes.borrow_mut();
        if let Some(changed) = changes.bars.get_mut(&series)
            && changed.times == 1
            && changed.last.as_ref().is_none_or(|l| l.len() < bars.len())
        {
            changed.last = Some(Arc::new(bars));
        }
    }

    pub(super) fn note_fresh(&self, space: SpaceId, rows: &[FreshRow]) {
        let added = rows.iter().map(|row| (space, row.clone()));
        self.changes.borrow_mut().fresh_added.extend(added);
    }

    pub(super) fn note_fresh_removed(&self) {
        self.changes.borrow_mut().fresh_removed = true;
    }

    pub(super) fn note_headlines_changed(&self) {
        self.changes.borrow_mut().headlines_changed = true;
    }
}
