use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use rhymedb::ask::TagRow;
use rhymedb::files::read_tags;
use rhymedb::ingest::NewTag;
use rhymedb::{Error, Interval, Target, Timestamp, View};
use serde_json::json;

use super::delete::confirm;
use super::shown;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{open, open_to_write, view_at};
use crate::output::{self, column};
use crate::progress::notice;
use crate::text::legible;

pub(crate) const HELP: &str = "\
A tag names the window that had closed at its time: a trade, a setup, an event. Views of an earlier time than it
was known do not have it. tag:NAME asks with all windows of a name, as a prototype does, --tag NAME takes answers
from them alone, and `rhyme classify TARGET --by-tags` says which name a window is nearest to. `rhyme tags` lists them.

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
            let db = open_to_write(global)?;
            let view = view_at(global, &db, None);
            let window = window.as_ref().map(|w| as_stored(&view, w)).transpose()?;
            let removed = db.remove_tags(name, window.as_ref())?;
            let row = json!({ "removed": removed });
            output::record(global.format, &[column("removed", "tags removed")], &row)
        }
    }
}

fn add(global: &Global, tags: &[NewTag]) -> Outcome {
    let db = open_to_write(global)?;
    let view = view_at(global, &db, None);
    let mut tags = tags.to_vec();
    for tag in &mut tags {
        tag.target = as_stored(&view, &tag.target)?;
    }
    let report = db.add_tags(&tags)?;
    if report.values_known_at_end > 0 {
        let text = format!(
            "note: {} tags have a number and no time from which it is known: it counts as known when the window closed, so a question as of that time knows the profit of a trade before it ended. Say --known TIME, or have a column known",
            report.values_known_at_end
        );
        notice(global, &text);
    }
    let columns = [
        column("added", "tags added"),
        column("replaced", "tags replaced"),
        column("unchanged", "tags unchanged"),
    ];
    output::record(global.format, &columns, &output::value(&report)?)
}

/// A target with its series as it is stored. Another spelling is told of.
fn as_stored(view: &View, target: &Target) -> Outcome<Target> {
    Ok(Target {
        time: target.time,
        ..Target::from(view.series_of(target)?)
    })
}

pub(crate) fn list(global: &Global, args: &Tags) -> Outcome {
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    let tags = view.tags(args.name.as_deref())?;
    let rows: Vec<TagRow> = tags.iter().map(TagRow::from).collect();
    let rows = shown::rows(&rows)?;
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
    let known = args
        .as_of
        .map_or(String::new(), |t| format!(" that was known at {t}"));
    let nothing = match &args.name {
        Some(name) => format!("no tag {} is stored{known}", legible(name)),
        None => format!("no tag is stored yet{known}"),
    };
    output::listing(global.format, &columns, &rows, &nothing)
}
