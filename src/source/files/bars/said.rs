//! What `key=value` in a path says, as tools for tables write partitions.

use super::path_words::{bare_minutes, interval, market, pair, product};
use super::symbols::plain_symbol;
use crate::model::Interval;

/// What such parts of a path say about the series below them.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) market: Option<String>,
    pub(super) venue: Option<String>,
    pub(super) symbol: Option<String>,
    pub(super) interval: Option<Interval>,
    /// What kinds of product add to the venue.
    pub(super) products: Vec<&'static str>,
}

impl Said {
    /// Reads `symbol=BTCUSDT`, and says whether this is such a part of a path. A key that says
    /// nothing about a series, like `year`, is one, too; `EURUSD=X` is none.
    pub(super) fn read(&mut self, part: &str) -> bool {
        let Some((key, value)) = part.split_once('=') else {
            return false;
        };
        let value = value.replace("%2F", "/").replace("%3A", ":");
        match &*key.to_ascii_lowercase() {
            "symbol" | "ticker" | "pair" | "instrument" | "coin" | "asset" | "sym" => {
                self.name(&value);
            }
            "market" | "asset_class" | "assetclass" => self.kind(&value),
            "class" | "type" | "kind" | "product" | "category" => {
                self.products.extend(product(&value));
            }
            "venue" | "exchange" | "source" | "broker" => self.venue = Some(value.to_lowercase()),
            "interval" | "timeframe" | "tf" | "freq" | "frequency" | "resolution" | "period"
            | "granularity" => {
                let named = interval(&value).map(|(interval, _)| interval);
                self.interval = named.or_else(|| bare_minutes(&value));
            }
            "year" | "month" | "day" | "date" | "dt" | "hour" | "week" | "quarter" => {}
            _ => return false,
        }
        true
    }

    fn name(&mut self, symbol: &str) {
        self.symbol = Some(plain_symbol(symbol).to_uppercase()).filter(|s| !s.is_empty());
    }

    /// `market=` is followed by a market, a kind of product, or a pair.
    fn kind(&mut self, value: &str) {
        let lower = value.to_lowercase();
        if let Some(known) = market(&lower) {
            self.market = Some(known.to_owned());
        } else if let Some(product) = product(value) {
            self.products.push(product);
        } else if pair(value).is_some() && self.symbol.is_none() {
            self.name(value);
        } else if self.market.is_none() {
            self.market = Some(lower);
        }
    }
}
