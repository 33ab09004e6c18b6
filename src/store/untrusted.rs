//! The decoders of catalog values, for bytes that nobody wrote.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::attributes::AttributeRecord;
use super::prototypes::PrototypeRecord;
use super::records::{SegmentRecord, SeriesRecord, SpaceRecord};
use super::tags::TagRecord;
use super::{bar_block, codec};
use crate::error::{Error, Result};
use crate::model::{Bars, Headline};

/// A value of the catalog.
#[derive(Debug, PartialEq)]
pub(crate) enum StoredValue {
    Series(SeriesRecord),
    Space(SpaceRecord),
    Segment(SegmentRecord),
    Headline(Headline),
    Block(Bars),
    Prototype(PrototypeRecord),
    Tag(TagRecord),
    Attribute(AttributeRecord),
}

/// Decodes a value of the table with this number.
pub(crate) fn decode_value(table: u8, bytes: &[u8]) -> Result<StoredValue> {
    let file = Path::new("catalog");
    Ok(match table {
        0 => StoredValue::Series(SeriesRecord::decode(file, bytes)?),
        1 => StoredValue::Space(SpaceRecord::decode(file, bytes)?),
        2 => StoredValue::Segment(codec::decode(file, "segments", bytes)?),
        3 => StoredValue::Headline(codec::decode(file, "headlines", bytes)?),
        5 => StoredValue::Prototype(PrototypeRecord::decode(file, bytes)?),
        6 => StoredValue::Tag(TagRecord::decode(file, bytes)?),
        7 => StoredValue::Attribute(AttributeRecord::decode(file, bytes)?),
        _ => {
            let block = with_right_hash(bytes);
            let damaged = |e: String| Error::corrupt(file, "bar_blocks", e);
            let bars = bar_block::decode(&block).map_err(damaged)?;
            let times = bar_block::decode_times(&block).map_err(damaged)?;
            assert_eq!(bars.time, times, "the times of a block on their own");
            StoredValue::Block(bars)
        }
    })
}

/// A block of bars as a forger would leave it; else its hash would end every attempt.
fn with_right_hash(bytes: &[u8]) -> Vec<u8> {
    let mut block = bytes.to_vec();
    if let Some((head, columns)) = block.split_at_mut_checked(13)
        && let Some(hash) = head.get_mut(5..)
    {
        hash.copy_from_slice(&xxh3_64(columns).to_le_bytes());
    }
    block
}

impl StoredValue {
    /// The value's bytes, and the number of its table.
    pub(crate) fn encode(&self) -> Result<(u8, Vec<u8>)> {
        Ok(match self {
            Self::Series(record) => (0, codec::encode(record)?),
            Self::Space(record) => (1, codec::encode(record)?),
            Self::Segment(record) => (2, codec::encode(record)?),
            Self::Headline(headline) => (3, codec::encode(headline)?),
            Self::Block(bars) => (4, bar_block::encode(bars).map_err(Error::Catalog)?),
            Self::Prototype(record) => (5, codec::encode(record)?),
            Self::Tag(record) => (6, codec::encode(record)?),
            Self::Attribute(record) => (7, codec::encode(record)?),
        })
    }
}
