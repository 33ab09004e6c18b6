//! Files that were read before and did not change since.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rhymedb::files::{BarOptions, stamp_file, unchanged_file};
use rhymedb::ingest::{FileRead, FileStamp, ReadSpan};
use rhymedb::{Database, Error, SeriesKey, View};

/// What is known of files that were read before.
pub(super) struct Memory<'o> {
    known: HashMap<String, FileRead>,
    options: &'o BarOptions,
    /// Files to remember.
    new: Vec<FileRead>,
    /// Files of the command that did not change. Bars that other files of the command replace were
    /// compared with theirs, so they stay remembered.
    unchanged: Vec<FileRead>,
}

/// A file, and whether it has to be read.
pub(super) struct Candidate<'a> {
    /// Its place in the order of all.
    pub(super) order: usize,
    pub(super) path: &'a PathBuf,
    /// What it holds, if it did not change.
    pub(super) unchanged: Option<Vec<ReadSpan>>,
}

impl<'o> Memory<'o> {
    /// `reread`: as if no file had been read before. Files whose paths say nothing are not remembered.
    pub(super) fn of(db: &Database, options: &'o BarOptions, reread: bool) -> Result<Self, Error> {
        let known = match reread || options.nameless {
            true => Vec::new(),
            false => db.now().remembered_files()?,
        };
        Ok(Self {
            known: known.into_iter().map(|f| (f.path.clone(), f)).collect(),
            options,
            new: Vec::new(),
            unchanged: Vec::new(),
        })
    }

    /// Which of the files have to be read.
    pub(super) fn sort_out<'a>(
        &mut self,
        files: &'a [PathBuf],
        stored: &View,
    ) -> Vec<Candidate<'a>> {
        let look = |path: &PathBuf| self.unchanged(path, stored);
        let found: Vec<Option<(FileRead, bool)>> = files.par_iter().map(look).collect();
        let mut candidates = Vec::with_capacity(files.len());
        for (order, (path, before)) in files.iter().zip(found).enumerate() {
            let unchanged = before.as_ref().map(|(file, _)| file.series.clone());
            candidates.push(Candidate {
                order,
                path,
                unchanged,
            });
            if let Some((file, touched)) = before {
                match touched {
                    true => self.new.push(file),
                    false => self.unchanged.push(file),
                }
            }
        }
        candidates
    }

    fn known(&self, path: &Path) -> Option<&FileRead> {
        match self.known.is_empty() {
            true => None,
            false => self.known.get(&name_of(path)?),
        }
    }

    /// What is known of a file that did not change and whose bars are all stored, and whether its time
    /// changed.
    fn unchanged(&self, path: &Path, stored: &View) -> Option<(FileRead, bool)> {
        let before = self.known(path)?;
        let all_stored = |span: &ReadSpan| {
            let key: Result<SeriesKey, Error> = span.series.parse();
            let count = key.and_then(|key| stored.bars_between(&key, span.first, span.last));
            count.is_ok_and(|count| count >= span.bars)
        };
        if before.options != self.options.hash_of_reading(path)
            || !before.series.iter().all(all_stored)
        {
            return None;
        }
        // Who reads it says what is wrong with it.
        let stamp = unchanged_file(path, &before.stamp).ok()??;
        let touched = stamp != before.stamp;
        let file = FileRead {
            stamp,
            ..before.clone()
        };
        Some((file, touched))
    }

    /// What a file is like, if that can be told: without it the file is read again the next time.
    pub(super) fn stamp(&self, path: &Path) -> Option<FileStamp> {
        if self.options.nameless {
            return None;
        }
        stamp_file(path, self.known(path).map(|file| &file.stamp)).ok()
    }

    /// Remembers a file of which everything is stored.
    pub(super) fn remember(&mut self, path: &Path, stamp: FileStamp, held: Vec<ReadSpan>) {
        let Some(name) = name_of(path) else { return };
        self.new.push(FileRead {
            path: name,
            stamp,
            options: self.options.hash_of_reading(path),
            series: held,
        });
    }

    /// Keeps in the database what is new.
    pub(super) fn keep(mut self, db: &Database) -> Result<(), Error> {
        if !self.unchanged.is_empty() {
            let there = db.now().remembered_files()?;
            let there: HashSet<String> = there.into_iter().map(|file| file.path).collect();
            let forgotten = self.unchanged.into_iter();
            self.new
                .extend(forgotten.filter(|file| !there.contains(&file.path)));
        }
        db.remember_files(&self.new)
    }
}

/// The name of a file that no folder from which a command is run changes.
fn name_of(path: &Path) -> Option<String> {
    path.canonicalize().ok()?.to_str().map(str::to_owned)
}
