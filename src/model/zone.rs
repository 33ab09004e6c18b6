use std::fmt;
use std::str::FromStr;

use super::Timestamp;
use crate::error::{Error, Result, excerpt};

/// A time zone in which times are shown, by the table of zones that comes with this crate.
///
/// ```
/// use rhymedb::Timestamp;
/// use rhymedb::data::Zone;
/// let zone: Zone = "Europe/Berlin".parse()?;
/// let time: Timestamp = "2021-05-19T12:00:00Z".parse()?;
/// assert_eq!(zone.show(time), "2021-05-19T14:00:00+02:00");
/// // What is shown can be typed.
/// assert_eq!(zone.show(time).parse::<Timestamp>()?, time);
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// A moment as the clocks of this zone show it, with their offset from UTC.
    pub fn show(&self, time: Timestamp) -> String {
        let moment = time.to_jiff();
        if self.0 == jiff::tz::TimeZone::UTC {
            return moment.to_string();
        }
        let offset = self.0.to_offset(moment);
        moment.display_with_offset(offset).to_string()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let zone = jiff::tz::TimeZone::get(text.trim());
        zone.map(Self).map_err(|_| {
            Error::invalid(format!(
                "expected a time zone like Europe/Berlin, America/New_York or UTC, found {}",
                excerpt(text)
            ))
        })
    }
}
