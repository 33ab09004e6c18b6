//! The bars of a file as its rows come, series by series.

use super::super::input_report::{DefectKind, Findings, RowDefect};
use super::super::times::{TimeForm, TimeForms, is_midnight};
use crate::model::{Bar, Bars, Interval, Timestamp};

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
    /// Whether a time says more than the date.
    pub(crate) has_clock: bool,
    /// Rows of it that cannot be a bar.
    pub(crate) defects: Findings<DefectKind>,
    /// How the file spells the symbol, if it cannot be a name as it is.
    pub(crate) spelled: Option<String>,
    /// The exchange that the file writes before the symbol.
    pub(crate) exchange: Option<String>,
    /// Whether the symbol is from a column that may as well hold something else.
    pub(crate) doubtful: bool,
    /// Why no series can be called so.
    pub(crate) bad_name: Option<String>,
}

impl RawSeries {
    pub(super) fn push(&mut self, form: TimeForm, is_date: bool, bar: Bar, line: u64) {
        self.forms.push(form);
        self.has_clock |= !is_date;
        self.bars.push(bar);
        self.lines.push(line);
    }

    /// Refuses rows of a second exchange, which would be those of the first.
    pub(super) fn refuse_two_exchanges(&mut self, other: &Self) {
        let (Some(one), Some(two)) = (&self.exchange, &other.exchange) else {
            return;
        };
        if one != two && self.bad_name.is_none() {
            let symbol = self.names.symbol.as_deref().unwrap_or_default();
            self.bad_name = Some(two_exchanges(symbol, one, two));
        }
    }

    pub(super) fn reject(&mut self, line: u64, defect: RowDefect) {
        self.defects.add(defect.kind, Some(line), || defect.message);
    }

    /// Whether a time of day names no zone.
    pub(super) fn has_local_times(&self) -> bool {
        let of_day = |time: &i64| !is_midnight(Timestamp::from_millis(*time));
        let naive = self.forms.ranges().filter(|(_, form)| form.is_naive());
        let mut times = naive.filter_map(|(rows, _)| self.bars.time.get(rows));
        times.any(|times| times.iter().any(of_day))
    }

    /// The rows of the file that are its own.
    pub(super) fn rows(&self) -> u64 {
        self.bars.len() as u64 + self.defects.total()
    }
}

/// Why bars of two exchanges are refused that would be one series.
pub(super) fn two_exchanges(symbol: &str, one: &str, two: &str) -> String {
    let [one, two] = [one, two].map(str::to_uppercase);
    format!(
        "{one}:{symbol} and {two}:{symbol} would be one series; put each exchange in a file of its own and read it with its own --venue, like --venue {}",
        one.to_lowercase()
    )
}
