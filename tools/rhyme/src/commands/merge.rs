use std::path::PathBuf;

use clap::Args as ClapArgs;
use rhymedb::Database;
use serde_json::Value;

use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{db_path, open_at, open_or_create};
use crate::output::{self, Column, column};
use crate::progress;
use crate::saved::Questions;

pub(crate) const HELP: &str = "\
The databases are only read, and nobody may write to them meanwhile. Before anything is written they
are compared with one another and with the database that --db names, which is made if there is none.
Bars of one time that differ, a space of one name with another encoder, and tags, attributes,
prototypes or saved questions that say something else are refused.

Series that only one of them has come as they are: vectors and graphs are copied and not made again.
Where several have a series, its bars are joined, and windows are embedded here; so give each process
symbols of its own. Each database is done in one step or not at all: the same command goes on with
those that are missing.

Example: rhyme merge part1.rhyme part2.rhyme
Example: rhyme merge part1.rhyme part2.rhyme --db whole.rhyme";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The folders of the databases
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
}

const COLUMNS: [Column; 9] = [
    column("folder", "database"),
    column("series_added", "series added"),
    column("series_joined", "series joined"),
    column("bars_added", "bars added"),
    column("windows_taken", "windows taken"),
    column("windows_embedded", "windows embedded"),
    column("segments", "segments"),
    column("headlines_added", "headlines added"),
    column("notes_added", "tags and such"),
];

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    // What is no database is told before one is made.
    for dir in &args.dirs {
        open_at(global, dir)?;
    }
    let path = db_path(global);
    let here = Questions::of(&path);
    let questions = here.together_with(&args.dirs)?;
    let control = progress::control_of_long_work(global);
    if !path.exists() {
        Database::check_merge(&args.dirs, &control)?;
    }
    let db = open_or_create(global)?;
    let merged = db.merge(&args.dirs, &control)?;
    here.add(questions)?;
    let rows: Vec<Value> = merged.iter().map(output::value).collect::<Outcome<_>>()?;
    match global.format {
        Format::Json => output::json(&serde_json::json!({ "databases": rows })),
        format => output::listing(format, &COLUMNS, &rows, ""),
    }
}
