use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use rayon::prelude::*;
use rhymedb::{
    BarFile, BarOptions, Calendar, Control, DateOrder, Error, Ingest, IngestReport, InputReport,
    Interval, OnConflict, find_inputs, read_bars,
};
use serde_json::{Value, json};

use super::input_notes::InputNotes;
use super::row_options::Rows;
use super::space_choice::SpaceChoice;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_or_create;
use crate::output::{self, column};
use crate::progress::{self, notice};
use crate::text::{grouped, legible};

#[derive(Debug, Args)]
pub(crate) struct IngestBars {
    /// Files, folders or globs
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The market: crypto, equity, fx, ... [default: from the path]
    #[arg(long)]
    market: Option<String>,
    /// The venue [default: from the path]
    #[arg(long)]
    venue: Option<String>,
    /// The symbol [default: from the path]
    #[arg(long)]
    symbol: Option<String>,
    /// The bar interval, like 1h [default: from the path or the data]
    #[arg(long)]
    interval: Option<Interval>,
    /// continuous or session [default: continuous for crypto, else session]
    #[arg(long)]
    calendar: Option<Calendar>,
    /// The order of dates like 31/01/2024: day-first or month-first
    #[arg(long, value_name = "ORDER")]
    dates: Option<DateOrder>,
    /// Scale prices by the column of adjusted closes, like Adj Close
    #[arg(long)]
    adjusted: bool,
    /// Numbers are written like 1,5
    #[arg(long)]
    decimal_comma: bool,
    /// What prices are multiplied with, as 0.0001 for Lean and 0.000000001 for fixed point
    #[arg(long, value_name = "FACTOR")]
    scale: Option<f64>,
    /// What to do with bars that files contradict each other about: refuse them, or keep those of the
    /// first or the last file
    #[arg(long, value_parser = on_conflict, default_value = "refuse", value_name = "refuse|first|last")]
    on_conflict: OnConflict,
    #[command(flatten)]
    rows: Rows,
    #[command(flatten)]
    spaces: SpaceChoice,
}

fn on_conflict(text: &str) -> Result<OnConflict, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

/// Files that are read side by side and stored in one transaction.
const FILES_A_BATCH: usize = 16;

pub(crate) fn run(global: &Global, args: &IngestBars) -> Outcome {
    let options = BarOptions {
        market: args.market.clone(),
        venue: args.venue.clone(),
        symbol: args.symbol.clone(),
        interval: args.interval,
        calendar: args.calendar,
        map: args.rows.map(),
        dates: args.dates,
        adjusted: args.adjusted,
        decimal_comma: args.decimal_comma,
        on_error: args.rows.on_error,
        on_conflict: args.on_conflict,
        scale: args.scale,
    };
    let files = find_inputs(&args.paths)?;
    let db = open_or_create(global)?;
    let control = progress::control(global);
    args.spaces.make(&db, &control)?;
    let start = Instant::now();
    let mut ingest = db.ingest(control.clone());
    let mut tally = Tally::new(global, &files);
    for batch in files.chunks(FILES_A_BATCH) {
        let reading = Instant::now();
        let read: Vec<Result<BarFile, Error>> = batch
            .par_iter()
            .map(|file| read_bars(file, &options))
            .collect();
        ingest.add_read_time(reading.elapsed() * rayon::current_num_threads() as u32);
        let mut readable = Vec::with_capacity(read.len());
        for file in read {
            match file {
                Ok(file) => readable.push(file),
                Err(error) => tally.notes.refuse(&error),
            }
        }
        store(&mut ingest, readable, &mut tally)?;
        tally.bytes_done += bytes(batch);
        tally.show(&control)?;
    }
    tally.notes.close();
    let report = ingest.finish()?;
    let printed = match tally.notes.stored_nothing(files.len()) && global.format == Format::Table {
        // Zeros under a refusal would read as an answer.
        true => Ok(()),
        false => print(global, &tally, &report, start.elapsed()),
    };
    // Refused files are a failure, even where nobody reads the summary any more.
    tally.notes.verdict(files.len()).and(printed)
}

/// Stores a batch of files in one transaction. If something in it cannot be stored beside what is
/// there, the files go in one by one, so that only the file at fault is refused.
fn store(ingest: &mut Ingest<'_>, files: Vec<BarFile>, tally: &mut Tally<'_>) -> Outcome {
    let mut reports = Vec::with_capacity(files.len());
    let mut series = Vec::new();
    for file in files {
        reports.push((file.report, file.series.len()));
        series.extend(file.series);
    }
    let together = match ingest.bars(&series) {
        Ok(()) => true,
        Err(Error::Invalid(_)) => false,
        Err(error) => return Err(error.into()),
    };
    let mut rest = series.as_slice();
    for (report, count) in &reports {
        let (own, others) = rest.split_at(*count);
        rest = others;
        let stored = if together { Ok(()) } else { ingest.bars(own) };
        match stored {
            Ok(()) => tally.count(report),
            Err(Error::Invalid(message)) => tally.notes.refuse(&Error::Input {
                file: report.file.clone(),
                line: None,
                message,
            }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What became of the files.
struct Tally<'a> {
    notes: InputNotes<'a>,
    files: usize,
    /// Bytes of the files, and of those that are done: how many rows are still to come is guessed
    /// from them.
    bytes: u64,
    bytes_done: u64,
    rows: u64,
    skipped: u64,
    gaps: u64,
    missing_bars: u64,
}

impl<'a> Tally<'a> {
    fn new(global: &'a Global, files: &[PathBuf]) -> Self {
        Self {
            notes: InputNotes::new(global),
            files: files.len(),
            bytes: bytes(files),
            bytes_done: 0,
            rows: 0,
            skipped: 0,
            gaps: 0,
            missing_bars: 0,
        }
    }

    fn count(&mut self, report: &InputReport) {
        self.rows += report.rows;
        self.skipped += report.defects.total();
        self.gaps += report.gaps;
        self.missing_bars += report.missing_bars;
        self.notes.accept(report);
    }

    fn show(&self, control: &Control) -> Outcome {
        let to_come = u128::from(self.rows) * u128::from(self.bytes - self.bytes_done);
        let to_come = to_come / u128::from(self.bytes_done.max(1));
        control.show(rhymedb::Progress {
            stage: rhymedb::Stage::Read,
            done: self.rows,
            total: self.rows + u64::try_from(to_come).unwrap_or(0),
        })?;
        Ok(())
    }
}

/// Bytes of files; one that cannot be looked at counts for nothing.
fn bytes(files: &[PathBuf]) -> u64 {
    let size = |file: &PathBuf| file.metadata().map_or(0, |m| m.len());
    files.iter().map(size).sum()
}

fn print(global: &Global, tally: &Tally<'_>, report: &IngestReport, took: Duration) -> Outcome {
    let row = json!({
        "files": tally.files,
        "files_refused": tally.notes.refused(),
        "rows": tally.rows,
        "rows_skipped": tally.skipped,
        "gaps": tally.gaps,
        "missing_bars": tally.missing_bars,
        "series": report.series,
        "bars_added": report.bars_added,
        "bars_replaced": report.bars_replaced,
        "bars_unchanged": report.bars_unchanged,
        "windows_embedded": report.windows_embedded,
        "windows_flat": report.windows_flat,
        "windows_failed": report.windows_failed,
        "windows_removed": report.windows_removed,
        "segments": report.segments,
        "waiting_spaces": output::value(&report.waiting_spaces)?,
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        "stages_ms": stages(report),
    });
    let columns = [
        column("files", "files"),
        column("files_refused", "files refused"),
        column("rows", "rows read"),
        column("rows_skipped", "rows left out"),
        column("gaps", "gaps"),
        column("series", "series"),
        column("bars_added", "bars added"),
        column("bars_replaced", "bars replaced"),
        column("bars_unchanged", "bars unchanged"),
        column("windows_embedded", "windows embedded"),
        column("windows_flat", "windows flat"),
        column("windows_removed", "windows removed"),
        column("segments", "segments written"),
        column("seconds", "seconds"),
    ];
    output::record(global.format, &columns, &row)?;
    tell_left_out(global, report);
    if global.format == Format::Table && report.windows_embedded > 0 {
        output::lines(&shares(report, took))?;
    }
    Ok(())
}

/// Says on standard error which windows have no vector though their bars are stored, and why.
pub(super) fn tell_left_out(global: &Global, report: &IngestReport) {
    for waiting in &report.waiting_spaces {
        let text = format!(
            "note: new windows of the space {} wait, because its encoder {} is not available: {}. Their bars are stored; use a program that has the encoder, or drop the space with `rhyme drop-space {}`",
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

fn stages(report: &IngestReport) -> Value {
    let stages = report.stages.iter();
    stages
        .map(|(stage, time)| (stage.to_string(), json!(time.as_millis() as u64)))
        .collect()
}

/// Each stage's share of the time of all threads, and the rate.
pub(crate) fn shares(report: &IngestReport, took: Duration) -> String {
    let total: f64 = report.stages.iter().map(|s| s.1.as_secs_f64()).sum();
    let shares: Vec<String> = report
        .stages
        .iter()
        .map(|(stage, time)| {
            format!(
                "{stage} {:.0} %",
                100.0 * time.as_secs_f64() / total.max(1e-9)
            )
        })
        .collect();
    let rate = report.windows_embedded as f64 / took.as_secs_f64().max(1e-9);
    format!(
        "time of all threads: {}; {} windows/s",
        shares.join(", "),
        grouped(rate as u64)
    )
}
