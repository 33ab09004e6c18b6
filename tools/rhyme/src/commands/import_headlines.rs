use std::path::PathBuf;

use clap::Args;
use rhymedb::files::{HeadlineOptions, OnError, read_headline_vectors};
use rhymedb::ingest::{HeadlineImportOptions, HeadlineImportReport, HeadlineVectorRow};

use super::import::last_line;
use super::ingest_tally::count;
use super::input_notes::InputNotes;
use super::row_options::{Rows, Times};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_or_create;
use crate::output::{self, column};
use crate::progress::notice;
use crate::text::legible;

pub(crate) const HELP: &str = "\
The headlines are those that `rhyme ingest headlines` has stored: each row has the time, the source
and the text of one, as `rhyme export headlines` writes them, and a vector as `rhyme import vectors`
reads them. With --on-error skip, vectors of headlines that are not stored are left out.

Example: rhyme import headline-vectors headlines.npy --space mine --meta news.csv";

#[derive(Debug, Args)]
pub(crate) struct ImportHeadlineVectors {
    /// The file
    file: PathBuf,
    /// The name of the space
    #[arg(long)]
    space: String,
    /// A table with a row for each vector: published, source, text; if it is there, precision
    #[arg(long, value_name = "FILE")]
    meta: Option<PathBuf>,
    /// Bars that a chart vector of the space describes [default: as the space has it; 1 for a new one]
    #[arg(long, value_name = "BARS")]
    window: Option<u32>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    rows: Rows,
}

pub(crate) fn run(global: &Global, args: &ImportHeadlineVectors) -> Outcome {
    let options = HeadlineOptions {
        map: args.rows.map(),
        dates: args.times.dates,
        zone: args.times.zone.clone(),
        on_error: args.rows.on_error,
    };
    let file = read_headline_vectors(&args.file, args.meta.as_deref(), &options)?;
    InputNotes::new(global).accept(&file.report);
    let vectors = file.rows.chunks_exact(file.dim);
    let rows = file.headlines.iter().zip(vectors);
    let rows: Vec<HeadlineVectorRow<'_>> = rows
        .map(|(headline, vector)| HeadlineVectorRow { headline, vector })
        .collect();
    let mut how = HeadlineImportOptions::default();
    how.window = args.window;
    how.skip_unknown = args.rows.on_error == OnError::Skip;
    let db = open_or_create(global)?;
    let report = db.import_headline_vectors(&args.space, &rows, how)?;
    tell(global, &args.space, &report);
    let columns = [
        column("vectors", "vectors stored"),
        column("replaced", "vectors replaced"),
        column("unknown", "vectors of headlines that are not stored"),
        column("without_vector", "headlines without a vector"),
    ];
    output::record(global.format, &columns, &output::value(&report)?)?;
    if global.format == Format::Table {
        let times = file.headlines.iter().map(|h| h.time);
        output::lines(&last_line((&file.report, file.dim), times, "headline"))?;
    }
    Ok(())
}

/// What nobody will find in the space.
fn tell(global: &Global, space: &str, report: &HeadlineImportReport) {
    if report.unknown > 0 {
        let rows = count(report.unknown, "vector", "vectors");
        notice(
            global,
            &format!(
                "left out {rows} of headlines that are not stored; bring them in with `rhyme ingest headlines FILE`"
            ),
        );
    }
    if report.without_vector > 0 {
        notice(global, &without_vector(report.without_vector, space));
    }
}

/// That stored headlines have no vector in a space.
pub(super) fn without_vector(headlines: u64, space: &str) -> String {
    legible(&format!(
        "{} have no vector in the space {space}, so that no question finds them there",
        count(headlines, "stored headline", "stored headlines")
    ))
}
