//! How files of bars are read.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::super::column_map::MappedColumn;
use super::super::input_report::OnError;
use super::super::times::{ClockZone, DateOrder, SaidOfTimes};
use super::naming::named_by_path;
use super::overlap::OnConflict;
use super::stamps::TimeOf;
use crate::model::{Calendar, Interval};

/// What the caller knows about a file of bars. What is said here wins over the file's content,
/// and that over its path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarOptions {
    /// The kind of market; by default from the folders or a well-known venue, else from the symbol,
    /// the columns or the days of the bars.
    pub market: Option<String>,
    /// The exchange or data source; by default from the folders, else `default`.
    pub venue: Option<String>,
    /// The symbol; by default from a column, else from the file's name or its folder in upper case.
    pub symbol: Option<String>,
    /// The length of a bar; by default from the file's name, else the most frequent spacing.
    pub interval: Option<Interval>,
    /// Whether the market ever closes; by default as usual for the market.
    pub calendar: Option<Calendar>,
    /// Which column is which, as [`crate::source::files::parse_map`] reads them; by default by name.
    pub map: Vec<MappedColumn>,
    /// The order of day and month in dates like `31/01/2024`; by default such dates are refused.
    pub dates: Option<DateOrder>,
    /// The clock of times that name no zone; by default UTC. Daily bars whose times are all midnights of
    /// this clock become dates at 00:00 UTC where the market has sessions.
    pub zone: Option<ClockZone>,
    /// Which moment of a bar its time is; by default its open, and the report says so where the file looks
    /// like one of closes.
    pub time_of: Option<TimeOf>,
    /// Whether low..high is widened where open or close lies outside of it, and counted; by default such
    /// bars are defects.
    pub widen: bool,
    /// Whether prices are scaled by a column of adjusted closes: open, high, low and close by adjusted
    /// close / close. By default the column is not used, and the report says so where it differs.
    pub adjusted: bool,
    /// Whether prices are written like `1,5`; by default a comma is refused.
    pub decimal_comma: bool,
    /// What to do with rows that cannot be stored; by default refuse their series.
    pub on_error: OnError,
    /// What to do if members of a zip file contradict each other about a bar; by default refuse the
    /// series.
    pub on_conflict: OnConflict,
    /// What to multiply prices with, as 0.0001 where a source writes them as whole numbers.
    pub scale: Option<f64>,
    /// Whether the path says nothing of the series, as that of a temporary file. Names of members inside of a
    /// zip file still do.
    pub nameless: bool,
}

impl BarOptions {
    /// A hash of how a file of this path is read: with these options, with the names that its path
    /// suggests, and by this version of the library, since another one may read the same file otherwise.
    pub fn hash_of_reading(&self, path: &Path) -> u64 {
        let named = named_by_path(path);
        let text = format!("{} {self:?} {named}", env!("CARGO_PKG_VERSION"));
        xxh3_64(text.as_bytes())
    }

    pub(super) fn said_of_times(&self) -> SaidOfTimes {
        SaidOfTimes {
            order: self.dates,
            has_zone: self.zone.is_some(),
        }
    }
}
