//! Which prototypes are stored.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::rounded::figure;
use crate::db::{Prototype, View};
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks which prototypes are stored, and of which windows they are made: see [`View::prototypes`].
///
/// ```
/// use rhymedb::ask::PrototypesRequest;
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
/// # db.ingest_bars(&market.series())?;
/// let windows = ["NOVAUSDT:1h@2015-03-01".parse()?, "ORBUSDT:1h@2015-03-05".parse()?];
/// db.save_prototype("mine", None, &windows)?;
/// let reply = PrototypesRequest::default().ask(&db.now())?;
/// assert_eq!(reply.prototypes[0].windows.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PrototypesRequest {
    /// Only prototypes whose windows were all known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl PrototypesRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::prototypes`].
    pub fn ask(&self, view: &View) -> Result<PrototypesReply> {
        let asked = Asked::at(view, self.as_of);
        let found = asked.view.prototypes()?;
        Ok(PrototypesReply {
            as_of: asked.view.as_of(),
            prototypes: found.iter().map(PrototypeRow::from).collect(),
            notes: asked.heard(),
        })
    }
}

/// The reply to a [`PrototypesRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PrototypesReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The prototypes, by name.
    pub prototypes: Vec<PrototypeRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A prototype and what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PrototypeRow {
    /// Its name.
    pub name: String,
    /// The space that it is of.
    pub space: String,
    /// The mean cosine of two of its windows; nothing of a single window.
    pub cohesion: Option<f64>,
    /// When it was made.
    pub created: Timestamp,
    /// Its windows, each as a target.
    pub windows: Vec<Target>,
}

impl From<&Prototype> for PrototypeRow {
    fn from(prototype: &Prototype) -> Self {
        Self {
            name: prototype.name.clone(),
            space: prototype.space.clone(),
            cohesion: prototype.cohesion.map(figure),
            created: prototype.created,
            windows: prototype.windows.iter().map(Target::from).collect(),
        }
    }
}
