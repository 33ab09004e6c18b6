//! Which windows have tags.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::classify_by_tags::TagRow;
use crate::db::View;
use crate::error::Result;
use crate::model::Timestamp;

/// Asks which windows have tags: see [`View::tags`].
///
/// ```
/// use rhymedb::ask::TagsRequest;
/// use rhymedb::ingest::NewTag;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
/// # db.ingest_bars(&market.series())?;
/// let target = "NOVAUSDT:1h@2015-03-01".parse()?;
/// db.add_tags(&[NewTag { name: "long".to_owned(), target, value: Some(2.5), known: None }])?;
/// let reply = TagsRequest::default().ask(&db.now())?;
/// assert_eq!(reply.tags[0].tag, "long");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TagsRequest {
    /// Only tags of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl TagsRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::tags`].
    pub fn ask(&self, view: &View) -> Result<TagsReply> {
        let asked = Asked::at(view, self.as_of);
        let found = asked.view.tags(self.name.as_deref())?;
        Ok(TagsReply {
            as_of: asked.view.as_of(),
            tags: found.iter().map(TagRow::from).collect(),
            notes: asked.heard(),
        })
    }
}

/// The reply to a [`TagsRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TagsReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The tags, by time.
    pub tags: Vec<TagRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}
