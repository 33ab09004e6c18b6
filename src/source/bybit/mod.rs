//! Candles from the Bybit v5 market API.
//!
//! ```text
//! sync_klines ──> KlinePages ──> BybitClient ──> RateLimiter   one for all clones
//!  what to ask     one page       retries   └──> Transport     one GET: deadline, size limit
//!  in what order   after another  and waits      answer        bytes not trusted -> rows
//! ```
//!
//! Two properties of the API decide how pages are asked for. An answer is newest first and holds
//! at most 1000 candles, and nothing documents which ones come when a range with both ends holds
//! more. So a range is sent with both ends only if it fits in one page; else only its end is sent,
//! which is documented to give the newest candles up to it, and what is too old is cut off here.
//! And a short page does not mean that history ends: only an empty page does.
//!
//! Nothing that a server sends is believed: a candle outside of the range, off the interval's
//! grid, out of order or from the future is an error. Each page must lie before the one before it,
//! so no server can keep the loop going with the same page. One candle with an impossible price is
//! left out and counted, because it comes again at every try and would stop the rest for ever; a page
//! with many of them is an error.
//!
//! The server's time, which every answer has, says what is closed and where history ends. The clock
//! of this machine counts only until the first answer.

mod answer;
mod client;
mod grid;
mod interrupt;
mod limiter;
mod pages;
mod sync;
mod transport;

pub use client::{BybitClient, BybitClientBuilder};
pub use grid::parse_bybit_interval;
pub use pages::KlinePages;
pub use sync::{SyncReport, SyncRequest, sync_klines};

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, excerpt, shortened};
use crate::model::{Interval, SeriesKey};

/// The kind of instrument. The same symbol can exist in several kinds, with different prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BybitCategory {
    /// Spot pairs; volume is in the base coin.
    Spot,
    /// Contracts settled in USDT or USDC; volume is in the base coin.
    Linear,
    /// Contracts settled in the base coin; volume is in US dollars.
    Inverse,
}

impl BybitCategory {
    const fn venue(self) -> &'static str {
        match self {
            Self::Spot => "bybit_spot",
            Self::Linear => "bybit_linear",
            Self::Inverse => "bybit_inverse",
        }
    }
}

impl fmt::Display for BybitCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spot => "spot",
            Self::Linear => "linear",
            Self::Inverse => "inverse",
        })
    }
}

impl FromStr for BybitCategory {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "spot" => Ok(Self::Spot),
            "linear" => Ok(Self::Linear),
            "inverse" => Ok(Self::Inverse),
            _ => Err(Error::invalid(format!(
                "expected the Bybit category spot, linear or inverse, found {}",
                excerpt(text)
            ))),
        }
    }
}

/// The name under which candles of Bybit are stored: market `crypto`, and a venue for each
/// category (`bybit_spot`, `bybit_linear`, `bybit_inverse`).
///
/// # Errors
/// [`Error::Invalid`] if Bybit has no candles of that interval, or if the symbol is no name of a
/// series or is not in upper case.
pub fn bybit_series_key(
    category: BybitCategory,
    symbol: &str,
    interval: Interval,
) -> Result<SeriesKey> {
    grid::code(interval)?;
    if symbol.chars().any(char::is_lowercase) {
        return Err(Error::invalid(format!(
            "expected a Bybit symbol in upper case, found {}; try {}",
            excerpt(symbol),
            shortened(&symbol.to_uppercase())
        )));
    }
    SeriesKey::new("crypto", category.venue(), symbol, interval)
}

/// What is asked for in every page of one download.
#[derive(Clone, Debug)]
struct Instrument {
    category: BybitCategory,
    symbol: String,
    interval: Interval,
    /// The interval in Bybit's words.
    code: &'static str,
}

impl Instrument {
    fn new(category: BybitCategory, symbol: &str, interval: Interval) -> Result<Self> {
        bybit_series_key(category, symbol, interval)?;
        Ok(Self {
            category,
            symbol: symbol.to_owned(),
            interval,
            code: grid::code(interval)?,
        })
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{} in category {}",
            self.symbol, self.interval, self.category
        )
    }
}

/// The rows of an answer, checked as far as one answer can be.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_answer(
    status: u16,
    body: &[u8],
    instrument: (BybitCategory, &str, Interval),
    now: crate::model::Timestamp,
) -> Result<Vec<crate::model::Bar>, String> {
    let (category, symbol, interval) = instrument;
    let instrument = Instrument::new(category, symbol, interval).map_err(|e| e.to_string())?;
    let answer = transport::Answer {
        status,
        body: body.to_vec(),
        ..transport::Answer::default()
    };
    let page = answer::read_page(&answer, &instrument, now);
    page.map(|page| page.rows).map_err(|fault| match fault {
        transport::Fault::Transient(what)
        | transport::Fault::Limited(what, _)
        | transport::Fault::Blocked(what) => what,
        transport::Fault::Final(error) => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_key_names_the_category_and_refuses_lower_case() {
        let hour = Interval::hours(1);
        for (category, expected) in [
            (BybitCategory::Spot, "crypto/bybit_spot/BTCUSDT:1h"),
            (BybitCategory::Linear, "crypto/bybit_linear/BTCUSDT:1h"),
            (BybitCategory::Inverse, "crypto/bybit_inverse/BTCUSDT:1h"),
        ] {
            let key = bybit_series_key(category, "BTCUSDT", hour).unwrap();
            assert_eq!(key.to_string(), expected);
            assert_eq!(
                category.to_string().parse::<BybitCategory>().unwrap(),
                category
            );
        }
        let error = bybit_series_key(BybitCategory::Spot, "btcusdt", hour).unwrap_err();
        assert!(error.to_string().contains("try BTCUSDT"), "{error}");
        assert!(bybit_series_key(BybitCategory::Spot, "BTC/USDT", hour).is_err());
        assert!("option".parse::<BybitCategory>().is_err());
    }
}
