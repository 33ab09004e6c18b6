//! Where bars, headlines and vectors come from: files of many dialects.
//!
//! Every reader has three steps. A container gives the texts of a file (plain, gzip, zip,
//! Parquet). `rows` turns a text of any dialect into records of fields with their line numbers.
//! The readers of bars, headlines and vectors give the fields a meaning and check it.
//!
//! What cannot be stored is a defect: it refuses its part of the file (of bars a symbol or a member
//! of a zip, else the whole file), or is left out and counted if the caller says so. What is odd but
//! harmless is a notice. Nothing is repaired in silence.

mod bars;
#[cfg(feature = "http")]
mod bybit;
mod columns;
mod container;
mod fields;
mod headlines;
mod inputs;
mod numbers;
mod report;
mod report_parts;
mod rows;
mod synthetic;
mod times;
mod vectors;

pub use bars::{BarFile, BarOptions, Contradiction, OnConflict, Overlap, read_bars};
#[cfg(all(feature = "http", any(test, fuzzing)))]
pub(crate) use bybit::read_answer;
#[cfg(feature = "http")]
pub use bybit::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, SyncReport, SyncRequest,
    bybit_series_key, sync_klines,
};
pub use columns::parse_map;
pub use headlines::{HeadlineFile, HeadlineOptions, read_headlines};
pub use inputs::find_inputs;
pub use report::{DefectKind, Finding, Findings, InputReport, NoticeKind, OnError};
pub use report_parts::{FilePart, FileParts};
pub use synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
pub use times::DateOrder;
pub use vectors::{VectorFile, VectorMeta, VectorOptions, read_vectors};
