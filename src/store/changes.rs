use std::collections::HashMap;
use std::sync::Arc;

use super::records::{FreshRow, SeriesId, SpaceId};
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
    pub(super) times: usize,
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
