//! What the database holds and what it costs.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::rounded::to;
use crate::db::View;
use crate::error::Result;

/// Asks what the database holds and what it costs: see [`View::stats`].
///
/// ```
/// use rhymedb::ask::StatsRequest;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
/// # db.ingest_bars(&market.series())?;
/// let reply = StatsRequest::default().ask(&db.now())?;
/// assert!(reply.bars > 0 && reply.bytes_per_bar > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StatsRequest {}

impl StatsRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::stats`].
    pub fn ask(&self, view: &View) -> Result<StatsReply> {
        let asked = Asked::at(view, None);
        let stats = asked.view.stats()?;
        Ok(StatsReply {
            series: stats.series,
            bars: stats.bars,
            bar_bytes: stats.bar_bytes,
            bytes_per_bar: to(2, stats.bar_bytes as f64 / stats.bars.max(1) as f64),
            headlines: stats.headlines,
            windows: stats.windows,
            anchors: stats.anchors,
            segments: stats.segments,
            segment_bytes: stats.segment_bytes,
            bytes_per_window: to(2, stats.bytes_per_window),
            fresh_rows: stats.fresh_rows,
            dead_rows: stats.dead_rows,
            flat_windows: stats.flat_windows,
            pending_ranges: stats.pending_ranges,
            catalog_bytes: stats.catalog_bytes,
            catalog_free_bytes: stats.catalog_free_bytes,
            notes: asked.notes([asked.of_everything()])?,
        })
    }
}

/// The reply to a [`StatsRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StatsReply {
    /// Series.
    pub series: u64,
    /// Bars.
    pub bars: u64,
    /// Bytes of the stored bars.
    pub bar_bytes: u64,
    /// How many a bar takes.
    pub bytes_per_bar: f64,
    /// Headlines.
    pub headlines: u64,
    /// Rows of all spaces that can be found.
    pub windows: u64,
    /// Rows that the segments' graphs index.
    pub anchors: u64,
    /// Segment files.
    pub segments: u64,
    /// Bytes of the segment files.
    pub segment_bytes: u64,
    /// How many a row takes, dead rows included.
    pub bytes_per_window: f64,
    /// Rows that are in no segment yet.
    pub fresh_rows: u64,
    /// Rows that are dead and wait for compaction.
    pub dead_rows: u64,
    /// Windows without a vector, because they are flat.
    pub flat_windows: u64,
    /// Ranges of windows that wait for their vectors.
    pub pending_ranges: u64,
    /// Bytes of the catalog file.
    pub catalog_bytes: u64,
    /// Bytes of the catalog file that hold nothing.
    pub catalog_free_bytes: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}
