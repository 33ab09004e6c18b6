//! Fields that every kind of row has, and why they may be unusable.

use super::input_report::{DefectKind, RowDefect};
use super::numbers::NumberDefect;
use super::times::{
    ClockZone, SaidOfTimes, TimeDefect, TimeForm, WrittenTime, parse_time, parse_time_in,
    possible_orders,
};
use crate::error::shortened;
use crate::model::{Interval, SeriesKey, Timestamp};

/// The beginning of a field, for a message.
pub(crate) fn shown(field: &[u8]) -> String {
    let beginning = field.get(..40).unwrap_or(field);
    String::from_utf8_lossy(beginning).into_owned()
}

/// Reads the field of a time, or says why it is none.
pub(crate) fn read_time(field: &[u8]) -> Result<WrittenTime, RowDefect> {
    parse_time(field).map_err(|defect| time_defect(defect, "", field))
}

/// As [`read_time`], with dates like `31/01/2024` in the order that `--dates` gives.
pub(crate) fn read_time_in(field: &[u8], said: SaidOfTimes) -> Result<WrittenTime, RowDefect> {
    parse_time_in(field, said).map_err(|defect| match defect {
        TimeDefect::DayMonthOrder => time_defect(defect, &orders_to_say(field), field),
        _ => time_defect(defect, "", field),
    })
}

/// The options that make a date of this field.
fn orders_to_say(field: &[u8]) -> String {
    let orders = possible_orders(field);
    let options = orders.iter().map(|order| format!("--dates {order}"));
    match options.collect::<Vec<_>>().join(" or ") {
        none if none.is_empty() => none,
        options => format!(", or say {options}"),
    }
}

fn time_defect(defect: TimeDefect, more: &str, field: &[u8]) -> RowDefect {
    let found = format!("{defect}{more}, found {:?}", shown(field));
    match defect {
        TimeDefect::Empty => RowDefect::new(DefectKind::MissingField, defect.to_string()),
        TimeDefect::Implausible | TimeDefect::MaybeExcel => {
            RowDefect::new(DefectKind::ImplausibleTime, found)
        }
        TimeDefect::TwiceOrNever => RowDefect::new(DefectKind::UnclearTime, found),
        TimeDefect::Unreadable
        | TimeDefect::DayMonthOrder
        | TimeDefect::CompactOrMillis
        | TimeDefect::CompactOrSeconds
        | TimeDefect::AmbiguousZone
        | TimeDefect::UnknownZone => RowDefect::new(DefectKind::Unparsable, found),
    }
}

/// Whether a symbol can be part of a series' name.
pub(crate) fn check_symbol(symbol: &str) -> Result<(), RowDefect> {
    let key = SeriesKey::new("market", "venue", symbol, Interval::days(1));
    key.map(|_| ())
        .map_err(|e| RowDefect::new(DefectKind::BadName, e.to_string()))
}

/// The defect of a row whose time the clocks of the caller's zone showed twice or never.
pub(crate) fn unclear_time(zone: &ClockZone, local: i64) -> RowDefect {
    let clock = Timestamp::from_millis(local).to_string();
    let message = format!(
        "the clocks of {zone} showed {} twice or never, and the order of the rows does not tell which it is; write the time in UTC or with an offset",
        clock.trim_end_matches('Z')
    );
    RowDefect::new(DefectKind::UnclearTime, message)
}

/// What to say of a column whose name says that its times are of a local clock, which nobody named.
pub(crate) fn no_zone(column: &str) -> String {
    format!(
        "the column {} holds times of a local clock that is not said; say it, for example --zone Europe/Berlin, or --zone UTC",
        shortened(column)
    )
}

/// The defect of a row whose time is a number where most of the file's rows have text, or the reverse.
pub(crate) fn wrong_unit(expected: TimeForm, found: TimeForm) -> RowDefect {
    let message = format!("expected the time in {expected} like most rows, found {found}");
    RowDefect::new(DefectKind::WrongUnit, message)
}

/// The defect of a row whose field of that name holds no number.
pub(crate) fn number_defect(defect: NumberDefect, name: &'static str, field: &[u8]) -> RowDefect {
    if defect == NumberDefect::Empty {
        return RowDefect::new(DefectKind::MissingField, format!("the {name} is empty"));
    }
    let found = shown(field);
    let message = format!("expected a number for the {name}, found {found:?}{defect}");
    RowDefect::new(DefectKind::Unparsable, message)
}
