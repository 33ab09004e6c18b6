use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use rhymedb::{Error, Interval, NewTag, Tag, Target, Timestamp, read_tags};
use serde_json::{Value, json};

use super::delete::confirm;
use super::words;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{open, open_to_write, view_at};
use crate::output::{self, column};

pub(crate) const HELP: &str = "\
A tag names the window that had closed at its time: a trade, a setup, an event. Views of an earlier time than it
was known do not have it. tag:NAME asks with all windows of a name, as a prototype does, and
`rhyme classify TARGET --by-tags` says which name a window is nearest to. `rhyme tags` lists them.

Example: rhyme tag add BTCUSDT:1h@2021-05-19T14:00 capitulation --value -3.5";

#[derive(Debug, Subcommand)]
pub(crate) enum Args {
    /// Tag a window
    #[command(after_help = "Example: rhyme tag add BTCUSDT:1h@2021-05-19T14:00 capitulation")]
    Add {
        /// The window, like BTCUSDT:1h@2021-05-19T12:00
        window: Target,
        /// The name
        name: String,
        /// A number, such as the profit of a trade
        #[arg(long, allow_negative_numbers = true)]
        value: Option<f64>,
        /// From when on the tag is known [default: the window's end]
        #[arg(long, value_name = "TIME")]
        known: Option<Timestamp>,
    },
    /// Tag windows by a CSV file with the columns symbol, time and tag, and perhaps value and known
    #[command(after_help = "Example: rhyme tag import trades.csv --interval 1h")]
    Import {
        /// The file
        file: PathBuf,
        /// The interval of symbols that name none
        #[arg(long)]
        interval: Option<Interval>,
    },
    /// Forget the tags of a name, or that of one window
    #[command(after_help = "Example: rhyme tag remove capitulation --yes")]
    Remove {
        /// The name
        name: String,
        /// Only that of this window
        window: Option<Target>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Tags {
    /// Only tags of this name
    name: Option<String>,
    /// Only tags that were known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    match args {
        Args::Add {
            window,
            name,
            value,
            known,
        } => {
            let tag = NewTag {
                name: name.clone(),
                target: window.clone(),
                value: *value,
                known: *known,
            };
            add(global, &[tag])
        }
        Args::Import { file, interval } => {
            let tags = read_tags(file, *interval)?;
            if tags.is_empty() {
                let text = format!("expected a file of tags, found none in {}", file.display());
                return Err(Error::Invalid(text).into());
            }
            add(global, &tags)
        }
        Args::Remove { name, window, yes } => {
            // A name that is none is said before anybody is asked.
            let known = open(global)?.now().tags(Some(name))?.len();
            if known > 0 {
                let what = match window {
                    Some(window) => format!("Forget the tag {name} of {window}?"),
                    None => format!("Forget all {known} tags {name}?"),
                };
                confirm(*yes, &what)?;
            }
            let removed = open_to_write(global)?.remove_tags(name, window.as_ref())?;
            let row = json!({ "removed": removed });
            output::record(global.format, &[column("removed", "tags removed")], &row)
        }
    }
}

fn add(global: &Global, tags: &[NewTag]) -> Outcome {
    let report = open_to_write(global)?.add_tags(tags)?;
    let columns = [
        column("added", "tags added"),
        column("replaced", "tags replaced"),
        column("unchanged", "tags unchanged"),
    ];
    output::record(global.format, &columns, &output::value(&report)?)
}

pub(crate) fn list(global: &Global, args: &Tags) -> Outcome {
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    let tags = view.tags(args.name.as_deref())?;
    let rows: Vec<Value> = tags.iter().map(row).collect();
    let columns = [
        column("tag", "tag"),
        column("market", "market"),
        column("venue", "venue"),
        column("symbol", "symbol"),
        column("interval", "interval"),
        column("end", "end"),
        column("known", "known"),
        column("value", "value"),
    ];
    output::listing(global.format, &columns, &rows, "no tag is stored yet")
}

pub(super) fn row(tag: &Tag) -> Value {
    json!({
        "tag": tag.name,
        "market": tag.series.market,
        "venue": tag.series.venue,
        "symbol": tag.series.symbol,
        "interval": tag.series.interval.to_string(),
        "end": tag.end.to_string(),
        "known": words::text(Some(tag.known)),
        "value": tag.value,
    })
}
