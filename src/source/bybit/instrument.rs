//! What Bybit trades, and what its series are called here.

use std::fmt;
use std::str::FromStr;

use super::grid;
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
pub(super) struct Instrument {
    pub(super) category: BybitCategory,
    pub(super) symbol: String,
    pub(super) interval: Interval,
    /// The interval in Bybit's words.
    pub(super) code: &'static str,
}

impl Instrument {
    pub(super) fn new(category: BybitCategory, symbol: &str, interval: Interval) -> Result<Self> {
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
