//! Which series are stored.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::window_row::SeriesRow;
use crate::db::{SeriesInfo, View};
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks which series are stored: see [`View::series`].
///
/// ```
/// use rhymedb::ask::SeriesRequest;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
/// # db.ingest_bars(&market.series())?;
/// let mut request = SeriesRequest::default();
/// request.text = Some("nova".to_owned());
/// let reply = request.ask(&db.now())?;
/// assert!(reply.series.iter().all(|row| row.series.symbol == "NOVAUSDT"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SeriesRequest {
    /// Only names that contain this text, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only series of which a bar had closed by this time, with the bars that had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl SeriesRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::series`].
    pub fn ask(&self, view: &View) -> Result<SeriesReply> {
        let asked = Asked::at(view, self.as_of);
        let wanted = self.text.as_deref().unwrap_or_default().to_lowercase();
        let mut all = asked.view.series()?;
        all.retain(|info| info.key.to_string().to_lowercase().contains(&wanted));
        Ok(SeriesReply {
            as_of: asked.view.as_of(),
            series: all.iter().map(StoredSeriesRow::from).collect(),
            notes: asked.notes([])?,
        })
    }
}

/// The reply to a [`SeriesRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SeriesReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The series, by name.
    pub series: Vec<StoredSeriesRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A series and how much is stored of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StoredSeriesRow {
    /// The series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// Which missing bars are a gap: `continuous` (all) or `session`.
    pub calendar: String,
    /// The series whose bars it is made of, if it has none of its own.
    pub made_of: Option<Target>,
    /// How many bars it has.
    pub bars: u64,
    /// When the first of them opened.
    pub first: Option<Timestamp>,
    /// When the last of them closed.
    pub last: Option<Timestamp>,
}

impl From<&SeriesInfo> for StoredSeriesRow {
    fn from(info: &SeriesInfo) -> Self {
        Self {
            series: (&info.key).into(),
            calendar: info.calendar.to_string(),
            made_of: info.made_of.clone().map(Target::from),
            bars: info.bars,
            first: info.first,
            last: info.last,
        }
    }
}
