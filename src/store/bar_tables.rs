//! The tables of bars, open in one transaction.

use super::calls::ReadTable;
use super::records::SeriesId;

/// The tables of bars as one transaction sees them.
pub(super) struct BarTables {
    pub(super) tail: ReadTable<(SeriesId, i64), [f64; 5]>,
    pub(super) blocks: ReadTable<(SeriesId, i64), &'static [u8]>,
}
