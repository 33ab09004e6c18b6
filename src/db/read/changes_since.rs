//! What commits changed, for whoever keeps a copy of the rows elsewhere.

use std::collections::HashMap;

use serde::Serialize;

use crate::db::database::Database;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{ChangePosition, Headline, SeriesKey, Timestamp};
use crate::store::{CatalogUse, NotedChange, SeriesId, SpaceId};

/// What the commits after one changed: see [`Database::changes_since`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChangesSince {
    /// The last commit, to ask from the next time.
    pub position: ChangePosition,
    /// The commits in their order.
    pub commits: Vec<CommitChanges>,
}

/// What one commit changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CommitChanges {
    /// Its number.
    pub commit: u64,
    /// Its changes, in the order in which they are to be applied. None if it changed bars without windows.
    pub changes: Vec<StoredChange>,
}

/// One change of what is stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoredChange {
    /// Rows were added. One of a series and an end that is there already got another vector.
    RowsAdded {
        /// The space.
        space: String,
        /// The series of the windows.
        series: SeriesKey,
        /// When the windows closed.
        ends: Vec<Timestamp>,
    },
    /// All rows of a series that ended in a range of time were taken out.
    RowsRemoved {
        /// The space.
        space: String,
        /// The series of the windows.
        series: SeriesKey,
        /// The first close time of the range.
        first: Timestamp,
        /// The last close time of the range.
        last: Timestamp,
    },
    /// A space was dropped with all its rows.
    SpaceDropped {
        /// The space.
        space: String,
    },
    /// A space got another name.
    SpaceRenamed {
        /// The name that it had.
        from: String,
        /// The name that it has.
        to: String,
    },
    /// A headline was added. One of the same time, source and text that is there already got another
    /// precision or more symbols.
    HeadlineAdded(Headline),
    /// All headlines that were published in a range of time were taken out.
    HeadlinesRemoved {
        /// The first time of the range.
        first: Timestamp,
        /// The last time of the range.
        last: Timestamp,
    },
}

impl Database {
    /// What the commits after `position` changed, in order: rows and headlines that were added and removed.
    /// Applied to what a view saw whose [`View::position`] it is, they give what is stored now.
    ///
    /// The changes of the last 1,024 commits are kept, and at most 16 MB of them; a bulk load may be too
    /// large to keep. Who comes later reads everything again, and goes on from there. So does who read commits
    /// that were lost: because a backup took the database's place, or because the power failed before a sync
    /// ([`crate::OpenOptions::sync_every`]). Moving rows into segments changes nothing that is stored, so
    /// compaction is not told. Vectors of headlines are not told either, neither embedded nor imported ones:
    /// [`View::headline_vectors`] reads them.
    ///
    /// ```
    /// use std::collections::BTreeSet;
    /// use rhymedb::data::StoredChange;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// use rhymedb::{Database, Error, SeriesBars};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// let market = SyntheticMarket::new(SyntheticConfig::small(1))?.series();
    /// let part = |from, to| SeriesBars { bars: market[0].bars.slice(from..to), ..market[0].clone() };
    /// db.ingest_bars(&[part(0, 200)])?;
    /// let known = db.now().position()?;
    ///
    /// db.ingest_bars(&[part(200, 203)])?;
    /// let mut ends = BTreeSet::new();
    /// for commit in db.changes_since(known)?.commits {
    ///     for change in commit.changes {
    ///         match change {
    ///             StoredChange::RowsAdded { space, ends: new, .. } if space == "shape" => ends.extend(new),
    ///             _ => {} // A follower of all spaces applies every kind of change.
    ///         }
    ///     }
    /// }
    /// assert_eq!(ends.len(), 3);
    ///
    /// // Too old, or of another database: read everything again.
    /// let elsewhere = "1-00c5a1f3e29b7d46".parse()?;
    /// assert!(matches!(db.changes_since(elsewhere), Err(Error::ChangesNotKept { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ChangesNotKept`] if the changes since that commit are not kept any more, or the database
    /// never had it, or lost it.
    pub fn changes_since(&self, position: ChangePosition) -> Result<ChangesSince> {
        let snapshot = self.0.snapshot()?;
        let mut records = snapshot.txn.changes_after(position)?;
        // From the newest to the oldest: a name that was lost is known from the commit that took it.
        let mut names = Names::of(&snapshot);
        let mut commits = Vec::with_capacity(records.len());
        while let Some((commit, changes)) = records.pop() {
            names.before(&changes);
            let changes = changes
                .into_iter()
                .filter_map(|change| names.told(change).transpose());
            commits.push(CommitChanges {
                commit,
                changes: changes.collect::<Result<_>>()?,
            });
        }
        commits.reverse();
        Ok(ChangesSince {
            position: snapshot.txn.last_commit()?,
            commits,
        })
    }
}

impl View {
    /// The last commit that this view sees, to ask [`Database::changes_since`] from. Each commit that changes
    /// rows or headlines, and some that change bars alone, has the next number; 0 if none has one yet.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn position(&self) -> Result<ChangePosition> {
        self.look(|snapshot| snapshot.txn.last_commit())
    }
}

/// The names of series and spaces as of a commit.
struct Names<'a> {
    snapshot: &'a Snapshot,
    /// Names of series that are gone by now.
    series: HashMap<SeriesId, SeriesKey>,
    /// Names that spaces had.
    spaces: HashMap<SpaceId, String>,
    /// The new names that the spaces of the commit at hand got.
    renamed: HashMap<SpaceId, String>,
}

impl<'a> Names<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            series: HashMap::new(),
            spaces: HashMap::new(),
            renamed: HashMap::new(),
        }
    }

    /// Goes from the names after a commit to those before it.
    fn before(&mut self, changes: &[NotedChange]) {
        self.renamed.clear();
        for change in changes.iter().rev() {
            match change {
                NotedChange::SeriesForgotten { series, key } => {
                    self.series.insert(*series, key.clone());
                }
                NotedChange::SpaceDropped { space, name } => {
                    self.spaces.insert(*space, name.clone());
                }
                NotedChange::SpaceRenamed { space, from } => {
                    if let Some(to) = self.space(*space) {
                        self.renamed.insert(*space, to);
                    }
                    self.spaces.insert(*space, from.clone());
                }
                NotedChange::Added { .. }
                | NotedChange::Removed { .. }
                | NotedChange::HeadlineAdded(_)
                | NotedChange::HeadlinesRemoved { .. } => {}
            }
        }
    }

    fn space(&self, id: SpaceId) -> Option<String> {
        let stored = || Some(self.snapshot.space_by_id(id)?.space().name.clone());
        self.spaces.get(&id).cloned().or_else(stored)
    }

    fn window(&self, space: SpaceId, series: SeriesId) -> Result<(String, SeriesKey)> {
        let stored = || Some(self.snapshot.series.get(&series)?.key.clone());
        let key = self.series.get(&series).cloned().or_else(stored);
        self.space(space).zip(key).ok_or_else(|| self.nameless())
    }

    fn nameless(&self) -> Error {
        let detail = "it names a space or a series that has no name";
        Error::corrupt(self.snapshot.txn.path(), "changes", detail)
    }

    /// A change by names; `None` if it is of no consequence to rows and headlines.
    fn told(&self, change: NotedChange) -> Result<Option<StoredChange>> {
        let time = Timestamp::from_millis;
        Ok(Some(match change {
            NotedChange::Added { space, series, run } => {
                let (space, series) = self.window(space, series)?;
                let ends = run.ends().map(time).collect();
                StoredChange::RowsAdded {
                    space,
                    series,
                    ends,
                }
            }
            NotedChange::Removed {
                space,
                series,
                first,
                last,
            } => {
                let (space, series) = self.window(space, series)?;
                let (first, last) = (time(first), time(last));
                StoredChange::RowsRemoved {
                    space,
                    series,
                    first,
                    last,
                }
            }
            NotedChange::SpaceDropped { name, .. } => StoredChange::SpaceDropped { space: name },
            NotedChange::SpaceRenamed { space, from } => {
                let to = self.renamed.get(&space).cloned();
                let to = to.ok_or_else(|| self.nameless())?;
                StoredChange::SpaceRenamed { from, to }
            }
            NotedChange::SeriesForgotten { .. } => return Ok(None),
            NotedChange::HeadlineAdded(headline) => StoredChange::HeadlineAdded(headline),
            NotedChange::HeadlinesRemoved { first, last } => StoredChange::HeadlinesRemoved {
                first: time(first),
                last: time(last),
            },
        }))
    }
}
