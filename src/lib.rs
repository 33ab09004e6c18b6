//! RhymeDB: an embedded vector database for market history. It keeps candles, headlines and their
//! embeddings in one folder, and finds the moments of the past that look like a chart.
//!
//! ```
//! use rhymedb::{Database, SeriesBars, SyntheticConfig, SyntheticMarket, Target};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let folder = std::env::temp_dir().join(format!("readme-{}.rhyme", std::process::id()));
//!     let db = Database::open(&folder)?;
//!
//!     // Any candles will do; these are made up. The same bars again would change nothing.
//!     for (key, calendar, bars) in SyntheticMarket::new(SyntheticConfig::small(1))?.series() {
//!         db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
//!     }
//!
//!     // What looked like this, of all that was known on the second of March?
//!     let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
//!     let answer = db.at("2015-03-02".parse()?).similar(target).k(3).run()?;
//!     for hit in &answer.hits {
//!         println!("{:.4} {}", hit.score, hit.window);
//!     }
//!     assert_eq!(answer.hits.len(), 3);
//!
//!     drop(db);
//!     std::fs::remove_dir_all(folder)?;
//!     Ok(())
//! }
//! ```
//!
//! - [`Database`] is the folder: ingestion, deletion, compaction. [`Database::now`] and
//!   [`Database::at`] give a [`View`], and [`View::similar`] asks it.
//! - [`View::search`], [`View::news`], [`View::reaction`], [`View::classify`] and others like them ask
//!   in words, in a space whose weights read charts and headlines.
//! - [`Similar::outcomes`] goes on to what happened after those moments, [`View::anomaly`] and
//!   [`View::anomaly_scan`] say what is unusual, [`View::transfer`] and [`View::transfer_matrix`]
//!   compare markets. All of them see only what the view knows.
//! - [`read_bars`], [`read_headlines`] and [`read_vectors`] read files of many dialects;
//!   `BybitClient` (feature `http`) downloads candles.
//! - [`ChartEncoder`] turns windows into vectors; [`check_chart_encoder`] holds an encoder of your
//!   own to what search relies on.
//! - [`Weights`] are trained encoders from a file: of charts, of headlines ([`TextEncoder`]), or of
//!   both in one space.
//!
//! - [`plot`] (feature `plot`) draws answers into SVG, PNG and HTML files.
//!
//! Features: `hnsw` (graphs by hnsw_rs) and `weights` (the shipped encoders, 3.9 MB), both on by default;
//! `files` (readers and writers of CSV and JSON), `parquet` (and of Parquet), `http` (Bybit), `plot`. The
//! program `rhyme` is a package of its own.

mod analysis;
pub mod ask;
mod db;
/// The disk below a database, for tests that simulate one; no part of the stable interface.
#[doc(hidden)]
pub mod disk;
mod encode;
mod error;
mod eval;
#[cfg(feature = "files")]
mod export;
/// What no input may break, for `tools/fuzz` and for its corpus as a test.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
/// The search engine itself, for the benchmarks; no part of the stable interface.
#[doc(hidden)]
pub mod index;
mod model;
mod numeric;
#[cfg(feature = "plot")]
pub mod plot;
mod source;
mod store;

pub use analysis::{
    Alignment, AlignmentAnswer, Anomaly, AnomalyAnswer, AnomalyEpisode, AnomalyScan,
    AnomalyScanAnswer, AnomalyScore, Axis, AxisHeadline, AxisHistory, AxisPoint, Benchmark,
    Classify, ClassifyAnswer, Context, ContextAnswer, ContextHeadline, Divergence,
    DivergenceAnswer, DivergenceEpisode, DivergenceMoment, DivergenceSign, Fewer, HitOutcome,
    HorizonOutcomes, JudgedBy, Label, LabelScore, LabelSet, LeftOut, Map, MapAnswer, MapPoint,
    Measure, Measured, MomentLeftOut, MomentsAnswer, News, NewsAbout, NewsAnswer, NewsGroup,
    NoPValue, Outcome, OutcomeAnswer, OutcomeSummary, Outcomes, OutcomesOf, Pair, PairOptions,
    Pairs, PatternAnswer, PatternSearch, RankedSize, Reaction, ReactionAnswer, ReactionOutcome,
    RegimeRun, Regimes, RegimesAnswer, Search, SearchAnswer, Transfer, TransferAnswer,
    TransferGroup, TransferHit, TransferMatrix, TransferMatrixAnswer, TransferPair, Unusual,
};
#[doc(hidden)]
pub use db::SegmentSizes;
pub use db::{
    AdjustReport, AdjustedSeries, AttributeReport, BackupReport, BarsReport, ChangedVectors,
    ClassifyByTags, CompactReport, Control, DamagedSegment, Database, DatabaseStats, DeleteReport,
    DropReport, Expressiveness, FailedWindow, FileOnDisk, Filter, HeadlineHit, HeadlineReport,
    HeadlineVectors, Health, Hit, ImportReport, Ingest, IngestReport, LargeMoves, LeastMove,
    LostBars, LostVectors, MoveDirection, NoStart, OpenOptions, Progress, Prototype, Query,
    RecallOptions, RecallReport, Refine, RepairReport, ResampleReport, Searched, SegmentFate,
    SeriesInfo, SeriesVectors, Similar, SimilarAnswer, SimilarBatch, Size, SpaceInfo, SpaceRecall,
    Spelling, Stage, TagAccuracy, TagNeighbour, TagReport, TagVoteAnswer, TagVotes, TagsLeftOut,
    VectorRow, VerifyReport, View, WaitingSpace, vector_instructions,
};
pub use encode::{
    Activation, Bank, BankConfig, Channel, ChartConfig, ChartEncoder, Convolution, Embeddings,
    Head, Input, InputSteps, Layer, Memory, Pool, Shape, Stats, TextConfig, TextEncoder,
    TextFeatures, Trained, Weights, WeightsConfig, chart_encoder, chart_encoder_by_name,
    check_chart_encoder, is_held_out, text_features,
};
pub use error::{Error, Result};
pub use eval::{Eval, EvalMeasure, EvalReport, EvalSection};
#[cfg(feature = "files")]
pub use export::{TableColumn, TableFormat, TableWriter};
pub use index::Builder as GraphBuilder;
pub use model::{
    Attribute, Bar, BarDefect, Bars, Calendar, EncoderSpec, FileRead, FileStamp, Headline, Horizon,
    Interval, Modality, NewTag, ReadSpan, SeriesBars, SeriesKey, Sharing, Space, Split, SplitJump,
    Tag, Target, TimePrecision, Timestamp, Window, Zone,
};
#[cfg(feature = "files")]
pub use source::{
    BarFile, BarOptions, ClockZone, Contradiction, DateOrder, DefectKind, FilePart, FileParts,
    Finding, Findings, HeadlineFile, HeadlineOptions, InputReport, Inputs, NoticeKind, OnConflict,
    OnError, Overlap, TimeOf, VectorFile, VectorMeta, VectorOptions, find_inputs,
    find_inputs_and_others, named_by_path, parse_map, read_attributes, read_bars, read_headlines,
    read_tags, read_vectors, stamp_file, unchanged_file,
};
#[cfg(feature = "http")]
pub use source::{
    BybitCategory, BybitClient, BybitClientBuilder, KlinePages, SyncReport, SyncRequest,
    bybit_series_key, parse_bybit_interval, sync_klines,
};
pub use source::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};

/// The program in the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

/// The programs in the guide for developers, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/developers.md")]
struct GuideDoctests;
