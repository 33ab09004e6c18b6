//! Where bars, headlines and vectors come from: files of many dialects.
//!
//! Every reader has three steps. A container gives the texts of a file (plain, gzip, zip,
//! Parquet). `rows` turns a text of any dialect into records of fields with their line numbers.
//! The readers of bars, headlines and vectors give the fields a meaning and check it.
//!
//! What cannot be stored is a defect: it refuses its part of the file (of bars a symbol or a member
//! of a zip, else the whole file), or is left out and counted if the caller says so. What is odd but
//! harmless is a notice. Nothing is repaired in silence.

#[cfg(feature = "files")]
mod attribute_file;
#[cfg(feature = "files")]
mod bars;
#[cfg(feature = "http")]
mod bybit;
#[cfg(feature = "files")]
mod column_map;
#[cfg(feature = "files")]
mod columns;
#[cfg(feature = "files")]
mod container;
#[cfg(feature = "files")]
mod fields;
#[cfg(feature = "files")]
mod file_stamp;
#[cfg(feature = "files")]
mod headline_columns;
#[cfg(feature = "files")]
mod headline_symbols;
#[cfg(feature = "files")]
mod headline_text;
#[cfg(feature = "files")]
mod headline_times;
#[cfg(feature = "files")]
mod headlines;
#[cfg(feature = "files")]
mod inputs;
#[cfg(feature = "files")]
mod numbers;
#[cfg(feature = "files")]
mod report;
#[cfg(feature = "files")]
mod report_parts;
#[cfg(feature = "files")]
mod rows;
#[cfg(feature = "files")]
mod said_zones;
#[cfg(feature = "files")]
mod small_csv;
mod synthetic;
#[cfg(feature = "files")]
mod tag_file;
#[cfg(feature = "files")]
mod times;
#[cfg(feature = "files")]
mod vectors;

#[cfg(feature = "files")]
pub use attribute_file::read_attributes;
#[cfg(feature = "files")]
pub use bars::{
    BarFile, BarOptions, Contradiction, OnConflict, Overlap, TimeOf, named_by_path, read_bars,
};
#[cfg(all(feature = "http", any(test, fuzzing)))]
pub(crate) use bybit::read_answer;
#[cfg(feature = "http")]
pub use bybit::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, SyncReport, SyncRequest,
    bybit_series_key, parse_bybit_interval, sync_klines,
};
#[cfg(feature = "files")]
pub use column_map::parse_map;
#[cfg(feature = "files")]
pub use file_stamp::{stamp_file, unchanged_file};
#[cfg(feature = "files")]
pub use headlines::{HeadlineFile, HeadlineOptions, read_headlines};
#[cfg(feature = "files")]
pub use inputs::{Inputs, find_inputs, find_inputs_and_others};
#[cfg(feature = "files")]
pub use report::{DefectKind, Finding, Findings, InputReport, NoticeKind, OnError};
#[cfg(feature = "files")]
pub use report_parts::{FilePart, FileParts};
pub use synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
#[cfg(feature = "files")]
pub use tag_file::read_tags;
#[cfg(feature = "files")]
pub use times::{ClockZone, DateOrder};
#[cfg(feature = "files")]
pub use vectors::{VectorFile, VectorMeta, VectorOptions, read_vectors};
