//! Fields that every kind of row has, and why they may be unusable.

use super::numbers::NumberDefect;
use super::report::{DefectKind, RowDefect};
use super::times::{
    DateOrder, TimeDefect, TimeForm, WrittenTime, only_order, parse_time, parse_time_in,
};
use crate::model::{Interval, SeriesKey};

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
pub(crate) fn read_time_in(
    field: &[u8],
    order: Option<DateOrder>,
) -> Result<WrittenTime, RowDefect> {
    parse_time_in(field, order).map_err(|defect| {
        let more = match (defect, only_order(field)) {
            (TimeDefect::DayMonthOrder, Some(DateOrder::DayFirst)) => ", or say --dates day-first",
            (TimeDefect::DayMonthOrder, Some(DateOrder::MonthFirst)) => {
                ", or say --dates month-first"
            }
            (TimeDefect::DayMonthOrder, None) => {
                ", or say --dates day-first or --dates month-first"
            }
            _ => "",
        };
        time_defect(defect, more, field)
    })
}

fn time_defect(defect: TimeDefect, more: &str, field: &[u8]) -> RowDefect {
    let found = format!("{defect}{more}, found {:?}", shown(field));
    match defect {
        TimeDefect::Empty => RowDefect::new(DefectKind::MissingField, defect.to_string()),
        TimeDefect::Implausible => RowDefect::new(DefectKind::ImplausibleTime, found),
        TimeDefect::Unreadable
        | TimeDefect::DayMonthOrder
        | TimeDefect::UnknownZone
        | TimeDefect::TwiceOrNever => RowDefect::new(DefectKind::Unparsable, found),
    }
}

/// Whether a symbol can be part of a series' name.
pub(crate) fn check_symbol(symbol: &str) -> Result<(), RowDefect> {
    let key = SeriesKey::new("market", "venue", symbol, Interval::days(1));
    key.map(|_| ())
        .map_err(|e| RowDefect::new(DefectKind::BadName, e.to_string()))
}

/// The defect of a row whose time is written in another form than most of the file's rows.
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
