//! Which rows of a space may be answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::index::RowSet;
use crate::store::{Directory, SeriesId};

/// Which windows may be answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RowFilter {
    /// The series; `None` is all.
    pub(in crate::db) series: Option<Arc<BTreeSet<SeriesId>>>,
    /// The first and the last time at which a window may end, in milliseconds UTC.
    pub(in crate::db) first_end: i64,
    pub(in crate::db) last_end: i64,
}

impl RowFilter {
    /// Those of them that end at or before `last`.
    pub(crate) fn until(&self, last: i64) -> Self {
        Self {
            last_end: self.last_end.min(last),
            ..self.clone()
        }
    }

    /// Those of them that end after `first`.
    pub(crate) fn after(&self, first: i64) -> Self {
        Self {
            first_end: self.first_end.max(first.saturating_add(1)),
            ..self.clone()
        }
    }

    /// The first and the last time at which one of them may end.
    pub(crate) fn period(&self) -> (i64, i64) {
        (self.first_end, self.last_end)
    }

    /// Those of them that are of these series.
    pub(crate) fn of(&self, series: impl IntoIterator<Item = SeriesId>) -> Self {
        let wanted = series.into_iter();
        let series = match &self.series {
            None => wanted.collect(),
            Some(mine) => wanted.filter(|id| mine.contains(id)).collect(),
        };
        Self {
            series: Some(Arc::new(series)),
            ..self.clone()
        }
    }

    pub(in crate::db) fn wants(&self, series: SeriesId) -> bool {
        self.series.as_ref().is_none_or(|w| w.contains(&series))
    }

    /// The series, as a part of a key: all of them, or each of these.
    pub(in crate::db) fn series_key(&self) -> Vec<u64> {
        match &self.series {
            None => Vec::new(),
            Some(ids) => std::iter::once(ids.len() as u64)
                .chain(ids.iter().map(|&id| u64::from(id)))
                .collect(),
        }
    }

    fn passes_all(&self) -> bool {
        self.series.is_none() && self.first_end == i64::MIN && self.last_end == i64::MAX
    }

    pub(in crate::db) fn rows(
        &self,
        directory: &Directory<'_>,
        rows: u32,
        dead: &RowSet,
    ) -> RowSet {
        let passing = if self.passes_all() {
            RowSet::all(rows)
        } else {
            let wanted = directory.iter().filter(|s| self.wants(s.series()));
            RowSet::from_ranges(wanted.map(|s| s.ending_in(self.first_end, self.last_end)))
        };
        if dead.is_empty() {
            passing
        } else {
            passing.subtract(dead)
        }
    }
}
