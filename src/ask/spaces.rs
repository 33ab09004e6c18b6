//! Which spaces are stored.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use crate::db::{SpaceInfo, View};
use crate::error::Result;
use crate::model::Timestamp;

/// Asks which spaces are stored: see [`View::spaces`].
///
/// ```
/// use rhymedb::ask::SpacesRequest;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
/// # db.ingest_bars(&market.series())?;
/// let reply = SpacesRequest::default().ask(&db.now())?;
/// assert!(reply.spaces.iter().any(|space| space.name == "shape" && space.rows > 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SpacesRequest {}

impl SpacesRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::spaces`].
    pub fn ask(&self, view: &View) -> Result<SpacesReply> {
        let asked = Asked::at(view, None);
        Ok(SpacesReply {
            spaces: asked.view.spaces()?.iter().map(SpaceRow::from).collect(),
            notes: asked.notes([asked.of_everything()])?,
        })
    }
}

/// The reply to a [`SpacesRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SpacesReply {
    /// The spaces.
    pub spaces: Vec<SpaceRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A space and what it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SpaceRow {
    /// Its name.
    pub name: String,
    /// Who makes its vectors.
    pub encoder: String,
    /// What they stand for: `chart`, `headline` or `imported`.
    pub modality: String,
    /// How many numbers each has.
    pub dim: u32,
    /// How many bars a window has.
    pub window: u32,
    /// How many bars one window begins after another.
    pub hop: u32,
    /// The hash of the encoder's weights, in hexadecimal digits.
    pub weights_hash: String,
    /// Rows that can be found.
    pub rows: u64,
    /// Rows that are in no segment yet.
    pub fresh_rows: u64,
    /// Rows of segments that are dead and wait for compaction.
    pub dead_rows: u64,
    /// Windows without a vector, because they are flat.
    pub flat_windows: u64,
    /// Ranges of windows that wait for their vectors.
    pub pending_ranges: u64,
    /// Segment files.
    pub segments: u64,
    /// Rows that the segments' graphs index.
    pub anchors: u64,
    /// Bytes of the segment files.
    pub segment_bytes: u64,
    /// Rows that a graph could not reach when it was built, and that were linked in.
    pub repaired_rows: u64,
    /// Headlines that have a vector in the space.
    pub headline_rows: u64,
    /// The model of a service that made those, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_model: Option<String>,
    /// When it was made.
    pub created: Timestamp,
}

impl From<&SpaceInfo> for SpaceRow {
    fn from(info: &SpaceInfo) -> Self {
        let encoder = &info.space.encoder;
        Self {
            name: info.space.name.clone(),
            encoder: encoder.id.clone(),
            modality: encoder.modality.to_string(),
            dim: encoder.dim,
            window: encoder.window,
            hop: info.space.hop,
            weights_hash: format!("{:016x}", encoder.weights_hash),
            rows: info.rows,
            fresh_rows: info.fresh_rows,
            dead_rows: info.dead_rows,
            flat_windows: info.flat_windows,
            pending_ranges: info.pending_ranges,
            segments: info.segments,
            anchors: info.anchors,
            segment_bytes: info.segment_bytes,
            repaired_rows: info.repaired_rows,
            headline_rows: info.headline_rows,
            text_model: info.text_model.as_ref().map(|model| model.name.clone()),
            created: info.created,
        }
    }
}
