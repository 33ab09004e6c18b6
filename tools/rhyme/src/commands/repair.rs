use rhymedb::Database;
use rhymedb::admin::{LostBars, LostVectors, RepairReport};
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::Global;
use crate::opening::db_path;
use crate::output::{self, column};
use crate::progress::{self, notice};

pub(crate) const HELP: &str = "\
What is sound is not touched. Damaged segments are kept in the folder `damaged` of the database.
Vectors that were imported are kept if they are sound, and named if they are lost. Damaged bars are
named and left: restore a backup. Exit code 5: something could not be repaired.

Example: rhyme repair";

pub(crate) fn run(global: &Global) -> Outcome {
    if let Some(session) = &global.session {
        session.close();
    }
    let report = Database::repair(db_path(global), &progress::control(global))?;
    let row = row(&report)?;
    let columns = [
        column("segments", "segments checked"),
        column("bars", "bars decoded"),
        column("segments_damaged", "segments damaged"),
        column("windows_rebuilt", "windows rebuilt"),
        column("vectors_kept", "vectors kept"),
        column("vectors_lost", "vectors lost"),
        column("rows_removed", "rows removed"),
        column("marks_removed", "marks of made series removed"),
    ];
    if global.format != Format::Json {
        for damaged in &report.damaged {
            let text = format!(
                "{} of the space {}, {} rows, {}: {}",
                damaged.file, damaged.space, damaged.rows, damaged.fate, damaged.reason
            );
            notice(global, &text);
        }
    }
    output::record(global.format, &columns, &row)?;
    verdict(&report)
}

/// The report, with numbers of what it lists.
fn row(report: &RepairReport) -> Outcome<Value> {
    let mut row = output::value(report)?;
    if let Some(fields) = row.as_object_mut() {
        let lost: u64 = report.lost_vectors.iter().map(|l| l.vectors).sum();
        fields.insert("segments_damaged".to_owned(), report.damaged.len().into());
        fields.insert("vectors_lost".to_owned(), lost.into());
        fields.insert("whole".to_owned(), report.is_whole().into());
    }
    Ok(row)
}

fn verdict(report: &RepairReport) -> Outcome {
    if report.is_whole() {
        return Ok(());
    }
    let mut left: Vec<String> = report.lost_vectors.iter().map(vectors).collect();
    left.extend(report.lost_bars.iter().map(bars));
    left.extend(report.catalog.clone());
    let unknown = report
        .damaged
        .iter()
        .any(|d| d.fate == rhymedb::admin::SegmentFate::Left);
    if unknown {
        left.push("the encoder of a space is not known to this program, or its weights are damaged; repair with the program that made the space, or make the space again".to_owned());
    }
    let message = format!("not everything could be repaired: {}", left.join("; "));
    Err(Failure::Short(message))
}

fn vectors(lost: &LostVectors) -> String {
    let which = match (&lost.series, lost.first, lost.last) {
        (Some(series), Some(first), Some(last)) => {
            format!("of {series}, windows that end from {first} to {last}")
        }
        _ => "of windows that are not known".to_owned(),
    };
    format!(
        "{} vectors of the space {} are lost, {which}; import them again",
        lost.vectors, lost.space
    )
}

fn bars(lost: &LostBars) -> String {
    format!(
        "bars of {} that open from {} to {} cannot be read ({}); restore the database from a backup with `rhyme restore`",
        lost.series, lost.first, lost.last, lost.reason
    )
}
