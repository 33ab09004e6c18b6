//! What an ingestion did.

use serde::Serialize;

use super::embed_batch::Embedded;
use crate::db::control::StageTime;
use crate::db::left_out::{FailedWindow, Failures, WaitingSpace};

/// What ingestion of bars did.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct IngestReport {
    /// Series that were given.
    pub series: u64,
    /// Bars that were new.
    pub bars_added: u64,
    /// Bars that replaced a stored one of the same time.
    pub bars_replaced: u64,
    /// Bars that were stored already.
    pub bars_unchanged: u64,
    /// Bars of made series that were added, replaced or taken out, to keep them in step with the series
    /// that they are made of.
    pub bars_made: u64,
    /// Windows that were embedded, over all spaces.
    pub windows_embedded: u64,
    /// Windows that have no embedding because they are flat.
    pub windows_flat: u64,
    /// Windows that have no embedding because the encoder of their space failed on them.
    pub windows_failed: u64,
    /// The first of those.
    pub failed_windows: Vec<FailedWindow>,
    /// Windows whose old embedding was taken out.
    pub windows_removed: u64,
    /// Spaces whose windows wait for an encoder. Their bars are stored.
    pub waiting_spaces: Vec<WaitingSpace>,
    /// Segments that were written.
    pub segments: u64,
    /// Headlines that were embedded, over all spaces with an encoder of text.
    pub headlines_embedded: u64,
    /// Time spent in each stage, summed over threads.
    #[serde(serialize_with = "stages_as_millis")]
    pub stages: Vec<StageTime>,
}

fn stages_as_millis<S: serde::Serializer>(
    stages: &[StageTime],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(stages.iter().map(|s| (s.stage, s.time.as_millis() as u64)))
}

impl IngestReport {
    pub(in crate::db) fn add(&mut self, embedded: Embedded) {
        self.windows_embedded += embedded.rows;
        self.windows_flat += embedded.flat;
        let mut failures = Failures {
            count: self.windows_failed,
            first: std::mem::take(&mut self.failed_windows),
        };
        failures.add(embedded.failures);
        self.windows_failed = failures.count;
        self.failed_windows = failures.first;
    }
}
