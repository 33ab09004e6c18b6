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

mod event;
mod exchange;
mod grid;
mod names;
mod news;
mod phrases;
mod prices;
mod random;
mod shape;
#[cfg(test)]
mod tests;
mod wording;

pub use event::{EventKind, MarketEvent};
pub use wording::Wordings;

use exchange::{Exchange, MarketKind};

use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Headline, Interval, SeriesKey, Timestamp};

/// What to make up. The default has about half a million windows of 64 bars; [`Self::small`] is
/// for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticConfig {
    /// The same seed gives the same market.
    pub seed: u64,
    /// Symbols of the market `crypto`. Default 12, at most 1,000.
    pub crypto_symbols: usize,
    /// Symbols of the market `equity`. Default 60, at most 1,000.
    pub equity_symbols: usize,
    /// Bars of a crypto symbol, one an hour without a break. Default 30,660 (3.5 years), at most
    /// 10 million.
    pub crypto_bars: usize,
    /// Bars of an equity symbol, one a session; weekends and a few holidays have none. Default
    /// 2,500 (ten years), at most 1 million.
    pub equity_days: usize,
    /// The open time of the first crypto bar and the day of the first session: midnight UTC.
    /// Default 2015-01-01.
    pub start: Timestamp,
    /// The templates that headlines are made of. Default all.
    pub wordings: Wordings,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            crypto_symbols: 12,
            equity_symbols: 60,
            crypto_bars: 30_660,
            equity_days: 2_500,
            start: Timestamp::from_millis(1_420_070_400_000),
            wordings: Wordings::All,
        }
    }
}

impl SyntheticConfig {
    /// A market for tests: 3 crypto symbols of 2,000 hours and 6 equities of 500 days.
    pub fn small(seed: u64) -> Self {
        Self {
            seed,
            crypto_symbols: 3,
            equity_symbols: 6,
            crypto_bars: 2_000,
            equity_days: 500,
            ..Self::default()
        }
    }

    fn check(&self) -> Result<()> {
        for (what, found, most) in [
            ("crypto symbols", self.crypto_symbols, 1_000),
            ("equity symbols", self.equity_symbols, 1_000),
            ("crypto bars", self.crypto_bars, 10_000_000),
            ("equity days", self.equity_days, 1_000_000),
        ] {
            if found > most {
                return Err(Error::invalid(format!(
                    "expected at most {most} {what} in a synthetic market, found {found}"
                )));
            }
        }
        if self.start.millis() % Interval::days(1).nominal_millis() != 0 {
            return Err(Error::invalid(format!(
                "expected a synthetic market that starts at midnight UTC, found {}; give a date alone",
                self.start
            )));
        }
        Ok(())
    }
}

/// A made-up market: a crypto and an equity exchange, their events and their headlines.
///
/// ```
/// use rhymedb::{SyntheticConfig, SyntheticMarket};
/// let market = SyntheticMarket::new(SyntheticConfig::small(7))?;
/// let (series, calendar, bars) = &market.series()[0];
/// assert_eq!(series.to_string(), "crypto/synthetic/NOVAUSDT:1h");
/// assert_eq!(calendar.to_string(), "continuous");
/// assert_eq!(bars.len(), 2_000);
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
    /// [`Error::Invalid`] if a count is above its limit, if the start is not midnight UTC, or if
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
    pub fn series(&self) -> Vec<(SeriesKey, Calendar, Bars)> {
        let mut all = Vec::new();
        for exchange in &self.exchanges {
            let factor = prices::Factor::draw(exchange);
            let calendar = exchange.kind.calendar();
            for (instrument, key) in exchange.series.iter().enumerate() {
                let bars = prices::bars(exchange, &factor, instrument);
                all.push((key.clone(), calendar, bars));
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
