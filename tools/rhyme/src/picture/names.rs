//! Names and times as headings have them.

use rhymedb::{SeriesKey, Timestamp, View};

/// A series as headings have it.
pub(super) fn name(series: &SeriesKey) -> String {
    format!("{} {}", series.symbol, series.interval)
}

/// A moment as headings have it: without seconds that are nothing.
pub(super) fn when(time: Timestamp) -> String {
    let text = time.to_string();
    let without = |text: &str, end| text.strip_suffix(end).unwrap_or(text).to_owned();
    let minutes = without(&without(&text, "Z"), ":00");
    without(&minutes, "T00:00").replace('T', " ")
}

/// The end of a subtitle: as of when the view was.
pub(super) fn as_of(view: &View) -> String {
    view.as_of()
        .map_or_else(String::new, |t| format!(" · as of {} UTC", when(t)))
}
