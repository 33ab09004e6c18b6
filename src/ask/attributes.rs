//! What is said of symbols.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use crate::db::View;
use crate::error::Result;
use crate::model::{Attribute, Timestamp};

/// Asks for the attributes of symbols: see [`View::attributes`].
///
/// ```
/// use rhymedb::ask::AttributesRequest;
/// use rhymedb::data::Attribute;
/// # use rhymedb::Database;
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// db.set_attributes(&[Attribute::new("ACME", "sector", "Energy")])?;
/// let request: AttributesRequest = serde_json::from_str(r#"{"where": {"sector": ["energy"]}}"#)?;
/// let reply = request.ask(&db.now())?;
/// assert_eq!(reply.attributes[0].symbol, "ACME");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AttributesRequest {
    /// Only those of this symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Only these attributes, each with one of its values. Case does not count.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl AttributesRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::attributes`].
    pub fn ask(&self, view: &View) -> Result<AttributesReply> {
        let asked = Asked::at(view, self.as_of);
        let mut found = asked.view.attributes(self.symbol.as_deref())?;
        found.retain(|attribute| self.wants(attribute));
        Ok(AttributesReply {
            as_of: asked.view.as_of(),
            attributes: found.iter().map(AttributeRow::from).collect(),
            notes: asked.heard(),
        })
    }

    fn wants(&self, attribute: &Attribute) -> bool {
        let fits = |(name, values): (&String, &Vec<String>)| {
            Attribute::plain(name) == attribute.name && values.iter().any(|v| attribute.has(v))
        };
        self.attributes.is_empty() || self.attributes.iter().any(fits)
    }
}

/// The reply to an [`AttributesRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AttributesReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The attributes, by symbol and name.
    pub attributes: Vec<AttributeRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Something that is said of a symbol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AttributeRow {
    /// The symbol.
    pub symbol: String,
    /// The market, if it holds for that one only.
    pub market: Option<String>,
    /// Which attribute.
    pub attribute: String,
    /// What it is; several values stand with `;` between them.
    pub value: String,
    /// From when on it is known; nothing if nobody said.
    pub known: Option<Timestamp>,
}

impl From<&Attribute> for AttributeRow {
    fn from(attribute: &Attribute) -> Self {
        Self {
            symbol: attribute.symbol.clone(),
            market: attribute.market.clone(),
            attribute: attribute.name.clone(),
            value: attribute.value.clone(),
            known: attribute.known,
        }
    }
}
