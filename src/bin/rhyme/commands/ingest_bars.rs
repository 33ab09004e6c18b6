use std::time::{Duration, Instant};

use rayon::prelude::*;
use rhymedb::{
    BarFile, BarOptions, Control, Error, IngestReport, find_inputs, parse_map, read_bars,
};
use serde_json::{Value, json};

use super::open_or_create;
use crate::args::{Format, Global, IngestBars};
use crate::failure::{Failure, Outcome};
use crate::output::{self, column, grouped};
use crate::progress::{self, notice};

/// Files that are read side by side and stored in one transaction.
const FILES_A_BATCH: usize = 64;

pub(crate) fn run(global: &Global, args: &IngestBars) -> Outcome {
    let options = BarOptions {
        market: args.market.clone(),
        venue: args.venue.clone(),
        symbol: args.symbol.clone(),
        interval: args.interval,
        calendar: args.calendar,
        map: args
            .map
            .as_deref()
            .map(parse_map)
            .transpose()?
            .unwrap_or_default(),
        on_error: args.on_error,
    };
    let files = find_inputs(&args.paths)?;
    let db = open_or_create(global)?;
    let control = progress::control(global);
    let start = Instant::now();
    let mut ingest = db.ingest(control.clone());
    let mut tally = Tally {
        files: files.len() as u64,
        ..Tally::default()
    };
    for batch in files.chunks(FILES_A_BATCH) {
        let reading = Instant::now();
        let read: Vec<Result<BarFile, Error>> = batch
            .par_iter()
            .map(|file| read_bars(file, &options))
            .collect();
        ingest.add_read_time(reading.elapsed() * rayon::current_num_threads() as u32);
        let mut series = Vec::new();
        for file in read {
            match file {
                Ok(file) => {
                    tally.count(global, &file);
                    series.extend(file.series);
                }
                Err(error) => tally.refuse(&error),
            }
        }
        ingest.bars(&series)?;
        tally.show(&control)?;
    }
    let report = ingest.finish()?;
    print(global, &tally, &report, start.elapsed())?;
    tally.verdict()
}

/// What became of the files.
#[derive(Default)]
struct Tally {
    files: u64,
    done: u64,
    refused: u64,
    rows: u64,
    skipped: u64,
    gaps: u64,
    missing_bars: u64,
}

impl Tally {
    fn count(&mut self, global: &Global, file: &BarFile) {
        let report = &file.report;
        self.done += 1;
        self.rows += report.rows;
        self.skipped += report.defects.total();
        self.gaps += report.gaps;
        self.missing_bars += report.missing_bars;
        if report.defects.total() + report.notices.total() > 0 {
            notice(global, &report.to_string());
        }
    }

    fn refuse(&mut self, error: &Error) {
        use std::io::Write;
        self.done += 1;
        self.refused += 1;
        // If standard error is closed, the exit code still says that files were refused.
        let _ = writeln!(std::io::stderr(), "refused: {error}");
    }

    fn show(&self, control: &Control) -> Outcome {
        control.show(rhymedb::Progress {
            stage: rhymedb::Stage::Read,
            done: self.done,
            total: self.files,
        })?;
        Ok(())
    }

    fn verdict(&self) -> Outcome {
        if self.refused == 0 {
            return Ok(());
        }
        Err(Failure::Partly(format!(
            "{} of {} files were refused, see above; nothing of them was stored",
            self.refused, self.files
        )))
    }
}

fn print(global: &Global, tally: &Tally, report: &IngestReport, took: Duration) -> Outcome {
    let row = json!({
        "files": tally.files,
        "files_refused": tally.refused,
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
        "windows_removed": report.windows_removed,
        "segments": report.segments,
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
    if global.format == Format::Table {
        output::lines(&shares(report, took))?;
    }
    Ok(())
}

fn stages(report: &IngestReport) -> Value {
    let stages = report.stages.iter();
    stages
        .map(|(stage, time)| (stage.to_string(), json!(time.as_millis() as u64)))
        .collect()
}

/// Each stage's share of the time of all threads, and the rate.
pub(super) fn shares(report: &IngestReport, took: Duration) -> String {
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
