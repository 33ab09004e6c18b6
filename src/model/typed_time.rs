//! Times as people type them: `19 May 2021`, `May 19, 2021 14:00`, `2021/05/19`.
//!
//! What may mean two days is refused with both of them. So is what means another day tomorrow: a
//! command that is kept must ask the same next year.

use jiff::civil::{Date, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Disambiguation;

use crate::error::{Error, excerpt};

/// Dates that name their month, or begin with the year; commas and separators are spaces by then.
const DATES: [&str; 5] = ["%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%Y %m %d"];
const TIMES_OF_DAY: [&str; 4] = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p"];

/// Words that mean another day tomorrow.
const RELATIVE: [&str; 18] = [
    "today",
    "yesterday",
    "tomorrow",
    "now",
    "ago",
    "last",
    "next",
    "this",
    "latest",
    "noon",
    "midnight",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The moment in UTC, in milliseconds since 1970, that a text means, if it is a date whose month and day are certain, alone or
/// with a time of day.
pub(super) fn read(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    let spaced: String = lower.replace(['-', '/', ',', '.'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (date, time) = words.split_at_checked(3)?;
    let date = date.join(" ");
    let date = DATES.iter().find_map(|form| read_date(form, &date))?;
    let time = match time {
        [] => Time::midnight(),
        time => {
            let mut time = time.join(" ");
            if let Some(clock) = time.strip_suffix("utc").or(time.strip_suffix('z')) {
                time = clock.trim_end().to_owned();
            }
            TIMES_OF_DAY
                .iter()
                .find_map(|form| BrokenDownTime::parse(form, &time).ok()?.to_time().ok())?
        }
    };
    utc(date, time)
}

/// The moment of a time with the place of its clock, as RFC 9557 writes it: `2024-07-01T10:00[America/New_York]`.
/// `None` if the clock showed it twice or never, or an offset is said that it did not have.
pub(super) fn in_a_place(text: &str) -> Option<i64> {
    static PARSER: DateTimeParser = DateTimeParser::new().disambiguation(Disambiguation::Reject);
    let moment = PARSER.parse_zoned(text).ok()?;
    Some(moment.timestamp().as_millisecond())
}

fn read_date(form: &str, text: &str) -> Option<Date> {
    // `%Y` also reads 21, which is a year of the first century.
    let year = text
        .split(' ')
        .find(|word| word.len() == 4 && is_number(word));
    year?;
    BrokenDownTime::parse(form, text).ok()?.to_date().ok()
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

fn utc(date: Date, time: Time) -> Option<i64> {
    let moment = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC);
    Some(moment.ok()?.timestamp().as_millisecond())
}

/// Why a text is no time, and what to type instead.
pub(super) fn refusal(text: &str) -> Error {
    let lower = text.trim().to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    if words.any(|word| RELATIVE.contains(&word)) {
        let now = day_of(jiff::Timestamp::now());
        return Error::invalid(format!(
            "expected a date, found {}, which means another one tomorrow; type the date itself, like {now}",
            excerpt(text)
        ));
    }
    let readings = readings(&lower);
    match readings.as_slice() {
        [] => Error::invalid(format!(
            "expected a time like 2021-05-19, \"19 May 2021\", 2021-05-19T12:00 or 2021-05-19T12:00:00Z, found {}",
            excerpt(text)
        )),
        [one] => Error::invalid(format!(
            "expected a date with the year first or the month's name, found {}; type {one}",
            excerpt(text)
        )),
        many => Error::invalid(format!(
            "{} may be {}; type the one that you mean",
            excerpt(text),
            many.join(" or ")
        )),
    }
}

/// The dates that a text like 05/19/21 may mean, with what follows them.
fn readings(text: &str) -> Vec<String> {
    let (date, rest) = text.split_once([' ', 't']).unwrap_or((text, ""));
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let [first, second, year] = parts.as_slice() else {
        return Vec::new();
    };
    let (Ok(first), Ok(second), Ok(short)) = (
        first.parse::<i8>(),
        second.parse::<i8>(),
        year.parse::<i16>(),
    ) else {
        return Vec::new();
    };
    let year = match year.len() {
        4 => short,
        2 if short < 70 => 2000 + short,
        2 => 1900 + short,
        _ => return Vec::new(),
    };
    let mut all: Vec<String> = [(first, second), (second, first)]
        .into_iter()
        .filter_map(|(month, day)| Date::new(year, month, day).ok())
        .map(|date| match rest.trim() {
            "" => date.to_string(),
            time => match read(&format!("{date} {time}")) {
                Some(moment) => typed(moment),
                None => date.to_string(),
            },
        })
        .collect();
    all.dedup();
    all
}

/// A moment as it can be typed.
fn typed(moment: i64) -> String {
    let text = jiff::Timestamp::from_millisecond(moment)
        .unwrap_or_default()
        .to_string();
    let text = text.trim_end_matches('Z');
    text.strip_suffix(":00").unwrap_or(text).to_owned()
}

fn day_of(time: jiff::Timestamp) -> String {
    let text = time.to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crate::model::Timestamp;

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, means) in [
            ("19 May 2021", "2021-05-19T00:00:00Z"),
            ("19-May-2021", "2021-05-19T00:00:00Z"),
            ("May 19, 2021", "2021-05-19T00:00:00Z"),
            ("may 19 2021", "2021-05-19T00:00:00Z"),
            ("September 3, 2021", "2021-09-03T00:00:00Z"),
            ("3 Sep 2021 14:00", "2021-09-03T14:00:00Z"),
            ("May 19, 2021 2:30 PM", "2021-05-19T14:30:00Z"),
            ("19 May 2021, 14:00:05 UTC", "2021-05-19T14:00:05Z"),
            ("2021/05/19", "2021-05-19T00:00:00Z"),
            ("2021.5.9 14:00", "2021-05-09T14:00:00Z"),
            ("2021-05-19", "2021-05-19T00:00:00Z"),
            ("2021-05-19 14:00", "2021-05-19T14:00:00Z"),
            ("2021-05-19T14:00+02:00", "2021-05-19T12:00:00Z"),
            ("2021-05-19T14:00[Europe/Berlin]", "2021-05-19T12:00:00Z"),
            (
                "2021-05-19T14:00+02:00[Europe/Berlin]",
                "2021-05-19T12:00:00Z",
            ),
        ] {
            let read: Timestamp = text.parse().unwrap();
            assert_eq!(read.to_string(), means, "{text}");
        }
    }

    #[test]
    fn what_may_mean_two_days_is_refused_with_what_to_type() {
        let refusal = |text: &str| text.parse::<Timestamp>().unwrap_err().to_string();
        for (text, hints) in [
            ("05/19/21", vec!["type 2021-05-19"]),
            ("5.6.2021", vec!["2021-05-06 or 2021-06-05"]),
            (
                "5.6.2021 14:00",
                vec!["2021-05-06T14:00 or 2021-06-05T14:00"],
            ),
            ("5.5.2021", vec!["type 2021-05-05"]),
            ("5.5.2021 2:30pm", vec!["type 2021-05-05T14:30"]),
            ("05/19/21 14:00:05", vec!["type 2021-05-19T14:00:05"]),
            // A zone is not read there, so the day alone is what can be typed.
            ("05/19/21 2:30 pm est", vec!["type 2021-05-19"]),
            (
                "2021-05-19T14:00+05:00[Europe/Berlin]",
                vec!["expected a time"],
            ),
            ("2021-10-31T02:30[Europe/Berlin]", vec!["expected a time"]),
            ("2021-05-19T14:00[Nowhere]", vec!["expected a time"]),
            ("yesterday", vec!["another one tomorrow", "like 20"]),
            ("last week", vec!["another one tomorrow"]),
            ("3 days ago", vec!["another one tomorrow"]),
            ("May 2021", vec!["\"19 May 2021\""]),
            ("31 June 2021", vec!["\"19 May 2021\""]),
            ("19 May 21", vec!["\"19 May 2021\""]),
            ("2021-05-19 25:00", vec!["\"19 May 2021\""]),
            ("", vec!["\"19 May 2021\""]),
        ] {
            let said = refusal(text);
            for hint in hints {
                assert!(said.contains(hint), "{text}: {said}");
            }
            // What is to be typed is taken.
            let typed = said
                .split_whitespace()
                .filter(|word| word.starts_with("2021-0"));
            for word in typed.map(|word| word.trim_end_matches([';', ','])) {
                assert!(
                    word.parse::<Timestamp>().is_ok() || said.contains("expected a time"),
                    "{word}"
                );
            }
        }
    }
}
