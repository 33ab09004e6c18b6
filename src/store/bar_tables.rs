//! The tables of bars, open in one transaction.

use redb::ReadOnlyTable;

use super::calls::ReadTable;
use super::overlaid::OverlaidTable;
use super::records::SeriesId;

/// The bars that wait for a block.
pub(super) type ReadTail =
    OverlaidTable<ReadOnlyTable<(SeriesId, i64), [f64; 5]>, (SeriesId, i64), [f64; 5]>;

/// The tables of bars as one transaction sees them.
pub(super) struct BarTables {
    pub(super) tail: ReadTail,
    pub(super) blocks: ReadTable<(SeriesId, i64), &'static [u8]>,
}
