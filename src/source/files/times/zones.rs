//! Zones: offsets, abbreviations that mean one offset, and names of the time zone database.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::written::TimeDefect;
use crate::error::{Error, excerpt};

/// Abbreviations and their offsets in minutes. `CET` and its like are the time of winter, as `CEST` is that of
/// summer, though the time zone database has clocks of these names. IST, which is three zones, is none.
const ABBREVIATIONS: [(&str, i64); 36] = [
    ("Z", 0),
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("BST", 60),
    ("WET", 0),
    ("CET", 60),
    ("MET", 60),
    ("EET", 120),
    ("WEST", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MESZ", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("HKT", 480),
    ("SGT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("ACDT", 630),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// What newspapers call clocks that change between summer and winter.
const CLOCKS: [(&str, &str); 4] = [
    ("ET", "America/New_York"),
    ("CT", "America/Chicago"),
    ("MT", "America/Denver"),
    ("PT", "America/Los_Angeles"),
];

/// The zone behind a time.
#[derive(Clone, Debug)]
pub(super) enum Zone {
    /// Minutes ahead of UTC.
    Fixed(i64),
    /// A place, whose clocks may change.
    Place(TimeZone),
}

impl Zone {
    /// Reads `UTC`, `+02:00`, `GMT+0100`, `EDT`, `ET` or `America/New_York`; behind an offset may
    /// stand its name, as in `-0500 EST` or `+01:00[Europe/Berlin]`.
    pub(super) fn parse(text: &str) -> Result<Self, TimeDefect> {
        let text = text.trim();
        let text = text.split_once('(').map_or(text, |(zone, _)| zone.trim());
        if let Some(minutes) = of_abbreviation(text) {
            return Ok(Self::Fixed(minutes));
        }
        let signed = |t: &str| t.starts_with(['+', '-']);
        let behind = text.get(..3).filter(|start| {
            let name = start.eq_ignore_ascii_case("GMT") || start.eq_ignore_ascii_case("UTC");
            name && text.get(3..).is_some_and(signed)
        });
        if behind.is_some() || signed(text) {
            let offset = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let minutes = offset_with_name(offset, behind.is_some());
            return minutes.map(Self::Fixed).ok_or(TimeDefect::UnknownZone);
        }
        if is_ambiguous(text) {
            return Err(TimeDefect::AmbiguousZone);
        }
        let clock = CLOCKS.iter().find(|(name, _)| *name == text);
        let name = clock.map_or(text, |(_, name)| *name);
        let place = TimeZone::get(name).map_err(|_| TimeDefect::UnknownZone)?;
        Ok(Self::Place(place))
    }

    /// Minutes ahead of UTC when the clocks of the zone show `local`.
    pub(super) fn offset_at(&self, local: i64) -> Result<i64, TimeDefect> {
        let zone = match self {
            Self::Fixed(minutes) => return Ok(*minutes),
            Self::Place(zone) => zone,
        };
        let clock = date_time(local).ok_or(TimeDefect::Implausible)?;
        let moment = zone.to_ambiguous_timestamp(clock).unambiguous();
        let moment = moment.map_err(|_| TimeDefect::TwiceOrNever)?;
        // A few were no whole minutes, the last one until 1972.
        match local - moment.as_millisecond() {
            offset if offset % 60_000 == 0 => Ok(offset / 60_000),
            _ => Err(TimeDefect::UnknownZone),
        }
    }
}

/// Milliseconds on a clock as a date and time.
pub(super) fn date_time(local: i64) -> Option<DateTime> {
    let clock = jiff::Timestamp::from_millisecond(local).ok()?;
    Some(TimeZone::UTC.to_datetime(clock))
}

/// Whether this is `CST`: the time of Chicago in winter, and that of China.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("CST")
}

/// The offset of an abbreviation, whatever its case.
pub(super) fn of_abbreviation(text: &str) -> Option<i64> {
    let known = ABBREVIATIONS.iter();
    let mut fits = known.filter(|(name, _)| name.eq_ignore_ascii_case(text));
    fits.next().map(|(_, minutes)| *minutes)
}

/// `+02:00`, `-0500` or `+02`, and the name that may follow it; `+2` only behind `GMT` or `UTC`.
fn offset_with_name(text: &str, one_digit: bool) -> Option<i64> {
    let (sign, rest) = text.split_at_checked(1)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (hours, rest) = rest.split_at_checked(digits.min(2))?;
    let (minutes, rest) = match rest.strip_prefix(':') {
        Some(rest) => rest.split_at_checked(2)?,
        None if digits > 2 => rest.split_at_checked(2)?,
        None => ("00", rest),
    };
    let least = if one_digit { 1 } else { 2 };
    let name = rest.trim_start();
    let named = rest.is_empty() || name.len() < rest.len() || name.starts_with('[');
    let known = |c: char| c.is_ascii_alphanumeric() || "/_+-[]".contains(c);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if hours.len() < least || !digits(minutes) || !named || !name.chars().all(known) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let whole = hours * 60 + minutes;
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -whole } else { whole })
}

/// The clock that times without a zone were written with: a name like `Europe/Berlin`, an offset like
/// `-05:00`, or an abbreviation like `EST`, which never changes to summer time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockZone {
    name: String,
    zone: TimeZone,
}

impl ClockZone {
    /// The zone as jiff knows it.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl fmt::Display for ClockZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for ClockZone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || {
            Error::invalid(format!(
                "expected a zone like Europe/Berlin, America/New_York, EST or +02:00, found {}",
                excerpt(text)
            ))
        };
        let refusal = |defect| match defect {
            TimeDefect::AmbiguousZone => Error::invalid(
                "the zone CST may be the time of Chicago or of China; say America/Chicago or Asia/Shanghai",
            ),
            _ => unknown(),
        };
        let zone = match Zone::parse(text).map_err(refusal)? {
            Zone::Place(zone) => zone,
            Zone::Fixed(minutes) => {
                let seconds = i32::try_from(minutes * 60).map_err(|_| unknown())?;
                let offset = jiff::tz::Offset::from_seconds(seconds).map_err(|_| unknown())?;
                TimeZone::fixed(offset)
            }
        };
        Ok(Self {
            name: text.trim().to_owned(),
            zone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(text: &str) -> Option<i64> {
        match Zone::parse(text) {
            Ok(Zone::Fixed(minutes)) => Some(minutes),
            _ => None,
        }
    }

    #[test]
    fn offsets_and_abbreviations_are_minutes() {
        for (text, expected) in [
            ("Z", Some(0)),
            ("gmt", Some(0)),
            ("EST", Some(-300)),
            ("EDT", Some(-240)),
            ("CDT", Some(-300)),
            ("PDT", Some(-420)),
            ("BST", Some(60)),
            ("CEST", Some(120)),
            ("CET", Some(60)),
            ("met", Some(60)),
            ("EET", Some(120)),
            ("WET", Some(0)),
            ("CST", None),
            ("-0600 CST", Some(-360)),
            ("GMT+0100", Some(60)),
            ("GMT-5", Some(-300)),
            ("UTC+05:30", Some(330)),
            ("GMT+0100 (Central European Standard Time)", Some(60)),
            ("+0000 UTC", Some(0)),
            ("-0500 EST", Some(-300)),
            ("+01:00[Europe/Berlin]", Some(60)),
            ("-05", Some(-300)),
            ("-5", None),
            ("+0100Berlin", None),
            ("+25:00", None),
            ("+01:", None),
            ("+01:0", None),
            ("IST", None),
            ("GMT+", None),
        ] {
            assert_eq!(offset(text), expected, "{text}");
        }
    }

    #[test]
    fn clocks_of_newspapers_change_in_summer() {
        let eastern = Zone::parse("ET");
        let at = |local: i64| eastern.as_ref().ok()?.offset_at(local).ok();
        // 2024-01-15 and 2024-07-15, noon.
        assert_eq!(at(1_705_320_000_000), Some(-300));
        assert_eq!(at(1_721_044_800_000), Some(-240));
    }

    #[test]
    fn a_clock_has_a_zone_that_exists() {
        for good in ["Europe/Berlin", "EST", "-05:00", "GMT+2", "ET"] {
            assert!(
                good.parse::<ClockZone>()
                    .is_ok_and(|z| z.to_string() == good)
            );
        }
        let refused = "CST".parse::<ClockZone>().err().map(|e| e.to_string());
        assert!(refused.is_some_and(|e| e.contains("say America/Chicago or Asia/Shanghai")));
        for bad in ["", "Berlin", "+99:00", "IST"] {
            let refused = bad.parse::<ClockZone>().err().map(|e| e.to_string());
            assert!(
                refused.is_some_and(|e| e.contains("expected a zone")),
                "{bad}"
            );
        }
    }
}
