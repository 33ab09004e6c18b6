//! Where bars, headlines and vectors come from: files of many dialects.
//!
//! Every reader has three steps. A container gives the texts of a file (plain, gzip, zip,
//! Parquet). `rows` turns a text of any dialect into records of fields with their line numbers.
//! The readers of bars, headlines and vectors give the fields a meaning and check it.
//!
//! What cannot be stored is a defect: it refuses the whole file, or is left out and counted if
//! the caller says so. What is odd but harmless is a notice. Nothing is repaired in silence.

mod bars;
#[cfg(feature = "http")]
mod bybit;
mod column_map;
mod columns;
mod container;
mod fields;
mod headline_columns;
mod headline_symbols;
mod headline_text;
mod headline_times;
mod headlines;
mod inputs;
mod numbers;
mod report;
mod rows;
mod synthetic;
mod times;
mod vectors;

pub use bars::{BarFile, BarOptions, TimeOf, read_bars};
#[cfg(all(feature = "http", any(test, fuzzing)))]
pub(crate) use bybit::read_answer;
#[cfg(feature = "http")]
pub use bybit::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, SyncReport, SyncRequest,
    bybit_series_key, sync_klines,
};
pub use column_map::parse_map;
pub use headlines::{HeadlineFile, HeadlineOptions, read_headlines};
pub use inputs::find_inputs;
pub use report::{DefectKind, Finding, Findings, InputReport, NoticeKind, OnError};
pub use synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
pub use times::{ClockZone, DateOrder};
pub use vectors::{VectorFile, VectorMeta, VectorOptions, read_vectors};
