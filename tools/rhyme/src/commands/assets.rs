//! Which assets a question about markets looks at, and which of their returns.

use clap::Args;
use rhymedb::ask::AssetLeftOutRow;
use rhymedb::{Filter, Interval, Timestamp};

use super::which::wanted;
use crate::failure::Outcome;
use crate::opening::check_period;
use crate::output;
use crate::text::legible;

#[derive(Debug, Args)]
pub(crate) struct Assets {
    /// Only these markets
    #[arg(long, value_delimiter = ',')]
    market: Vec<String>,
    /// Only these venues
    #[arg(long, value_delimiter = ',')]
    venue: Vec<String>,
    /// Only these symbols
    #[arg(long, value_delimiter = ',')]
    symbol: Vec<String>,
    /// Bars of this length; needed where the assets have several
    #[arg(long, value_delimiter = ',')]
    interval: Vec<Interval>,
    /// Only symbols with an attribute that `rhyme attribute` stored, like sector=Energy; several values with
    /// commas are alternatives, several --where hold together
    #[arg(long = "where", value_name = "NAME=VALUE,...", value_parser = wanted)]
    attribute: Vec<(String, Vec<String>)>,
    /// Only closes at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only closes at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// Nothing that was not known at this time
    #[arg(long)]
    pub(super) as_of: Option<Timestamp>,
}

impl Assets {
    pub(super) fn filter(&self) -> Outcome<Filter> {
        check_period(self.from, self.until)?;
        let mut filter = Filter::new();
        filter.markets.clone_from(&self.market);
        filter.venues.clone_from(&self.venue);
        filter.symbols.clone_from(&self.symbol);
        filter.intervals.clone_from(&self.interval);
        for (name, values) in &self.attribute {
            for value in values {
                filter = filter.attribute(name, value);
            }
        }
        (filter.from, filter.until) = (self.from, self.until);
        Ok(filter)
    }
}

/// The last line of a table: what was not compared.
pub(super) fn left_out(rows: &[AssetLeftOutRow]) -> Outcome {
    let [first, ..] = rows else {
        return Ok(());
    };
    output::lines(&legible(&format!(
        "{} left out, like {}: {}; --format json lists them",
        rows.len(),
        first.series.symbol,
        first.why
    )))
}
