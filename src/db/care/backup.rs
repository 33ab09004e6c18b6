use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::verify::VerifyReport;
use crate::db::control::{Control, Stage};
use crate::db::database::{Database, OpenOptions};
use crate::db::files::Files;
use crate::db::snapshot::Snapshot;
use crate::disk::{NewDir, Storage, create_dir_durably, look_up, sync_dir, write_new};
use crate::error::Result;
use crate::store::{Catalog, SegmentRecord};

/// What was written, read back and found sound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BackupReport {
    /// Bytes that were written.
    pub bytes: u64,
    /// What the copy holds.
    #[serde(flatten)]
    pub verified: VerifyReport,
}

impl Database {
    /// Copies what is committed at this moment into the new folder `to`, a database of its own.
    /// Writers and readers go on meanwhile; what they write is not in the copy. The copy is
    /// written under the name `to` with `.partial` behind it, read back as [`Database::verify`]
    /// does, and only then gets its name. So a folder of that name is a whole copy, whatever
    /// happens, and nothing is left if the work fails.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// let backup = dir.path().join("backup");
    /// db.backup(&backup, &Control::new())?;
    ///
    /// let again = dir.path().join("again.rhyme");
    /// Database::restore(&backup, &again, &Control::new())?;
    /// assert_eq!(Database::open(&again)?.now().series()?, db.now().series()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if there is something at `to`, [`crate::Error::Corrupt`] if what
    /// is stored here is damaged, [`crate::Error::Interrupted`] if `control` was stopped.
    pub fn backup(&self, to: impl AsRef<Path>, control: &Control) -> Result<BackupReport> {
        let view = self.now();
        let snapshot = view.snapshot()?;
        write_copy(snapshot, &self.0.files.storage, to.as_ref(), control)
    }

    /// Writes the database in the folder `backup` into the new folder `to`. The backup is read
    /// and checked whole before anything is written, and the copy before it gets its name.
    ///
    /// # Errors
    /// As [`Database::backup`] and, of the backup, [`Database::open`] and [`Database::verify`].
    pub fn restore(
        backup: impl AsRef<Path>,
        to: impl AsRef<Path>,
        control: &Control,
    ) -> Result<BackupReport> {
        OpenOptions::new().restore(backup, to, control)
    }
}

impl OpenOptions {
    /// As [`Database::restore`], for tests that simulate a disk.
    #[doc(hidden)]
    pub fn restore(
        self,
        backup: impl AsRef<Path>,
        to: impl AsRef<Path>,
        control: &Control,
    ) -> Result<BackupReport> {
        let backup = self.read_only(true).open(backup)?;
        backup.verify(control)?;
        backup.backup(to, control)
    }
}

fn write_copy(
    snapshot: &Snapshot,
    storage: &Arc<dyn Storage>,
    to: &Path,
    control: &Control,
) -> Result<BackupReport> {
    let disk = storage.as_ref();
    let folder = NewDir::create(disk, to)?;
    let segments = folder.path().join(Files::SEGMENTS);
    create_dir_durably(disk, &segments)?;
    let total = snapshot.segment_bytes() + snapshot.txn.stored_bytes()?;
    let done = AtomicU64::new(0);
    for state in &snapshot.spaces {
        for (segment, _) in &state.segments {
            // From the open map: the file's name may be gone, if somebody compacts meanwhile.
            let path = segments.join(SegmentRecord::file_name(segment.id));
            write_new(disk, &path, segment.bytes(), &|more| {
                let done = done.fetch_add(more, Ordering::Relaxed) + more;
                control.report(Stage::Copy, done, total)
            })?;
        }
    }
    sync_dir(disk, &segments)?;
    let catalog = folder.path().join(Catalog::FILE_NAME);
    let segment_bytes = done.into_inner();
    snapshot.txn.copy_to(disk, &catalog, &|bytes| {
        control.report(Stage::Copy, segment_bytes + bytes, total)
    })?;
    control.report(Stage::Copy, total, total)?;
    let bytes = segment_bytes + look_up(disk, &catalog)?.map_or(0, |f| f.len);
    let copy = OpenOptions::new()
        .storage(Arc::clone(storage))
        .read_only(true);
    let copy = copy.open(folder.path())?;
    let verified = copy.verify(control)?;
    drop(copy);
    folder.publish()?;
    Ok(BackupReport { bytes, verified })
}
