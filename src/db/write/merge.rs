//! Several databases into one: how parts that independent processes ingested become a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::merge_check::check_together;
use super::merge_join::join;
use super::merge_link::Link;
use super::merge_part::{MergedPart, Part};
use crate::db::control::Control;
use crate::db::database::{Database, OpenOptions};
use crate::error::{Error, Result};

impl Database {
    /// Takes other databases into this one, one after the other: bars, headlines, vectors, spaces with their weights,
    /// prototypes, tags and attributes. They are only read. So many processes, on as many machines as there are, can
    /// ingest parts, and one makes a whole of them.
    ///
    /// Before anything is written all of them are compared with one another and with this database. Bars of one time
    /// that differ, a space of one name with another encoder, and tags, attributes or prototypes that say something
    /// else are refused. A headline that several have stays one; how precisely its time is known and which symbols it
    /// names is what the last of them says.
    ///
    /// What only one of them has comes as it is, in one transaction for each of them: segment files are copied, with
    /// other numbers for their series, and nothing is embedded or indexed again. Where a series is in several of them,
    /// its bars are joined, and the windows of the bars that are new here are embedded here. So it is best to give
    /// each process symbols of its own. If the call is interrupted, the same call goes on.
    ///
    /// Exact answers are those of a database that ingested the parts in this order. Consumers of
    /// [`Self::changes_since`] have to read everything anew.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// # let small = SyntheticConfig { crypto_bars: 300, equity_symbols: 0, ..SyntheticConfig::small(1) };
    /// # let series = SyntheticMarket::new(small)?.series();
    /// # let (first, second) = series.split_at(1);
    /// let parts = [dir.path().join("a.rhyme"), dir.path().join("b.rhyme")];
    /// Database::open(&parts[0])?.ingest_bars(first)?;
    /// Database::open(&parts[1])?.ingest_bars(second)?;
    ///
    /// let whole = Database::open(dir.path().join("whole.rhyme"))?;
    /// let merged = whole.merge(&parts, &Control::new())?;
    /// assert_eq!(merged[0].series_added, 1);
    /// assert_eq!(merged[1].windows_embedded, 0);
    /// assert_eq!(whole.now().series()?.len(), series.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the databases contradict one another, if somebody writes to one of them, or if one is
    /// named twice or is this one: then nothing is written. [`Error::Interrupted`]: then the parts that are done stay.
    /// Those of opening them.
    pub fn merge(
        &self,
        folders: &[impl AsRef<Path>],
        control: &Control,
    ) -> Result<Vec<MergedPart>> {
        let storage = OpenOptions::new().storage(Arc::clone(&self.0.files.storage));
        let parts = open_parts(&storage, Some(self.path()), folders)?;
        let here = Part {
            name: self.path().display().to_string(),
            folder: self.path().to_path_buf(),
            view: self.now(),
        };
        check_parts(Some(&here), &parts, control)?;
        let mut merged = Vec::with_capacity(parts.len());
        for part in &parts {
            merged.push(self.merge_part(part, control)?);
        }
        Ok(merged)
    }

    /// Compares databases with one another as [`Self::merge`] does, before there is one to merge them into.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// # let dir = tempfile::tempdir()?;
    /// let parts = [dir.path().join("a.rhyme"), dir.path().join("b.rhyme")];
    /// for part in &parts {
    ///     Database::open(part)?;
    /// }
    /// Database::check_merge(&parts, &Control::new())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Self::merge`] before it writes.
    pub fn check_merge(folders: &[impl AsRef<Path>], control: &Control) -> Result<()> {
        let parts = open_parts(&OpenOptions::new(), None, folders)?;
        check_parts(None, &parts, control)
    }

    fn merge_part(&self, part: &Part, control: &Control) -> Result<MergedPart> {
        let mut report = MergedPart {
            folder: part.folder.clone(),
            ..MergedPart::default()
        };
        // Its headlines, so that those that wait here are none of the part's.
        self.ingest(control.clone()).finish()?;
        let source = part.view.snapshot()?;
        self.0.change(|| {
            let writer = self.0.writer()?;
            let before = self.0.snapshot()?;
            let txn = writer.catalog.write()?;
            let mut link = Link::new((&*self.0, &txn), (source, &*before), control)?;
            link.everything()?;
            let changed = link.done(&mut report);
            match changed {
                true => self.0.commit(&writer, txn),
                false => Ok(()),
            }
        })?;
        join(self, part, control, &mut report)?;
        Ok(report)
    }
}

fn open_parts(
    options: &OpenOptions,
    here: Option<&Path>,
    folders: &[impl AsRef<Path>],
) -> Result<Vec<Part>> {
    if folders.is_empty() {
        return Err(Error::invalid(
            "expected the folder of at least one database to merge, found none",
        ));
    }
    let mut parts: Vec<Part> = Vec::with_capacity(folders.len());
    let here = here.map(real_path);
    for folder in folders {
        let folder = folder.as_ref();
        let (name, real) = (folder.display().to_string(), real_path(folder));
        if here.as_ref() == Some(&real) {
            return Err(Error::invalid(format!(
                "expected databases other than the one that they are merged into, found {name}"
            )));
        }
        if parts.iter().any(|part| real_path(&part.folder) == real) {
            return Err(Error::invalid(format!(
                "expected each database once, found {name} twice"
            )));
        }
        let db = options.clone().read_only(true).open(folder)?;
        if db.0.is_beside_writer() {
            return Err(Error::invalid(format!(
                "expected databases that nobody writes to, found a process that writes to {name}; wait until it has ended"
            )));
        }
        parts.push(Part {
            name,
            folder: folder.to_path_buf(),
            view: db.now(),
        });
    }
    Ok(parts)
}

/// Compares all databases with one another.
fn check_parts(here: Option<&Part>, parts: &[Part], control: &Control) -> Result<()> {
    for (i, part) in parts.iter().enumerate() {
        for other in here.into_iter().chain(parts.iter().take(i)) {
            check_together(other, part, control)?;
        }
    }
    Ok(())
}

/// Where a folder is, from wherever it is named.
fn real_path(folder: &Path) -> PathBuf {
    let real = folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder));
    real.unwrap_or_else(|_| folder.to_path_buf())
}
