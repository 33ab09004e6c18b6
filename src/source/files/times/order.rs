//! What a caller says about dates that could be read in several ways.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, excerpt};

/// Which comes first in dates like `31/01/2024`, or that times are days of Excel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Day, month, year: `31/01/2024`, `31.1.24`.
    DayFirst,
    /// Month, day, year: `01/31/2024`, `1/31/24`.
    MonthFirst,
    /// Year, month, day, also with two digits of the year or without separators: `24/01/31`, `202401310930`.
    YearFirst,
    /// Days since the end of 1899 as Excel stores them, with the time of day as a fraction: `45322.5`.
    Excel,
}

/// What a caller says about the times of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SaidOfTimes {
    pub(crate) order: Option<DateOrder>,
    /// Whether the clock of times that name no zone is said. `CST`, which is several zones, is read as that clock.
    pub(crate) has_zone: bool,
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayFirst => "day-first",
            Self::MonthFirst => "month-first",
            Self::YearFirst => "year-first",
            Self::Excel => "excel",
        })
    }
}

impl FromStr for DateOrder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "day-first" => Ok(Self::DayFirst),
            "month-first" => Ok(Self::MonthFirst),
            "year-first" => Ok(Self::YearFirst),
            "excel" => Ok(Self::Excel),
            _ => Err(Error::invalid(format!(
                "expected the order of dates day-first, month-first or year-first, or excel, found {}",
                excerpt(text)
            ))),
        }
    }
}
