//! RhymeDB: an embedded vector database for market history. It keeps candles, headlines and their
//! embeddings in one folder, and finds the moments of the past that look like a chart.
//!
//! ```
//! use rhymedb::{Database, Target};
//! use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let folder = std::env::temp_dir().join(format!("readme-{}.rhyme", std::process::id()));
//!     let db = Database::open(&folder)?;
//!
//!     // Any candles will do; these are made up. The same bars again would change nothing.
//!     db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
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
//! What everybody needs stands here at the root; the rest is in modules by what it is for:
//!
//! - [`Database`] is the folder: ingestion, deletion, compaction. [`Database::now`] and
//!   [`Database::at`] give a [`View`], and [`View::similar`] asks it.
//! - [`query`]: questions and answers. [`View::search`], [`View::news`], [`View::reaction`],
//!   [`View::classify`] and others like them ask in words, in a space whose weights read charts and
//!   headlines. [`query::Similar::outcomes`] goes on to what happened after those moments,
//!   [`View::anomaly`] and [`View::anomaly_scan`] say what is unusual, [`View::transfer`] and
//!   [`View::transfer_matrix`] compare markets. All of them see only what the view knows.
//! - [`ask`]: the same questions and answers as values that serialize, with JSON schemas.
//! - [`ingest`], [`data`], [`admin`]: what goes in, what is kept, and the care of it.
//! - [`files`] (feature `files`): [`files::read_bars`], [`files::read_headlines`] and
//!   [`files::read_vectors`] read files of many dialects. `bybit` (feature `http`) downloads candles,
//!   `embeddings` (the same feature) asks services for vectors of texts, and [`synthetic`] makes
//!   markets up.
//! - [`encode`]: [`encode::ChartEncoder`] turns windows into vectors, and
//!   [`encode::check_chart_encoder`] holds an encoder of your own to what search relies on.
//!   [`encode::Weights`] are trained encoders from a file: of charts, of headlines
//!   ([`encode::TextEncoder`]), or of both in one space.
//! - [`decide`]: rules over answers, what they say now ([`View::signal`]), and what they would have done
//!   ([`View::replay`]).
//! - [`eval`]: how good an encoder is.
//! - [`plot`] (feature `plot`): answers as SVG, PNG and HTML files.
//!
//! Features: `hnsw` (graphs by hnsw_rs) and `weights` (the shipped encoders, 3.9 MB), both on by default;
//! `files` (readers and writers of CSV and JSON), `parquet` (and of Parquet), `http` (Bybit, services of embeddings), `plot`,
//! `schema` (JSON schemas of [`ask`]). The program `rhyme` is a package of its own.

mod analysis;
pub mod ask;
mod db;
pub mod decide;
/// The disk below a database, for tests that simulate one; no part of the stable interface.
#[doc(hidden)]
pub mod disk;
pub mod encode;
mod error;
pub mod eval;
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
mod words;

pub use db::{Control, Database, Filter, Hit, OpenOptions, Query, View};
pub use error::{Error, Result};
pub use model::{Bar, Bars, Interval, SeriesBars, SeriesKey, Target, Timestamp, Window};

/// The care of a database: verification, repair, backup, compaction, figures of its size.
pub mod admin {
    #[doc(hidden)]
    pub use crate::db::SegmentSizes;
    pub use crate::db::{
        BackupReport, ChangedVectors, CompactReport, DamagedSegment, DatabaseStats, FileOnDisk,
        Health, LostBars, LostVectors, RecallOptions, RecallReport, RepairReport, SegmentFate,
        SpaceRecall, UnreadableWeights, VerifyReport, vector_instructions,
    };
    pub use crate::index::Builder as GraphBuilder;
}

/// Candles from the market API of Bybit (v5). Feature `http`.
#[cfg(feature = "http")]
pub mod bybit {
    pub use crate::source::{
        BybitCategory, BybitClient, BybitClientBuilder, KlinePages, LeftOutCandle, SyncReport,
        SyncRequest, bybit_series_key, parse_bybit_interval, sync_klines,
    };
}

/// Vectors of texts from services on the network. Feature `http`.
#[cfg(feature = "http")]
pub mod embeddings {
    pub use crate::source::{EmbeddingsOfEnv, HttpEmbeddings, HttpEmbeddingsBuilder};
}

/// JSON documents posted to an address on the network. Feature `http`.
#[cfg(feature = "http")]
pub mod webhook {
    pub use crate::source::{Webhook, WebhookBuilder};
}

/// What a database keeps besides bars: headlines, tags, attributes, spaces, splits, and what commits changed.
pub mod data {
    pub use crate::db::{ChangesSince, CommitChanges, SeriesInfo, SpaceInfo, StoredChange};
    pub use crate::model::{
        Attribute, BarDefect, Calendar, ChangePosition, Headline, Space, Split, SplitJump, Tag,
        TimePrecision, Zone,
    };
}

/// Bars, headlines, vectors, tags and attributes from files of many dialects, and tables into files.
/// Feature `files`; Parquet and Feather need the feature `parquet`.
#[cfg(feature = "files")]
pub mod files {
    #[cfg(feature = "parquet")]
    pub use crate::export::ArrowStream;
    pub use crate::export::{TableColumn, TableFormat, TableWriter};
    pub use crate::source::{
        BarFile, BarOptions, ClockZone, Contradiction, DateOrder, DefectKind, FilePart, FileParts,
        Finding, Findings, HeadlineFile, HeadlineOptions, HeadlineVectorFile, InputReport, Inputs,
        MappedColumn, NoticeKind, OnConflict, OnError, Overlap, TimeOf, VectorFile, VectorMeta,
        VectorOptions, find_inputs, find_inputs_and_others, named_by_path, parse_map,
        read_attributes, read_bars, read_headline_vectors, read_headlines, read_one_vector,
        read_tags, read_vectors, stamp_file, unchanged_file,
    };
}

/// What goes into a database, and the reports of what became of it. The calls themselves are on
/// [`Database`].
pub mod ingest {
    pub use crate::db::{
        AdjustReport, AdjustedSeries, AttributeReport, BarsReport, DeleteReport, DropReport,
        FailedWindow, HeadlineEmbedReport, HeadlineImportOptions, HeadlineImportReport,
        HeadlineReport, HeadlineVectorRow, HeadlineVectors, ImportReport, Ingest, IngestReport,
        MergedPart, Progress, ResampleReport, SeriesVectors, Stage, StageTime, TagReport,
        VectorRow, WaitingSpace,
    };
    pub use crate::model::{FileRead, FileStamp, NewTag, ReadSpan};
}

/// Questions and their answers. A question is a builder that a [`View`] makes; it
/// owns what it needs, and `run` answers it.
pub mod query {
    pub use crate::analysis::{
        AlignedLabel, Alignment, AlignmentAnswer, Anomaly, AnomalyAnswer, AnomalyEpisode,
        AnomalyScan, AnomalyScanAnswer, AnomalyScore, AssetCluster, AssetLeftOut, Axis,
        AxisHeadline, AxisHistory, AxisMoment, AxisPoint, Benchmark, Classify, ClassifyAnswer,
        ClusterAgreement, ClusterAsset, ClusterBy, ClusterMerge, ClusterMethod, Clusters,
        ClustersAnswer, Context, ContextAnswer, ContextHeadline, Correlation, CorrelationAnswer,
        CorrelationPair, CorrelationWindow, Divergence, DivergenceAnswer, DivergenceEpisode,
        DivergenceMoment, DivergenceSign, HitOutcome, HorizonOutcomes, JudgedBy, Label, LabelScore,
        LabelSet, LeadLag, LeadLagAnswer, LeadLagAsset, LeadLagPair, LeftOut, Map, MapAnswer,
        MapPoint, Measure, Measured, MomentLeftOut, MomentsAnswer, NearEpisode, News, NewsAbout,
        NewsAnswer, NewsGroup, NoPValue, NotCompared, Outcome, OutcomeAnswer, OutcomeSummary,
        Outcomes, OutcomesOf, Pair, PairOptions, Pairs, PatternAnswer, PatternSearch, Portfolio,
        PortfolioAnswer, PortfolioAsset, PortfolioRule, PortfolioWeights, RankedSize, Reaction,
        ReactionAnswer, ReactionOutcome, RegimeRun, Regimes, RegimesAnswer, Search, SearchAnswer,
        Transfer, TransferAnswer, TransferGroup, TransferHit, TransferMatrix, TransferMatrixAnswer,
        TransferPair, Unusual,
    };
    pub use crate::db::{
        ClassifyByTags, ClosePanel, ClosePanelAnswer, Expressiveness, Fewer, FoundHeadline,
        HeadlineHit, HeadlinesBy, LargeMoves, LeastMove, MoveDirection, NoStart, Per, Prototype,
        Refine, Searched, Similar, SimilarAnswer, SimilarBatch, Size, Spelling, TagAccuracy,
        TagNeighbour, TagVoteAnswer, TagVotes, TagsLeftOut,
    };
    pub use crate::model::Horizon;
    pub use crate::numeric::summary::ConfidenceInterval;
}

/// Made-up markets with planted events, from a seed: for tests, examples and the demo.
pub mod synthetic {
    pub use crate::source::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
}

/// The program in the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

/// The programs in the guide for developers, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/developers.md")]
struct GuideDoctests;
