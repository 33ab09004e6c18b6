//! Times as Excel stores them: days, with the time of day as a fraction.

use super::forms::TimeForm;
use super::order::DateOrder;
use super::written::{DAY_MS, TimeDefect, WrittenTime};
use crate::model::TimePrecision;

/// The days of Excel from 1900-03-01, where its calendar becomes right, to 2099-12-31.
const EXCEL_DAYS: std::ops::Range<f64> = 61.0..73_051.0;
/// Those that are worth a hint: 1954 to 2064.
const LIKELY_EXCEL_DAYS: std::ops::Range<f64> = 20_000.0..60_000.0;
/// 1899-12-30, where they begin, in days since 1970.
const EXCEL_START: i64 = -25_569;

/// A number that is too small for a time since 1970: a day of Excel, if the caller says so.
pub(super) fn excel_time(days: f64, order: Option<DateOrder>) -> Result<WrittenTime, TimeDefect> {
    if order != Some(DateOrder::Excel) {
        return Err(match LIKELY_EXCEL_DAYS.contains(&days) {
            true => TimeDefect::MaybeExcel,
            false => TimeDefect::Implausible,
        });
    }
    if !EXCEL_DAYS.contains(&days) {
        return Err(TimeDefect::Implausible);
    }
    // Whole seconds: a fraction of a day in decimals is not exact.
    let seconds = (days * 86_400.0).round() as i64;
    Ok(WrittenTime {
        local: seconds * 1_000 + EXCEL_START * DAY_MS,
        form: TimeForm::Naive,
        precision: match seconds % 86_400 {
            0 => TimePrecision::Day,
            _ => TimePrecision::Second,
        },
    })
}
