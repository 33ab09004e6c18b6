//! The database: the one place where catalog, segments, encoders and search meet.
//!
//! A [`Database`] has one writer at a time and any number of readers. Readers work on a
//! [`Snapshot`](snapshot::Snapshot), which never changes: a read transaction of the catalog, the
//! segment files that it names, and the rows that are in no segment yet. The writer commits one
//! catalog transaction and then swaps in the next snapshot.

mod answer;
mod check;
mod compact;
mod control;
mod database;
mod delete;
mod embed;
mod encoders;
mod headlines;
mod import;
mod ingest;
mod part;
mod rank;
mod report;
mod seal;
mod search;
mod segment;
mod similar;
mod snapshot;
mod spaces;
mod target;
mod verify;
mod view;

pub use answer::{Hit, Searched, SimilarAnswer};
pub use compact::CompactReport;
pub use control::{Control, Progress, Stage};
pub use database::{Database, OpenOptions};
pub use delete::DeleteReport;
pub use headlines::{HeadlineHit, HeadlineReport};
pub use import::{ImportReport, VectorRow};
pub use ingest::{Ingest, IngestReport};
pub use report::{BarsReport, DatabaseStats, SeriesInfo, SpaceInfo};
pub use similar::{Query, Similar};
pub use spaces::DropReport;
pub use verify::VerifyReport;
pub use view::View;
