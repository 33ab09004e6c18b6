//! What changes a database: ingestion, removal, embedding, compaction, and the spaces themselves.

pub(super) mod adjust;
pub(super) mod ask_service;
pub(super) mod attributes;
pub(super) mod batch_store;
pub(super) mod chart_space;
pub(super) mod check;
pub(super) mod compact;
pub(super) mod delete;
pub(super) mod embed_batch;
pub(super) mod files_read;
pub(super) mod headlines;
pub(super) mod import;
pub(super) mod import_headlines;
pub(super) mod imported_space;
pub(super) mod ingest;
pub(super) mod ingest_report;
pub(super) mod made;
pub(super) mod make_default_spaces;
pub(super) mod new_segments;
pub(super) mod prototypes;
pub(super) mod removal;
pub(super) mod resample;
pub(super) mod seal;
pub(super) mod spaces;
pub(super) mod tags;
pub(super) mod two_at_once;
