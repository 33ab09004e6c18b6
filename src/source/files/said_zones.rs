//! The time zones that a text names for all of its times, as answers of APIs do.

use super::times::{ClockZone, is_ambiguous};
use crate::error::{excerpt, shortened};

/// What a text says about the clock of its times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SaidZones {
    /// The first two zones whose names mean one clock.
    certain: Vec<String>,
    /// The first that may mean several, like `EST`.
    unclear: Option<String>,
}

impl SaidZones {
    /// Keeps a zone that the text names.
    pub(crate) fn note(&mut self, name: &str) {
        let name = name.trim();
        let is_certain = name.contains('/')
            || name.starts_with(['+', '-'])
            || ["UTC", "GMT", "Z"].contains(&name);
        if !is_certain || name.parse::<ClockZone>().is_err() {
            if !name.is_empty() {
                self.unclear.get_or_insert_with(|| shortened(name));
            }
        } else if self.certain.len() < 2 && self.certain.iter().all(|known| known != name) {
            self.certain.push(name.to_owned());
        }
    }

    /// Whether it names a clock that may not be that of UTC.
    pub(crate) fn are_local(&self) -> bool {
        let utc = |name: &String| ["UTC", "GMT", "Z", "Etc/UTC"].contains(&name.as_str());
        self.unclear.is_some() || !self.certain.iter().all(utc)
    }

    /// The clock of times that name no zone, if the text names one.
    ///
    /// # Errors
    /// What to say if it is not clear which one it is.
    pub(crate) fn clock(&self) -> Result<Option<ClockZone>, String> {
        match (self.certain.as_slice(), &self.unclear) {
            ([one], _) => Ok(one.parse().ok()),
            ([one, other, ..], _) => Err(format!(
                "this document names several time zones, {} and {}, and its times name none; give the rows of each zone a file, or say --zone with the one that holds for all",
                excerpt(one),
                excerpt(other)
            )),
            ([], Some(unclear)) if is_ambiguous(unclear) => Err(format!(
                "this document calls its time zone {}, which may be the time of Chicago or of China; say --zone America/Chicago or --zone Asia/Shanghai",
                excerpt(unclear)
            )),
            ([], Some(unclear)) => {
                let as_it_is = match unclear.parse::<ClockZone>() {
                    Ok(_) => format!(", or --zone {unclear} if it has no summer time"),
                    Err(_) => String::new(),
                };
                Err(format!(
                    "this document calls its time zone {}, which is not clear; say --zone with the place of the clock, like --zone America/New_York{as_it_is}",
                    excerpt(unclear)
                ))
            }
            ([], None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn clock(names: &[&str]) -> String {
        let mut zones = SaidZones::default();
        names.iter().for_each(|name| zones.note(name));
        match zones.clock() {
            Ok(zone) => zone.map_or_else(|| "-".to_owned(), |zone| zone.to_string()),
            Err(message) => message,
        }
    }

    #[test]
    fn a_name_of_a_place_is_the_zone_and_an_abbreviation_is_asked_about() {
        assert_eq!(clock(&[]), "-");
        assert_eq!(
            clock(&["EST", "America/New_York", "America/New_York"]),
            "America/New_York"
        );
        assert_eq!(clock(&["UTC"]), "UTC");
        let unclear = clock(&["EST"]);
        assert!(
            unclear.contains("like --zone America/New_York, or --zone EST if"),
            "{unclear}"
        );
        assert!(clock(&["CST"]).ends_with("say --zone America/Chicago or --zone Asia/Shanghai"));
        assert!(clock(&["Eastern"]).ends_with("--zone America/New_York"));
        let several = clock(&["America/New_York", "Europe/Berlin"]);
        assert!(
            several.contains("\"America/New_York\" and \"Europe/Berlin\""),
            "{several}"
        );
    }
}
