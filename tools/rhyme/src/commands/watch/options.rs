//! What `rhyme watch` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::{Target, Timestamp};

use super::outlets::Wanted;
use crate::global::time_limit;

pub(crate) const HELP: &str = "\
At each close it stores the new candles, asks the rules as of that close, and prints an alert as a line of JSON: `signal` at
each close at which a rule says something, `end` at the first at which it says nothing again, `corrected` if the candles of
a decided close were corrected and the rule says something else of it now. `rhyme help signal` shows a rule.

From Bybit, series have to be stored already, with their history: rhyme ingest bybit BTCUSDT --interval 1h. From a folder,
files are read as `rhyme ingest bars FOLDER` reads them, also with options of it after `--`; the last bar of a file counts
as closed.

A rule that was never watched on a series begins with its latest close (--since). Which closes are decided and which alerts
delivered stands in watch.journal in the folder of the database: a run goes on where the last one ended, also after a
crash. A file gets each alert once. Others may get one twice after a crash, with the same `id`. docs/rules.md has the rest.

Example: rhyme watch analogs.toml --series BTCUSDT:1h,ETHUSDT:1h --from candles --once";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Files of rules, TOML or JSON
    #[arg(required = true)]
    pub(super) rules: Vec<PathBuf>,
    /// The series to ask them about
    #[arg(long, required = true, value_delimiter = ',')]
    pub(super) series: Vec<Target>,
    /// Where candles come from: bybit, or a folder of files that grows
    #[arg(long, value_name = "bybit|FOLDER")]
    pub(super) from: PathBuf,
    /// One round, then exit; closes of the last moment are waited for as long as --patience says
    #[arg(long)]
    pub(super) once: bool,
    #[command(flatten)]
    pub(super) outlets: Wanted,
    /// Where a rule begins that was never watched on a series: closes at this time or later [default: the latest close]
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<Timestamp>,
    /// How long closes wait for candles of other series that are late
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = time_limit)]
    pub(super) patience: Duration,
    /// Look this often [default: bybit after each close, a folder every 2s]
    #[arg(long, value_name = "TIME", value_parser = time_limit)]
    pub(super) every: Option<Duration>,
    /// How long nothing is asked once Bybit refuses this address
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = time_limit)]
    pub(super) pause: Duration,
    /// The server of Bybit
    #[arg(long, default_value = "https://api.bybit.com", value_name = "URL")]
    pub(super) base_url: String,
    /// Options of `rhyme ingest bars` for the files of the folder
    #[arg(last = true, value_name = "INGEST")]
    pub(super) options: Vec<String>,
}
