use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Interval;
use crate::error::{Error, Result, excerpt};

/// How far an outcome reaches: a time, or a number of bars.
///
/// ```
/// use rhymedb::query::Horizon;
/// let day: Horizon = "24h".parse()?;
/// assert_eq!(day.to_string(), "1d");
/// assert_eq!("24".parse::<Horizon>()?, Horizon::bars(24));
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Horizon {
    /// So many bars of the question's own interval.
    Bars(u32),
    /// To the first close at or after the moment and so many milliseconds, nights and weekends included.
    Time(i64),
}

/// A number of bars as a number, a time as a text.
impl Serialize for Horizon {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Bars(n) => to.serialize_u32(*n),
            Self::Time(_) => to.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Horizon {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a horizon in bars like 24, or a time like \"90m\", \"24h\" or \"5d\""
        )]
        enum Form {
            Bars(u32),
            Text(String),
        }
        match Form::deserialize(from)? {
            Form::Bars(n) => Ok(Self::Bars(n)),
            Form::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Horizon {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Horizon".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["integer", "string"],
            "minimum": 1,
            "description": "How far an outcome reaches: a number of bars, or a time like 90m, 24h or 5d.",
        })
    }
}

impl Horizon {
    /// A number of bars.
    pub const fn bars(n: u32) -> Self {
        Self::Bars(n)
    }

    /// A number of hours.
    pub const fn hours(n: u32) -> Self {
        Self::Time(n as i64 * 3_600_000)
    }

    /// Checks that it is from 1 to `most` bars, or a time above 0 that fits in as many milliseconds as
    /// a time may have.
    ///
    /// # Errors
    /// [`Error::Invalid`] otherwise.
    pub(crate) fn check(self, most: u32) -> Result<()> {
        let fits = match self {
            Self::Bars(n) => (1..=most).contains(&n),
            Self::Time(ms) => ms > 0,
        };
        if fits {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "expected a horizon of 1 to {most} bars, or a time like 24h or 5d, found {self}"
        )))
    }

    /// [`Horizon::most_bars`], if these are at most `most`.
    ///
    /// # Errors
    /// [`Error::Invalid`] otherwise.
    pub(crate) fn bars_of(self, interval: Interval, most: u32) -> Result<usize> {
        let bars = self.most_bars(interval);
        if bars <= most as usize {
            return Ok(bars);
        }
        Err(Error::invalid(format!(
            "expected a horizon of at most {most} bars, found {self}, which takes {bars} bars of {interval}"
        )))
    }

    /// The most bars of an interval that it can take: as many as there are where no bar is missing.
    pub(crate) fn most_bars(self, interval: Interval) -> usize {
        match self {
            Self::Bars(n) => n as usize,
            Self::Time(ms) => {
                let shortest = match interval {
                    Interval::Fixed(bar) => bar,
                    Interval::Months(n) => i64::from(n).saturating_mul(28 * 24 * 3_600_000),
                };
                let bars = ms.saturating_add(shortest - 1).div_euclid(shortest.max(1));
                usize::try_from(bars.max(1)).unwrap_or(usize::MAX)
            }
        }
    }
}

/// A number of bars.
impl From<u32> for Horizon {
    fn from(bars: u32) -> Self {
        Self::Bars(bars)
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bars(1) => f.write_str("1 bar"),
            Self::Bars(n) => write!(f, "{n} bars"),
            Self::Time(ms) => Interval::Fixed(ms).fmt(f),
        }
    }
}

impl FromStr for Horizon {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::invalid(format!(
                "expected a horizon in bars like 24, or a time like 90m, 24h or 5d, found {}",
                excerpt(text)
            ))
        };
        if let Ok(bars) = text.parse() {
            return Ok(Self::Bars(bars));
        }
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(bad());
        }
        match text.parse().map_err(|_| bad())? {
            Interval::Fixed(ms) => Ok(Self::Time(ms)),
            // Months differ in length.
            Interval::Months(_) => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn texts_are_bars_or_times() {
        let parsed = |text: &str| text.parse::<Horizon>();
        assert_eq!(parsed("24").unwrap(), Horizon::Bars(24));
        assert_eq!(parsed("24h").unwrap(), Horizon::hours(24));
        assert_eq!(parsed("90m").unwrap().to_string(), "90m");
        assert_eq!(Horizon::Bars(1).to_string(), "1 bar");
        for wrong in [
            "",
            "h",
            "-3",
            "1.5",
            "1M",
            "5 days",
            "99999999999999999999h",
        ] {
            let error = parsed(wrong).unwrap_err().to_string();
            assert!(error.contains("24h or 5d"), "{error}");
        }
        for (horizon, json) in [(Horizon::Bars(24), "24"), (Horizon::hours(24), "\"1d\"")] {
            assert_eq!(serde_json::to_string(&horizon).unwrap(), json);
            assert_eq!(serde_json::from_str::<Horizon>(json).unwrap(), horizon);
        }
        assert!(Horizon::Bars(0).check(10).is_err() && Horizon::Bars(11).check(10).is_err());
        assert!(Horizon::Time(0).check(10).is_err() && Horizon::hours(1).check(10).is_ok());
    }

    #[test]
    fn a_time_takes_as_many_bars_as_fit() {
        let hours = |n| Horizon::hours(n).most_bars(Interval::hours(4));
        assert_eq!([1, 4, 5, 24].map(hours), [1, 1, 2, 6]);
        assert_eq!(Horizon::hours(24 * 31).most_bars(Interval::Months(1)), 2);
        assert_eq!(Horizon::bars(7).most_bars(Interval::days(1)), 7);
        let long = Horizon::hours(24).bars_of(Interval::minutes(1), 1000);
        let error = long.unwrap_err().to_string();
        assert!(
            error.ends_with("found 1d, which takes 1440 bars of 1m"),
            "{error}"
        );
    }
}
