use crate::db::view::View;
use crate::error::Result;
use crate::model::Tag;
use crate::store::TagReads;

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
