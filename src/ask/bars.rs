//! The bars of a series.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::bar_row::BarRow;
use super::reaction::twenty;
use super::window_row::SeriesRow;
use crate::db::View;
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks for the last bars of a series: see [`View::bars`].
///
/// ```
/// use rhymedb::ask::BarsRequest;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
/// # db.ingest_bars(&market.series())?;
/// let mut request = BarsRequest::new("NOVAUSDT:1h".parse()?);
/// request.until = Some("2015-03-01".parse()?);
/// request.last = 24;
/// let reply = request.ask(&db.now())?;
/// assert_eq!(reply.bars.len(), 24);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BarsRequest {
    /// The series. A time is the same as `until`, which goes before it.
    pub series: Target,
    /// Only bars that closed at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only bars that closed at or before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Nothing that closed after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Only the last so many; 0 is all. Default: 20.
    #[serde(default = "twenty")]
    pub last: usize,
}

impl BarsRequest {
    /// The request with the defaults.
    pub fn new(series: Target) -> Self {
        Self {
            series,
            from: None,
            until: None,
            as_of: None,
            last: twenty(),
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::series_of`] and [`View::bars`], and [`crate::Error::Invalid`] if the period ends before
    /// it begins.
    pub fn ask(&self, view: &View) -> Result<BarsReply> {
        Timestamp::check_period(self.from, self.until)?;
        let asked = Asked::at(view, self.as_of);
        let key = asked.view.series_of(&self.series)?;
        let until = self.until.or(self.series.time);
        let limit = (self.last > 0).then_some(self.last);
        let found = asked.view.bars(&key, self.from, until, limit)?;
        Ok(BarsReply {
            series: (&key).into(),
            as_of: asked.view.as_of(),
            bars: found.bars.iter().map(BarRow::from).collect(),
            notes: asked.heard(),
        })
    }
}

/// The reply to a [`BarsRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BarsReply {
    /// The series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The bars, ascending by time.
    pub bars: Vec<BarRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}
