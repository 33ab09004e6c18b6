use clap::Args;
use rhymedb::admin::{
    ChangedVectors, RecallOptions, RecallReport, UnreadableWeights, VerifyReport,
};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::Global;
use crate::opening::open;
use crate::output::{self, Column, column};
use crate::progress;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Ask the graphs about stored windows, and compare with the exact search; exit code 5 if they
    /// find too little
    #[arg(long)]
    pub(crate) recall: bool,
    /// Stored windows that are asked about in each space
    #[arg(long, default_value_t = 1000, value_name = "N", requires = "recall")]
    pub(crate) sample: usize,
    /// The seed of the sample
    #[arg(long, default_value_t = 0, requires = "recall")]
    pub(crate) seed: u64,
    /// Every window is to find itself, not only the sample
    #[arg(long, requires = "recall")]
    pub(crate) all: bool,
    /// The breadth of the search
    #[arg(long, default_value_t = 128, requires = "recall")]
    pub(crate) ef: usize,
    /// The least recall, and the least share of windows that find themselves
    #[arg(
        long,
        default_value_t = 0.95,
        value_name = "SHARE",
        requires = "recall"
    )]
    pub(crate) threshold: f64,
}

/// What was read, in the order in which it is printed.
pub(super) const READ: [Column; 13] = [
    column("segments", "segments checked"),
    column("segment_bytes", "segment bytes read"),
    column("catalog_bytes", "catalog bytes read"),
    column("spaces", "spaces"),
    column("series", "series"),
    column("windows", "windows"),
    column("flat_windows", "flat windows"),
    column("pending_ranges", "ranges that wait"),
    column("bars", "bars decoded"),
    column("headlines", "headlines decoded"),
    column("headline_rows", "vectors of headlines"),
    column("weights", "weights decoded"),
    column("encoded_again", "windows encoded again"),
];

pub(crate) fn run(global: &Global, args: &Verify) -> Outcome {
    let db = open(global)?;
    let control = progress::control(global);
    let report = db.verify(&control)?;
    let mut row = output::value(&report)?;
    if !args.recall {
        output::record(global.format, &READ, &row)?;
        return encoders(&report);
    }
    let options = RecallOptions {
        sample: args.sample,
        seed: args.seed,
        all: args.all,
        ef: args.ef,
        threshold: args.threshold,
    };
    let recall = db.measure_recall(&options, &control)?;
    match global.format {
        Format::Json => {
            if let Some(fields) = row.as_object_mut() {
                fields.insert("recall".to_owned(), recall_row(&recall)?);
            }
            output::json(&row)?;
        }
        Format::Csv => spaces(global, &recall)?,
        Format::Table => {
            output::record(global.format, &READ, &row)?;
            output::lines("")?;
            spaces(global, &recall)?;
        }
    }
    encoders(&report)?;
    verdict(&recall)
}

/// Spaces whose encoder gives other vectors than those that are stored, or has weights that cannot be read.
fn encoders(report: &VerifyReport) -> Outcome {
    let mut found: Vec<String> = report.unreadable_weights.iter().map(unreadable).collect();
    let changed: Vec<String> = report.changed_spaces.iter().map(differing).collect();
    if !changed.is_empty() {
        found.push(format!("{}; {REMAKE}", changed.join("; ")));
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(Failure::Short(found.join("; "))),
    }
}

/// A space that cannot be asked.
pub(super) fn unreadable(space: &UnreadableWeights) -> String {
    format!(
        "the weights of the space {0} are stored whole, and this program cannot read them: {1}; nothing else is harmed: use a program that reads them, or drop the space with `rhyme drop-space {0}`",
        space.space, space.why
    )
}

/// What helps where an encoder was changed.
pub(super) const REMAKE: &str = "nothing is damaged, but new windows do not fit the old ones: make the space again with `rhyme drop-space` and `rhyme embed`, or with Database::replace_space";

/// How a space differs from its encoder.
pub(super) fn differing(changed: &ChangedVectors) -> String {
    format!(
        "the encoder {} of the space {} gives other vectors than those that are stored for {} of {} windows, the first {}",
        changed.encoder, changed.space, changed.differ, changed.sample, changed.first
    )
}

fn recall_row(recall: &RecallReport) -> Outcome<Value> {
    let mut row = output::value(recall)?;
    let spaces = row.get_mut("spaces").and_then(Value::as_array_mut);
    for (row, space) in spaces.into_iter().flatten().zip(&recall.spaces) {
        // Names as elsewhere, not the parts of a series.
        let names: Vec<String> = space.not_found.iter().map(ToString::to_string).collect();
        if let Some(field) = row.get_mut("not_found") {
            *field = json!(names);
        }
    }
    Ok(row)
}

fn spaces(global: &Global, recall: &RecallReport) -> Outcome {
    let digits = |x: f64| (x * 1e4).round() / 1e4;
    let rows: Vec<Value> = recall
        .spaces
        .iter()
        .map(|s| {
            json!({
                "space": s.space,
                "indexed": s.indexed,
                "sample": s.sample,
                "recall": digits(s.recall),
                "low": digits(s.low),
                "high": digits(s.high),
                "selves_found": s.selves_found,
                "selves": s.selves,
                "verdict": if s.passed { "passed" } else { "too low" },
            })
        })
        .collect();
    let columns = [
        column("space", "space"),
        column("indexed", "in graphs"),
        column("sample", "asked"),
        column("recall", "recall@10"),
        column("low", "95% from"),
        column("high", "to"),
        column("selves_found", "found themselves"),
        column("selves", "of"),
        column("verdict", "verdict"),
    ];
    let none = "no window is in a graph yet, so there is nothing to measure";
    output::listing(global.format, &columns, &rows, none)
}

fn verdict(recall: &RecallReport) -> Outcome {
    let failed = recall.spaces.iter().filter(|s| !s.passed);
    let failed: Vec<String> = failed
        .map(|s| {
            let first = s.not_found.first();
            let first = first.map_or(String::new(), |w| format!(", first {w}"));
            format!(
                "{}: recall@10 {:.4}, {} of {} windows do not find themselves{first}",
                s.space,
                s.recall,
                s.selves - s.selves_found,
                s.selves
            )
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Short(format!(
        "searches find less than the threshold of {}: {}; ask with a larger --ef, or with --exact",
        recall.threshold,
        failed.join("; ")
    )))
}
