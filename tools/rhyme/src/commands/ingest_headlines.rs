use super::row_options::{Rows, Times};
use clap::Args;
use rayon::prelude::*;
use rhymedb::{HeadlineOptions, find_inputs, read_headlines};
use serde_json::json;

use super::input_notes::InputNotes;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_or_create;
use crate::output::{self, column};

#[derive(Debug, Args)]
pub(crate) struct IngestHeadlines {
    /// Files, folders or globs
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

pub(crate) fn run(global: &Global, args: &IngestHeadlines) -> Outcome {
    let options = HeadlineOptions {
        map: args.rows.map(),
        dates: args.times.dates,
        zone: args.times.zone.clone(),
        on_error: args.rows.on_error,
    };
    let files = find_inputs(&args.paths)?;
    let db = open_or_create(global)?;
    let read: Vec<_> = files
        .par_iter()
        .map(|file| read_headlines(file, &options))
        .collect();
    let mut notes = InputNotes::new(global);
    let (mut rows, mut skipped) = (0, 0);
    let (mut added, mut replaced, mut unchanged, mut embedded) = (0, 0, 0, 0);
    for file in read {
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                notes.refuse(&error);
                continue;
            }
        };
        rows += file.report.rows;
        skipped += file.report.defects.total();
        notes.accept(&file.report);
        let report = db.ingest_headlines(&file.headlines)?;
        added += report.added;
        replaced += report.replaced;
        unchanged += report.unchanged;
        embedded += report.embedded;
    }
    notes.close();
    let row = json!({
        "files": files.len(),
        "files_refused": notes.refused(),
        "rows": rows,
        "rows_skipped": skipped,
        "headlines_added": added,
        "headlines_replaced": replaced,
        "headlines_unchanged": unchanged,
        "headlines_embedded": embedded,
    });
    let columns = [
        column("files", "files"),
        column("files_refused", "files refused"),
        column("rows", "rows read"),
        column("rows_skipped", "rows left out"),
        column("headlines_added", "headlines added"),
        column("headlines_replaced", "headlines replaced"),
        column("headlines_unchanged", "headlines unchanged"),
        column("headlines_embedded", "headlines embedded"),
    ];
    let printed = match notes.stored_nothing(files.len()) && global.format == Format::Table {
        true => Ok(()),
        false => output::record(global.format, &columns, &row),
    };
    notes.verdict(files.len(), args.rows.strict).and(printed)
}
