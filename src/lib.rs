//! RhymeDB: an embedded vector database for market history.

mod db;
mod disk;
mod encode;
mod error;
/// The search engine itself, for the benchmarks; no part of the stable interface.
#[doc(hidden)]
pub mod index;
mod model;
mod source;
mod store;

pub use db::{
    BarsReport, CompactReport, Control, Database, DatabaseStats, DeleteReport, HeadlineReport, Hit,
    ImportReport, Ingest, IngestReport, OpenOptions, Progress, Query, Searched, SeriesInfo,
    Similar, SimilarAnswer, SpaceInfo, Stage, VectorRow, VerifyReport, View,
};
pub use encode::{
    ChartEncoder, Embeddings, Shape, Stats, chart_encoder, chart_encoder_by_name,
    check_chart_encoder,
};
pub use error::{Error, Result};
pub use index::Builder as GraphBuilder;
pub use model::{
    Bar, BarDefect, Bars, Calendar, EncoderSpec, Headline, Interval, Modality, SeriesBars,
    SeriesKey, Sharing, Space, Target, TimePrecision, Timestamp, Window,
};
pub use source::{
    BarFile, BarOptions, DefectKind, EventKind, Finding, Findings, HeadlineFile, HeadlineOptions,
    InputReport, MarketEvent, NoticeKind, OnError, SyntheticConfig, SyntheticMarket, VectorFile,
    VectorMeta, VectorOptions, Wordings, find_inputs, parse_map, read_bars, read_headlines,
    read_vectors,
};
#[cfg(feature = "http")]
pub use source::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, SyncReport, SyncRequest,
    bybit_series_key, sync_klines,
};
