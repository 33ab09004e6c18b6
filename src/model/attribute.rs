use super::{SeriesKey, Timestamp};
use crate::error::{Error, Result, excerpt};

/// The longest name and the longest value of an attribute, in bytes.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 1_000;

/// Something that is said of a symbol: its sector, its name, anything. It holds for the symbol's series of
/// every venue and interval.
///
/// ```
/// let sector = rhymedb::data::Attribute::new("AAPL", "Sector", "Technology");
/// assert_eq!(sector.name, "sector");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attribute {
    /// The symbol.
    pub symbol: String,
    /// The market, if it holds for that one only.
    pub market: Option<String>,
    /// Which attribute: letters, digits, `_`, `-` and `.`, in lower case.
    pub name: String,
    /// What it is.
    pub value: String,
    /// From when on it is known: views of an earlier time do not have it. `None`: nobody said, and views of
    /// any time have it.
    pub known: Option<Timestamp>,
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "_-.".contains(c)
}

impl Attribute {
    /// An attribute of a symbol of any market. Its name is put into lower case, and blanks become `_`.
    pub fn new(symbol: impl Into<String>, name: &str, value: impl Into<String>) -> Self {
        Self {
            symbol: symbol.into(),
            market: None,
            name: Self::plain(name),
            value: value.into(),
            known: None,
        }
    }

    /// The same for one market only.
    #[must_use]
    pub fn in_market(mut self, market: impl Into<String>) -> Self {
        self.market = Some(market.into());
        self
    }

    /// The same, known from this time on.
    #[must_use]
    pub fn known(mut self, known: Timestamp) -> Self {
        self.known = Some(known);
        self
    }

    /// A name as it is stored, in lower case, with `_` for whatever else: `GICS Sector` is `gics_sector`.
    pub fn plain(name: &str) -> String {
        let parts = name.split(|c: char| !is_plain(c));
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("_").to_lowercase()
    }

    /// Checks that the parts can be ones.
    pub(crate) fn check(&self) -> Result<()> {
        let name = &self.name;
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_plain) {
            return Err(Error::invalid(format!(
                "expected an attribute's name of 1 to {MAX_NAME} letters, digits, '_', '-' or '.', found {}",
                excerpt(name)
            )));
        }
        let value = &self.value;
        let legible = !value.chars().any(char::is_control);
        if value.trim() != value || value.is_empty() || value.len() > MAX_VALUE || !legible {
            return Err(Error::invalid(format!(
                "expected a value of {name} of 1 to {MAX_VALUE} bytes without control characters, found {}",
                excerpt(value)
            )));
        }
        // A market and a symbol that could be those of a series.
        let market = self.market.as_deref().unwrap_or("any");
        SeriesKey::new(market, "any", &self.symbol, super::Interval::hours(1)).map(drop)
    }
}
