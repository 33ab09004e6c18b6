use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::default_spaces::DefaultClip;
use super::encoders::Encoders;
use super::segment_sizes::SegmentSizes;
use crate::disk::{Storage, create_dir_durably, list, look_up};
use crate::error::{Error, Result};
use crate::index::Builder as GraphBuilder;
use crate::store::{BarCache, Catalog, RowReads, check_pages};

/// Checks that a folder holds a database or may become one, and makes the folders of a new one.
pub(super) fn prepare_dir(
    storage: &dyn Storage,
    dir: &Path,
    create: bool,
    read_only: bool,
) -> Result<()> {
    let not_one = |reason: String| Error::NotADatabase {
        path: dir.to_path_buf(),
        reason,
    };
    let segments = dir.join(Files::SEGMENTS);
    // An empty file is a catalog that was never begun, or one whose content is gone.
    let catalog = look_up(storage, &dir.join(Catalog::FILE_NAME))?;
    if catalog.is_some_and(|f| !f.is_dir && f.len > 0) {
        return if read_only {
            Ok(())
        } else {
            create_dir_durably(storage, &segments)
        };
    }
    let folder = look_up(storage, dir)?;
    if folder.as_ref().is_some_and(|f| !f.is_dir) {
        return Err(not_one("it is a file, and a database is a folder".into()));
    }
    if !create && folder.is_none() {
        return Err(not_one(
            "there is no such folder; name one that is there, or ingest something to make it"
                .into(),
        ));
    }
    if !create {
        return Err(not_one(format!(
            "it has no {}; ingest something into it first",
            Catalog::FILE_NAME
        )));
    }
    if folder.is_some() {
        refuse_foreign(storage, dir)?;
    }
    create_dir_durably(storage, dir)?;
    create_dir_durably(storage, &segments)?;
    let orphan = list(storage, &segments)?
        .into_iter()
        .find(|f| Path::new(&f.name).extension().is_some_and(|x| x == "seg"));
    match orphan {
        // A new catalog would know none of them, and they would be swept away.
        Some(orphan) => Err(not_one(format!(
            "it has segments ({}) and no {}, or an empty one; put the catalog back, or name a new folder",
            orphan.name.to_string_lossy(),
            Catalog::FILE_NAME
        ))),
        None => Ok(()),
    }
}

/// Lets no database be made among files of something else.
fn refuse_foreign(storage: &dyn Storage, dir: &Path) -> Result<()> {
    let known = [
        "lock",
        Files::SEGMENTS,
        Catalog::FILE_NAME,
        Catalog::HALF_MADE,
    ];
    let foreign = list(storage, dir)?
        .into_iter()
        .find(|f| !known.iter().any(|k| f.name == *k));
    match foreign {
        Some(foreign) => Err(Error::NotADatabase {
            path: dir.to_path_buf(),
            reason: format!(
                "the folder has other content ({}) and no {}; name an empty or a new folder",
                foreign.name.to_string_lossy(),
                Catalog::FILE_NAME
            ),
        }),
        None => Ok(()),
    }
}

/// Whether a file cannot be removed because a reader has it mapped, on the one system that refuses
/// that. It goes when a database is opened after that reader.
fn is_mapped(error: &std::io::Error) -> bool {
    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_USER_MAPPED_FILE.
    cfg!(windows) && matches!(error.raw_os_error(), Some(5 | 32 | 1224))
}

/// Where a database's files are, and how its segments are made.
pub(super) struct Files {
    pub(super) dir: PathBuf,
    pub(super) seed: u64,
    pub(super) builder: GraphBuilder,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) sizes: SegmentSizes,
    pub(super) encoders: Arc<Encoders>,
    pub(super) clip: DefaultClip,
    /// Blocks of bars that were read last.
    pub(super) bars: Arc<BarCache>,
}

impl Files {
    pub(super) const SEGMENTS: &'static str = "segments";

    pub(super) fn segment(&self, name: &str) -> PathBuf {
        self.dir.join(Self::SEGMENTS).join(name)
    }

    /// Removes the files of segments that were never committed, or are no longer. That is after a
    /// crash alone, and only on the word of a catalog that is whole: one with a damaged page may
    /// have forgotten segments that are needed.
    pub(super) fn sweep(&self, catalog: &Catalog) -> Result<()> {
        let known = catalog.read()?.segment_files()?;
        let storage = self.storage.as_ref();
        let folder = self.dir.join(Self::SEGMENTS);
        let mut unknown = Vec::new();
        for file in list(storage, &folder)? {
            let name = file.name.to_string_lossy().into_owned();
            let ours = name.ends_with(".seg") || name.ends_with(".tmp");
            if ours && !known.contains(&name) {
                unknown.push(folder.join(&file.name));
            }
        }
        if unknown
            .iter()
            .any(|p| p.extension().is_some_and(|e| e == "seg"))
        {
            check_pages(storage, &self.dir.join(Catalog::FILE_NAME), false)?;
        }
        for path in unknown {
            match storage.remove(&path) {
                Err(e) if is_mapped(&e) => {}
                removed => removed.map_err(Error::io("remove", &path))?,
            }
        }
        Ok(())
    }

    /// Where `repair` keeps damaged files.
    pub(super) fn damaged(&self) -> PathBuf {
        self.dir.join("damaged")
    }

    /// Removes segment files that the catalog no longer names. Readers that still have them
    /// mapped keep them until they are done.
    pub(super) fn remove_segments(&self, names: &[String]) {
        for name in names {
            // What cannot be removed now (an open map, on some systems) goes at the next open.
            let _ = self.storage.remove(&self.segment(name));
        }
    }
}
