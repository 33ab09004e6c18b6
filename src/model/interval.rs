use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text_form::{schema_as_text, serde_as_text_or};

use super::Timestamp;
use crate::error::{Error, Result, excerpt};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
/// The largest number of units of an interval.
const LONGEST: i64 = 100_000;

/// The length of a bar: a fixed time (`1s`, `5m`, `1h`, `1d`, `1w`) or calendar months (`1M`).
///
/// ```
/// use rhymedb::{Interval, Timestamp};
/// let hour: Interval = "60m".parse()?;
/// assert_eq!(hour.to_string(), "1h");
/// let month: Interval = "1M".parse()?;
/// let close = month.close_of("2024-02-01".parse()?);
/// assert_eq!(close.to_string(), "2024-03-01T00:00:00Z");
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interval {
    /// A fixed length in milliseconds, above 0.
    Fixed(i64),
    /// A number of calendar months, above 0.
    Months(u32),
}

/// How the catalog has it.
#[derive(Serialize, Deserialize)]
enum StoredInterval {
    Fixed(i64),
    Months(u32),
}

impl From<Interval> for StoredInterval {
    fn from(interval: Interval) -> Self {
        match interval {
            Interval::Fixed(ms) => Self::Fixed(ms),
            Interval::Months(n) => Self::Months(n),
        }
    }
}

impl From<StoredInterval> for Interval {
    fn from(stored: StoredInterval) -> Self {
        match stored {
            StoredInterval::Fixed(ms) => Self::Fixed(ms),
            StoredInterval::Months(n) => Self::Months(n),
        }
    }
}

serde_as_text_or!(Interval, StoredInterval);
schema_as_text!(
    Interval,
    "The length of a bar, like 1m, 15m, 1h, 1d, 1w or 1M (months)."
);

/// The shorter first; a month counts as 30 days.
impl Ord for Interval {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |interval: &Self| {
            (
                interval.nominal_millis(),
                matches!(interval, Self::Months(_)),
            )
        };
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Interval {
    /// An interval of `n` minutes.
    pub const fn minutes(n: u32) -> Self {
        Self::Fixed(n as i64 * MINUTE)
    }

    /// An interval of `n` hours.
    pub const fn hours(n: u32) -> Self {
        Self::Fixed(n as i64 * HOUR)
    }

    /// An interval of `n` days.
    pub const fn days(n: u32) -> Self {
        Self::Fixed(n as i64 * DAY)
    }

    /// Checks that the length is one that text can say: 1 ms to 100,000 weeks or months.
    ///
    /// # Errors
    /// [`Error::Invalid`] otherwise.
    pub(crate) fn check(self) -> Result<()> {
        let fits = match self {
            Self::Fixed(ms) => (1..=LONGEST * WEEK).contains(&ms),
            Self::Months(n) => (1..=LONGEST).contains(&i64::from(n)),
        };
        if fits {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "expected an interval of 1 ms to {LONGEST} weeks or months, found {self:?}"
        )))
    }

    /// The time `bars` bars before `close`.
    pub(crate) fn before(self, close: Timestamp, bars: u32) -> Timestamp {
        match self {
            Self::Fixed(ms) => close.plus_millis(-ms.saturating_mul(i64::from(bars))),
            Self::Months(n) => shift_months(close, -i64::from(n).saturating_mul(i64::from(bars))),
        }
    }

    /// The close time of the bar that opens at `open`.
    pub fn close_of(self, open: Timestamp) -> Timestamp {
        match self {
            Self::Fixed(ms) => open.plus_millis(ms),
            Self::Months(n) => shift_months(open, i64::from(n)),
        }
    }

    /// The open time of the bar that closes at `close`.
    pub fn open_of(self, close: Timestamp) -> Timestamp {
        match self {
            Self::Fixed(ms) => close.plus_millis(-ms),
            Self::Months(n) => shift_months(close, -i64::from(n)),
        }
    }

    /// The number of the bar that opens at `open`, counted from 1970: equal in every series of
    /// this interval, so that a stride over it does not depend on where a series begins.
    pub fn ordinal_of(self, open: Timestamp) -> i64 {
        match self {
            Self::Fixed(ms) => open.millis().div_euclid(ms),
            Self::Months(n) => {
                let date = open.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
                let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
                months.div_euclid(i64::from(n))
            }
        }
    }

    /// The first moment of the months of this interval around a time, counted from January of the year
    /// 0; a fixed interval has no months and gives the time back.
    pub(crate) fn first_of_months(self, time: Timestamp) -> Timestamp {
        let Self::Months(n) = self else {
            return time;
        };
        let first = self.ordinal_of(time).saturating_mul(i64::from(n));
        shift_months(Timestamp::from_millis(0), first - 12 * 1970)
    }

    /// The length in milliseconds; a month counts as 30 days.
    pub const fn nominal_millis(self) -> i64 {
        match self {
            Self::Fixed(ms) => ms,
            Self::Months(n) => n as i64 * 30 * DAY,
        }
    }
}

/// Saturates at the ends of the range, so that time never stands still.
fn shift_months(t: Timestamp, months: i64) -> Timestamp {
    let zoned = t.to_jiff().to_zoned(jiff::tz::TimeZone::UTC);
    let span = jiff::Span::new().try_months(months);
    let shifted = span.and_then(|span| zoned.checked_add(span));
    shifted.map_or_else(
        |_| t.plus_millis(if months < 0 { i64::MIN } else { i64::MAX }),
        |z| Timestamp::from_millis(z.timestamp().as_millisecond()),
    )
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = match *self {
            Self::Months(n) => return write!(f, "{n}M"),
            Self::Fixed(ms) => ms,
        };
        for (unit, name) in [
            (WEEK, "w"),
            (DAY, "d"),
            (HOUR, "h"),
            (MINUTE, "m"),
            (SECOND, "s"),
        ] {
            if ms % unit == 0 {
                return write!(f, "{}{name}", ms / unit);
            }
        }
        write!(f, "{ms}ms")
    }
}

impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::invalid(format!(
                "expected an interval like 1m, 15m, 1h, 4h, 1d, 1w or 1M, found {}",
                excerpt(text)
            ))
        };
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (digits, unit) = text.split_at(split);
        let n: i64 = if digits.is_empty() {
            1
        } else {
            digits.parse().map_err(|_| bad())?
        };
        if !(1..=LONGEST).contains(&n) {
            return Err(bad());
        }
        let unit = match unit {
            "ms" => 1,
            "s" | "sec" => SECOND,
            "m" | "min" => MINUTE,
            "h" | "H" => HOUR,
            "d" | "D" => DAY,
            "w" | "W" | "wk" => WEEK,
            "M" | "mo" => return Ok(Self::Months(u32::try_from(n).map_err(|_| bad())?)),
            _ => return Err(bad()),
        };
        Ok(Self::Fixed(n * unit))
    }
}
