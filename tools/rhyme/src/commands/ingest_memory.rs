//! Files that were read before and did not change since.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rhymedb::{
    BarOptions, Database, Error, FileRead, FileStamp, ReadSpan, SeriesBars, named_by_path,
    stamp_file, unchanged_file,
};

/// What is known of files that were read before.
pub(super) struct Memory {
    known: HashMap<String, FileRead>,
    /// How files are read, in words.
    reading: String,
    /// Files to remember.
    new: Vec<FileRead>,
}

/// A file, and whether it has to be read.
pub(super) struct Candidate<'a> {
    /// Its place in the order of all.
    pub(super) order: usize,
    pub(super) path: &'a PathBuf,
    /// What it holds, if it did not change.
    pub(super) unchanged: Option<Vec<ReadSpan>>,
}

impl Memory {
    /// `reread`: as if no file had been read before.
    pub(super) fn of(db: &Database, options: &BarOptions, reread: bool) -> Result<Self, Error> {
        let known = match reread {
            true => Vec::new(),
            false => db.now().remembered_files()?,
        };
        Ok(Self {
            known: known.into_iter().map(|f| (f.path.clone(), f)).collect(),
            // A newer program may read the same file otherwise.
            reading: format!("{} {options:?}", env!("CARGO_PKG_VERSION")),
            new: Vec::new(),
        })
    }

    /// Which of the files have to be read.
    pub(super) fn sort_out<'a>(&mut self, files: &'a [PathBuf]) -> Vec<Candidate<'a>> {
        let found: Vec<(Candidate<'a>, Option<FileRead>)> = files
            .par_iter()
            .enumerate()
            .map(|(order, path)| {
                let before = self.unchanged(path);
                let unchanged = before.as_ref().map(|(file, _)| file.series.clone());
                let candidate = Candidate {
                    order,
                    path,
                    unchanged,
                };
                let touched = before.filter(|(_, touched)| *touched);
                (candidate, touched.map(|(file, _)| file))
            })
            .collect();
        let mut candidates = Vec::with_capacity(found.len());
        for (candidate, touched) in found {
            self.new.extend(touched);
            candidates.push(candidate);
        }
        candidates
    }

    /// What is known of a file that did not change, and whether its time did.
    fn unchanged(&self, path: &Path) -> Option<(FileRead, bool)> {
        if self.known.is_empty() {
            return None;
        }
        let before = self.known.get(&name_of(path)?)?;
        if before.options != self.reading_of(path) {
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

    /// A hash of how a file is read. Its names come from its path as it was typed.
    fn reading_of(&self, path: &Path) -> u64 {
        hash(&format!("{} {}", self.reading, named_by_path(path)))
    }

    /// Remembers a file of which everything is stored.
    pub(super) fn remember(&mut self, path: &Path, stamp: FileStamp, series: &[SeriesBars]) {
        let Some(name) = name_of(path) else { return };
        let spans = series.iter().filter_map(|one| {
            Some(ReadSpan {
                series: one.key.to_string(),
                first: *one.bars.time.first()?,
                last: *one.bars.time.last()?,
            })
        });
        self.new.push(FileRead {
            path: name,
            stamp,
            options: self.reading_of(path),
            series: spans.collect(),
        });
    }

    /// Keeps in the database what is new.
    pub(super) fn keep(&self, db: &Database) -> Result<(), Error> {
        db.remember_files(&self.new)
    }
}

/// What a file is like, if that can be told: without it the file is read again the next time.
pub(super) fn stamp(path: &Path) -> Option<FileStamp> {
    stamp_file(path).ok()
}

/// The name of a file that no folder from which a command is run changes.
fn name_of(path: &Path) -> Option<String> {
    path.canonicalize().ok()?.to_str().map(str::to_owned)
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
