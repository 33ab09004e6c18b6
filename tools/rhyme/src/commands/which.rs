use clap::Args;
use rhymedb::query::LeastMove;
use rhymedb::{Filter, Interval, Timestamp};

/// The name and the values of an attribute.
pub(super) fn wanted(text: &str) -> Result<(String, Vec<String>), String> {
    let parts = text.split_once('=').map(|(name, values)| {
        let values = values.split(',').map(str::trim).filter(|v| !v.is_empty());
        (
            name.trim().to_owned(),
            values.map(str::to_owned).collect::<Vec<_>>(),
        )
    });
    parts
        .filter(|(name, values)| !name.is_empty() && !values.is_empty())
        .ok_or_else(|| {
            format!("expected an attribute and its value, like sector=Energy, found {text}")
        })
}

/// Which windows an answer may have: options that make a [`Filter`].
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
    /// Only symbols with an attribute that `rhyme attribute` stored, like sector=Energy; several values with
    /// commas are alternatives, several --where hold together
    #[arg(long = "where", value_name = "NAME=VALUE,...", value_parser = wanted)]
    pub(super) attribute: Vec<(String, Vec<String>)>,
    /// Only windows that closed at or after this time
    #[arg(long)]
    pub(super) from: Option<Timestamp>,
    /// Only windows that closed at or before this time
    #[arg(long, alias = "to")]
    pub(super) until: Option<Timestamp>,
    /// Only windows with one of these tags (`rhyme tag`), known at the time of the question
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(super) tag: Vec<String>,
    /// Only windows that moved so far up or down, from the open of their first bar to the close of their
    /// last: 2sd (deviations of the year before) or 5%
    #[arg(long, value_name = "MOVE")]
    pub(super) min_move: Option<LeastMove>,
}

impl Which {
    pub(super) fn filter(&self) -> Filter {
        let mut filter = Filter::new();
        filter.markets.clone_from(&self.market);
        filter.venues.clone_from(&self.venue);
        filter.symbols.clone_from(&self.symbol);
        filter.intervals.clone_from(&self.interval);
        filter.tags.clone_from(&self.tag);
        for (name, values) in &self.attribute {
            for value in values {
                filter = filter.attribute(name, value);
            }
        }
        (filter.from, filter.until, filter.min_move) = (self.from, self.until, self.min_move);
        filter
    }
}
