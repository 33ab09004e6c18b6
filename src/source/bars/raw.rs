//! The bars of a file as its rows come, series by series.

use super::super::times::{TimeForm, TimeForms};
use crate::model::{Bar, Bars, Interval};

/// What the rows of a series say about it; `None` where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RowNames {
    pub(crate) market: Option<String>,
    pub(crate) venue: Option<String>,
    pub(crate) symbol: Option<String>,
    pub(crate) interval: Option<Interval>,
}

/// The bars of one series in the order of the file, not yet compared with each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawSeries {
    /// What its rows say about it.
    pub(crate) names: RowNames,
    /// Times are local until the file's form is known.
    pub(crate) bars: Bars,
    /// The line of each bar.
    pub(crate) lines: Vec<u64>,
    /// How each time was written.
    pub(crate) forms: TimeForms,
}

impl RawSeries {
    pub(super) fn push(&mut self, form: TimeForm, bar: Bar, line: u64) {
        self.forms.push(form);
        self.bars.push(bar);
        self.lines.push(line);
    }
}
