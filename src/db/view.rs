use std::sync::Arc;

use super::database::Inner;
use super::query::Query;
use super::similar::Similar;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::model::{Headline, Timestamp};
use crate::store::{CatalogUse, HeadlineFilter, HeadlineReads, suspecting_damage};

/// The database as of a moment: what was committed when the view was made, and of that only what
/// was known at its time. A view never changes; clones share it.
///
/// Known at t means: bars and windows that closed at or before t, and headlines published at or
/// before t. A headline whose time is known to the day counts from the end of that day. Bars
/// that were corrected later are seen as corrected: the database keeps one value of each bar.
///
/// A view keeps its database open, and locked if it was opened for writing, until the view is
/// dropped. [`crate::Database::close`] says how many views there are.
///
/// ```
/// use rhymedb::{Database, Result, View};
/// fn newest(path: &std::path::Path) -> Result<View> {
///     Ok(Database::open(path)?.now())
/// }
/// let dir = tempfile::tempdir()?;
/// assert_eq!(newest(dir.path())?.series()?.len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct View {
    /// Or why there is none: asked for when the view is used, so that making one cannot fail.
    snapshot: Result<Arc<Snapshot>, String>,
    as_of: Option<Timestamp>,
    /// Counts the views.
    _one: Arc<()>,
    /// Without the open file, a snapshot can read nothing. Dropped after it.
    _open: Arc<Inner>,
}

impl View {
    /// What is committed in an open database, as of a moment.
    pub(super) fn of(open: &Arc<Inner>, as_of: Option<Timestamp>) -> Self {
        Self {
            snapshot: open.snapshot().map_err(|e| e.to_string()),
            as_of,
            _one: Arc::clone(&open.views),
            _open: Arc::clone(open),
        }
    }

    pub(super) fn snapshot(&self) -> Result<&Snapshot> {
        match &self.snapshot {
            Ok(snapshot) => Ok(snapshot),
            Err(why) => Err(Error::Catalog(why.clone())),
        }
    }

    /// The view's time; `None` sees everything.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Looks something up in the snapshot. A damaged page of the catalog is an error.
    pub(super) fn look<T>(&self, question: impl FnOnce(&Snapshot) -> Result<T>) -> Result<T> {
        let snapshot = self.snapshot()?;
        suspecting_damage(snapshot.txn.path(), || question(snapshot))
    }

    /// The earlier of `time` and the view's time.
    pub(super) fn clamp(&self, time: Option<Timestamp>) -> Timestamp {
        let end = Timestamp::from_millis(i64::MAX);
        time.unwrap_or(end).min(self.as_of.unwrap_or(end))
    }

    /// Asks for the windows that are most similar to `query`: a [`crate::Target`], bars, a vector of
    /// the space, a sentence, a prototype, or a sum of such.
    ///
    /// ```no_run
    /// use rhymedb::{Database, Target};
    /// let db = Database::open("market.rhyme")?;
    /// let target: Target = "BTCUSDT:1h@2021-05-19T12:00".parse()?;
    /// let answer = db.now().similar(target).k(10).market("equity").run()?;
    /// for hit in &answer.hits {
    ///     println!("{:.4} {}", hit.score, hit.window);
    /// }
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    pub fn similar(&self, query: impl Into<Query>) -> Similar<'_> {
        Similar::new(self, query.into())
    }

    /// The newest `limit` headlines known in this view that were published in `from..=to`, of one
    /// symbol or of all, ascending by time.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn headlines(
        &self,
        symbol: Option<&str>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Headline>> {
        let filter = HeadlineFilter {
            symbol: symbol.map(str::to_owned),
            first: from.map_or(i64::MIN, Timestamp::millis),
            last: self.clamp(to).millis(),
            // Those of the view's last day may be unknown yet, so they do not count.
            limit: usize::MAX,
        };
        let mut headlines = self.look(|snapshot| snapshot.txn.headlines(&filter))?;
        headlines.retain(|h| self.as_of.is_none_or(|t| h.known_from() <= t));
        let surplus = headlines.len().saturating_sub(limit);
        Ok(headlines.split_off(surplus))
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("as_of", &self.as_of())
            .finish_non_exhaustive()
    }
}
