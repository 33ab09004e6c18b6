//! Where bars and headlines come from.

#[cfg(feature = "http")]
mod bybit;
mod synthetic;

#[cfg(feature = "http")]
pub use bybit::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, SyncReport, SyncRequest,
    bybit_series_key, sync_klines,
};
pub use synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
