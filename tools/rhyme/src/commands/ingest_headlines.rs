use super::row_options::{Rows, Times};
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use rhymedb::encode::Modality;
use rhymedb::files::{HeadlineFile, HeadlineOptions, find_inputs_and_others, read_headlines};
use rhymedb::ingest::{HeadlineReport, WaitingSpace};
use rhymedb::{Database, Timestamp};
use serde_json::json;

use super::import_headlines::without_vector;
use super::ingest_tally::{Others, count, span};
use super::input_notes::InputNotes;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_or_create;
use crate::output::{self, Column, column};
use crate::progress::{self, notice};
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
    let control = progress::control(global);
    let mut sums = Sums::default();
    for file in read {
        match file {
            Ok(file) => {
                notes.accept(&file.report);
                sums.read(&file);
                sums.stored(db.ingest_headlines_with(&file.headlines, &control)?);
            }
            Err(error) => notes.refuse(&error),
        }
    }
    tell_of_waiting(global, &db, sums.without_vector)?;
    let tell = |space| tell_of_unable(global, space);
    sums.waiting.iter().for_each(tell);
    notes.close();
    let row = json!({
        "files": files.len(),
        "files_refused": notes.refused(),
        "rows": sums.rows,
        "rows_skipped": sums.skipped,
        "headlines_added": sums.added,
        "headlines_replaced": sums.replaced,
        "headlines_unchanged": sums.unchanged,
        "headlines_embedded": sums.embedded,
        "headlines_without_vector": sums.without_vector,
        "files_passed_over": others.count(),
        "first": sums.first.map(|t| t.to_string()),
        "last": sums.last.map(|t| t.to_string()),
    });
    let nothing = notes.stored_nothing(files.len()) && global.format == Format::Table;
    let printed = if nothing {
        Ok(())
    } else {
        output::record(global.format, &COLUMNS, &row).and_then(|()| match global.format {
            Format::Table => {
                let headlines = count(sums.accepted, "headline", "headlines");
                let read = format!("{headlines}{}", span(sums.first, sums.last));
                output::lines(&last_line(&files, &read, &others, sums.skipped, &notes))
            }
            _ => Ok(()),
        })
    };
    notes.verdict(files.len(), args.rows.strict).and(printed)
}

/// What all files held, and what became of it.
#[derive(Default)]
struct Sums {
    rows: u64,
    skipped: u64,
    accepted: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    added: u64,
    replaced: u64,
    unchanged: u64,
    embedded: u64,
    without_vector: u64,
    waiting: Vec<WaitingSpace>,
}

impl Sums {
    fn read(&mut self, file: &HeadlineFile) {
        self.rows += file.report.rows;
        self.skipped += file.report.defects.total();
        self.accepted += file.report.accepted;
        let times = || file.headlines.iter().map(|h| h.time);
        self.first = times().chain(self.first).min();
        self.last = times().chain(self.last).max();
    }

    fn stored(&mut self, report: HeadlineReport) {
        self.added += report.added;
        self.replaced += report.replaced;
        self.unchanged += report.unchanged;
        self.embedded += report.embedded;
        self.without_vector += report.without_vector;
        self.waiting = report.waiting_spaces;
    }
}

/// Says that headlines wait for a program that has the encoder of a space.
fn tell_of_unable(global: &Global, space: &WaitingSpace) {
    let name = &space.space;
    let text = format!(
        "note: headlines wait for a vector in the space {name}, because its encoder {} is not available: {}. The headlines are stored; use a program that has the encoder, or drop the space with `rhyme drop-space {name}`",
        space.encoder, space.reason
    );
    notice(global, &legible(&text));
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
