//! What a commit says of the rows and headlines that it changed.

use serde::{Deserialize, Serialize};

use super::records::{SeriesId, SpaceId};
use crate::model::{Headline, SeriesKey};

/// Runs in the record of one commit, at most. A record of more is not worth keeping: who followed so far
/// reads everything anew as fast.
const MOST_NOTED: usize = 1 << 16;

/// Rows of one series that were added, or got another vector: ends that lie evenly apart, in milliseconds
/// UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RowRun {
    pub(crate) first: i64,
    pub(crate) step: i64,
    pub(crate) count: u32,
}

impl RowRun {
    /// The ends of the rows. Damage must not overflow.
    pub(crate) fn ends(self) -> impl Iterator<Item = i64> {
        let end = move |i| self.first.saturating_add(self.step.saturating_mul(i));
        (0..i64::from(self.count)).map(end)
    }

    /// Adds the end after the last one, if that fits.
    fn grow(&mut self, end: i64) -> bool {
        let step = if self.count == 1 {
            end.checked_sub(self.first).filter(|step| *step > 0)
        } else {
            Some(self.step)
        };
        let next =
            step.and_then(|step| self.first.checked_add(step.checked_mul(self.count.into())?));
        if next != Some(end) || self.count == u32::MAX {
            return false;
        }
        self.step = step.unwrap_or(self.step);
        self.count += 1;
        true
    }
}

/// One change of a commit. They stand in the order in which they are true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum NotedChange {
    /// Rows were added, or got another vector.
    Added {
        space: SpaceId,
        series: SeriesId,
        run: RowRun,
    },
    /// All rows of a series that end in `first..=last` were taken out.
    Removed {
        space: SpaceId,
        series: SeriesId,
        first: i64,
        last: i64,
    },
    /// A space went with all its rows.
    SpaceDropped { space: SpaceId, name: String },
    /// A space got another name; this is the one that it had.
    SpaceRenamed { space: SpaceId, from: String },
    /// A series lost its name; all its rows are gone.
    SeriesForgotten { series: SeriesId, key: SeriesKey },
    /// A headline was added, or says something else beside its time, source and text.
    HeadlineAdded(Headline),
    /// All headlines that were published in `first..=last` were taken out.
    HeadlinesRemoved { first: i64, last: i64 },
}

impl NotedChange {
    /// The series that it names.
    pub(super) fn series(&self) -> Option<SeriesId> {
        match self {
            Self::Added { series, .. }
            | Self::Removed { series, .. }
            | Self::SeriesForgotten { series, .. } => Some(*series),
            Self::SpaceDropped { .. }
            | Self::SpaceRenamed { .. }
            | Self::HeadlineAdded(_)
            | Self::HeadlinesRemoved { .. } => None,
        }
    }

    /// The space that it names.
    pub(super) fn space(&self) -> Option<SpaceId> {
        match self {
            Self::Added { space, .. }
            | Self::Removed { space, .. }
            | Self::SpaceDropped { space, .. }
            | Self::SpaceRenamed { space, .. } => Some(*space),
            Self::SeriesForgotten { .. }
            | Self::HeadlineAdded(_)
            | Self::HeadlinesRemoved { .. } => None,
        }
    }
}

/// What a transaction changed so far.
#[derive(Debug, Default)]
pub(crate) struct NotedChanges {
    list: Vec<NotedChange>,
    /// There is more than is kept, or it is not known what.
    unknown: bool,
}

impl NotedChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.unknown
    }

    /// The changes; `None` if they cannot be told.
    pub(super) fn list(&self) -> Option<&Vec<NotedChange>> {
        (!self.unknown).then_some(&self.list)
    }

    /// Gives up telling what changed.
    pub(super) fn forget(&mut self) {
        self.unknown = true;
        self.list = Vec::new();
    }

    /// Adds what changed after it.
    pub(super) fn append(&mut self, later: Self) {
        if later.unknown {
            self.forget();
        }
        later.list.into_iter().for_each(|change| self.push(change));
    }

    pub(super) fn push(&mut self, change: NotedChange) {
        if self.list.len() >= MOST_NOTED {
            self.forget();
        }
        if !self.unknown {
            self.list.push(change);
        }
    }

    /// Notes a row that was added.
    pub(crate) fn row(&mut self, space: SpaceId, series: SeriesId, end: i64) {
        if let Some(NotedChange::Added {
            space: of,
            series: same,
            run,
        }) = self.list.last_mut()
            && (*of, *same) == (space, series)
            && run.grow(end)
        {
            return;
        }
        let run = RowRun {
            first: end,
            step: 0,
            count: 1,
        };
        self.push(NotedChange::Added { space, series, run });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn ends(list: &[NotedChange]) -> Vec<(SeriesId, i64)> {
        let rows = list.iter().flat_map(|change| {
            let NotedChange::Added { series, run, .. } = *change else {
                panic!("{change:?}")
            };
            (0..i64::from(run.count)).map(move |i| (series, run.first + i * run.step))
        });
        rows.collect()
    }

    proptest! {
        #[test]
        fn runs_say_each_row_in_its_order(rows in prop::collection::vec((0u32..2, -9i64..9), 0..40)) {
            let mut noted = NotedChanges::default();
            for &(series, end) in &rows {
                noted.row(1, series, end);
            }
            prop_assert_eq!(ends(noted.list().unwrap()), rows);
        }
    }

    #[test]
    fn rows_of_a_series_are_few_runs_and_too_many_runs_are_unknown() {
        let mut noted = NotedChanges::default();
        (0..100_000).for_each(|i| noted.row(1, 1, i * 60_000));
        assert_eq!(noted.list().unwrap().len(), 1);
        (0..100_000).for_each(|i| noted.row(1, i % 2, 7));
        assert!(noted.list().is_none() && !noted.is_empty());
    }
}
