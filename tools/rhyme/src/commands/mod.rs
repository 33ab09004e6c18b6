/// Says to a question what the options of the same names say: `names` are texts, one, several or
/// none; `values` are lists of values; `some` are values that may be left out.
macro_rules! say {
    ($question:ident, $args:expr, names: $($name:ident)+) => {
        $(for value in $args.$name.iter() { $question = $question.$name(value); })+
    };
    ($question:ident, $args:expr, values: $($name:ident)+) => {
        $(for &value in &$args.$name { $question = $question.$name(value); })+
    };
    ($question:ident, $args:expr, some: $($name:ident)+) => {
        $(if let Some(value) = $args.$name { $question = $question.$name(value); })+
    };
}

/// Says to a question which windows it may answer with: the options of [`which::Which`].
macro_rules! filtered {
    ($question:ident, $which:expr) => {
        say!($question, $which, names: market venue symbol);
        say!($question, $which, values: interval);
        say!($question, $which, some: from to min_move);
    };
}

pub(crate) mod adjust;
pub(crate) mod anomaly;
pub(crate) mod axis;
pub(crate) mod classify;
pub(crate) mod combine;
pub(crate) mod context;
mod copies;
mod delete;
mod demo;
mod demo_words;
pub(crate) mod divergence;
pub(crate) mod doctor;
mod embed;
pub(crate) mod eval;
pub(crate) mod export;
mod import;
pub(crate) mod ingest_bars;
#[cfg(feature = "http")]
mod ingest_bybit;
mod ingest_headlines;
mod input_notes;
mod labels;
mod listings;
pub(crate) mod map;
mod moves;
pub(crate) mod news;
mod outcomes;
mod pattern;
pub(crate) mod pictures;
pub(crate) mod prototype;
pub(crate) mod reaction;
mod repair;
pub(crate) mod search;
pub(crate) mod shell;
pub(crate) mod similar;
mod space_choice;
mod summary;
mod told;
mod trained;
pub(crate) mod transfer;
mod verify;
mod which;
mod words;

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use rhymedb::{Database, Error, OpenOptions, Timestamp, View};

pub(crate) use space_choice::SpaceChoice;

use crate::args::{Args, Command, Global, Import, Ingest};
use crate::failure::Outcome;
use crate::output::{self, column};
use crate::progress;
use crate::session::reading;

const DEFAULT_DB: &str = "market.rhyme";

pub(crate) fn run(args: Args) -> Outcome {
    let global = &args.global;
    match args.command {
        Command::Demo(args) => demo::run(global, &args),
        Command::Shell(args) => shell::run(global, &args),
        Command::Doctor => doctor::run(global),
        Command::Ingest(Ingest::Bars(args)) => ingest_bars::run(global, &args),
        #[cfg(feature = "http")]
        Command::Ingest(Ingest::Bybit(args)) => ingest_bybit::run(global, &args),
        Command::Ingest(Ingest::Headlines(args)) => ingest_headlines::run(global, &args),
        Command::Import(Import::Vectors(args)) => import::run(global, &args),
        Command::Embed(args) => embed::run(global, &args),
        Command::DropSpace(args) => delete::space(global, &args),
        Command::Similar(args) => similar::run(global, &args),
        Command::Search(args) => search::run(global, &args),
        Command::News(args) => news::run(global, &args),
        Command::Context(args) => context::run(global, &args),
        Command::Reaction(args) => reaction::run(global, &args),
        Command::Classify(args) => classify::run(global, &args),
        Command::Divergence(args) => divergence::run(global, &args),
        Command::Axis(args) => axis::run(global, &args),
        Command::Combine(args) => combine::run(global, &args),
        Command::Prototype(args) => prototype::run(global, &args),
        Command::Anomaly(args) => anomaly::run(global, &args),
        Command::Transfer(args) => transfer::run(global, &args),
        Command::TransferMatrix(args) => transfer::run_matrix(global, &args),
        Command::Eval(args) => eval::run(global, &args),
        Command::Map(args) => map::run(global, &args),
        Command::Series(args) => listings::series(global, &args),
        Command::Spaces => listings::spaces(global),
        Command::Bars(args) => listings::bars(global, &args),
        Command::Headlines(args) => listings::headlines(global, &args),
        Command::Stats => listings::stats(global),
        Command::Export(args) => export::run(global, &args),
        Command::Verify(args) => verify::run(global, &args),
        Command::Repair => repair::run(global),
        Command::Backup { dir } => copies::backup(global, &dir),
        Command::Restore { backup, dir } => copies::restore(global, &backup, &dir),
        Command::Compact => compact(global),
        Command::Adjust(args) => adjust::run(global, &args),
        Command::Delete(args) => delete::run(global, &args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "rhyme", &mut script);
            output::lines(String::from_utf8_lossy(&script).trim_end())
        }
    }
}

pub(crate) fn db_path(global: &Global) -> PathBuf {
    global.db.clone().unwrap_or_else(|| DEFAULT_DB.into())
}

/// Opens the database to write into it; makes it if there is none.
fn open_or_create(global: &Global) -> Outcome<Database> {
    // Files are read on many threads. They would start by themselves, or panic.
    if let Err(refused) = rayon::ThreadPoolBuilder::new().build_global()
        && let Some(why) = std::error::Error::source(&refused)
    {
        return Err(Error::Invalid(format!(
            "cannot start threads: {why}; raise the limit of memory or of threads"
        ))
        .into());
    }
    open_to_write_at(global, &db_path(global), true)
}

/// Opens a database that must be there, for a command that changes nothing: beside others who read
/// and one who writes.
fn open(global: &Global) -> Outcome<Database> {
    Ok(open_at(global, &db_path(global))?)
}

/// Opens a database that must be there, for a command that changes something.
fn open_to_write(global: &Global) -> Outcome<Database> {
    open_to_write_at(global, &db_path(global), false)
}

/// Opens the database at `path` for reading: the one that the shell holds, if that is it.
fn open_at(global: &Global, path: &Path) -> rhymedb::Result<Database> {
    match &global.session {
        Some(session) if session.is_of(path) => session.open(),
        _ => reading().open(path),
    }
}

fn open_to_write_at(global: &Global, path: &Path, create: bool) -> Outcome<Database> {
    match &global.session {
        Some(session) if session.is_of(path) => {
            Ok(session.open_to_write(create, global.read_only)?)
        }
        _ => {
            let options = OpenOptions::new().create(create);
            Ok(options.read_only(global.read_only).open(path)?)
        }
    }
}

/// The database as of a time, or as it is. Its questions end at `--timeout` and, in the shell, at
/// Ctrl-C.
fn view_at(global: &Global, db: &Database, as_of: Option<Timestamp>) -> View {
    let view = as_of.map_or_else(|| db.now(), |t| db.at(t));
    view.controlled(&progress::question(global))
}

/// Refuses a period that ends before it begins.
fn check_period(from: Option<Timestamp>, to: Option<Timestamp>) -> Outcome {
    match (from, to) {
        (Some(from), Some(to)) if from > to => Err(Error::Invalid(format!(
            "expected a time from before the time to, found from {from} to {to}"
        ))
        .into()),
        _ => Ok(()),
    }
}

/// What a table says that has no rows: less if not everything could be searched.
fn nothing_found(view: &View) -> Outcome<&'static str> {
    Ok(match is_pending(view)? {
        true => "nothing found among the windows that are searchable yet; run `rhyme compact`",
        false => "nothing found",
    })
}

fn is_pending(view: &View) -> Outcome<bool> {
    Ok(view.spaces()?.iter().any(|s| s.pending_ranges > 0))
}

/// Says so if answers miss windows that an interrupted ingestion left behind.
fn note_pending(global: &Global, view: &View) -> Outcome {
    if is_pending(view)? {
        progress::notice(
            global,
            "note: an ingestion was interrupted, and some windows are not searchable yet; run `rhyme compact` or ingest again",
        );
    }
    Ok(())
}

fn compact(global: &Global) -> Outcome {
    let db = open_to_write(global)?;
    let report = db.compact(&progress::control(global))?;
    if !report.catalog_compacted {
        progress::notice(global, "note: the catalog is in use and kept its size");
    }
    let row = output::value(&report)?;
    let columns = [
        column("segments_removed", "segments removed"),
        column("segments_written", "segments written"),
        column("dead_rows_removed", "dead rows removed"),
        column("bytes_before", "bytes before"),
        column("bytes_after", "bytes after"),
    ];
    output::record(global.format, &columns, &row)
}
