use std::path::PathBuf;

use clap::Args as ClapArgs;
use rhymedb::ask::SignalRequest;
use rhymedb::decide::Call;
use rhymedb::{Target, Timestamp};

use super::rule_file;
use super::shown;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{open, view_of};
use crate::output::{self, Column, column};
use crate::progress;
use crate::text::legible;

pub(crate) const HELP: &str = "\
A rule is a file like this one, analogs.toml:

  name = \"analogs\"
  hold = 24                     # bars
  stop = 0.05                   # leave at a loss of 5 %
  [when]
  kind = \"analogs\"              # or label, prototype, anomaly, divergence, tags, risk
  horizon = 24
  p_below = 0.05
  [size]
  kind = \"fixed\"                # or volatility, risk, likeness, kelly
  share = 0.5

Example: rhyme signal analogs.toml BTCUSDT:1h";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A file of the rule, TOML or JSON
    rule: PathBuf,
    /// A stored series, or a window of it
    target: Target,
    /// Nothing that was not known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = SignalRequest::new(args.target.clone(), rule_file::read(&args.rule)?);
    request.as_of = args.as_of;
    let db = open(global)?;
    let reply = request.ask(&view_of(global, &db))?;
    progress::notes(global, &reply.notes);
    let rows = shown::rows(&reply.reasons)?;
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(global.format, &COLUMNS, &rows, ""),
        Format::Table => {
            let window = &reply.window;
            let says = match (reply.side, reply.call) {
                (Some(side), _) => format!("{side}, {:.1} % of the account", 100.0 * reply.size),
                (None, Call::Alarm) => "ALARM, and holds nothing".to_owned(),
                (None, Call::Limit) => "a limit order may wait".to_owned(),
                (None, _) => "nothing".to_owned(),
            };
            output::prose(&format!(
                "{} says {says}: {} {} at {}\n",
                legible(&reply.rule),
                legible(&window.symbol),
                window.interval,
                window.end
            ))?;
            output::listing(global.format, &COLUMNS, &rows, "")
        }
    }
}

const COLUMNS: [Column; 2] = [column("met", "met"), column("reason", "condition")];
