use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Bars, Interval};
use crate::error::{Error, Result, excerpt};

/// The name of a series: market, venue, symbol and bar interval.
///
/// Written `market/venue/symbol:interval`, for example `crypto/binance/BTCUSDT:1h`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The kind of market: `crypto`, `equity`, `fx`, ...
    pub market: String,
    /// The exchange or data source: `bybit`, `nasdaq`, ...
    pub venue: String,
    /// The instrument: `BTCUSDT`, `AAPL`, ...
    pub symbol: String,
    /// The length of a bar.
    pub interval: Interval,
}

/// Which missing bars are a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Calendar {
    /// The market never closes (crypto): every missing bar is a gap, and no window spans it.
    Continuous,
    /// The market has sessions (equities): nights, weekends and holidays are no gap.
    Session,
}

impl Calendar {
    /// The usual calendar of a market: `crypto` never closes, all others have sessions.
    pub fn of_market(market: &str) -> Self {
        if market == "crypto" {
            Self::Continuous
        } else {
            Self::Session
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Continuous => "continuous",
            Self::Session => "session",
        })
    }
}

impl FromStr for Calendar {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "continuous" => Ok(Self::Continuous),
            "session" => Ok(Self::Session),
            _ => Err(Error::invalid(format!(
                "expected the calendar continuous or session, found {}",
                excerpt(text)
            ))),
        }
    }
}

impl SeriesKey {
    /// The longest name of a market, venue or symbol, in bytes.
    pub const MAX_NAME_LEN: usize = 64;

    /// A series name from its parts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a part is empty, longer than [`Self::MAX_NAME_LEN`] bytes, or holds
    /// white space, a control character or one of `/ : @ ,`, which separate the parts in text; or
    /// if the interval is not 1 ms to 100,000 weeks or months.
    pub fn new(market: &str, venue: &str, symbol: &str, interval: Interval) -> Result<Self> {
        let key = Self {
            market: market.to_owned(),
            venue: venue.to_owned(),
            symbol: symbol.to_owned(),
            interval,
        };
        key.check()?;
        Ok(key)
    }

    /// Checks the parts, which anybody can set.
    pub(crate) fn check(&self) -> Result<()> {
        check_name("market", &self.market)?;
        check_name("venue", &self.venue)?;
        check_name("symbol", &self.symbol)?;
        self.interval.check()
    }
}

fn check_name(what: &str, name: &str) -> Result<()> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "/:@,".contains(c);
    if name.is_empty() || name.len() > SeriesKey::MAX_NAME_LEN || name.chars().any(forbidden) {
        return Err(Error::invalid(format!(
            "expected a {what} of 1 to {} bytes without spaces and without / : @ or a comma, found {}",
            SeriesKey::MAX_NAME_LEN,
            excerpt(name)
        )));
    }
    Ok(())
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            market,
            venue,
            symbol,
            interval,
        } = self;
        write!(f, "{market}/{venue}/{symbol}:{interval}")
    }
}

impl FromStr for SeriesKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::invalid(format!(
                "expected a series like crypto/binance/BTCUSDT:1h, found {}",
                excerpt(text)
            ))
        };
        let (path, interval) = text.rsplit_once(':').ok_or_else(bad)?;
        let mut parts = path.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(market), Some(venue), Some(symbol), None) => {
                Self::new(market, venue, symbol, interval.parse()?)
            }
            _ => Err(bad()),
        }
    }
}

/// Bars with the name of their series: what a source gives and a database takes.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesBars {
    /// The series.
    pub key: SeriesKey,
    /// Which missing bars are a gap.
    pub calendar: Calendar,
    /// The bars, ascending by time, no time twice.
    pub bars: Bars,
}
