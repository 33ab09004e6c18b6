use std::fmt;

use serde::{Deserialize, Serialize};

use crate::db::view::View;
use crate::error::Result;
use crate::model::Tag;
use crate::store::TagReads;

/// Tags that were known and have no part in an answer, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TagsLeftOut {
    /// Their series is not stored, or not any more.
    pub without_series: u64,
    /// Their window is not whole: it begins before its series, or bars of it are missing.
    pub without_window: u64,
    /// Their window has no vector: it is flat, or the encoder cannot read it.
    pub without_vector: u64,
}

impl TagsLeftOut {
    /// How many, whatever the reason.
    pub fn total(&self) -> u64 {
        self.without_series + self.without_window + self.without_vector
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            without_series: self.without_series + other.without_series,
            without_window: self.without_window + other.without_window,
            without_vector: self.without_vector + other.without_vector,
        }
    }
}

impl fmt::Display for TagsLeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.without_series, "whose series is not stored"),
            (self.without_window, "without a whole window"),
            (
                self.without_vector,
                "whose window is flat or cannot be encoded",
            ),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, why)| format!("{n} {why}"))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

impl View {
    /// The tags of a name, or all, that were known at the view's time, by time.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn tags(&self, name: Option<&str>) -> Result<Vec<Tag>> {
        self.look(|snapshot| {
            let mut all = snapshot.txn.tags(name)?;
            all.retain(|tag| self.as_of().is_none_or(|t| tag.known <= t));
            all.sort_by_cached_key(|tag| (tag.end, tag.series.to_string(), tag.name.clone()));
            Ok(all)
        })
    }
}
