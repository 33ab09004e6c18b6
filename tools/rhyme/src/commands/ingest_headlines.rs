use super::row_options::{Rows, Times};
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use rhymedb::Database;
use rhymedb::encode::Modality;
use rhymedb::files::{HeadlineOptions, find_inputs_and_others, read_headlines};
use serde_json::json;

use super::import_headlines::without_vector;
use super::ingest_tally::{Others, count, span};
use super::input_notes::InputNotes;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_or_create;
use crate::output::{self, Column, column};
use crate::progress::notice;
use crate::text::legible;

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

const COLUMNS: [Column; 8] = [
    column("files", "files"),
    column("files_refused", "files refused"),
    column("rows", "rows read"),
    column("rows_skipped", "rows left out"),
    column("headlines_added", "headlines added"),
    column("headlines_replaced", "headlines replaced"),
    column("headlines_unchanged", "headlines unchanged"),
    column("headlines_embedded", "headlines embedded"),
];

pub(crate) fn run(global: &Global, args: &IngestHeadlines) -> Outcome {
    let options = HeadlineOptions {
        map: args.rows.map(),
        dates: args.times.dates,
        zone: args.times.zone.clone(),
        on_error: args.rows.on_error,
    };
    let inputs = find_inputs_and_others(&args.paths, &[])?;
    let others = Others::of(&inputs.passed_over);
    let files = inputs.files;
    let db = open_or_create(global)?;
    let read: Vec<_> = files
        .par_iter()
        .map(|file| read_headlines(file, &options))
        .collect();
    let mut notes = InputNotes::new(global);
    let (mut rows, mut skipped, mut without_vector) = (0, 0, 0);
    let (mut added, mut replaced, mut unchanged, mut embedded) = (0, 0, 0, 0);
    let (mut accepted, mut first, mut last) = (0, None, None);
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
        accepted += file.report.accepted;
        let times = || file.headlines.iter().map(|h| h.time);
        first = times().chain(first).min();
        last = times().chain(last).max();
        notes.accept(&file.report);
        let report = db.ingest_headlines(&file.headlines)?;
        added += report.added;
        replaced += report.replaced;
        unchanged += report.unchanged;
        embedded += report.embedded;
        without_vector += report.without_vector;
    }
    tell_of_waiting(global, &db, without_vector)?;
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
        "headlines_without_vector": without_vector,
        "files_passed_over": others.count(),
        "first": first.map(|t| t.to_string()),
        "last": last.map(|t| t.to_string()),
    });
    let nothing = notes.stored_nothing(files.len()) && global.format == Format::Table;
    let printed = if nothing {
        Ok(())
    } else {
        output::record(global.format, &COLUMNS, &row).and_then(|()| match global.format {
            Format::Table => {
                let headlines = count(accepted, "headline", "headlines");
                let read = format!("{headlines}{}", span(first, last));
                output::lines(&last_line(&files, &read, &others, skipped, &notes))
            }
            _ => Ok(()),
        })
    };
    notes.verdict(files.len(), args.rows.strict).and(printed)
}

/// Says where new headlines wait for a vector from outside.
fn tell_of_waiting(global: &Global, db: &Database, waiting: u64) -> Outcome {
    if waiting == 0 {
        return Ok(());
    }
    let stored = db.stats()?.headlines;
    for space in db.now().spaces()? {
        let missing = stored.saturating_sub(space.headline_rows);
        let imported = space.space.encoder.modality == Modality::Imported;
        if imported && space.headline_rows > 0 && missing > 0 {
            let name = &space.space.name;
            let told = without_vector(missing, name);
            let how = match &space.text_model {
                None => format!(
                    "bring vectors in with `rhyme import headline-vectors FILE --space {name}`"
                ),
                Some(model) => format!(
                    "embed them with `rhyme embed --space {name} --encoder URL --model {}`",
                    legible(&model.name)
                ),
            };
            notice(global, &format!("{told}; {how}"));
        }
    }
    Ok(())
}

/// What went in and what did not, for people.
fn last_line(
    files: &[PathBuf],
    read: &str,
    others: &Others,
    skipped: u64,
    notes: &InputNotes<'_>,
) -> String {
    let tables = files.len() as u64;
    let mut line = format!("read {}: {read}", count(tables, "file", "files"));
    if others.count() > 0 {
        let over = count(others.count(), "file", "files");
        let kinds = others.kinds();
        line.push_str(&format!("; passed over {over} that hold no table{kinds}"));
    }
    if skipped > 0 {
        let rows = count(skipped, "row", "rows");
        line.push_str(&format!("; left out {rows}, see above"));
    }
    if let Some(refused) = notes.refusals(files.len()) {
        line.push_str(&format!("; refused {refused}, see above for what to type"));
    }
    line
}
