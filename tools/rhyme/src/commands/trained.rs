//! What is said where the weights of a space know what came after the time of an answer.

use rhymedb::{SeriesKey, Timestamp};

use crate::global::Global;
use crate::progress;

/// Says on standard error until when the weights of a space were trained, on what if the question
/// is about one series, and what `more` follows. Nothing without such a time.
pub(super) fn note(
    global: &Global,
    space: &str,
    trained_until: Option<Timestamp>,
    series: Option<&SeriesKey>,
    more: &str,
) {
    let Some(until) = trained_until else {
        return;
    };
    let on = series.map_or_else(String::new, |s| format!(" on {} {}", s.market, s.interval));
    let told = if until.millis() == i64::MAX {
        format!("do not say until when they were trained{on}")
    } else {
        let until = until.to_string();
        let day = until.strip_suffix("T00:00:00Z").unwrap_or(&until);
        format!("were trained until {day}{on}")
    };
    let text = format!(
        "note: the weights of the space {space} {told}: an answer as of an earlier time knows what came later{more}"
    );
    progress::notice(global, &text);
}
