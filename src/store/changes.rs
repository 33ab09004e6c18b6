use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::last_bars::LastBars;
use super::records::{FreshRow, SeriesId, SpaceId};

/// Fresh rows that are noted one by one as taken out, at most. Of more, nobody asks which others replaced.
const MOST_GONE: usize = 1 << 14;

/// What a transaction changed of all that a reader keeps in memory: so that one who knows the state
/// before need not read everything again.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The last moment, in milliseconds UTC, up to which no bar closed and no headline became known
    /// that was added, replaced or taken out.
    pub(crate) unchanged_to: i64,
    /// A series was named or forgotten.
    pub(crate) series: bool,
    /// Fresh rows were taken out, and it is not noted which.
    fresh_removed: bool,
    /// Fresh rows that were taken out and that no other row replaced since.
    fresh_gone: BTreeSet<(SpaceId, SeriesId, i64)>,
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
    pub(super) times: usize,
    /// The last bars of the series after it, if it was one change and whoever made it had them at hand.
    pub(crate) last: Option<Arc<LastBars>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            unchanged_to: i64::MAX,
            series: false,
            fresh_removed: false,
            fresh_gone: BTreeSet::new(),
            fresh_added: Vec::new(),
            headlines_changed: false,
            bars: HashMap::new(),
        }
    }
}

impl Changes {
    /// Whether fresh rows were taken out that no other row replaced.
    pub(crate) fn fresh_removed(&self) -> bool {
        self.fresh_removed || !self.fresh_gone.is_empty()
    }

    /// Notes that fresh rows were taken out, and that nobody knows which.
    pub(super) fn take_any_fresh(&mut self) {
        self.fresh_removed = true;
    }

    /// Notes that a fresh row was taken out.
    pub(super) fn take_fresh(&mut self, space: SpaceId, series: SeriesId, end: i64) {
        if self.fresh_gone.len() >= MOST_GONE {
            self.fresh_removed = true;
        } else {
            self.fresh_gone.insert((space, series, end));
        }
    }

    /// Notes a fresh row that was added or replaced.
    pub(super) fn add_fresh(&mut self, space: SpaceId, row: FreshRow) {
        if !self.fresh_gone.is_empty() {
            self.fresh_gone.remove(&(space, row.series, row.end));
        }
        self.fresh_added.push((space, row));
    }
}
