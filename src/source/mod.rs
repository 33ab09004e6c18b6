//! Where bars, headlines and vectors come from: files of many dialects, exchanges, services of embeddings.
//!
//! Every reader has three steps. A container gives the texts of a file (plain, gzip, zip,
//! Parquet). `rows` turns a text of any dialect into records of fields with their line numbers.
//! The readers of bars, headlines and vectors give the fields a meaning and check it.
//!
//! What cannot be stored is a defect: it refuses its part of the file (of bars a symbol or a member
//! of a zip, else the whole file), or is left out and counted if the caller says so. What is odd but
//! harmless is a notice. Nothing is repaired in silence.

#[cfg(feature = "http")]
mod bybit;
#[cfg(feature = "http")]
mod embeddings;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "http")]
mod http;
mod synthetic;
#[cfg(feature = "http")]
mod webhook;

#[cfg(all(feature = "http", any(test, fuzzing)))]
pub(crate) use bybit::read_answer;
#[cfg(feature = "http")]
pub use bybit::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, LeftOutCandle, SyncReport,
    SyncRequest, bybit_series_key, parse_bybit_interval, sync_klines,
};
#[cfg(feature = "http")]
pub use embeddings::{EmbeddingsOfEnv, HttpEmbeddings, HttpEmbeddingsBuilder};
#[cfg(feature = "files")]
pub use files::*;
pub use synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
#[cfg(feature = "http")]
pub use webhook::{Webhook, WebhookBuilder};
