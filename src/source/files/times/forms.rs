//! How the times of a column are written.

use std::fmt;
use std::ops::Range;

/// The unit of an integer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// How a time was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// A number since 1970 in UTC.
    Integer(TimeUnit),
    /// Text with this offset from UTC.
    Text { offset_minutes: i64 },
    /// Text or a date that names no zone: UTC, unless the caller says another.
    Naive,
}

impl TimeForm {
    /// Whether both are text, or both are numbers.
    pub(crate) fn same_kind(self, other: Self) -> bool {
        self.is_number() == other.is_number()
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Integer(_))
    }

    /// Whether it names no zone.
    pub(crate) fn is_naive(self) -> bool {
        self == Self::Naive
    }

    pub(super) fn offset_ms(self) -> i64 {
        match self {
            Self::Integer(_) | Self::Naive => 0,
            Self::Text { offset_minutes } => offset_minutes * 60_000,
        }
    }
}

impl fmt::Display for TimeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer(TimeUnit::Seconds) => "seconds",
            Self::Integer(TimeUnit::Millis) => "milliseconds",
            Self::Integer(TimeUnit::Micros) => "microseconds",
            Self::Integer(TimeUnit::Nanos) => "nanoseconds",
            Self::Text { .. } | Self::Naive => "text",
        })
    }
}

/// The forms of a column of times, as runs of equal ones: nearly always a single run.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimeForms {
    runs: Vec<(usize, TimeForm)>,
    len: usize,
}

impl TimeForms {
    /// Adds the form of the next row.
    pub(crate) fn push(&mut self, form: TimeForm) {
        if self.runs.last().is_none_or(|(_, last)| *last != form) {
            self.runs.push((self.len, form));
        }
        self.len += 1;
    }

    /// The ranges of rows of one form.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (Range<usize>, TimeForm)> + '_ {
        let ends = self.runs.iter().skip(1).map(|(start, _)| *start);
        let ends = ends.chain(std::iter::once(self.len));
        self.runs
            .iter()
            .zip(ends)
            .map(|((start, form), end)| (*start..end, *form))
    }

    /// Whether any row has a form of this kind.
    pub(crate) fn any(&self, fits: impl Fn(TimeForm) -> bool) -> bool {
        self.runs.iter().any(|(_, form)| fits(*form))
    }

    /// The form of most rows of all `columns`, numbers or text, and of equals the first: the file's form.
    pub(crate) fn of_most<'a>(columns: impl Iterator<Item = &'a Self>) -> Option<TimeForm> {
        let mut votes: Vec<(TimeForm, usize)> = Vec::new();
        for (range, form) in columns.flat_map(|c| c.ranges()) {
            match votes.iter_mut().find(|(seen, _)| seen.same_kind(form)) {
                Some((_, count)) => *count += range.len(),
                None => votes.push((form, range.len())),
            }
        }
        // `max_by_key` takes the last of equals.
        let winner = votes.into_iter().rev().max_by_key(|(_, count)| *count);
        winner.map(|(form, _)| form)
    }
}
