//! Attributes of symbols in a CSV file: a column of symbols, and a column for each attribute.

use std::path::Path;

use super::small_csv::{listed, plain_names, read_table, time};
use crate::error::{Error, Result};
use crate::model::Attribute;

/// The columns by their names in files.
const SYMBOL: &[&str] = &["symbol", "ticker", "instrument"];
const MARKET: &[&str] = &["market"];
const KNOWN: &[&str] = &["known", "known_at", "known_from", "since"];

/// Reads the attributes of a CSV file with a header: a column `symbol` (or `ticker`), and every other column is
/// an attribute of its name. A column `market` says for which market a row holds, a column `known` (or
/// `since`) from when on it is known. Empty cells say nothing.
///
/// ```
/// let dir = tempfile::tempdir()?;
/// let file = dir.path().join("companies.csv");
/// std::fs::write(&file, "Symbol,Name,GICS Sector\nACME,Acme Corp,Energy\nZETA,Zeta,\n")?;
/// let attributes = rhymedb::files::read_attributes(&file)?;
/// assert_eq!(attributes.len(), 3);
/// assert_eq!(attributes[1].name, "gics_sector");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Input`] if it has no column of symbols or no other, with
/// the line of the first row that cannot be stored.
pub fn read_attributes(path: impl AsRef<Path>) -> Result<Vec<Attribute>> {
    let rows = read_table(path.as_ref(), AttributeColumns::of, AttributeColumns::read)?;
    Ok(rows.into_iter().flatten().collect())
}

/// Where the columns are.
struct AttributeColumns {
    symbol: usize,
    market: Option<usize>,
    known: Option<usize>,
    attributes: Vec<(usize, String)>,
}

impl AttributeColumns {
    fn of(header: &csv::StringRecord) -> Result<Self, String> {
        let names = plain_names(header);
        let find = |wanted: &[&str]| names.iter().position(|n| wanted.contains(&n.as_str()));
        let symbol = find(SYMBOL).ok_or_else(|| {
            format!(
                "expected a column symbol or ticker, and a column for each attribute, found {}",
                listed(header)
            )
        })?;
        let (market, known) = (find(MARKET), find(KNOWN));
        // A table that pandas wrote begins with a column without a name: its numbers say nothing.
        let others = names.iter().enumerate().filter(|(at, name)| {
            !name.is_empty() && *at != symbol && Some(*at) != market && Some(*at) != known
        });
        let attributes: Vec<_> = others.map(|(at, name)| (at, name.clone())).collect();
        if attributes.is_empty() {
            return Err(format!(
                "expected a column for each attribute beside that of symbols, found {}",
                listed(header)
            ));
        }
        if let Some(twice) = (1..attributes.len()).find_map(|i| {
            let (before, rest) = attributes.split_at(i);
            let (_, name) = rest.first()?;
            before
                .iter()
                .any(|(_, other)| other == name)
                .then_some(name)
        }) {
            return Err(format!(
                "expected every attribute in one column, found {twice} in two"
            ));
        }
        Ok(Self {
            symbol,
            market,
            known,
            attributes,
        })
    }

    fn read(&self, row: &csv::StringRecord) -> Result<Vec<Attribute>> {
        let cell = |at: usize| Some(row.get(at)?).filter(|text| !text.is_empty());
        let symbol = cell(self.symbol).ok_or_else(|| {
            Error::invalid("expected a symbol in every row, found an empty cell; fill it in, or leave the row out")
        })?;
        let known = self.known.and_then(cell).map(time).transpose()?;
        let said = self.attributes.iter();
        let said = said.filter_map(|(at, name)| Some((name, cell(*at)?)));
        let attributes = said.map(|(name, value)| {
            let mut attribute = Attribute::new(symbol, name, value);
            attribute.market = self.market.and_then(cell).map(str::to_owned);
            attribute.known = known;
            attribute.check().map(|()| attribute)
        });
        attributes.collect()
    }
}
