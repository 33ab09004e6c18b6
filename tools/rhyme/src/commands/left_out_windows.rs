use rhymedb::ingest::IngestReport;

use crate::global::Global;
use crate::progress::notice;
use crate::text::legible;

/// Says on standard error which windows have no vector though their bars are stored, and why.
pub(super) fn tell_left_out(global: &Global, report: &IngestReport) {
    for waiting in &report.waiting_spaces {
        let text = format!(
            "note: new windows or headlines of the space {} wait, because its encoder {} is not available: {}. What they are made of is stored; use a program that has the encoder, or drop the space with `rhyme drop-space {}`",
            waiting.space, waiting.encoder, waiting.reason, waiting.space
        );
        notice(global, &legible(&text));
    }
    for failed in &report.failed_windows {
        let text = format!(
            "note: left out of the space {}: the window {}@{}: {}",
            failed.space, failed.series, failed.end, failed.reason
        );
        notice(global, &legible(&text));
    }
    let named = report.failed_windows.len() as u64;
    if report.windows_failed > named {
        let more = report.windows_failed - named;
        notice(global, &format!("... and {more} more windows"));
    }
}
