//! The catalog: what is true, in one redb file, changed only by transactions.
//!
//! It holds series, bars, headlines, spaces, the rows not yet sealed into segments, the rows of
//! segments that are dead, the windows that wait for their embedding, the weights of encoders,
//! prototypes, which series are made of which, tags of windows, attributes of symbols, the files that were read,
//! and the list of segments.
//! Everything else in a database's folder can be made again from it. The only place that knows
//! redb, which is called through [`calls`], and bincode ([`codec`]).

mod append_record;
mod attributes;
mod backend;
mod bar_block;
mod bar_cache;
mod bar_sums;
mod bar_tables;
mod bars;
mod bars_write;
mod calls;
mod catalog;
mod change_reads;
mod changes;
mod check;
mod check_bars;
mod check_rows;
mod closes;
mod closing;
mod codec;
mod copy;
mod directory;
mod faults;
mod files_read;
mod handle;
mod headline_rows;
mod headlines;
mod laid_table;
mod last_bars;
mod made;
mod note_changes;
mod noted_change;
mod number_commit;
mod overlaid;
mod overlaid_write;
mod overlay;
mod overlay_batch;
mod overlay_key;
#[cfg(test)]
mod overlay_tests;
mod overlay_writer;
mod pages;
mod plain_bytes;
mod prototypes;
mod read_bar_sums;
mod read_closes;
mod read_overlay;
#[cfg(test)]
mod record_tests;
mod records;
mod rows;
mod series_write;
mod syncing;
mod tables;
mod tags;
#[cfg(test)]
mod tests;
mod text_models;
#[cfg(any(test, fuzzing))]
mod untrusted;
mod weights;

pub(crate) use attributes::AttributeReads;
pub(crate) use backend::Stamp;
pub(crate) use bar_cache::BarCache;
pub(crate) use bar_sums::{BarSums, Step};
#[cfg(test)]
pub(crate) use bars::BarChange;
pub(crate) use bars::{BarExtent, BarReads};
pub(crate) use catalog::{Catalog, CatalogUse, ReadTxn, WriteTxn};
pub(crate) use changes::Changes;
pub(crate) use check_bars::check_bars_of;
pub(crate) use closes::Closes;
pub(crate) use directory::{Directory, DirectoryBuilder, SeriesRows};
pub(crate) use files_read::FileReads;
pub(crate) use headline_rows::HeadlineRowReads;
pub(crate) use headlines::{HeadlineFilter, HeadlineReads, text_hash};
pub(crate) use last_bars::LastBars;
pub(crate) use made::MadeReads;
pub(crate) use noted_change::{NotedChange, NotedChanges};
pub(crate) use pages::check_pages;
pub(crate) use prototypes::{PrototypeReads, PrototypeRecord};
pub(crate) use records::{EndingRows, FreshRow, Pending};
pub(crate) use records::{SegmentId, SegmentRecord, SeriesId, SeriesRecord, SpaceId, SpaceRecord};
pub(crate) use rows::RowReads;
pub(crate) use tags::TagReads;
pub(crate) use text_models::{ModelId, TextModelReads, TextModelRecord};
#[cfg(any(test, fuzzing))]
pub(crate) use untrusted::{StoredValue, decode_value};
pub(crate) use weights::WeightReads;
