//! Where bars come from.

#[cfg(feature = "http")]
mod bybit;

#[cfg(feature = "http")]
pub use bybit::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, SyncReport, SyncRequest,
    bybit_series_key, sync_klines,
};
