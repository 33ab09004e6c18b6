//! Which market is made.

use super::wording::Wordings;
use crate::error::{Error, Result};
use crate::model::{Interval, Timestamp};

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

    pub(super) fn check(&self) -> Result<()> {
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
