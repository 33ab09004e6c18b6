use super::row_options::Rows;
use clap::Args;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use rhymedb::files::{InputReport, NoticeKind, VectorOptions, read_vectors};
use rhymedb::ingest::VectorRow;
use rhymedb::{SeriesKey, Timestamp};

use super::ingest_tally::{count, span};
use super::input_notes::InputNotes;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_or_create;
use crate::output::{self, column};
use crate::progress;

#[derive(Debug, Args)]
pub(crate) struct ImportVectors {
    /// The file
    pub(crate) file: PathBuf,
    /// The name of the space
    #[arg(long)]
    pub(crate) space: String,
    /// A table with a row for each vector: market, venue, symbol, interval, end
    #[arg(long, value_name = "FILE")]
    pub(crate) meta: Option<PathBuf>,
    /// Bars that a vector describes; sets the exclusion zone
    #[arg(long, default_value_t = 1, value_name = "BARS")]
    pub(crate) window: u32,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

pub(crate) fn run(global: &Global, args: &ImportVectors) -> Outcome {
    let options = VectorOptions {
        meta: args.meta.clone(),
        map: args.rows.map(),
        on_error: args.rows.on_error,
    };
    let file = read_vectors(&args.file, &options)?;
    InputNotes::new(global).accept(&file.report);
    let mut keys: HashMap<_, SeriesKey> = HashMap::new();
    for m in &file.meta {
        let name = (&m.market, &m.venue, &m.symbol, m.interval);
        if let Entry::Vacant(new) = keys.entry(name) {
            new.insert(SeriesKey::new(&m.market, &m.venue, &m.symbol, m.interval)?);
        }
    }
    let rows: Vec<VectorRow<'_>> = file
        .meta
        .iter()
        .zip(file.rows.chunks_exact(file.dim))
        .filter_map(|(m, vector)| {
            Some(VectorRow {
                series: keys.get(&(&m.market, &m.venue, &m.symbol, m.interval))?,
                end: m.end,
                vector,
            })
        })
        .collect();
    let db = open_or_create(global)?;
    let control = progress::control(global);
    let report = db.import_vectors(&args.space, args.window, &rows, &control)?;
    let row = output::value(&report)?;
    let columns = [
        column("vectors", "vectors stored"),
        column("replaced", "vectors replaced"),
        column("segments", "segments written"),
    ];
    output::record(global.format, &columns, &row)?;
    if global.format == Format::Table {
        let ends = file.meta.iter().map(|m| m.end);
        output::lines(&last_line((&file.report, file.dim), ends, "window"))?;
    }
    Ok(())
}

/// What went in of vectors of `dim` numbers, each of one `thing`, and what did not, for people.
pub(super) fn last_line(
    (report, dim): (&InputReport, usize),
    times: impl Iterator<Item = Timestamp> + Clone,
    thing: &str,
) -> String {
    let mut line = format!(
        "read {}: {} of {dim} numbers{}",
        count(report.rows, "row", "rows"),
        count(report.accepted, "vector", "vectors"),
        span(times.clone().min(), times.max())
    );
    let repeated = report.notices.count(NoticeKind::Duplicate);
    if repeated > 0 {
        let rows = count(repeated, "row", "rows");
        line.push_str(&format!(
            "; {rows} that repeat a {thing} and its vector are stored once"
        ));
    }
    if report.defects.total() > 0 {
        let rows = count(report.defects.total(), "row", "rows");
        line.push_str(&format!("; left out {rows}, see above"));
    }
    line
}
