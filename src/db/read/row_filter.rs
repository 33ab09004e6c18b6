//! Which rows of a space may be answers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use crate::index::RowSet;
use crate::store::{Directory, SeriesId, SeriesRows};

/// Ends of windows by their series.
pub(in crate::db) type WindowEnds = BTreeMap<SeriesId, BTreeSet<i64>>;

/// Which windows may be answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RowFilter {
    /// The series; `None` is all.
    pub(in crate::db) series: Option<Arc<BTreeSet<SeriesId>>>,
    /// The first and the last time at which a window may end, in milliseconds UTC.
    pub(in crate::db) first_end: i64,
    pub(in crate::db) last_end: i64,
    /// The windows by their ends; `None` is all.
    pub(in crate::db) windows: Option<Arc<WindowEnds>>,
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
    pub(crate) fn period(&self) -> RangeInclusive<i64> {
        self.first_end..=self.last_end
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
            && self
                .windows
                .as_ref()
                .is_none_or(|w| w.contains_key(&series))
    }

    /// Whether its windows are listed one by one.
    pub(in crate::db) fn lists_windows(&self) -> bool {
        self.windows.is_some()
    }

    /// Those of the rows of a series that pass, if the series does.
    pub(in crate::db) fn ranges(&self, rows: &SeriesRows<'_>) -> Vec<Range<u32>> {
        let Some(windows) = &self.windows else {
            return vec![rows.ending_in(self.first_end, self.last_end)];
        };
        let ends = windows.get(&rows.series()).into_iter().flatten();
        let period = self.period();
        ends.filter(|end| period.contains(end))
            .map(|&end| rows.ending_in(end, end))
            .collect()
    }

    /// The series and the windows, as a part of a key: all of them, or each of these.
    pub(in crate::db) fn series_key(&self) -> Vec<u64> {
        let mut key: Vec<u64> = match &self.series {
            None => Vec::new(),
            Some(ids) => std::iter::once(ids.len() as u64)
                .chain(ids.iter().map(|&id| u64::from(id)))
                .collect(),
        };
        if let Some(windows) = &self.windows {
            key.push(u64::MAX);
            for (&id, ends) in windows.iter() {
                key.extend([u64::from(id), ends.len() as u64]);
                key.extend(ends.iter().map(|end| end.cast_unsigned()));
            }
        }
        key
    }

    fn passes_all(&self) -> bool {
        self.series.is_none()
            && self.windows.is_none()
            && self.first_end == i64::MIN
            && self.last_end == i64::MAX
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
            RowSet::from_ranges(wanted.flat_map(|s| self.ranges(&s)))
        };
        if dead.is_empty() {
            passing
        } else {
            passing.subtract(dead)
        }
    }
}
