//! A copy of the rows and headlines that is kept by what each commit says it changed.

use std::collections::{BTreeMap, BTreeSet};

use rhymedb::Database;
use rhymedb::data::{ChangePosition, Headline, StoredChange};

/// Rows by space, series and end; headlines by time, source and text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Copied {
    rows: BTreeMap<String, BTreeSet<(String, i64)>>,
    headlines: BTreeMap<(i64, String, String), Headline>,
}

impl Copied {
    /// What is stored now.
    pub fn fresh(db: &Database) -> Self {
        let view = db.now();
        let mut copied = Self::default();
        for info in view.spaces().unwrap() {
            let mut rows = BTreeSet::new();
            let space = info.space.name;
            let all = |one: rhymedb::ingest::SeriesVectors| {
                let name = one.series.to_string();
                rows.extend(one.ends.iter().map(|end| (name.clone(), end.millis())));
                Ok(())
            };
            view.vectors(Some(&space), &[], None, None, all).unwrap();
            if !rows.is_empty() {
                copied.rows.insert(space, rows);
            }
        }
        for headline in view.headlines(None, None, None, usize::MAX).unwrap() {
            copied.add(headline);
        }
        copied
    }

    fn add(&mut self, headline: Headline) {
        let key = (
            headline.time.millis(),
            headline.source.clone(),
            headline.text.clone(),
        );
        self.headlines.insert(key, headline);
    }

    fn apply(&mut self, change: StoredChange) {
        match change {
            StoredChange::RowsAdded {
                space,
                series,
                ends,
            } => {
                assert!(!ends.is_empty());
                let rows = self.rows.entry(space).or_default();
                rows.extend(ends.iter().map(|end| (series.to_string(), end.millis())));
            }
            StoredChange::RowsRemoved {
                space,
                series,
                first,
                last,
            } => {
                let (gone, series) = (first.millis()..=last.millis(), series.to_string());
                let rows = self.rows.entry(space).or_default();
                rows.retain(|(name, end)| *name != series || !gone.contains(end));
            }
            StoredChange::SpaceDropped { space } => {
                self.rows.remove(&space);
            }
            StoredChange::SpaceRenamed { from, to } => {
                let rows = self.rows.remove(&from).unwrap_or_default();
                assert_eq!(self.rows.insert(to, rows), None);
            }
            StoredChange::HeadlineAdded(headline) => self.add(headline),
            StoredChange::HeadlinesRemoved { first, last } => {
                let gone = first.millis()..=last.millis();
                let before = self.headlines.len();
                self.headlines.retain(|(time, ..), _| !gone.contains(time));
                assert!(self.headlines.len() < before);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Who follows a database commit by commit.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    position: Option<ChangePosition>,
    copied: Copied,
    /// Commits that were applied.
    pub followed: usize,
}

impl Follower {
    /// Applies what happened since the last time. What comes of it is what is stored.
    pub fn follow(&mut self, db: &Database) {
        let now = db.now().position().unwrap();
        let Some(known) = self.position.filter(|known| known.commit() > 0) else {
            // Who never followed, and who saw nothing but commits without numbers, begins anew.
            self.position = Some(now);
            self.copied = Copied::fresh(db);
            return;
        };
        let since = db.changes_since(known).unwrap();
        assert_eq!(since.position, now);
        let mut last = known.commit();
        for one in since.commits {
            last += 1;
            assert_eq!(one.commit, last);
            for change in one.changes {
                self.copied.apply(change);
            }
            self.followed += 1;
        }
        assert_eq!(last, now.commit());
        self.position = Some(now);
        self.copied.rows.retain(|_, rows| !rows.is_empty());
        assert_eq!(self.copied, Copied::fresh(db), "commit {now}");
    }
}
