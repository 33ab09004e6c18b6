use clap::Subcommand;
use rhymedb::query::Prototype;
use rhymedb::{Target, Timestamp};
use serde_json::{Value, json};

use super::delete::confirm;
use super::shown::rounded_row;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{open, open_to_write, view_at};
use crate::output::{self, column};

pub(crate) const HELP: &str = "\
A prototype is asked with as prototype:NAME, in its own space; its windows are no answers to it.
`cohesion` is the mean cosine of two of its windows: 1 if all are alike, 0 if they have nothing in
common.

Example: rhyme similar prototype:capitulation";

#[derive(Debug, Subcommand)]
pub(crate) enum Args {
    /// Store the average of chosen windows under a name
    #[command(
        after_help = "Example: rhyme prototype add capitulation BTCUSDT:1h@2021-05-19T14:00 BTCUSDT:1h@2021-03-13"
    )]
    Add {
        /// The name
        name: String,
        /// Windows of stored series, like BTCUSDT:1h@2021-05-19T12:00
        #[arg(required = true)]
        windows: Vec<Target>,
        /// The space [default: shape]
        #[arg(long)]
        space: Option<String>,
    },
    /// List the prototypes and the windows that they are made of
    #[command(after_help = "Example: rhyme prototype list --as-of 2021-06-01")]
    List {
        /// Only prototypes whose windows were all known at this time
        #[arg(long)]
        as_of: Option<Timestamp>,
    },
    /// Forget a prototype
    #[command(after_help = "Example: rhyme prototype delete capitulation --yes")]
    Delete {
        /// The name
        name: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    match args {
        Args::Add {
            name,
            windows,
            space,
        } => {
            let saved = open_to_write(global)?.save_prototype(name, space.as_deref(), windows)?;
            output::record(global.format, &COLUMNS, &row(global.format, &saved))
        }
        Args::List { as_of } => {
            let db = open(global)?;
            let view = view_at(global, &db, *as_of);
            let all = view.prototypes()?;
            let rows: Vec<Value> = all.iter().map(|p| row(global.format, p)).collect();
            output::listing(global.format, &COLUMNS, &rows, "no prototype is stored yet")
        }
        Args::Delete { name, yes } => {
            // A name that is none is said before anybody is asked.
            let known = open(global)?.now().prototypes()?;
            if known.iter().any(|p| p.name == *name) {
                confirm(*yes, &format!("Delete the prototype {name}?"))?;
            }
            open_to_write(global)?.drop_prototype(name)?;
            let row = json!({ "deleted": name });
            output::record(global.format, &[column("deleted", "deleted")], &row)
        }
    }
}

const COLUMNS: [output::Column; 5] = [
    column("name", "name"),
    column("space", "space"),
    column("cohesion", "cohesion"),
    column("created", "created"),
    column("windows", "windows"),
];

fn row(format: Format, prototype: &Prototype) -> Value {
    let windows = prototype.windows.iter().map(ToString::to_string);
    let row = json!({
        "name": prototype.name,
        "space": prototype.space,
        "cohesion": prototype.cohesion.map(|c| (c * 1e6).round() / 1e6),
        "created": prototype.created.to_string(),
        "windows": windows.collect::<Vec<_>>(),
    });
    match format {
        Format::Table => rounded_row(row, &[("cohesion", 4)]),
        Format::Json | Format::Csv => row,
    }
}
