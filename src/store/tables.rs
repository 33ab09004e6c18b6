//! The list of the catalog's tables, for work that is the same for each of them.

use redb::{Key, TableDefinition, Value};

use super::laid_table::{LaidTable, OverlaidDefinition};
use super::overlay_key::OverlayKey;
use super::records::{SegmentId, SeriesId, SpaceId};
use crate::error::Result;

/// The file of the catalog, in the folder of its database.
pub(super) const FILE_NAME: &str = "catalog.redb";

pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
pub(super) const SERIES: TableDefinition<SeriesId, &[u8]> = TableDefinition::new("series");
pub(super) const SERIES_BY_NAME: TableDefinition<&str, SeriesId> =
    TableDefinition::new("series_by_name");
pub(super) const SPACES: TableDefinition<SpaceId, &[u8]> = TableDefinition::new("spaces");
/// Key: series, open time of the first bar.
pub(super) const BLOCKS: TableDefinition<(SeriesId, i64), &[u8]> =
    TableDefinition::new("bar_blocks");
/// Key: series, open time. Value: open, high, low, close, volume.
pub(super) const TAIL: OverlaidDefinition<(SeriesId, i64), [f64; 5]> =
    overlaid("bar_tail", LaidTable::Tail);
pub(super) const EXTENTS: OverlaidDefinition<SeriesId, &[u8]> =
    overlaid("bar_extents", LaidTable::Extents);
pub(super) const HEADLINES: TableDefinition<u64, &[u8]> = TableDefinition::new("headlines");
/// By a 128-bit hash of time, source and text: the same headline again is found by it.
pub(super) const BY_CONTENT: TableDefinition<u128, u64> =
    TableDefinition::new("headlines_by_content");
pub(super) const BY_TIME: TableDefinition<(i64, u64), ()> =
    TableDefinition::new("headlines_by_time");
pub(super) const BY_SYMBOL: TableDefinition<(&str, i64, u64), ()> =
    TableDefinition::new("headlines_by_symbol");
/// Key: space, series, end of the window. Value: the stored vector.
pub(super) const FRESH: OverlaidDefinition<(SpaceId, SeriesId, i64), &[u8]> =
    overlaid("fresh_rows", LaidTable::Fresh);
/// Windows without an embedding, because they are flat or their encoder failed on them. Key: space,
/// series, end.
pub(super) const FLAT: OverlaidDefinition<(SpaceId, SeriesId, i64), ()> =
    overlaid("flat_windows", LaidTable::Flat);
/// Windows that wait for their embedding. Key: space, series, open time of the last bar of the
/// first such window; value: the same of the last such window.
pub(super) const PENDING: OverlaidDefinition<(SpaceId, SeriesId, i64), i64> =
    overlaid("pending_windows", LaidTable::Pending);
pub(super) const SEGMENTS: TableDefinition<(SpaceId, SegmentId), &[u8]> =
    TableDefinition::new("segments");
/// Rows of a segment that are dead. Key: segment, first row; value: the row after the last.
pub(super) const DEAD: TableDefinition<(SegmentId, u32), u32> = TableDefinition::new("dead_rows");
/// Key: xxh3 of the value. Value: a weights file. Catalogs of the first programs have no such table.
pub(super) const WEIGHTS: TableDefinition<u64, &[u8]> = TableDefinition::new("weights");
/// Key: space, number of the headline. Value: the stored vector, and if the space's weights have a
/// bank of charts the headline's expressiveness, an f32, little-endian. From format 4 on it may be that of each
/// passage of a long text instead, behind the first byte and the length of the passage in the text, two u32,
/// little-endian; passages ascend. Catalogs of the first programs have neither table.
pub(super) const HEADLINE_ROWS: TableDefinition<(SpaceId, u64), &[u8]> =
    TableDefinition::new("headline_rows");
/// The last headline that a space has looked at; some have no vector, because they say nothing.
pub(super) const HEADLINE_MARKS: TableDefinition<SpaceId, u64> =
    TableDefinition::new("headline_marks");
/// Key: name. Value: a [`PrototypeRecord`](super::prototypes::PrototypeRecord). Catalogs of the first programs have no such table.
pub(super) const PROTOTYPES: TableDefinition<&str, &[u8]> = TableDefinition::new("prototypes");
/// Key: the series that is made. Value: the finer series that it is made of. Catalogs of the first
/// programs have no such table.
pub(super) const MADE: TableDefinition<SeriesId, SeriesId> = TableDefinition::new("made_series");
/// Key: name, end of the window, series by its name. Value: a [`TagRecord`](super::tags::TagRecord). Catalogs of
/// the first programs have no such table.
pub(super) const TAGS: TableDefinition<(&str, i64, &str), &[u8]> = TableDefinition::new("tags");
/// Key: symbol, market (empty for any), name. Value: an
/// [`AttributeRecord`](super::attributes::AttributeRecord). Catalogs of the first programs have no such table.
pub(super) const ATTRIBUTES: TableDefinition<(&str, &str, &str), &[u8]> =
    TableDefinition::new("attributes");

/// Key: path of a file. Value: a [`FileRead`](crate::model::FileRead). Catalogs of the first programs
/// have no such table.
pub(super) const FILES_READ: TableDefinition<&str, &[u8]> = TableDefinition::new("files_read");
/// Key: series by its name, open time of the last bar that a file gave, path of the file. Value: open time
/// of the first such bar.
pub(super) const FILE_SPANS: TableDefinition<(&str, i64, &str), i64> =
    TableDefinition::new("file_spans");

/// Key: number of a commit. Value: the entries that it lays over tables, an
/// [`AppendRecord`](super::append_record::AppendRecord). A record for each commit after the last whose
/// entries are in the tables; `meta` has the numbers of both. Catalogs of the formats 1 and 2 have no such table.
pub(super) const APPENDS: TableDefinition<u64, &[u8]> = TableDefinition::new("appends");
/// Key: number of a commit. Value: the rows and headlines that it added and removed, a list of
/// [`NotedChange`](super::noted_change::NotedChange). The newest commits alone are kept. Catalogs of the
/// formats 1 and 2 have no such table.
pub(super) const CHANGES: TableDefinition<u64, &[u8]> = TableDefinition::new("changes");

/// Key: number of the first commit of a writer. Value: what tells the writer from others, drawn at random when
/// it opened the catalog. Catalogs of the formats 1 and 2, and the first ones of 3, have no such table.
pub(super) const WRITERS: TableDefinition<u64, u64> = TableDefinition::new("writers");

/// Key: number of a model of texts. Value: a [`TextModelRecord`](super::text_models::TextModelRecord). Catalogs of
/// earlier programs have none of these three tables.
pub(super) const TEXT_MODELS: TableDefinition<u32, &[u8]> = TableDefinition::new("text_models");
/// Key: space. Value: the model whose vectors of headlines it holds.
pub(super) const SPACE_MODELS: TableDefinition<SpaceId, u32> = TableDefinition::new("space_models");
/// Key: model, 128-bit xxh3 of a text. Value: the vector as it is stored in rows. Services are paid for each, so
/// they stay where headlines and spaces go.
pub(super) const TEXT_VECTORS: TableDefinition<(u32, u128), &[u8]> =
    TableDefinition::new("text_vectors");

/// A table that records of commits are laid over.
const fn overlaid<K: OverlayKey, V: Value + 'static>(
    name: &'static str,
    place: LaidTable,
) -> OverlaidDefinition<K, V> {
    OverlaidDefinition {
        table: TableDefinition::new(name),
        place,
    }
}

/// Work on a table of any type.
pub(super) trait EachTable {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<()>;
}

/// Does `work` on every table of a catalog. A table that is missing here is missing in backups;
/// copying refuses a catalog that has another one.
pub(super) fn each_table(work: &mut impl EachTable) -> Result<()> {
    work.table(META)?;
    work.table(SERIES)?;
    work.table(SERIES_BY_NAME)?;
    work.table(SPACES)?;
    work.table(BLOCKS)?;
    work.table(TAIL.table)?;
    work.table(EXTENTS.table)?;
    work.table(HEADLINES)?;
    work.table(BY_CONTENT)?;
    work.table(BY_TIME)?;
    work.table(BY_SYMBOL)?;
    work.table(FRESH.table)?;
    work.table(FLAT.table)?;
    work.table(PENDING.table)?;
    work.table(SEGMENTS)?;
    work.table(DEAD)?;
    work.table(WEIGHTS)?;
    work.table(HEADLINE_ROWS)?;
    work.table(HEADLINE_MARKS)?;
    work.table(PROTOTYPES)?;
    work.table(MADE)?;
    work.table(TAGS)?;
    work.table(FILES_READ)?;
    work.table(FILE_SPANS)?;
    work.table(ATTRIBUTES)?;
    work.table(APPENDS)?;
    work.table(CHANGES)?;
    work.table(WRITERS)?;
    work.table(TEXT_MODELS)?;
    work.table(SPACE_MODELS)?;
    work.table(TEXT_VECTORS)
}
