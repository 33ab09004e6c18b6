//! What is stored from files, and the reports of it.

use rhymedb::files::{
    BarOptions, HeadlineOptions, InputReport, find_inputs, read_bars, read_headlines,
};
use rhymedb::ingest::{IngestReport, Progress, Stage};
use rhymedb::{Control, Database, Result};
use serde_json::{Value, json};

use crate::json::{value, with};

/// A report with the rows that were left out.
pub(crate) fn with_left_out(report: &IngestReport, left_out: u64) -> Result<Value> {
    Ok(with(value(report)?, "rows_left_out", json!(left_out)))
}

/// Stores the bars of files, each in a transaction of its own. A file that cannot be read ends it; what
/// the files before it hold is stored.
pub(crate) fn bar_files(
    db: &Database,
    paths: &[String],
    options: &BarOptions,
    control: Control,
) -> Result<Value> {
    let files = find_inputs(paths)?;
    let mut ingest = db.ingest(control.clone());
    let mut reports = Vec::with_capacity(files.len());
    let total = files.len() as u64;
    for (done, path) in (1..).zip(&files) {
        let file = read_bars(path, options)?;
        ingest.bars(&file.series)?;
        let series: Vec<String> = file.series.iter().map(|s| s.key.to_string()).collect();
        reports.push(with(of_file(&file.report), "series", json!(series)));
        let stage = Stage::Read;
        control.show(Progress { stage, done, total })?;
    }
    Ok(with(value(&ingest.finish()?)?, "files", json!(reports)))
}

/// Stores the headlines of files.
pub(crate) fn headline_files(
    db: &Database,
    paths: &[String],
    options: &HeadlineOptions,
    control: &Control,
) -> Result<Value> {
    let mut headlines = Vec::new();
    let mut reports = Vec::new();
    for path in find_inputs(paths)? {
        control.check()?;
        let file = read_headlines(&path, options)?;
        reports.push(of_file(&file.report));
        headlines.extend(file.headlines);
    }
    let report = db.ingest_headlines(&headlines)?;
    Ok(with(value(&report)?, "files", json!(reports)))
}

/// What was read of a file, and what its reader has to know.
fn of_file(report: &InputReport) -> Value {
    let refused = report.refused.first.iter().map(ToString::to_string);
    let notices = report.notices.counts.iter();
    let notices = notices.map(|(kind, n)| format!("{n} x {kind}"));
    json!({
        "file": report.file,
        "rows": report.rows,
        "accepted": report.accepted,
        "gaps": report.gaps,
        "missing_bars": report.missing_bars,
        "refused": refused.collect::<Vec<_>>(),
        "notices": notices.collect::<Vec<_>>(),
    })
}
