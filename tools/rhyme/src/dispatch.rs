//! Runs a plain command.

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::args::{Import, Ingest, Plain};
#[cfg(feature = "http")]
use crate::commands::ingest_bybit;
use crate::commands::{
    adjust, anomaly, ask, attribute, axis, backtest, classify, combine, compact, context, copies,
    delete, divergence, doctor, embed, eval, import, import_headlines, ingest_bars,
    ingest_headlines, listings, map, market, merge, news, outcomes_of, prototype, reaction, repair,
    resample, search, signal, similar, tag, transfer, verify, watch,
};
use crate::failure::{Failure, Outcome};
use crate::global::Global;

pub(crate) fn run(global: &Global, command: Plain) -> Outcome {
    match command {
        Plain::Doctor => doctor::run(global),
        Plain::Ingest(Ingest::Bars(args)) => ingest_bars::run(global, &args),
        #[cfg(feature = "http")]
        Plain::Ingest(Ingest::Bybit(args)) => ingest_bybit::run(global, &args),
        Plain::Ingest(Ingest::Headlines(args)) => ingest_headlines::run(global, &args),
        Plain::Import(Import::Vectors(args)) => import::run(global, &args),
        Plain::Import(Import::HeadlineVectors(args)) => import_headlines::run(global, &args),
        Plain::Merge(args) => merge::run(global, &args),
        Plain::Embed(args) => embed::run(global, &args),
        Plain::DropSpace(args) => delete::space(global, &args),
        Plain::Ask(args) => ask::run(global, &args),
        Plain::Similar(args) => similar::run(global, &args),
        Plain::Search(args) => search::run(global, &args),
        Plain::News(args) => news::run(global, &args),
        Plain::Context(args) => context::run(global, &args),
        Plain::Reaction(args) => reaction::run(global, &args),
        Plain::Outcomes(args) => outcomes_of::run(global, &args),
        Plain::Classify(args) => classify::run(global, &args),
        Plain::Divergence(args) => divergence::run(global, &args),
        Plain::Axis(args) => axis::run(global, &args),
        Plain::Combine(args) => combine::run(global, &args),
        Plain::Prototype(args) => prototype::run(global, &args),
        Plain::Anomaly(args) => anomaly::run(global, &args),
        Plain::Signal(args) => signal::run(global, &args),
        Plain::Backtest(args) => backtest::run(global, &args),
        Plain::Watch(args) => watch::run(global, &args),
        Plain::Transfer(args) => transfer::run(global, &args),
        Plain::TransferMatrix(args) => transfer::run_matrix(global, &args),
        Plain::Eval(args) => eval::run(global, &args),
        Plain::Map(args) => map::run(global, &args),
        Plain::Market(args) => market::run(global, &args),
        Plain::Resample(args) => resample::run(global, &args),
        Plain::Attribute(args) => attribute::run(global, &args),
        Plain::Attributes(args) => attribute::list(global, &args),
        Plain::Tag(args) => tag::run(global, &args),
        Plain::Tags(args) => tag::list(global, &args),
        Plain::Series(args) => listings::series(global, &args),
        Plain::Spaces => listings::spaces(global),
        Plain::Bars(args) => listings::bars(global, &args),
        Plain::Headlines(args) => listings::headlines(global, &args),
        Plain::Stats => listings::stats(global),
        Plain::Verify(args) => verify::run(global, &args),
        Plain::Repair => repair::run(global),
        Plain::Backup { dir } => copies::backup(global, &dir),
        Plain::Restore { backup, dir } => copies::restore(global, &backup, &dir),
        Plain::Compact => compact::run(global),
        Plain::Adjust(args) => adjust::run(global, &args),
        Plain::Delete(args) => delete::run(global, &args),
    }
}

/// Understands words as a plain command. What they do not say about the database, the format and so
/// on is as in `base`.
pub(crate) fn parse(words: &[String], base: &Global) -> Outcome<(Global, Plain)> {
    let usage = |e: clap::Error| {
        Failure::Usage(match e.kind() {
            ErrorKind::InvalidSubcommand => format!(
                "rhyme: expected a command, found {}; `rhyme help` lists them",
                words.first().map_or("", String::as_str)
            ),
            _ => e.render().to_string(),
        })
    };
    let matches = Line::command().try_get_matches_from(words).map_err(usage)?;
    let line = Line::from_arg_matches(&matches).map_err(usage)?;
    Ok((line.global.over(base, &matches), line.command))
}

/// A plain command without the name of the program before it.
#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, max_term_width = 100)]
struct Line {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Plain,
}
