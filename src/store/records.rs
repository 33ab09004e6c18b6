use std::path::Path;

use serde::{Deserialize, Serialize};

use super::codec;
use crate::error::{Error, Result};
use crate::model::{Calendar, SeriesKey, Space};

/// The number of a series in a catalog.
pub(crate) type SeriesId = u32;
/// The number of a space in a catalog.
pub(crate) type SpaceId = u32;
/// The number of a segment in a catalog; never used twice.
pub(crate) type SegmentId = u64;

/// A series as the catalog knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeriesRecord {
    pub(crate) key: SeriesKey,
    pub(crate) calendar: Calendar,
}

impl SeriesRecord {
    /// Decodes a record and checks that its name and interval can be ones.
    pub(super) fn decode(file: &Path, bytes: &[u8]) -> Result<Self> {
        let record: Self = codec::decode(file, "series", bytes)?;
        let damaged = |e: Error| Error::corrupt(file, "series", e.to_string());
        record.key.check().map_err(damaged)?;
        Ok(record)
    }
}

/// A space as the catalog knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpaceRecord {
    pub(crate) space: Space,
    /// When it was made, in milliseconds UTC.
    pub(crate) created: i64,
}

impl SpaceRecord {
    /// Decodes a record and checks that its parts can be ones.
    pub(super) fn decode(file: &Path, bytes: &[u8]) -> Result<Self> {
        let record: Self = codec::decode(file, "spaces", bytes)?;
        let damaged = |e: Error| Error::corrupt(file, "spaces", e.to_string());
        record.space.check().map_err(damaged)?;
        Ok(record)
    }
}

/// A segment file as the catalog knows it: what must be found when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentRecord {
    /// Length of the file in bytes.
    pub(crate) len: u64,
    /// Hash of its section table.
    pub(crate) hash: u64,
    /// Number of rows, dead ones included.
    pub(crate) rows: u32,
    /// Rows that the builder's graph could not reach, and that were linked in.
    pub(crate) repaired: u32,
}

impl SegmentRecord {
    /// The file's name in the folder `segments`.
    pub(crate) fn file_name(id: SegmentId) -> String {
        format!("{id:012}.seg")
    }
}

/// A row that is not yet in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FreshRow {
    pub(crate) series: SeriesId,
    /// Close time of the window's last bar, in milliseconds UTC.
    pub(crate) end: i64,
    pub(crate) vector: Vec<u8>,
}

/// Rows of a series that end in a period, in milliseconds UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndingRows {
    pub(crate) series: SeriesId,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// Windows of a series that wait for their embedding, by the open time of their last bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) series: SeriesId,
    pub(crate) first: i64,
    pub(crate) last: i64,
}
