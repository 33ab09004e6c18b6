use std::fmt::{Debug, Display};
use std::str::FromStr;

use super::input::check_refusal;
use crate::error::Error;
use crate::model::{Calendar, Interval, SeriesKey, Target, TimePrecision, Timestamp};
use crate::source::{OnError, parse_map};

/// What people type: targets, series, times, intervals and maps of columns.
pub fn grammar(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check::<Target>(&text);
    check::<SeriesKey>(&text);
    check::<Timestamp>(&text);
    check::<Interval>(&text);
    check::<Calendar>(&text);
    check::<TimePrecision>(&text);
    if let Err(error) = text.parse::<OnError>() {
        check_refusal(&error);
    }
    match parse_map(&text) {
        Ok(map) => {
            let parts: Vec<String> = map
                .iter()
                .map(|m| format!("{}={}", m.field, m.column))
                .collect();
            assert_eq!(parse_map(&parts.join(",")).unwrap(), map);
        }
        Err(error) => check_refusal(&error),
    }
}

/// What was understood can be written, and means the same then.
fn check<T>(text: &str)
where
    T: FromStr<Err = Error> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(value) => {
            let written = value.to_string();
            assert_eq!(written.parse::<T>().ok(), Some(value), "{written:?}");
        }
        Err(error) => check_refusal(&error),
    }
}
