//! The database: the one place where catalog, segments, encoders and search meet.
//!
//! A [`Database`] has one writer at a time and any number of readers. Readers work on a
//! [`Snapshot`](snapshot::Snapshot), which never changes: a read transaction of the catalog, the
//! segment files that it names, and the rows that are in no segment yet. The writer commits one
//! catalog transaction and then swaps in the next snapshot.

mod care;
mod control;
mod database;
mod default_spaces;
mod diverse;
mod embed;
mod encode_stretch;
mod encoders;
mod expressiveness;
mod files;
mod headline_hit;
mod headline_part;
mod headline_space;
mod inner;
mod left_out;
mod memo;
mod newest_bars;
mod newest_commit;
mod own_encoder;
mod part;
mod per;
mod place;
mod rank;
mod read;
mod reading;
mod segment;
mod segment_sizes;
mod shared;
mod snapshot;
mod spelling;
mod spread;
mod stored_headline;
mod sync;
mod text_models;
mod threads;
mod unreadable;
mod view;
mod word_part;
mod write;

#[cfg(any(test, fuzzing))]
pub(crate) use segment::Segment;

pub use expressiveness::Expressiveness;
pub(crate) use memo::ByWindow;
pub(crate) use place::Place;
pub(crate) use rank::Candidate;
pub(crate) use read::aligned::{Aligned, HeadlineChoice, PlacedHeadline};
pub(crate) use read::entries::entries;
pub(crate) use read::episodes::{Distinct, Taken, Wanted};
pub use read::filter::Filter;
pub(crate) use read::filter::WHICH_AND_WHEN;
pub(crate) use read::headlines_found::AskedOfHeadlines;
pub use read::headlines_found::HeadlinesBy;
pub(crate) use read::kin::Kin;
pub(crate) use read::past::{Asked, Past};
pub(crate) use read::row_filter::RowFilter;
pub(crate) use read::sample::{Sample, scatter};
pub(crate) use read::setters::{choice_methods, millis, setters, space_method, spread_methods};
pub(crate) use read::similar::{DEFAULT_EF, within};
pub use read::similar_batch::SimilarBatch;
pub(crate) use read::target::{LastBars, WholeHistory};
pub(crate) use read::used_up::UsedUp;
pub(crate) use spread::Spread;

pub use care::backup::BackupReport;
pub use care::check_vectors::ChangedVectors;
pub use care::health::{FileOnDisk, Health, vector_instructions};
pub use care::recall::{RecallOptions, RecallReport, SpaceRecall};
pub use care::repair::{DamagedSegment, LostBars, LostVectors, RepairReport, SegmentFate};
pub use care::verify::VerifyReport;
pub use control::{Control, Progress, Stage, StageTime};
pub use database::{Database, OpenOptions};
pub use headline_hit::{FoundHeadline, HeadlineHit};
pub use left_out::{FailedWindow, WaitingSpace};
pub use per::{Fewer, Per};
pub use read::answer::{Hit, LargeMoves, Searched, SimilarAnswer};
pub use read::around::NoStart;
pub(crate) use read::around::Started;
pub use read::changes_since::{ChangesSince, CommitChanges, StoredChange};
pub use read::headline_vectors::HeadlineVectors;
pub use read::least_move::LeastMove;
pub use read::panel::{ClosePanel, ClosePanelAnswer};
pub use read::query::Query;
pub use read::refine::Refine;
pub use read::similar::Similar;
pub use read::size::Size;
pub use read::stats::{BarsReport, DatabaseStats, SeriesInfo, SpaceInfo};
pub use read::tag_vote::{ClassifyByTags, TagAccuracy, TagNeighbour, TagVoteAnswer, TagVotes};
pub use read::tags::TagsLeftOut;
pub use read::told_move::MoveDirection;
pub use read::vectors::SeriesVectors;
pub use segment_sizes::SegmentSizes;
pub use spelling::Spelling;
pub use unreadable::UnreadableWeights;
pub use view::View;
pub use write::adjust::{AdjustReport, AdjustedSeries};
pub use write::ask_service::HeadlineEmbedReport;
pub use write::attributes::AttributeReport;
pub use write::compact::CompactReport;
pub(crate) use write::cut::Cut;
pub use write::delete::DeleteReport;
pub use write::headlines::HeadlineReport;
pub use write::import::{ImportReport, VectorRow};
pub use write::import_headlines::{HeadlineImportOptions, HeadlineImportReport, HeadlineVectorRow};
pub use write::ingest::Ingest;
pub use write::ingest_report::IngestReport;
pub use write::merge_part::MergedPart;
pub use write::prototypes::Prototype;
pub use write::resample::ResampleReport;
pub use write::spaces::DropReport;
pub use write::tags::TagReport;
