//! A made-up market with known events, for demos, benchmarks and tests.
//!
//! A random walk has nothing to find. This market has: each kind of event bends the price in a
//! shape of its own, a headline tells of it within its first bar, and [`SyntheticMarket::events`]
//! is the ground truth. Around the events prices behave as markets do: symbols share a factor,
//! volatility clusters and changes its regime, returns have fat tails, volume follows both.
//!
//! ```text
//! seed ──┬─ market factor ───────┐
//!        ├─ events of a market ──┤
//!        ├─ events of a symbol ──┼─→ bars of the symbol
//!        ├─ prices of a symbol ──┘
//!        └─ words ─────────────────→ headlines
//! ```
//!
//! Each box draws from a ChaCha stream of its own, so another symbol, a longer history or other
//! words change nothing that was there before; and only exactly rounded arithmetic follows, so a
//! seed gives the same bytes on every platform.

mod config;
mod event;
mod exchange;
mod grid;
mod market_kind;
mod names;
mod news;
mod phrases;
mod prices;
mod random;
mod shape;
#[cfg(test)]
mod tests;
mod wording;

pub use config::SyntheticConfig;
pub use event::{EventKind, MarketEvent};
pub use wording::Wordings;

use exchange::Exchange;
use market_kind::MarketKind;

use crate::error::Result;
use crate::model::{Headline, SeriesBars};

/// A made-up market: a crypto and an equity exchange, their events and their headlines.
///
/// ```
/// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// let market = SyntheticMarket::new(SyntheticConfig::small(7))?;
/// let first = &market.series()[0];
/// assert_eq!(first.key.to_string(), "crypto/synthetic/NOVAUSDT:1h");
/// assert_eq!(first.calendar.to_string(), "continuous");
/// assert_eq!(first.bars.len(), 2_000);
/// assert!(market.headlines().len() > market.events().len());
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Debug)]
pub struct SyntheticMarket {
    config: SyntheticConfig,
    exchanges: [Exchange; 2],
}

impl SyntheticMarket {
    /// Plans a market: its calendars, symbols and events. Prices are drawn by [`Self::series`].
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if a count is above its limit, if the start is not midnight UTC, or if
    /// the market would run past the year 9999.
    pub fn new(config: SyntheticConfig) -> Result<Self> {
        config.check()?;
        let exchanges = [
            Exchange::plan(MarketKind::Crypto, &config)?,
            Exchange::plan(MarketKind::Equity, &config)?,
        ];
        Ok(Self { config, exchanges })
    }

    /// All series with their calendars and bars: crypto first, each market in the order of its
    /// symbols.
    pub fn series(&self) -> Vec<SeriesBars> {
        let mut all = Vec::new();
        for exchange in &self.exchanges {
            let factor = prices::Factor::draw(exchange);
            let calendar = exchange.kind.calendar();
            for (instrument, key) in exchange.series.iter().enumerate() {
                all.push(SeriesBars {
                    key: key.clone(),
                    calendar,
                    bars: prices::bars(exchange, &factor, instrument),
                });
            }
        }
        all
    }

    /// One headline an event, published within the event's first bar, and others that mean
    /// nothing, in order of time. Numbers in the texts are invented.
    ///
    /// Crypto headlines have second or minute precision, equity headlines the day.
    pub fn headlines(&self) -> Vec<Headline> {
        let mut all = Vec::new();
        for exchange in &self.exchanges {
            all.extend(news::headlines(exchange, self.config.wordings));
        }
        // Stable: headlines of one moment stay in the order of markets and symbols.
        all.sort_by_key(|headline| headline.time);
        all
    }

    /// The ground truth: every planted event in order of time.
    pub fn events(&self) -> Vec<MarketEvent> {
        let mut all: Vec<MarketEvent> = self.exchanges.iter().flat_map(Exchange::truth).collect();
        all.sort_by_key(|event| event.time);
        all
    }
}
