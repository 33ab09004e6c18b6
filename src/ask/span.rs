use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result, excerpt};
use crate::model::{Interval, schema_as_text, serde_as_text};

/// A length of time, to the millisecond, as text: `5m`, `4h`, `3d`, or `0`.
///
/// ```
/// use rhymedb::ask::Span;
/// let span: Span = "90m".parse()?;
/// assert_eq!(span.0.as_secs(), 5400);
/// assert_eq!(Span::default().to_string(), "0");
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

serde_as_text!(Span);
schema_as_text!(Span, "A length of time, like 5m, 4h or 3d, or 0.");

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX) {
            0 => f.write_str("0"),
            millis => Interval::Fixed(millis).fmt(f),
        }
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "0" {
            return Ok(Self::default());
        }
        let interval: Interval = text.parse().map_err(|_| {
            Error::invalid(format!(
                "expected a length of time like 90m, 4h or 3d, found {}",
                excerpt(text)
            ))
        })?;
        let millis = u64::try_from(interval.nominal_millis()).unwrap_or_default();
        Ok(Self(Duration::from_millis(millis)))
    }
}
