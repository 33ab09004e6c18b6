//! The headlines that are stored.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::headline_row::StoredHeadlineRow;
use super::reaction::twenty;
use crate::db::View;
use crate::error::Result;
use crate::model::Timestamp;

/// Asks for the last headlines, of one symbol or of all: see [`View::headlines`].
///
/// ```
/// use rhymedb::ask::HeadlinesRequest;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
/// # db.ingest_headlines(&market.headlines())?;
/// let mut request = HeadlinesRequest::default();
/// request.last = 5;
/// let reply = request.ask(&db.now())?;
/// assert_eq!(reply.headlines.len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HeadlinesRequest {
    /// Only headlines that name this symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Only headlines published at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only headlines published at or before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Only the last so many; 0 is all. Default: 20.
    #[serde(default = "twenty")]
    pub last: usize,
}

impl Default for HeadlinesRequest {
    fn default() -> Self {
        Self {
            symbol: None,
            from: None,
            until: None,
            as_of: None,
            last: twenty(),
        }
    }
}

impl HeadlinesRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::headlines`], and [`crate::Error::Invalid`] if the period ends before it begins.
    pub fn ask(&self, view: &View) -> Result<HeadlinesReply> {
        Timestamp::check_period(self.from, self.until)?;
        let asked = Asked::at(view, self.as_of);
        let limit = if self.last == 0 {
            usize::MAX
        } else {
            self.last
        };
        let symbol = self.symbol.as_deref();
        let found = (asked.view).headlines(symbol, self.from, self.until, limit)?;
        Ok(HeadlinesReply {
            as_of: asked.view.as_of(),
            headlines: found.iter().map(StoredHeadlineRow::from).collect(),
            notes: asked.heard(),
        })
    }
}

/// The reply to a [`HeadlinesRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeadlinesReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The headlines, ascending by time.
    pub headlines: Vec<StoredHeadlineRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}
