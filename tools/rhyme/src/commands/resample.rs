use clap::Args;
use rhymedb::ingest::ResampleReport;
use rhymedb::{Control, Database, Error, Interval, SeriesKey};
use serde_json::{Value, json};

use super::left_out_windows::tell_left_out;
use super::words;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{open_to_write, view_at};
use crate::output::{self, column};
use crate::progress;
use crate::text::legible;

pub(crate) const HELP: &str = "\
Bars are made of whole stretches of the finer series alone, never across a gap, by the clock of UTC; weeks
begin on Monday. In a market with sessions days are made of shorter bars, and weeks and months of days. A
day is made once a later bar is stored, and if it begins, pauses and ends as the day before did, or begins
so and is half as long: a half day of the market. The made series follows the finer one: whatever changes that
later, by files or from Bybit, changes it in the same step. `rhyme series` says what is made of what.

Example: rhyme resample BTCUSDT:1h 4h,1d";

#[derive(Debug, Args)]
pub(crate) struct Resample {
    /// The finer series, like BTCUSDT:1h
    series: String,
    /// The intervals to make, like 4h,1d
    #[arg(required = true, value_delimiter = ',', value_name = "INTERVAL")]
    intervals: Vec<Interval>,
}

/// The intervals that a command which brings bars in makes too.
#[derive(Debug, Args)]
pub(crate) struct Also {
    /// Make these longer intervals of the bars too, like 4h,1d, and keep them in step with them
    #[arg(long, value_delimiter = ',', value_name = "INTERVAL,...")]
    also: Vec<Interval>,
}

pub(crate) fn run(global: &Global, args: &Resample) -> Outcome {
    let target = words::series(&args.series)?;
    let db = open_to_write(global)?;
    let source = view_at(global, &db, None).series_of(&target)?;
    let control = progress::control(global);
    let mut rows = Vec::new();
    for interval in ascending(&args.intervals) {
        let report = db.resample(&source, interval, &control)?;
        tell_left_out(global, &report.stored);
        rows.push(row(&report));
    }
    let columns = [
        column("series", "series"),
        column("made_of", "made of"),
        column("bars", "bars"),
        column("left_out", "not whole"),
        column("first", "first open"),
        column("last", "last close"),
        column("windows_embedded", "windows embedded"),
    ];
    output::listing(global.format, &columns, &rows, "no interval was asked for")
}

fn row(report: &ResampleReport) -> Value {
    json!({
        "series": report.series,
        "made_of": report.made_of,
        "bars": report.bars,
        "left_out": report.left_out,
        "first": words::text(report.first),
        "last": words::text(report.last),
        "windows_embedded": report.stored.windows_embedded,
    })
}

/// Shorter ones first: weeks may be made of days that are made here.
fn ascending(intervals: &[Interval]) -> Vec<Interval> {
    let mut sorted = intervals.to_vec();
    sorted.sort_by_key(|interval| interval.nominal_millis());
    sorted.dedup();
    sorted
}

impl Also {
    /// Makes the intervals of series that were brought in. Those that are made already have followed
    /// by themselves. Says what cannot be made.
    pub(super) fn make(
        &self,
        global: &Global,
        db: &Database,
        mut sources: Vec<SeriesKey>,
        control: &Control,
    ) -> Outcome {
        sources.sort_by_cached_key(ToString::to_string);
        sources.dedup();
        let intervals = ascending(&self.also);
        for source in sources {
            for &interval in &intervals {
                let longer = interval.nominal_millis() > source.interval.nominal_millis();
                let made = SeriesKey {
                    interval,
                    ..source.clone()
                };
                let known = db.now().series()?.into_iter().find(|s| s.key == made);
                match known {
                    _ if !longer => {}
                    Some(info) if info.made_of.is_some() => {}
                    Some(_) => progress::notice(
                        global,
                        &legible(&format!(
                            "note: {made} has bars of its own and stays as it is"
                        )),
                    ),
                    None => make_one(global, db, (&source, interval), control)?,
                }
            }
        }
        Ok(())
    }
}

fn make_one(
    global: &Global,
    db: &Database,
    (source, interval): (&SeriesKey, Interval),
    control: &Control,
) -> Outcome {
    let text = match db.resample(source, interval, control) {
        Ok(report) => {
            tell_left_out(global, &report.stored);
            format!(
                "made {} of {}: {} bars, {} stretches are not whole",
                report.series, report.made_of, report.bars, report.left_out
            )
        }
        Err(Error::Invalid(why)) => format!("note: {interval} of {source} is not made: {why}"),
        Err(other) => return Err(other.into()),
    };
    progress::notice(global, &legible(&text));
    Ok(())
}
