//! The offsets of a zone, looked up once a day.

use jiff::tz::{AmbiguousOffset, TimeZone};

use super::written::DAY_MS;
#[cfg(feature = "parquet")]
use super::zones::Zone;
use super::zones::date_time;
#[cfg(feature = "parquet")]
use crate::model::Timestamp;

/// How often the clocks of a zone show a time, and their offset in milliseconds then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showing {
    Once(i64),
    Twice { first: i64, second: i64 },
    Never,
}

/// The offsets of a zone, remembered for the day that was asked for last.
pub(super) struct Days<'a> {
    zone: &'a TimeZone,
    day: i64,
    /// The offset of all of that day, unless it changes.
    offset: Option<i64>,
}

impl<'a> Days<'a> {
    pub(super) fn new(zone: &'a TimeZone) -> Self {
        Self {
            zone,
            day: i64::MIN,
            offset: None,
        }
    }

    pub(super) fn offset_of_local(&mut self, local: i64) -> Showing {
        if let Some(offset) = self.of_day(local) {
            return Showing::Once(offset);
        }
        let Some(clock) = date_time(local) else {
            return Showing::Never;
        };
        let ms = |offset: jiff::tz::Offset| i64::from(offset.seconds()) * 1_000;
        match self.zone.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Unambiguous { offset } => Showing::Once(ms(offset)),
            AmbiguousOffset::Gap { .. } => Showing::Never,
            AmbiguousOffset::Fold { before, after } => Showing::Twice {
                first: ms(before),
                second: ms(after),
            },
        }
    }

    pub(super) fn offset_of_utc(&mut self, utc: i64) -> i64 {
        match self.of_day(utc) {
            Some(offset) => offset,
            None => self.at(utc).unwrap_or_default(),
        }
    }

    /// The offset if it is the same from two days before the day to two days after it: local times and
    /// UTC are less than two days apart.
    fn of_day(&mut self, time: i64) -> Option<i64> {
        let day = time.div_euclid(DAY_MS);
        if day != self.day {
            self.day = day;
            let (start, end) = ((day - 2) * DAY_MS, (day + 3) * DAY_MS);
            let next = jiff::Timestamp::from_millisecond(start).ok();
            let next = next.and_then(|start| self.zone.following(start).next());
            let changes = next.is_some_and(|change| change.timestamp().as_millisecond() < end);
            self.offset = if changes { None } else { self.at(start) };
        }
        self.offset
    }

    fn at(&self, utc: i64) -> Option<i64> {
        let moment = jiff::Timestamp::from_millisecond(utc).ok()?;
        Some(i64::from(self.zone.to_offset(moment).seconds()) * 1_000)
    }
}

/// Moments as the clock of a zone shows them, with its offset.
#[cfg(feature = "parquet")]
pub(crate) struct ZoneText {
    zone: Option<Zone>,
    /// The day that was shown last, and the offset of all of it.
    day: Option<(i64, i64)>,
}

#[cfg(feature = "parquet")]
impl ZoneText {
    /// The clock of a zone; one that is not known is UTC, which is the same moment. Programs mean the time zone
    /// database where people mean winter: its `CET` has summer time.
    pub(crate) fn of(zone: &str) -> Self {
        let place = TimeZone::get(zone).ok().map(Zone::Place);
        Self {
            zone: place.or_else(|| Zone::parse(zone).ok()),
            day: None,
        }
    }

    /// `2024-01-02T00:00:00-05:00`.
    pub(crate) fn show(&mut self, utc: i64) -> String {
        const MINUTE: i64 = 60_000;
        let offset = self.offset(utc);
        if offset == 0 || offset % MINUTE != 0 {
            return Timestamp::from_millis(utc).to_string();
        }
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / MINUTE);
        let clock = naive(utc + offset);
        format!("{clock}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    fn offset(&mut self, utc: i64) -> i64 {
        let place = match &self.zone {
            None => return 0,
            Some(Zone::Fixed(minutes)) => return minutes * 60_000,
            Some(Zone::Place(place)) => place,
        };
        let day = utc.div_euclid(DAY_MS);
        match self.day {
            Some((known, offset)) if known == day => offset,
            _ => {
                let mut days = Days::new(place);
                let whole = days.of_day(utc);
                self.day = whole.map(|offset| (day, offset));
                days.offset_of_utc(utc)
            }
        }
    }
}

/// A clock that says no zone.
#[cfg(feature = "parquet")]
pub(crate) fn naive(local: i64) -> String {
    let mut text = Timestamp::from_millis(local).to_string();
    if text.ends_with('Z') {
        text.pop();
    }
    text
}

#[cfg(all(test, feature = "parquet"))]
mod tests {
    use super::*;

    #[test]
    fn names_in_files_of_columns_are_those_of_the_database() {
        // 2024-07-02T10:00:00Z
        let summer = 1_719_914_400_000;
        for (zone, expected) in [
            ("CET", "2024-07-02T12:00:00+02:00"),
            ("Europe/Berlin", "2024-07-02T12:00:00+02:00"),
            ("+01:00", "2024-07-02T11:00:00+01:00"),
            ("UTC", "2024-07-02T10:00:00Z"),
            ("Nowhere", "2024-07-02T10:00:00Z"),
        ] {
            assert_eq!(ZoneText::of(zone).show(summer), expected, "{zone}");
        }
    }
}
