//! What may be typed: the commands of the program and their options.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

#[cfg(feature = "http")]
use crate::commands::ingest_bybit;
use crate::commands::{
    adjust, anomaly, ask, attribute, axis, backtest, classify, combine, context, delete,
    divergence, doctor, embed, eval, export, import, import_headlines, ingest_bars,
    ingest_headlines, listings, map, market, merge, news, outcomes_of, prototype, reaction, repair,
    resample, search, signal, similar, tag, today, transfer, verify, watch,
};
use crate::global::Global;
use crate::mcp;
#[cfg(feature = "serve")]
use crate::serve::options as serve_options;

/// Finds the moments of market history that look like a chart, and what came next.
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

/// Every command: plain ones, and those that run others.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "clap flattens no boxes, and one value lives at a time"
)]
pub(crate) enum Command {
    /// Make a synthetic market and ask it questions
    ///
    /// It goes into ./demo.rhyme. The second time it is there, and only the questions are asked.
    #[command(after_help = "Example: rhyme demo --seed 7")]
    Demo(Demo),
    /// Type commands without `rhyme`, with completion
    Shell(Shell),
    /// Answer every question over HTTP
    ///
    /// For programs on this machine, and for a browser.
    #[cfg(feature = "serve")]
    #[command(after_help = serve_options::HELP)]
    Serve(serve_options::Args),
    /// Answer an assistant, by the Model Context Protocol
    ///
    /// On standard input and output: the assistant's program starts it.
    #[command(after_help = mcp::HELP)]
    Mcp,
    /// Report the latest windows, the most unusual first
    #[command(after_help = today::HELP)]
    Today(today::Args),
    /// Keep a question, to ask it again by `today --saved`
    ///
    /// Without a name it lists those that are kept.
    #[command(after_help = SAVE)]
    Save(Save),
    /// Write bars, headlines, vectors or answers to a file
    ///
    /// Parquet, CSV or JSON lines, by the ending of its name.
    #[command(subcommand)]
    Export(Export),
    /// Print a completion script for a shell
    #[command(after_help = "Example: rhyme completions bash")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    #[command(flatten)]
    Plain(Plain),
}

/// A command that runs no other.
#[derive(Debug, Subcommand)]
pub(crate) enum Plain {
    /// Say what is wrong, and what to do about it
    ///
    /// It looks at the machine, and at the database if there is one.
    #[command(after_help = doctor::HELP)]
    Doctor,
    /// Bring bars and headlines in
    #[command(subcommand)]
    Ingest(Ingest),
    /// Bring vectors of your own in
    #[command(subcommand)]
    Import(Import),
    /// Take other databases into this one
    #[command(after_help = merge::HELP)]
    Merge(merge::Args),
    /// Make an embedding space from the stored bars
    ///
    /// It also goes on with one that was interrupted.
    #[command(after_help = "Example: rhyme embed --space volatility --encoder stats")]
    Embed(embed::Embed),
    /// Delete an embedding space
    #[command(after_help = "Example: rhyme drop-space volatility --yes")]
    DropSpace(delete::DropSpace),
    /// Ask any question as JSON
    #[command(after_help = ask::HELP)]
    Ask(ask::Args),
    /// Find the moments most similar to a chart
    #[command(after_help = similar::HELP)]
    Similar(similar::Similar),
    /// Find charts and headlines nearest to a sentence
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
    /// Say what happened after the dates of a file
    #[command(after_help = outcomes_of::HELP)]
    Outcomes(outcomes_of::Args),
    /// Say which label in words a chart is nearest to
    #[command(after_help = classify::HELP)]
    Classify(classify::Args),
    /// Find moments at which chart and news disagree
    #[command(after_help = divergence::HELP)]
    Divergence(divergence::Args),
    /// Say where charts stand between two meanings
    #[command(after_help = axis::HELP)]
    Axis(axis::Args),
    /// Find charts by adding and subtracting meanings
    #[command(after_help = combine::HELP)]
    Combine(combine::Args),
    /// Keep named averages of windows to ask with
    #[command(subcommand, after_help = prototype::HELP)]
    Prototype(prototype::Args),
    /// Say how unusual a window is, or scan a period
    #[command(after_help = anomaly::HELP)]
    Anomaly(anomaly::Anomaly),
    /// Find similar moments in another market
    #[command(after_help = transfer::HELP)]
    Transfer(transfer::Transfer),
    /// Say what a rule of yours says now, and why
    #[command(after_help = signal::HELP)]
    Signal(signal::Args),
    /// Try a rule on the past, beside chance
    #[command(after_help = backtest::HELP)]
    Backtest(backtest::Args),
    /// Ask rules at each new close, and raise the alarm
    #[command(after_help = watch::HELP)]
    Watch(watch::Args),
    /// Say how alike markets or symbols are
    #[command(after_help = transfer::MATRIX_HELP)]
    TransferMatrix(transfer::TransferMatrix),
    /// Draw the windows of a space on a plane
    #[command(after_help = map::HELP)]
    Map(map::Map),
    /// Say which assets move together
    ///
    /// Many assets at one time, as of any date, from their returns over the same bars.
    #[command(subcommand)]
    Market(market::Args),
    /// Measure how good an encoder is
    ///
    /// On what it was not trained on, beside baselines and chance.
    #[command(after_help = eval::HELP)]
    Eval(eval::Eval),
    /// Make longer bars of a series, kept in step with it
    #[command(after_help = resample::HELP)]
    Resample(resample::Resample),
    /// Say what symbols are: sector, name, anything
    #[command(subcommand, after_help = attribute::HELP)]
    Attribute(attribute::Args),
    /// List the attributes of symbols
    #[command(after_help = "Example: rhyme attributes AAPL")]
    Attributes(attribute::Attributes),
    /// Tag windows: trades, setups, events
    #[command(subcommand, after_help = tag::HELP)]
    Tag(tag::Args),
    /// List the tags of windows
    #[command(after_help = "Example: rhyme tags --as-of 2021-06-01")]
    Tags(tag::Tags),
    /// List the series that are stored
    #[command(after_help = "Example: rhyme series btc")]
    Series(listings::Series),
    /// List the embedding spaces
    #[command(after_help = "Example: rhyme spaces --format csv")]
    Spaces,
    /// Print the bars of a series
    #[command(after_help = "Example: rhyme bars BTCUSDT:1h --from 2021-05-19 --last 24")]
    Bars(listings::Bars),
    /// Print headlines
    #[command(after_help = "Example: rhyme headlines BTCUSDT --until 2021-05-20")]
    Headlines(listings::Headlines),
    /// Say what is stored and what it costs
    #[command(after_help = "Example: rhyme stats --format json")]
    Stats,
    /// Read everything and check it
    ///
    /// With --recall it also measures what searches find.
    #[command(after_help = "Example: rhyme verify --recall --sample 100")]
    Verify(verify::Verify),
    /// Build damaged segments again from the stored bars
    #[command(after_help = repair::HELP)]
    Repair,
    /// Write a copy into a new folder, and check it
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
    /// Finish what waits, drop what is dead, free space
    #[command(after_help = "Example: rhyme compact")]
    Compact,
    /// Mend stored bars that nobody adjusted for a split
    #[command(after_help = adjust::HELP)]
    Adjust(adjust::Args),
    /// Delete a series or a part of it
    #[command(after_help = "Example: rhyme delete ETHUSDT:1h --until 2021-02-01 --yes")]
    Delete(delete::Delete),
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

const SHELL_HELP: &str = "\
In the shell:
  let x = BTCUSDT:1h@2021-05-19    names a target: similar x
  last, last[3]                    the last answer, and its third row: similar last[3]
  x, last[3], BTCUSDT:1h           alone on a line: the chart of that window
  as of 2021-01-01, as of now      what commands know from now on
  similar x > hits.parquet         an answer into a file (.parquet, .csv, .jsonl, .json, else text)
  similar x | less                 an answer into another program
  # a remark
Ctrl-C stops the command and not the shell. A script stops at the first line that fails, with the
exit code of that line. The history is in $RHYME_HISTORY, or in the user's state folder.

Example: rhyme shell -c 'let x = BTCUSDT:1h@2021-05-19' -c 'similar x -k 3' -c 'bars last[1]'";

#[derive(Debug, ClapArgs)]
#[command(after_help = SHELL_HELP)]
pub(crate) struct Shell {
    /// Run this line, or these lines, instead of standard input; may be given several times
    #[arg(short = 'c', value_name = "LINES")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ingest {
    /// Candles from files: CSV, JSON (plain, gzip, zip), Parquet, Feather
    #[command(after_help = "Example: rhyme ingest bars candles")]
    Bars(ingest_bars::IngestBars),
    /// Candles from the Bybit v5 market API
    #[cfg(feature = "http")]
    #[command(
        after_help = "Example: rhyme ingest bybit BTCUSDT,ETHUSDT --interval 1h,1d --from 2020-01-01"
    )]
    Bybit(ingest_bybit::IngestBybit),
    /// Headlines from files: CSV or JSON (plain, gzip, zip)
    #[command(after_help = "Example: rhyme ingest headlines news.csv")]
    Headlines(ingest_headlines::IngestHeadlines),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Vectors from a .npy, CSV, Parquet or Feather file, into a space of their own
    #[command(after_help = "Example: rhyme import vectors mine.npy --space mine --window 64")]
    Vectors(import::ImportVectors),
    /// Vectors of stored headlines, beside the vectors of charts in such a space
    #[command(after_help = import_headlines::HELP)]
    HeadlineVectors(import_headlines::ImportHeadlineVectors),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    #[command(flatten)]
    Stored(export::Export),
    /// The rows of the answer of a command; in the shell without one, of the last answer
    #[command(
        after_help = "Example: rhyme export answer hits.parquet similar BTCUSDT:1h -k 20 --market equity"
    )]
    Answer(ExportAnswer),
}

const SAVE: &str = "\
A question is kept as the command that asks it: what was typed and tried is what is asked again, and its
table is the one you know. One as JSON is a command too: rhyme save dips ask '{\"question\": ...}'.
`rhyme today --saved` asks all of them with its report, as of its time. They stand in questions.json in
the folder of the database; `rhyme backup` copies that file too.

Example: rhyme save dips \"similar BTCUSDT:1h --outcome 24h\"";

#[derive(Debug, ClapArgs)]
pub(crate) struct Save {
    /// Its name; one of that name is replaced [default: list those that are kept]
    pub(crate) name: Option<String>,
    /// A command that asks, as it is typed behind `rhyme`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) question: Vec<String>,
    /// Forget the question of this name
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub(crate) remove: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportAnswer {
    #[command(flatten)]
    pub(crate) to_file: export::To,
    /// A command of rhyme with its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
}
