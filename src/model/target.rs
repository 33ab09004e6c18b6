use std::fmt;
use std::str::FromStr;

use super::text_form::{schema_as_text, serde_as_text};
use super::{Interval, SeriesKey, Timestamp, Window};
use crate::error::{Error, Result, excerpt};

/// What a query is about, as text: `[market/][venue/]SYMBOL[:interval][@time]`.
///
/// Parts that are left out match anything, so a target names a window only together with the
/// series that a database holds.
///
/// ```
/// use rhymedb::Target;
/// let target: Target = "crypto/binance/BTCUSDT:1h@2021-05-19T12:00".parse()?;
/// assert_eq!(target.symbol, "BTCUSDT");
/// assert_eq!(target.scope, ["crypto", "binance"]);
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Market and venue, or one of the two, or nothing. The first half of a symbol that was typed with
    /// a slash, like BTC/USDT, stands here too.
    pub scope: Vec<String>,
    /// The symbol.
    pub symbol: String,
    /// The bar interval, if it was said.
    pub interval: Option<Interval>,
    /// The window's last bar closed at or before this time; `None` is the latest.
    pub time: Option<Timestamp>,
}

serde_as_text!(Target);
schema_as_text!(
    Target,
    "A stored window or series: [market/][venue/]SYMBOL[:interval][@time], like BTCUSDT:1h@2021-05-19T12:00."
);

impl Target {
    /// Whether `series` is one that this target may mean.
    pub fn matches(&self, series: &SeriesKey) -> bool {
        let scope_fits = match self.scope.as_slice() {
            [] => true,
            [one] => *one == series.market || *one == series.venue,
            [market, venue] => *market == series.market && *venue == series.venue,
            _ => false,
        };
        scope_fits
            && self.symbol == series.symbol
            && self.interval.is_none_or(|i| i == series.interval)
    }
}

/// The newest window of a series.
impl From<SeriesKey> for Target {
    fn from(key: SeriesKey) -> Self {
        Self {
            scope: vec![key.market, key.venue],
            symbol: key.symbol,
            interval: Some(key.interval),
            time: None,
        }
    }
}

impl From<&Window> for Target {
    fn from(window: &Window) -> Self {
        Self {
            time: Some(window.end),
            ..Self::from(window.series.clone())
        }
    }
}

impl From<Window> for Target {
    fn from(window: Window) -> Self {
        Self::from(&window)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.scope {
            write!(f, "{part}/")?;
        }
        f.write_str(&self.symbol)?;
        if let Some(interval) = self.interval {
            write!(f, ":{interval}")?;
        }
        if let Some(time) = self.time {
            write!(f, "@{time}")?;
        }
        Ok(())
    }
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            Error::invalid(format!(
                "expected a target like BTCUSDT:1h@2021-05-19T12:00 or crypto/binance/BTCUSDT:1h, found {}{why}",
                excerpt(text)
            ))
        };
        let (name, time) = match text.split_once('@') {
            Some((name, time)) => (name, Some(time.parse::<Timestamp>()?)),
            None => (text, None),
        };
        let (path, interval) = match name.rsplit_once(':') {
            Some((path, interval)) => (path, Some(interval.parse::<Interval>()?)),
            None => (name, None),
        };
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        let symbol = parts.pop().unwrap_or_default();
        if symbol.is_empty() || parts.iter().any(String::is_empty) {
            return Err(bad(": a part of the name is empty"));
        }
        if parts.len() > 3 {
            return Err(bad(": at most market/venue/symbol"));
        }
        Ok(Self {
            scope: parts,
            symbol,
            interval,
            time,
        })
    }
}
