//! The database: the one place where catalog, segments, encoders and search meet.
//!
//! A [`Database`] has one writer at a time and any number of readers. Readers work on a
//! [`Snapshot`](snapshot::Snapshot), which never changes: a read transaction of the catalog, the
//! segment files that it names, and the rows that are in no segment yet. The writer commits one
//! catalog transaction and then swaps in the next snapshot.

mod adjust;
mod aligned;
mod answer;
mod backup;
mod check;
mod check_encoded;
mod check_vectors;
mod compact;
mod control;
mod database;
mod default_space;
mod delete;
mod embed;
mod embed_batch;
mod encode_stretch;
mod encoders;
mod entries;
mod entry_search;
mod episodes;
mod files;
mod filter;
mod headline_part;
mod headline_vectors;
mod headlines;
mod health;
mod import;
mod ingest;
mod kin;
mod learned;
mod learned_until;
mod least_move;
mod left_out;
mod memo;
mod newest_bars;
mod occupied;
mod own_encoder;
mod part;
mod past;
mod prototypes;
mod query;
mod rank;
mod reading;
mod recall;
mod refine;
mod repair;
mod report;
mod sample;
mod seal;
mod search;
mod segment;
mod setters;
mod shared;
mod similar;
mod size;
mod sizes;
mod snapshot;
mod spaces;
mod sync;
mod target;
mod threads;
mod two_at_once;
mod vectors;
mod verify;
mod view;
mod windows;

#[cfg(any(test, fuzzing))]
pub(crate) use segment::Segment;

pub use aligned::Expressiveness;
pub(crate) use aligned::{Aligned, HeadlineChoice, PlacedHeadline};
pub(crate) use entries::entries;
pub(crate) use episodes::{Distinct, Wanted};
pub(crate) use filter::Filter;
pub(crate) use kin::Kin;
pub(crate) use memo::ByWindow;
pub(crate) use past::{Asked, Past, Place};
pub(crate) use rank::Candidate;
pub(crate) use sample::{Sample, scatter};
pub(crate) use search::RowFilter;
pub(crate) use setters::{choice_methods, filter_methods, millis, space_method};
pub(crate) use similar::{DEFAULT_EF, within};
pub(crate) use target::{LastBars, WholeHistory};

pub use adjust::{AdjustReport, AdjustedSeries};
pub use answer::{Hit, Searched, SimilarAnswer};
pub use backup::BackupReport;
pub use check_vectors::ChangedVectors;
pub use compact::CompactReport;
pub use control::{Control, Progress, Stage};
pub use database::{Database, OpenOptions};
pub use delete::DeleteReport;
pub use headline_vectors::HeadlineVectors;
pub use headlines::{HeadlineHit, HeadlineReport};
pub use health::{FileOnDisk, Health, vector_instructions};
pub use import::{ImportReport, VectorRow};
pub use ingest::{Ingest, IngestReport};
pub use least_move::LeastMove;
pub use left_out::{FailedWindow, WaitingSpace};
pub use prototypes::Prototype;
pub use query::Query;
pub use recall::{RecallOptions, RecallReport, SpaceRecall};
pub use refine::Refine;
pub use repair::{DamagedSegment, LostBars, LostVectors, RepairReport, SegmentFate};
pub use report::{BarsReport, DatabaseStats, SeriesInfo, SpaceInfo};
pub use segment::SegmentSizes;
pub use similar::Similar;
pub use size::Size;
pub use spaces::DropReport;
pub use vectors::SeriesVectors;
pub use verify::VerifyReport;
pub use view::View;
