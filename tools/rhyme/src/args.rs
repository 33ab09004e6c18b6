use std::path::PathBuf;
use std::time::Duration;

use crate::commands::{anomaly, transfer};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use rhymedb::{Interval, OnError, Timestamp};

use crate::commands::{
    axis, classify, combine, context, divergence, map, news, prototype, reaction, search, similar,
};

use crate::commands::{SpaceChoice, doctor, export, ingest_bars, shell};
use crate::session::Session;

/// Finds the moments of market history that rhyme with a chart.
#[derive(Debug, Parser)]
#[command(
    name = "rhyme",
    version,
    max_term_width = 100,
    subcommand_required = true
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Global {
    /// The database's folder [default: ./market.rhyme]
    #[arg(long, global = true, env = "RHYME_DB", value_name = "DIR")]
    pub(crate) db: Option<PathBuf>,
    /// Change nothing: refuses commands that would. The others read only in any case
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
    /// How answers are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// No progress and no notices, only answers and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// End a question that has no answer by then, like 30s or 5m
    #[arg(long, global = true, value_name = "TIME", value_parser = time_limit)]
    pub(crate) timeout: Option<Duration>,
    /// What the shell holds for the command, if the command is a line of it.
    #[arg(skip)]
    pub(crate) session: Option<Session>,
}

/// A time limit, like 500ms, 30s or 5m.
fn time_limit(text: &str) -> Result<Duration, String> {
    let start = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(start.unwrap_or(text.len()));
    let millis: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let limit = number.parse().ok().zip(millis);
    let limit = limit.and_then(|(n, unit): (u64, u64)| n.checked_mul(unit));
    limit
        .filter(|&millis| millis > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("expected a time like 500ms, 30s or 5m, found {text:?}"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs: one JSON value
    Json,
    /// For programs: comma-separated values with a header
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a synthetic market, ingest it, and ask it questions
    #[command(after_help = "Example: rhyme demo --seed 7")]
    Demo(Demo),
    /// Type commands without `rhyme`, with completion and names for charts
    Shell(shell::Shell),
    /// Say what is wrong with the machine or the database, and what to do
    #[command(after_help = doctor::HELP)]
    Doctor,
    /// Bring bars and headlines in
    #[command(subcommand)]
    Ingest(Ingest),
    /// Bring vectors of your own in
    #[command(subcommand)]
    Import(Import),
    /// Make an embedding space from the stored bars, or go on with one that was interrupted
    #[command(after_help = "Example: rhyme embed --space volatility --encoder stats")]
    Embed(Embed),
    /// Delete an embedding space
    #[command(after_help = "Example: rhyme drop-space volatility --yes")]
    DropSpace(DropSpace),
    /// Find the moments most similar to a chart
    #[command(after_help = similar::HELP)]
    Similar(similar::Similar),
    /// Find the charts and the headlines nearest to a sentence
    #[command(after_help = search::HELP)]
    Search(search::Args),
    /// Find the headlines nearest to a chart
    #[command(after_help = news::HELP)]
    News(news::Args),
    /// Print what was said about a symbol around a window
    #[command(after_help = context::HELP)]
    Context(context::Args),
    /// Say what happened after headlines like this one
    #[command(after_help = reaction::HELP)]
    Reaction(reaction::Args),
    /// Say which label in words a chart is nearest to
    #[command(after_help = classify::HELP)]
    Classify(classify::Args),
    /// Find moments at which chart and news disagree
    #[command(after_help = divergence::HELP)]
    Divergence(divergence::Args),
    /// Say where charts and headlines stand between two meanings
    #[command(after_help = axis::HELP)]
    Axis(axis::Args),
    /// Find charts by adding and subtracting meanings
    #[command(after_help = combine::HELP)]
    Combine(combine::Args),
    /// Keep named averages of windows to ask with
    #[command(subcommand, after_help = prototype::HELP)]
    Prototype(prototype::Args),
    /// Say how unusual a window is, or list the unusual episodes of a period
    #[command(after_help = anomaly::HELP)]
    Anomaly(anomaly::Anomaly),
    /// Find the moments of another market most similar to a chart
    #[command(after_help = transfer::HELP)]
    Transfer(transfer::Transfer),
    /// Say how alike markets or symbols are
    #[command(after_help = transfer::MATRIX_HELP)]
    TransferMatrix(transfer::TransferMatrix),
    /// Place the windows of a space on a plane, and draw it
    #[command(after_help = map::HELP)]
    Map(map::Map),
    /// Measure how good an encoder is on what it was not trained on, beside baselines and chance
    #[command(after_help = crate::commands::eval::HELP)]
    Eval(crate::commands::eval::Eval),
    /// List the series that are stored
    #[command(after_help = "Example: rhyme series btc")]
    Series(Series),
    /// List the embedding spaces
    #[command(after_help = "Example: rhyme spaces --format csv")]
    Spaces,
    /// Print the bars of a series
    #[command(after_help = "Example: rhyme bars BTCUSDT:1h --from 2021-05-19 --last 24")]
    Bars(Bars),
    /// Print headlines
    #[command(after_help = "Example: rhyme headlines BTCUSDT --to 2021-05-20")]
    Headlines(Headlines),
    /// Say what is stored and what it costs
    #[command(after_help = "Example: rhyme stats --format json")]
    Stats,
    /// Write bars, headlines, vectors or an answer to a file: Parquet, CSV, JSON lines
    #[command(subcommand)]
    Export(export::Export),
    /// Read everything and check it, and measure what searches find
    #[command(after_help = "Example: rhyme verify --recall --sample 100")]
    Verify(Verify),
    /// Make damaged or missing segments anew from the stored bars
    #[command(after_help = REPAIR_HELP)]
    Repair,
    /// Write a copy of the database into a new folder, and check it
    #[command(after_help = "Example: rhyme backup copy-of-today")]
    Backup {
        /// The new folder
        dir: PathBuf,
    },
    /// Check a backup, and write it into a new folder
    #[command(after_help = "Example: rhyme restore copy-of-today market2.rhyme")]
    Restore {
        /// The folder that `rhyme backup` wrote
        backup: PathBuf,
        /// The new folder
        dir: PathBuf,
    },
    /// Finish what waits, drop what is dead, give space back
    #[command(after_help = "Example: rhyme compact")]
    Compact,
    /// Mend stored bars that nobody adjusted for a split
    #[command(after_help = crate::commands::adjust::HELP)]
    Adjust(crate::commands::adjust::Args),
    /// Delete a series or a part of it
    #[command(after_help = "Example: rhyme delete ETHUSDT:1h --to 2021-02-01 --yes")]
    Delete(Delete),
    /// Print a completion script for a shell
    #[command(after_help = "Example: rhyme completions bash")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

const REPAIR_HELP: &str = "\
What is sound is not touched. Damaged segments are kept in the folder `damaged` of the database.
Vectors that were imported are kept if they are sound, and named if they are lost. Damaged bars are
named and left: restore a backup. Exit code 5: something could not be repaired.

Example: rhyme repair";

#[derive(Debug, ClapArgs)]
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

#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// The seed of the synthetic market
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// A market of a fiftieth of the size
    #[arg(long)]
    pub(crate) small: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ingest {
    /// Candles from files: CSV (plain, gzip, zip), Bybit JSON, Parquet
    #[command(after_help = "Example: rhyme ingest bars candles")]
    Bars(ingest_bars::IngestBars),
    /// Candles from the Bybit v5 market API
    #[cfg(feature = "http")]
    #[command(
        after_help = "Example: rhyme ingest bybit BTCUSDT,ETHUSDT --interval 1h,1d --from 2020-01-01"
    )]
    Bybit(IngestBybit),
    /// Headlines from files: CSV or JSON lines (plain, gzip, zip)
    #[command(after_help = "Example: rhyme ingest headlines news.csv")]
    Headlines(IngestHeadlines),
}

/// How the rows of input files are read.
#[derive(Debug, ClapArgs)]
pub(crate) struct Rows {
    /// Columns by name: time=Date,open=o,...; a time in two columns: time=Day+Hour
    #[arg(long, value_name = "FIELD=COLUMN,...", value_parser = columns)]
    map: Option<Columns>,
    /// What to do with rows that cannot be stored: refuse the file, or skip them
    #[arg(long, value_parser = on_error, default_value = "refuse", value_name = "refuse|skip")]
    pub(crate) on_error: OnError,
}

impl Rows {
    /// Pairs of field and column.
    pub(crate) fn map(&self) -> Vec<(String, String)> {
        self.map.as_ref().map_or_else(Vec::new, |c| c.0.clone())
    }
}

/// What `--map` says. A type of its own, because a list would make clap expect several values.
#[derive(Clone, Debug)]
struct Columns(Vec<(String, String)>);

fn columns(text: &str) -> Result<Columns, String> {
    rhymedb::parse_map(text)
        .map(Columns)
        .map_err(|e| e.to_string())
}

fn on_error(text: &str) -> Result<OnError, String> {
    text.parse().map_err(|e: rhymedb::Error| e.to_string())
}

#[cfg(feature = "http")]
#[derive(Debug, ClapArgs)]
pub(crate) struct IngestBybit {
    /// Symbols, like BTCUSDT,ETHUSDT
    #[arg(required = true, value_delimiter = ',')]
    pub(crate) symbols: Vec<String>,
    /// Bar intervals, like 1h,1d
    #[arg(long, default_value = "1h", value_delimiter = ',')]
    pub(crate) interval: Vec<Interval>,
    /// spot, linear or inverse
    #[arg(long, default_value = "linear")]
    pub(crate) category: rhymedb::BybitCategory,
    /// From this time on [default: all history]
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Up to this time [default: now]
    #[arg(long)]
    pub(crate) to: Option<Timestamp>,
    /// The server
    #[arg(long, default_value = "https://api.bybit.com", value_name = "URL")]
    pub(crate) base_url: String,
    #[command(flatten)]
    pub(crate) spaces: SpaceChoice,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IngestHeadlines {
    /// Files, folders or globs
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Vectors from a .npy or Parquet file, into a space of their own
    #[command(after_help = "Example: rhyme import vectors mine.npy --space mine --window 64")]
    Vectors(ImportVectors),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ImportVectors {
    /// The file
    pub(crate) file: PathBuf,
    /// The name of the space
    #[arg(long)]
    pub(crate) space: String,
    /// A CSV with a row for each vector: market, venue, symbol, interval, end
    #[arg(long, value_name = "FILE")]
    pub(crate) meta: Option<PathBuf>,
    /// Bars that a vector describes; sets the exclusion zone
    #[arg(long, default_value_t = 1, value_name = "BARS")]
    pub(crate) window: u32,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Embed {
    /// The name of the space
    #[arg(long)]
    pub(crate) space: String,
    /// shape, stats, tcn and clip (their weights come with the program; clip reads charts and
    /// headlines), or a file of weights
    #[arg(long, value_name = "shape|stats|tcn|clip|FILE.safetensors")]
    pub(crate) encoder: String,
    /// Bars of a window [default: 64, or what the weights say]
    #[arg(long, value_name = "BARS")]
    pub(crate) window: Option<u32>,
    /// Bars from one window to the next
    #[arg(long, default_value_t = 1, value_name = "BARS")]
    pub(crate) hop: u32,
    /// Numbers of a vector [default: the encoder's]
    #[arg(long, value_name = "D")]
    pub(crate) dim: Option<u32>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DropSpace {
    /// The name of the space
    pub(crate) space: String,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Series {
    /// Only names that contain this text
    pub(crate) text: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Bars {
    /// The series, like BTCUSDT:1h
    pub(crate) series: String,
    /// Only bars that closed at or after this time
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Only bars that closed at or before this time
    #[arg(long)]
    pub(crate) to: Option<Timestamp>,
    /// Nothing that closed after this time
    #[arg(long)]
    pub(crate) as_of: Option<Timestamp>,
    /// Only the last N bars; 0 is all
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) last: usize,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Headlines {
    /// Only headlines that name this symbol
    pub(crate) symbol: Option<String>,
    /// Only headlines published at or after this time
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Only headlines published at or before this time
    #[arg(long)]
    pub(crate) to: Option<Timestamp>,
    /// Nothing that was not known at this time
    #[arg(long)]
    pub(crate) as_of: Option<Timestamp>,
    /// Only the last N headlines; 0 is all
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) last: usize,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Delete {
    /// The series, like BTCUSDT:1h
    #[arg(required_unless_present = "headlines")]
    pub(crate) series: Option<String>,
    /// Delete headlines instead of a series
    #[arg(long, conflicts_with = "series")]
    pub(crate) headlines: bool,
    /// Only what opened, or was published, at or after this time
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Only what opened, or was published, at or before this time
    #[arg(long)]
    pub(crate) to: Option<Timestamp>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}
