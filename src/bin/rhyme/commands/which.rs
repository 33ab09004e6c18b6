use clap::Args;
use rhymedb::{Interval, Timestamp};

/// Which windows an answer may have: the options that `filtered!` says to a question.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only these markets
    #[arg(long, value_delimiter = ',')]
    pub(super) market: Vec<String>,
    /// Only these venues
    #[arg(long, value_delimiter = ',')]
    pub(super) venue: Vec<String>,
    /// Only these symbols
    #[arg(long, value_delimiter = ',')]
    pub(super) symbol: Vec<String>,
    /// Only these intervals
    #[arg(long, value_delimiter = ',')]
    pub(super) interval: Vec<Interval>,
    /// Only windows that closed at or after this time
    #[arg(long)]
    pub(super) from: Option<Timestamp>,
    /// Only windows that closed at or before this time
    #[arg(long)]
    pub(super) to: Option<Timestamp>,
}
