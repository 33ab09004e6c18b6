//! What may be wrong with a database though every file of it is whole.

use std::path::Path;

use serde::Serialize;

use crate::db::database::Database;
use crate::db::files::Files;
use crate::disk::{list, look_up};
use crate::error::Result;
use crate::index::Kernel;
use crate::model::Modality;
use crate::store::{MadeReads, RowReads};

/// A file of a database's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileOnDisk {
    /// Its name in its folder.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The state of a database, as [`Database::health`] finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// The version of the catalog's format.
    pub format: u64,
    /// Files among the segments that the catalog does not name: an interrupted writer left them,
    /// and the next one that opens the database for writing removes them. None while another process
    /// writes.
    pub leftover_files: Vec<FileOnDisk>,
    /// What `repair` set aside.
    pub damaged_files: Vec<FileOnDisk>,
    /// Chart spaces whose encoder this program does not have, and why: they answer for stored
    /// windows, and new bars cannot be embedded.
    pub spaces_without_encoder: Vec<(String, String)>,
}

impl Database {
    /// What may be wrong with the database though every file of it is whole. Reads no vectors;
    /// [`Database::verify`] does.
    ///
    /// ```
    /// let dir = tempfile::tempdir()?;
    /// let db = rhymedb::Database::open(dir.path().join("market.rhyme"))?;
    /// let health = db.health()?;
    /// assert_eq!((health.format, health.leftover_files.len()), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Io`] if a folder cannot be read, and those of the catalog.
    pub fn health(&self) -> Result<Health> {
        let files = &self.0.files;
        let mut leftover_files = on_disk(files, &files.segment(""))?;
        // What a writer elsewhere is about to name is no leftover.
        if self.0.is_beside_writer() {
            leftover_files.clear();
        }
        self.now().look(|snapshot| {
            let named = snapshot.txn.segment_files()?;
            leftover_files.retain(|file| !named.contains(&file.name));
            let charts = snapshot
                .spaces
                .iter()
                .filter(|s| s.space().encoder.modality == Modality::Chart);
            let without = charts.filter_map(|state| {
                let why = state.encoder().err()?;
                Some((state.space().name.clone(), why.to_string()))
            });
            Ok(Health {
                format: snapshot.txn.format()?,
                leftover_files,
                damaged_files: on_disk(files, &files.damaged())?,
                spaces_without_encoder: without.collect(),
            })
        })
    }
}

/// The files of a folder, which need not be there, by name.
fn on_disk(files: &Files, folder: &Path) -> Result<Vec<FileOnDisk>> {
    let storage = files.storage.as_ref();
    if look_up(storage, folder)?.is_none() {
        return Ok(Vec::new());
    }
    let found = list(storage, folder)?.into_iter().filter(|f| !f.is_dir);
    let mut found: Vec<FileOnDisk> = found
        .map(|f| FileOnDisk {
            name: f.name.to_string_lossy().into_owned(),
            bytes: f.len,
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The instructions with which this CPU compares vectors: `avx512vnni`, `avx2`, `neon` or
/// `scalar`. Answers are the same with all of them, only later with the last.
///
/// ```
/// assert!(["avx512vnni", "avx2", "neon", "scalar"].contains(&rhymedb::admin::vector_instructions()));
/// ```
pub fn vector_instructions() -> &'static str {
    Kernel::best().name()
}
