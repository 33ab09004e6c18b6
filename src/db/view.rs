use std::sync::Arc;

use super::control::Control;
use super::inner::Inner;
use super::snapshot::Snapshot;
use super::spelling::{Listener, Spelling};
use crate::error::Result;
use crate::model::{Headline, Timestamp};
use crate::store::{HeadlineFilter, HeadlineReads};

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
    snapshot: Result<Arc<Snapshot>>,
    as_of: Option<Timestamp>,
    /// What ends the questions of this view before they are answered.
    control: Option<Control>,
    /// Who hears of names that were typed otherwise than they are stored.
    listener: Option<Listener>,
    /// Counts the views.
    _one: Arc<()>,
    /// Without the open file, a snapshot can read nothing. Dropped after it.
    open: Arc<Inner>,
}

impl View {
    /// What is committed in an open database, as of a moment.
    pub(super) fn of(open: &Arc<Inner>, as_of: Option<Timestamp>) -> Self {
        Self {
            snapshot: open.snapshot(),
            as_of,
            control: None,
            listener: None,
            _one: Arc::clone(&open.views),
            open: Arc::clone(open),
        }
    }

    /// The same view, whose questions `control` can end: all of them, whatever they are, with
    /// [`crate::Error::Interrupted`] or [`crate::Error::TimedOut`]. They end, and do not go on unheard: a question
    /// looks at its control at every window that it reads. [`Control::on_progress`] hears nothing of
    /// questions.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rhymedb::{Control, Database, Error};
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let patient = Control::new().time_limit(Duration::from_secs(60));
    /// db.now().controlled(&patient).transfer_matrix().run()?;
    ///
    /// let gone = Control::new();
    /// gone.stop(); // For example because the client has hung up.
    /// let answer = db.now().controlled(&gone).transfer_matrix().run();
    /// assert!(matches!(answer, Err(Error::Interrupted)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn controlled(&self, control: &Control) -> Self {
        Self {
            control: Some(control.clone()),
            ..self.clone()
        }
    }

    /// The same view as of `time`; one later than the view's own changes nothing.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// let (may, june) = ("2021-05-01".parse()?, "2021-06-01".parse()?);
    /// assert_eq!(db.now().at(may).as_of(), Some(may));
    /// assert_eq!(db.at(may).at(june).as_of(), Some(may));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn at(&self, time: Timestamp) -> Self {
        Self {
            as_of: Some(self.clamp(Some(time))),
            ..self.clone()
        }
    }

    /// The same view; `also` hears of names that were typed otherwise, after whoever hears of them now.
    pub(crate) fn also_on_spelling(
        &self,
        also: impl Fn(&Spelling) + Send + Sync + 'static,
    ) -> Self {
        let first = self.listener.clone();
        self.with_listener(Arc::new(move |spelling| {
            if let Some(first) = &first {
                first(spelling);
            }
            also(spelling);
        }))
    }

    /// Whether a question may go on.
    pub(crate) fn go_on(&self) -> Result<()> {
        self.control.as_ref().map_or(Ok(()), Control::check)
    }

    pub(super) fn with_listener(&self, listener: Listener) -> Self {
        Self {
            listener: Some(listener),
            ..self.clone()
        }
    }

    pub(super) fn listener(&self) -> Option<&Listener> {
        self.listener.as_ref()
    }

    /// The open database.
    pub(super) fn open(&self) -> &Inner {
        &self.open
    }

    pub(super) fn snapshot(&self) -> Result<&Snapshot> {
        self.snapshot.as_deref().map_err(Clone::clone)
    }

    /// The view's time; `None` sees everything.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Looks something up in the snapshot.
    pub(super) fn look<T>(&self, question: impl FnOnce(&Snapshot) -> Result<T>) -> Result<T> {
        self.go_on()?;
        question(self.snapshot()?)
    }

    /// The earlier of `time` and the view's time.
    pub(super) fn clamp(&self, time: Option<Timestamp>) -> Timestamp {
        let end = Timestamp::from_millis(i64::MAX);
        time.unwrap_or(end).min(self.as_of.unwrap_or(end))
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
            known_at: self.as_of,
            limit,
        };
        self.look(|snapshot| snapshot.txn.headlines(&filter))
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("as_of", &self.as_of())
            .finish_non_exhaustive()
    }
}
