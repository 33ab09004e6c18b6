//! Series of the same market and interval, which are alike enough to be ranked among one another.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::past::Past;
use super::row_filter::RowFilter;
use crate::store::SeriesId;

/// For each series those of its market and interval, itself included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kin(HashMap<SeriesId, Arc<BTreeSet<SeriesId>>>);

impl Kin {
    pub(crate) fn new(past: &Past<'_>) -> Self {
        let mut groups: HashMap<_, BTreeSet<SeriesId>> = HashMap::new();
        for (id, key) in past.all_series() {
            let group = groups.entry((&key.market, key.interval)).or_default();
            group.insert(id);
        }
        let all = groups.into_values().map(Arc::new).flat_map(|group| {
            let members: Vec<SeriesId> = group.iter().copied().collect();
            members.into_iter().map(move |id| (id, Arc::clone(&group)))
        });
        Self(all.collect())
    }

    /// Those of the rows that are of the same market and interval as a series; `rows` is of all series.
    pub(crate) fn rows(&self, rows: &RowFilter, series: SeriesId) -> RowFilter {
        match self.0.get(&series) {
            Some(kin) => RowFilter {
                series: Some(Arc::clone(kin)),
                ..rows.clone()
            },
            None => rows.clone(),
        }
    }
}
