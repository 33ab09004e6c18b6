//! Attributes of symbols: stored, listed, forgotten.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use rhymedb::data::Attribute;
use rhymedb::files::read_attributes;
use rhymedb::{Error, Timestamp};
use serde_json::{Value, json};

use super::delete::confirm;
use super::which::wanted;
use super::words;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{open, open_to_write, view_at};
use crate::output::{self, column};
use crate::progress;

pub(crate) const HELP: &str = "\
An attribute is said of a symbol, and holds for its series of every venue and interval. Questions
filter by it (`--where sector=Energy`), `transfer --to` and `anomaly --among` take it as a group
(sector=Energy), and `transfer-matrix --by sector` compares its values. name and aliases are names by
which a sentence may mean the symbol. Several values stand in one with ; between them.

What has no date is known at any time. So a question as of the past that is filtered by the members
of an index of today looks ahead: it knows who was to become one. A column known (or since), or
--known, gives the date.

Example: rhyme attribute import companies.csv
Example: rhyme attribute set AAPL sector=Technology";

#[derive(Debug, Subcommand)]
pub(crate) enum Args {
    /// Store an attribute of a symbol
    #[command(after_help = "Example: rhyme attribute set AAPL sector=Technology")]
    Set {
        /// The symbol
        symbol: String,
        /// The attribute and its value
        #[arg(value_name = "NAME=VALUE", value_parser = one)]
        attribute: (String, String),
        /// The market, if it holds for that one only
        #[arg(long)]
        market: Option<String>,
        /// From when on it is known [default: always]
        #[arg(long, value_name = "TIME")]
        known: Option<Timestamp>,
    },
    /// Store the attributes of a CSV file: a column symbol, and a column for each attribute
    #[command(after_help = "Example: rhyme attribute import companies.csv")]
    Import {
        /// The file
        file: PathBuf,
    },
    /// Forget an attribute of all symbols, or of one
    #[command(after_help = "Example: rhyme attribute remove website --yes")]
    Remove {
        /// The attribute
        name: String,
        /// Only of this symbol
        #[arg(long)]
        symbol: Option<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Attributes {
    /// Only those of this symbol
    symbol: Option<String>,
    /// Only symbols with this value
    #[arg(long = "where", value_name = "NAME=VALUE,...", value_parser = wanted)]
    attribute: Option<(String, Vec<String>)>,
    /// Only those that were known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

fn one(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=');
    let parts = parts.map(|(name, value)| (name.trim(), value.trim()));
    parts
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| {
            format!("expected an attribute and its value, like sector=Energy, found {text}")
        })
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    match args {
        Args::Set {
            symbol,
            attribute: (name, value),
            market,
            known,
        } => {
            let mut attribute = Attribute::new(symbol, name, value);
            attribute.market.clone_from(market);
            attribute.known = *known;
            store(global, &[attribute])
        }
        Args::Import { file } => {
            let attributes = read_attributes(file)?;
            if attributes.is_empty() {
                let text = format!(
                    "expected a file of attributes, found none in {}",
                    file.display()
                );
                return Err(Error::Invalid(text).into());
            }
            store(global, &attributes)
        }
        Args::Remove { name, symbol, yes } => {
            let stored = open(global)?.now().attributes(symbol.as_deref())?;
            let plain = Attribute::plain(name);
            let count = stored.iter().filter(|a| a.name == plain).count();
            if count > 0 {
                let of = symbol
                    .as_ref()
                    .map_or_else(String::new, |s| format!(" of {s}"));
                confirm(*yes, &format!("Forget {count} times {plain}{of}?"))?;
            }
            let removed =
                open_to_write(global)?.remove_attributes(Some(name), symbol.as_deref())?;
            let row = json!({ "removed": removed });
            output::record(
                global.format,
                &[column("removed", "attributes removed")],
                &row,
            )
        }
    }
}

fn store(global: &Global, attributes: &[Attribute]) -> Outcome {
    let report = open_to_write(global)?.set_attributes(attributes)?;
    if report.symbols_without_bars > 0 {
        let text = format!(
            "note: of {} of these symbols no bars are stored; their attributes are kept, and count once bars come",
            report.symbols_without_bars
        );
        progress::notice(global, &text);
    }
    let columns = [
        column("added", "attributes added"),
        column("replaced", "attributes replaced"),
        column("unchanged", "attributes unchanged"),
        column("symbols_without_bars", "symbols without bars"),
    ];
    output::record(global.format, &columns, &output::value(&report)?)
}

pub(crate) fn list(global: &Global, args: &Attributes) -> Outcome {
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    let mut all = view.attributes(args.symbol.as_deref())?;
    if let Some((name, values)) = &args.attribute {
        let name = Attribute::plain(name);
        let fits = |a: &Attribute| {
            let mut said = a.value.split(';').map(|v| v.trim().to_lowercase());
            a.name == name && said.any(|v| values.iter().any(|w| w.to_lowercase() == v))
        };
        all.retain(fits);
    }
    let rows: Vec<Value> = all.iter().map(row).collect();
    let columns = [
        column("symbol", "symbol"),
        column("market", "market"),
        column("attribute", "attribute"),
        column("value", "value"),
        column("known", "known"),
    ];
    output::listing(
        global.format,
        &columns,
        &rows,
        "no such attribute is stored",
    )
}

fn row(attribute: &Attribute) -> Value {
    json!({
        "symbol": attribute.symbol,
        "market": attribute.market,
        "attribute": attribute.name,
        "value": attribute.value,
        "known": words::text(attribute.known),
    })
}
