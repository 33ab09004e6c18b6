use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use rayon::prelude::*;
use rhymedb::data::Calendar;
use rhymedb::files::{
    BarFile, BarOptions, OnConflict, TimeOf, find_inputs_and_others, named_by_path, read_bars,
};
use rhymedb::ingest::{Ingest, IngestReport, StageTime};
use rhymedb::{Control, Database, Error, Interval, SeriesKey, Timestamp, View};
use serde_json::{Value, json};

use super::ingest_memory::Memory;
use super::ingest_overlaps::{OrderedFile, Overlaps, absurd_level};
use super::ingest_tally::Tally;
use super::left_out_windows::tell_left_out;
use super::resample::Also;
use super::row_options::{Rows, Times};
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
    #[command(flatten)]
    times: Times,
    /// The moment of a bar that its time is: open or close [default: open]
    #[arg(long, value_name = "open|close")]
    time_of: Option<TimeOf>,
    /// Widen low..high where open or close lies outside of it, and count such bars
    #[arg(long)]
    widen: bool,
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
    /// Read all files: else those that did not change since their bars were stored are not read again
    #[arg(long)]
    reread: bool,
    #[command(flatten)]
    rows: Rows,
    #[command(flatten)]
    also: Also,
    #[command(flatten)]
    spaces: SpaceChoice,
    /// Whether the paths are of no meaning and the files are gone afterwards: nothing is taken from their
    /// names, and they are not remembered.
    #[arg(skip)]
    pub(crate) nameless: bool,
}

fn on_conflict(text: &str) -> Result<OnConflict, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

/// Files that are read side by side and stored in one transaction.
const FILES_A_BATCH: usize = 16;

/// Endings of files in a folder that may be tables of bars, and that are passed over if they are none.
const ALSO: [&str; 1] = [".txt"];

pub(crate) fn run(global: &Global, args: &IngestBars) -> Outcome {
    // What cannot be found makes no database.
    find_inputs_and_others(&args.paths, &ALSO)?;
    let db = open_or_create(global)?;
    bring_in(global, args, &db, &progress::control(global))
}

/// Brings files into an open database.
pub(super) fn bring_in(
    global: &Global,
    args: &IngestBars,
    db: &Database,
    control: &Control,
) -> Outcome {
    let options = options(args);
    let inputs = find_inputs_and_others(&args.paths, &ALSO)?;
    args.spaces.make(db, control)?;
    let start = Instant::now();
    let mut ingest = db.ingest(control.clone());
    let mut tally = Tally::new(global, &inputs);
    let mut overlaps = Overlaps::new(&options);
    let mut levels = Levels::of(db)?;
    let mut memory = Memory::of(db, &options, args.reread)?;
    let mut to_read = Vec::with_capacity(inputs.files.len());
    for candidate in memory.sort_out(&inputs.files, &db.now()) {
        match candidate.unchanged {
            None => to_read.push((candidate.order, candidate.path)),
            Some(spans) => {
                tally.unchanged(candidate.path, &spans);
                overlaps.stored_before(candidate.order, candidate.path, spans);
            }
        }
    }
    for batch in batches(&to_read) {
        let reading = Instant::now();
        let read: Vec<Result<OrderedFile, Error>> = batch
            .par_iter()
            .map(|&(order, path)| {
                let stamp = memory.stamp(path);
                let file = read_bars(path, &options)?;
                // What was left out may be stored once it is corrected, or read otherwise.
                let left_out = file.report.refused.count + file.report.defects.total();
                Ok(OrderedFile::new(
                    order,
                    file,
                    stamp.filter(|_| left_out == 0),
                ))
            })
            .collect();
        ingest.add_read_time(reading.elapsed() * rayon::current_num_threads() as u32);
        let mut readable = Vec::with_capacity(read.len());
        for file in read {
            match file {
                Ok(file) => readable.push(file),
                Err(error) => tally.notes.refuse(&error),
            }
        }
        let stored = db.now();
        for refused in overlaps.settle(&mut readable, &stored)? {
            tally.refuse(&mut readable, refused);
        }
        for ordered in &readable {
            levels.compare(global, &ordered.file, &stored);
        }
        store(&mut ingest, readable, &mut tally, &mut memory)?;
        let paths: Vec<&PathBuf> = batch.iter().map(|(_, path)| *path).collect();
        tally.done(&paths);
        tally.show(control)?;
    }
    tally.notes.close();
    tally.told_of(&overlaps);
    let report = ingest.finish()?;
    memory.keep(db)?;
    let stored = tally.series.iter().chain(&tally.kept);
    let stored: Result<Vec<SeriesKey>, Error> = stored.map(|s| s.parse()).collect();
    args.also.make(global, db, stored?, control)?;
    let files = inputs.files.len();
    let printed = match tally.notes.stored_nothing(files) && global.format == Format::Table {
        // Zeros under a refusal would read as an answer.
        true => Ok(()),
        false => print(global, &tally, &report, start.elapsed()),
    };
    // A failure even where nobody reads the summary any more.
    tally.notes.verdict(files, args.rows.strict).and(printed)
}

fn options(args: &IngestBars) -> BarOptions {
    BarOptions {
        market: args.market.clone(),
        venue: args.venue.clone(),
        symbol: args.symbol.clone(),
        interval: args.interval,
        calendar: args.calendar,
        map: args.rows.map(),
        dates: args.times.dates,
        zone: args.times.zone.clone(),
        time_of: args.time_of,
        widen: args.widen,
        adjusted: args.adjusted,
        decimal_comma: args.decimal_comma,
        on_error: args.rows.on_error,
        on_conflict: args.on_conflict,
        scale: args.scale,
        nameless: args.nameless,
    }
}

/// Files with their places in the order of all. Those whose paths suggest the same series are read
/// together, so that none of them is stored if they contradict each other.
fn batches<'a>(files: &[(usize, &'a PathBuf)]) -> Vec<Vec<(usize, &'a PathBuf)>> {
    // In the order of the first file of each name.
    let mut groups: Vec<Vec<(usize, &PathBuf)>> = Vec::new();
    let mut place: HashMap<String, usize> = HashMap::new();
    for &(order, path) in files {
        let at = *place.entry(named_by_path(path)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push((order, path)),
            None => groups.push(vec![(order, path)]),
        }
    }
    let mut batches: Vec<Vec<(usize, &PathBuf)>> = Vec::new();
    for group in groups {
        for part in group.chunks(FILES_A_BATCH) {
            match batches.last_mut() {
                Some(last) if last.len() + part.len() <= FILES_A_BATCH => last.extend(part),
                _ => batches.push(part.to_vec()),
            }
        }
    }
    batches
}

/// The first and last times of the series that were stored before, to compare levels of prices with.
struct Levels {
    stored: HashMap<String, (i64, i64)>,
}

impl Levels {
    fn of(db: &Database) -> Result<Self, Error> {
        let mut stored = HashMap::new();
        for one in db.now().series()? {
            if let (Some(first), Some(last)) = (one.first, one.last) {
                stored.insert(one.key.to_string(), (first.millis(), last.millis()));
            }
        }
        Ok(Self { stored })
    }

    /// Says once for a series if prices of a file are absurd beside those that are stored.
    fn compare(&mut self, global: &Global, file: &BarFile, stored: &View) {
        for one in &file.series {
            let Some(known) = self.stored.remove(&one.key.to_string()) else {
                continue;
            };
            if let Some(factor) = absurd_level(one, stored, known) {
                let text = format!(
                    "note: {}: its prices are about {factor} times those that are stored of {}; if the source multiplies prices, ingest it again with --scale {}",
                    file.report.file.display(),
                    one.key,
                    1.0 / factor
                );
                notice(global, &legible(&text));
            }
        }
    }
}

/// Stores a batch of files in one transaction. If something in it cannot be stored beside what is
/// there, the files go in one by one, so that only the file at fault is refused.
fn store(
    ingest: &mut Ingest<'_>,
    files: Vec<OrderedFile>,
    tally: &mut Tally<'_>,
    memory: &mut Memory<'_>,
) -> Outcome {
    let mut reports = Vec::with_capacity(files.len());
    let mut series = Vec::new();
    for ordered in files {
        let OrderedFile {
            file, stamp, spans, ..
        } = ordered;
        let held = stamp.map(|stamp| (stamp, spans));
        reports.push((file.report, held, file.series.len()));
        series.extend(file.series);
    }
    let together = match ingest.bars(&series) {
        Ok(()) => true,
        Err(Error::Invalid(_)) => false,
        Err(error) => return Err(error.into()),
    };
    let mut rest = series.as_slice();
    for (report, held, count) in reports {
        let (own, others) = rest.split_at(count);
        rest = others;
        let stored = if together { Ok(()) } else { ingest.bars(own) };
        match stored {
            Ok(()) => {
                tally.count(&report, own);
                if let Some((stamp, spans)) = held {
                    memory.remember(&report.file, stamp, spans);
                }
            }
            Err(Error::Invalid(message)) => tally.notes.refuse(&Error::Input {
                file: report.file,
                line: None,
                message,
            }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn print(global: &Global, tally: &Tally<'_>, report: &IngestReport, took: Duration) -> Outcome {
    let row = json!({
        "files": tally.tables(),
        "files_refused": tally.notes.refused(),
        "rows": tally.rows,
        "rows_skipped": tally.skipped,
        "gaps": tally.gaps,
        "missing_bars": tally.missing_bars,
        "files_passed_over": tally.notes.passed_over() + tally.others.count(),
        "parts_refused": tally.notes.parts(),
        "files_unchanged": tally.unchanged,
        "bars_open": tally.open,
        "bars_settled": tally.settled,
        "first": tally.first.map(|t| Timestamp::from_millis(t).to_string()),
        "last": tally.last.map(|t| Timestamp::from_millis(t).to_string()),
        "series": tally.series.len(),
        "bars_added": report.bars_added,
        "bars_replaced": report.bars_replaced,
        "bars_unchanged": report.bars_unchanged,
        "bars_made": report.bars_made,
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
    let mut columns = columns.to_vec();
    if report.bars_made > 0 {
        columns.insert(9, column("bars_made", "bars made of others"));
    }
    output::record(global.format, &columns, &row)?;
    tell_left_out(global, report);
    if global.format == Format::Table {
        if report.windows_embedded > 0 {
            output::lines(&shares(report, took))?;
        }
        output::lines(&tally.last_line())?;
    }
    Ok(())
}

fn stages(report: &IngestReport) -> Value {
    let stages = report.stages.iter();
    stages
        .map(|s| (s.stage.to_string(), json!(s.time.as_millis() as u64)))
        .collect()
}

/// Each stage's share of the time of all threads, and the rate.
pub(crate) fn shares(report: &IngestReport, took: Duration) -> String {
    let total: f64 = report.stages.iter().map(|s| s.time.as_secs_f64()).sum();
    let shares: Vec<String> = report
        .stages
        .iter()
        .map(|StageTime { stage, time, .. }| {
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
