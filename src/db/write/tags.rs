//! Tags of windows: one's own trades, setups and events.

use serde::Serialize;

use crate::db::database::Database;
use crate::db::read::around::Around;
use crate::db::read::spelled;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{NewTag, Tag, Target, Timestamp};
use crate::store::TagReads;

/// What [`Database::add_tags`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TagReport {
    /// Tags that were new.
    pub added: u64,
    /// Tags of a name and window that had one, which said something else.
    pub replaced: u64,
    /// Tags that were stored already.
    pub unchanged: u64,
    /// Tags that have a number and do not say from when on it is known. It counts as known when the window
    /// closed, which of the profit of a trade is hindsight.
    pub values_known_at_end: u64,
}

impl Database {
    /// Stores tags of windows, all of them or none. A tag names the window that had closed at its time; it is
    /// known from its end on, or later if it says so. [`crate::Query::tag`] asks with all windows of a name, and
    /// [`View::classify_by_tags`] with all names.
    ///
    /// ```
    /// use rhymedb::{Database, Query};
    /// use rhymedb::ingest::NewTag;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let target = "NOVAUSDT:1h@10 Jan 2015 14:30".parse()?;
    /// let tag = NewTag { name: "breakout".to_owned(), target, value: Some(3.5), known: None };
    /// assert_eq!(db.add_tags(&[tag])?.added, 1);
    /// let stored = db.now().tags(Some("breakout"))?;
    /// assert_eq!(stored[0].end, "2015-01-10T14:00".parse()?);
    /// assert_eq!(db.now().similar(Query::tag("breakout")).k(3).run()?.hits.len(), 3);
    /// assert_eq!(db.remove_tags("breakout", None)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if a target names no stored series, or several;
    /// [`Error::Invalid`] if it has no time, or one from which no bar is stored, or if a name or number cannot be
    /// one, or a tag would be known before its window has closed.
    pub fn add_tags(&self, tags: &[NewTag]) -> Result<TagReport> {
        self.0.change(|| {
            let writer = self.0.writer()?;
            let view = self.now();
            let snapshot = view.snapshot()?;
            let txn = writer.catalog.write()?;
            let mut report = TagReport::default();
            let mut known = snapshot.txn.tags(None)?;
            for new in tags {
                let tag = resolved(&view, snapshot, new)?;
                let at_end = new.value.is_some() && new.known.is_none();
                report.values_known_at_end += u64::from(at_end);
                let same = |old: &&mut Tag| {
                    (&old.name, &old.series, old.end) == (&tag.name, &tag.series, tag.end)
                };
                match known.iter_mut().find(same) {
                    Some(old) if *old == tag => {
                        report.unchanged += 1;
                        continue;
                    }
                    Some(old) => {
                        report.replaced += 1;
                        *old = tag.clone();
                    }
                    None => {
                        report.added += 1;
                        known.push(tag.clone());
                    }
                }
                txn.put_tag(&tag)?;
            }
            if report.added + report.replaced > 0 {
                self.0.commit(&writer, txn)?;
            }
            Ok(report)
        })
    }

    /// Forgets the tags of a name: all of them, or that of one window. Returns how many.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; else as [`Database::add_tags`].
    pub fn remove_tags(&self, name: &str, target: Option<&Target>) -> Result<u64> {
        self.0.change(|| {
            let writer = self.0.writer()?;
            let view = self.now();
            let snapshot = view.snapshot()?;
            let window = target
                .map(|target| window_of(&view, snapshot, target))
                .transpose()?;
            let mut gone = snapshot.txn.tags(Some(name))?;
            if let Some((series, end)) = window {
                gone.retain(|tag| tag.series == series && tag.end == end);
            }
            if gone.is_empty() {
                let window = target.map_or(String::new(), |target| format!(" of {target}"));
                return Err(Error::NotFound {
                    what: "tag",
                    name: format!("{name}{window}"),
                    hint_text: "`rhyme tags` lists those that are stored".to_owned(),
                });
            }
            let txn = writer.catalog.write()?;
            for tag in &gone {
                txn.remove_tag(tag)?;
            }
            self.0.commit(&writer, txn)?;
            Ok(gone.len() as u64)
        })
    }
}

fn resolved(view: &View, snapshot: &Snapshot, new: &NewTag) -> Result<Tag> {
    let (series, end) = window_of(view, snapshot, &new.target)?;
    let tag = Tag {
        name: new.name.clone(),
        series,
        end,
        known: new.known.unwrap_or(end),
        value: new.value,
    };
    tag.check()?;
    Ok(tag)
}

/// The series that a target names, and the close of its last bar that had closed at the target's time.
fn window_of(
    view: &View,
    snapshot: &Snapshot,
    target: &Target,
) -> Result<(crate::model::SeriesKey, Timestamp)> {
    let (id, record) = spelled::series(view, snapshot, target)?;
    let key = &record.key;
    let time = target.time.ok_or_else(|| {
        Error::invalid(format!(
            "expected a window with its time, like {key}@2021-05-19T12:00, found {target}"
        ))
    })?;
    let around = Around::new(snapshot, (id, record), time)?;
    around.last_due().map(|end| (key.clone(), end)).ok_or_else(|| {
        let last = around.last().map_or("none before it".to_owned(), |end| format!("the last before it closed at {end}"));
        Error::invalid(format!(
            "expected stored bars of {key} around {time}, found {last}; bring the bars in first, or correct the time"
        ))
    })
}
