//! The keys of the tables that are laid over, as one type.

use redb::{Key, Value};
use serde::{Deserialize, Serialize};

/// A key of any of these tables. It sorts as the table's own key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct EntryKey {
    /// 0 where the table has no space.
    pub(super) space: u32,
    pub(super) series: u32,
    /// 0 where the table has no time.
    pub(super) time: i64,
}

impl EntryKey {
    pub(super) const MIN: Self = Self {
        space: 0,
        series: 0,
        time: i64::MIN,
    };
    pub(super) const MAX: Self = Self {
        space: u32::MAX,
        series: u32::MAX,
        time: i64::MAX,
    };
}

/// The key of a table that is laid over.
pub(crate) trait OverlayKey:
    Key + for<'a> Value<SelfType<'a> = Self> + Copy + Ord + 'static
{
    fn entry(self) -> EntryKey;
    fn of(entry: EntryKey) -> Self;
}

impl OverlayKey for u32 {
    fn entry(self) -> EntryKey {
        EntryKey {
            space: 0,
            series: self,
            time: 0,
        }
    }

    fn of(entry: EntryKey) -> Self {
        entry.series
    }
}

impl OverlayKey for (u32, i64) {
    fn entry(self) -> EntryKey {
        EntryKey {
            space: 0,
            series: self.0,
            time: self.1,
        }
    }

    fn of(entry: EntryKey) -> Self {
        (entry.series, entry.time)
    }
}

impl OverlayKey for (u32, u32, i64) {
    fn entry(self) -> EntryKey {
        EntryKey {
            space: self.0,
            series: self.1,
            time: self.2,
        }
    }

    fn of(entry: EntryKey) -> Self {
        (entry.space, entry.series, entry.time)
    }
}
