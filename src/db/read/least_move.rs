//! A filter by how far windows moved.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, excerpt};
use crate::model::{schema_as_text, serde_as_text};

/// How far windows have to move from the open of their first bar to the close of their last, up or
/// down.
///
/// ```
/// use rhymedb::query::LeastMove;
/// assert_eq!("2sd".parse::<LeastMove>()?, LeastMove::Deviations(2.0));
/// assert_eq!("5%".parse::<LeastMove>()?, LeastMove::Percent(5.0));
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LeastMove {
    /// In deviations of their series in the year before them ([`crate::query::Size::window`]). A window before
    /// which there were fewer than 64 bars does not pass.
    Deviations(f64),
    /// In percent of the price.
    Percent(f64),
}

serde_as_text!(LeastMove);
schema_as_text!(
    LeastMove,
    "How far windows have to move, up or down: in deviations of the year before (2sd) or in percent (5%)."
);

impl LeastMove {
    pub(in crate::db) fn check(self) -> Result<()> {
        let (Self::Deviations(least) | Self::Percent(least)) = self;
        if least > 0.0 && least.is_finite() {
            return Ok(());
        }
        Err(unclear(&self.to_string()))
    }
}

fn unclear(found: &str) -> Error {
    Error::invalid(format!(
        "expected a least move above 0 in deviations or in percent, like 2sd or 5%, found {}",
        excerpt(found)
    ))
}

impl fmt::Display for LeastMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deviations(least) => write!(f, "{least}sd"),
            Self::Percent(least) => write!(f, "{least}%"),
        }
    }
}

impl FromStr for LeastMove {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |number: &str| number.trim().parse::<f64>().map_err(|_| unclear(text));
        let least = if let Some(percent) = text.trim().strip_suffix('%') {
            Self::Percent(number(percent)?)
        } else if let Some(deviations) = text.trim().strip_suffix("sd") {
            Self::Deviations(number(deviations)?)
        } else {
            return Err(unclear(text));
        };
        least.check().map_err(|_| unclear(text))?;
        Ok(least)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::LeastMove;

    #[test]
    fn least_moves_are_read_and_written() {
        for text in ["2sd", "0.5sd", "5%", "12.5%"] {
            assert_eq!(text.parse::<LeastMove>().unwrap().to_string(), text);
        }
        for text in [
            "", "2", "sd", "%", "-1sd", "0%", "NaNsd", "inf%", "two sd", "2 σ",
        ] {
            let error = text.parse::<LeastMove>().unwrap_err().to_string();
            assert!(error.contains("like 2sd or 5%, found"), "{text}: {error}");
        }
    }
}
