//! The database: the one place where catalog, segments, encoders and search meet.
//!
//! A [`Database`] has one writer at a time and any number of readers. Readers work on a
//! [`Snapshot`](snapshot::Snapshot), which never changes: a read transaction of the catalog, the
//! segment files that it names, and the rows that are in no segment yet. The writer commits one
//! catalog transaction and then swaps in the next snapshot.

mod answer;
mod backup;
mod check;
mod check_encoded;
mod compact;
mod control;
mod database;
mod default_space;
mod delete;
mod embed;
mod encoders;
mod files;
mod headlines;
mod health;
mod import;
mod ingest;
mod part;
mod rank;
mod recall;
mod repair;
mod report;
mod seal;
mod search;
mod segment;
mod similar;
mod snapshot;
mod spaces;
mod target;
mod threads;
mod vectors;
mod verify;
mod view;
mod windows;

#[cfg(any(test, fuzzing))]
pub(crate) use segment::Segment;

pub use answer::{Hit, Searched, SimilarAnswer};
pub use backup::BackupReport;
pub use compact::CompactReport;
pub use control::{Control, Progress, Stage};
pub use database::{Database, OpenOptions};
pub use delete::DeleteReport;
pub use headlines::{HeadlineHit, HeadlineReport};
pub use health::{FileOnDisk, Health, vector_instructions};
pub use import::{ImportReport, VectorRow};
pub use ingest::{Ingest, IngestReport};
pub use recall::{RecallOptions, RecallReport, SpaceRecall};
pub use repair::{DamagedSegment, LostBars, LostVectors, RepairReport, SegmentFate};
pub use report::{BarsReport, DatabaseStats, SeriesInfo, SpaceInfo};
pub use segment::SegmentSizes;
pub use similar::{Query, Similar};
pub use spaces::DropReport;
pub use vectors::SeriesVectors;
pub use verify::VerifyReport;
pub use view::View;
