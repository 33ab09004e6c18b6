//! How the series that were appended to last end.
//!
//! A database that follows a market embeds one window of every series at each step, and each needs
//! the bars before it. In the catalog the newest of them wait one by one, so reading some sixty takes longer than
//! all else of an append.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::Bars;
use crate::store::{Changes, LastBars, SeriesId};

/// The most series whose last bars are kept: some 25 MB where windows have 64 bars.
const MOST_SERIES: usize = 8192;

/// The last bars of series as of one snapshot, where they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct NewestBars(Arc<HashMap<SeriesId, Arc<LastBars>>>);

impl NewestBars {
    /// What is known after a transaction.
    pub(super) fn after(&self, changes: &Changes) -> Self {
        if changes.bars.is_empty() {
            return self.clone();
        }
        let changed = changes.bars.iter();
        let now =
            changed.filter_map(|(&id, changed)| Some((id, Arc::clone(changed.last.as_ref()?))));
        let mut kept: HashMap<_, _> = now.take(MOST_SERIES).collect();
        // More than that, and who follows them all would push out what is needed next.
        if kept.len() + self.0.len() <= MOST_SERIES {
            let same = self
                .0
                .iter()
                .filter(|(id, _)| !changes.bars.contains_key(id));
            kept.extend(same.map(|(&id, bars)| (id, Arc::clone(bars))));
        }
        Self(Arc::new(kept))
    }

    /// The last `n` bars of a series that open at or before `last`, if they are known, with room for more.
    pub(super) fn back(&self, series: SeriesId, last: i64, n: usize, room: usize) -> Option<Bars> {
        self.0.get(&series)?.back(last, n, room)
    }
}
