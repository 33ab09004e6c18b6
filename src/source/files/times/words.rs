//! Times in which a month has its English name, in whatever order newspapers, mails and programs write the parts.
//!
//! `Mon, 01 Jan 2024 09:30:00 GMT` (RFC 2822), `Wed Aug 27 13:08:45 +0000 2008`, `7:51 PM ET Fri, 17 July 2020`,
//! `Jan 31, 2024 at 9:30 p.m. EST`, `22-Apr-24`: the parts tell what they are. A month and a weekday have
//! names, a time of day has a colon or AM or PM, a year has four digits or comes after the day, and
//! what is left is a zone. The weekday is not compared with the date, which names it already.

use super::digits::{Text, days_of, full_year};
use super::forms::TimeForm;
use super::written::{DAY_MS, TimeDefect, WrittenTime};
use super::zones::{Zone, is_ambiguous};
use crate::model::TimePrecision;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Words that say nothing.
const FILLERS: [&str; 6] = ["at", "on", "of", "published", "posted", "updated"];

/// Reads a time whose month has its name.
///
/// `has_zone`: the caller says the clock of times that name no zone.
pub(super) fn parse(field: &[u8], has_zone: bool) -> Result<WrittenTime, TimeDefect> {
    let text = std::str::from_utf8(field).map_err(|_| TimeDefect::Unreadable)?;
    // A name behind an offset, as programs of the web write it: `GMT+0100 (Central European Time)`.
    let text = text.split_once('(').map_or(text, |(time, _)| time);
    let mut parts = Parts {
        has_zone,
        ..Parts::default()
    };
    let blank = |c: char| c.is_whitespace() || c == ',';
    for word in text.split(blank).filter(|word| !word.is_empty()) {
        parts.take(word)?;
    }
    parts.time()
}

/// What the words of a time said so far.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    /// Milliseconds since midnight.
    clock: Option<(i64, TimePrecision)>,
    /// An hour from 1 to 12 whose AM or PM is the next word.
    half_to_come: Option<String>,
    zone: Option<Zone>,
    /// The caller says the clock of times that name no zone.
    has_zone: bool,
}

impl Parts {
    fn take(&mut self, word: &str) -> Result<(), TimeDefect> {
        let plain = word.trim_end_matches(['.', ':']);
        if FILLERS
            .iter()
            .any(|filler| plain.eq_ignore_ascii_case(filler))
        {
            return Ok(());
        }
        if let Some(clock) = self.half_to_come.take() {
            if is_half(word) {
                return self.take_clock(&format!("{clock} {word}"));
            }
            self.take_clock(&clock)?;
        }
        if number_of(&WEEKDAYS, plain).is_some() {
            return Ok(());
        }
        if let Some(month) = number_of(&MONTHS, plain) {
            return set(&mut self.month, month);
        }
        let begins_with_digit = word.starts_with(|c: char| c.is_ascii_digit());
        if begins_with_digit && word.contains(':') {
            return self.take_date_and_clock(word);
        }
        let named = |part: &str| number_of(&MONTHS, part).is_some();
        if word.split(['-', '/', '.']).any(named) {
            return word
                .split(['-', '/', '.'])
                .try_for_each(|part| self.take(part));
        }
        match word
            .trim_start_matches('\'')
            .bytes()
            .all(|b| b.is_ascii_digit())
        {
            true => self.take_number(word.trim_start_matches('\'')),
            false if begins_with_digit => self.take_numbered(word),
            false => self.take_zone(word),
        }
    }

    /// `2024` is a year; `31` is the day and, after it, `24` the year; `0930` is a time of day once the
    /// year is known, and so may be `7` if `PM` follows.
    fn take_number(&mut self, digits: &str) -> Result<(), TimeDefect> {
        let number: i64 = digits.parse().map_err(|_| TimeDefect::Unreadable)?;
        match (digits.len(), self.year, self.day) {
            (4, None, _) => set(&mut self.year, number),
            (1 | 2, _, None) => set(&mut self.day, number),
            (2, None, Some(_)) => set(&mut self.year, full_year(number)),
            (1 | 2, Some(_), Some(_)) => {
                self.half_to_come = Some(digits.to_owned());
                Ok(())
            }
            (3..=6, Some(_), Some(_)) => self.take_clock(digits),
            _ => Err(TimeDefect::Unreadable),
        }
    }

    /// `1st`, `22nd` or `7PM`.
    fn take_numbered(&mut self, word: &str) -> Result<(), TimeDefect> {
        let end = word
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(word.len());
        let (digits, rest) = word.split_at(end);
        let ordinal = ["st", "nd", "rd", "th"];
        if ordinal.iter().any(|o| rest.eq_ignore_ascii_case(o)) && digits.len() < 3 {
            return set(
                &mut self.day,
                digits.parse().map_err(|_| TimeDefect::Unreadable)?,
            );
        }
        match is_half(rest) {
            true => self.take_clock(word),
            false => Err(TimeDefect::Unreadable),
        }
    }

    /// `9:30`, `09:30:00Z`, `9:30PM`, or `2024T09:30` as the end of `08-Jan-2024T09:30`.
    fn take_date_and_clock(&mut self, word: &str) -> Result<(), TimeDefect> {
        let Some((date, clock)) = word.split_once(['T', 't']) else {
            // Whether AM or PM follows is not known yet.
            let alone = word.bytes().all(|b| b.is_ascii_digit() || b == b':');
            if alone && self.clock.is_none() {
                self.half_to_come = Some(word.to_owned());
                return Ok(());
            }
            return self.take_clock(word);
        };
        for part in date.split(['-', '/', '.']) {
            self.take(part)?;
        }
        self.take_clock(clock)
    }

    fn take_clock(&mut self, text: &str) -> Result<(), TimeDefect> {
        let mut rest = Text(text.as_bytes());
        let clock = rest.time_of_day().ok_or(TimeDefect::Unreadable)?;
        set(&mut self.clock, clock)?;
        match rest.0 {
            b"" => Ok(()),
            zone => self.take_zone(&String::from_utf8_lossy(zone)),
        }
    }

    /// A zone; of an offset and its name, as in `-0500 EST`, the first counts.
    fn take_zone(&mut self, word: &str) -> Result<(), TimeDefect> {
        if self.clock.is_none() && self.half_to_come.is_none() {
            return Err(TimeDefect::Unreadable);
        }
        if self.has_zone && is_ambiguous(word) {
            return Ok(());
        }
        let zone = match &self.zone {
            Some(Zone::Fixed(_)) if is_ambiguous(word) => return Ok(()),
            _ => Zone::parse(word)?,
        };
        match (&self.zone, &zone) {
            (None, _) => self.zone = Some(zone),
            (Some(Zone::Fixed(_)), _) => {}
            (Some(Zone::Place(_)), _) => return Err(TimeDefect::UnknownZone),
        }
        Ok(())
    }

    fn time(mut self) -> Result<WrittenTime, TimeDefect> {
        if let Some(clock) = self.half_to_come.take() {
            self.take_clock(&clock)?;
        }
        let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) else {
            return Err(TimeDefect::Unreadable);
        };
        let days = days_of(year, month, day).ok_or(TimeDefect::Implausible)?;
        let (clock, precision) = self.clock.unwrap_or((0, TimePrecision::Day));
        let local = days * DAY_MS + clock;
        let form = match self.zone {
            None => TimeForm::Naive,
            Some(zone) => TimeForm::Text {
                offset_minutes: zone.offset_at(local)?,
            },
        };
        Ok(WrittenTime {
            local,
            form,
            precision,
        })
    }
}

/// Sets a part of a time that must come once.
fn set<T>(part: &mut Option<T>, value: T) -> Result<(), TimeDefect> {
    match part.replace(value) {
        None => Ok(()),
        Some(_) => Err(TimeDefect::Unreadable),
    }
}

/// The number from 1 of a name, which may be cut to three or four letters: `Tue`, `Tues`, `Sept`.
fn number_of(names: &[&str], word: &str) -> Option<i64> {
    let begins = |name: &&str| {
        let start = name.get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    if !matches!(word.len(), 3 | 4) {
        let at = names.iter().position(|n| n.eq_ignore_ascii_case(word));
        return i64::try_from(at? + 1).ok();
    }
    let at = names.iter().position(begins);
    i64::try_from(at? + 1).ok()
}

fn is_half(word: &str) -> bool {
    let halves = ["am", "pm", "a.m.", "p.m.", "a.m", "p.m"];
    halves.iter().any(|half| word.eq_ignore_ascii_case(half))
}
