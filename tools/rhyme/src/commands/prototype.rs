use clap::Subcommand;
use rhymedb::ask::{PrototypeRow, PrototypesRequest};
use rhymedb::{Target, Timestamp};
use serde_json::json;

use super::delete::confirm;
use super::shown::{self, rounded_row};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{open, open_to_write, view_of};
use crate::output::{self, column};
use crate::progress;

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
            let row = output::value(&PrototypeRow::from(&saved))?;
            let row = match global.format {
                Format::Table => rounded_row(row, &DECIMALS),
                Format::Json | Format::Csv => row,
            };
            output::record(global.format, &COLUMNS, &row)
        }
        Args::List { as_of } => {
            let mut request = PrototypesRequest::default();
            request.as_of = *as_of;
            let reply = request.ask(&view_of(global, &open(global)?))?;
            progress::notes(global, &reply.notes);
            let listed = (&COLUMNS[..], &reply.prototypes[..]);
            let none = "no prototype is stored yet";
            shown::listing(global.format, &reply, listed, &DECIMALS, none)
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

const DECIMALS: [(&str, usize); 1] = [("cohesion", 4)];
