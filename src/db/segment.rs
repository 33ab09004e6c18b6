//! The segment file: rows of one space, written once.
//!
//! Sections of the container described in [`crate::disk`]:
//!
//! | section | content |
//! |---|---|
//! | `entries`, `pieces` | which window each row is ([`crate::store::Directory`]) |
//! | `hi`, `lo`, `norms`, `cnorms` | the vectors in row order ([`crate::index::Rows`]) |
//! | `graph`, `links0`, `upper` | links between rows ([`crate::index::Graph`]) |
//! | `bounds`, if it pays | what dismisses rows of a scan ([`crate::index::Bounds`]) |

use std::path::Path;

use super::control::{Control, Stage, Stopwatch};
use super::files::Files;
use crate::disk::{FileStamp, SectionFile, SectionWriter, Storage, publish};
use crate::error::{Error, Result};
use crate::index::{
    Bounds, BuildParams, BuiltGraph, Graph, Index, Rows, RowsBuilder, build_bounds,
};
use crate::store::{Directory, DirectoryBuilder, SegmentId, SegmentRecord};

const MAGIC: [u8; 8] = *b"RHYMESEG";
/// Version of the sections above and of their content.
const VERSION: u32 = 1;
const GRAPH: [&str; 3] = ["graph", "links0", "upper"];

/// Rows on their way into a segment, sorted by series and end.
pub(super) struct NewRows {
    pub(super) directory: DirectoryBuilder,
    pub(super) rows: RowsBuilder,
}

impl NewRows {
    pub(super) fn new(dim: usize) -> Result<Self> {
        Ok(Self {
            directory: DirectoryBuilder::default(),
            rows: RowsBuilder::new(dim)?,
        })
    }
}

/// A published segment file that no transaction names. If it is dropped, the file goes: a full disk
/// needs its room.
pub(super) struct NewSegment<'a> {
    files: &'a Files,
    pub(super) id: SegmentId,
    pub(super) record: SegmentRecord,
    kept: bool,
}

impl NewSegment<'_> {
    /// Keeps the file, because a transaction that names it is about to be committed. If that fails,
    /// nobody knows what the disk kept; the next open removes the file if the catalog does not name
    /// it.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for NewSegment<'_> {
    fn drop(&mut self) {
        if !self.kept {
            let name = SegmentRecord::file_name(self.id);
            self.files.remove_segments(&[name]);
        }
    }
}

/// Builds the graph of `rows`, writes the segment file and publishes it. It becomes part of the
/// database when the catalog names it. `progress` gets the number of rows indexed so far.
pub(super) fn write_segment<'a>(
    files: &'a Files,
    id: SegmentId,
    new: &NewRows,
    control: &Control,
    stopwatch: &Stopwatch,
    progress: crate::index::Progress<'_>,
) -> Result<NewSegment<'a>> {
    let params = BuildParams {
        seed: files.seed,
        builder: files.builder,
        ..BuildParams::default()
    };
    let graph = stopwatch.time(Stage::Index, || {
        crate::index::build(&new.rows.view(), &params, progress)
    })?;
    let bounds = stopwatch.time(Stage::Index, || build_bounds(&new.rows.view()))?;
    control.report(Stage::Publish, 0, 0)?;
    stopwatch.time(Stage::Publish, || {
        let name = SegmentRecord::file_name(id);
        let published = files.segment(&name);
        let temporary = published.with_extension("tmp");
        let storage = files.storage.as_ref();
        let stamp = write_file(storage, &temporary, new, &graph, bounds.as_deref())
            .and_then(|stamp| publish(storage, &temporary, &published).map(|()| stamp))
            .inspect_err(|_| {
                // On a full disk its room is wanted; what cannot be removed goes at the next open.
                let _ = storage.remove(&temporary);
            })?;
        Ok(NewSegment {
            files,
            id,
            record: SegmentRecord {
                len: stamp.len,
                hash: stamp.hash,
                rows: new.rows.len() as u32,
                repaired: graph.repaired() as u32,
            },
            kept: false,
        })
    })
}

fn write_file(
    storage: &dyn Storage,
    path: &Path,
    new: &NewRows,
    graph: &BuiltGraph,
    bounds: Option<&[u8]>,
) -> Result<FileStamp> {
    let mut writer = SectionWriter::create(storage, path, MAGIC, VERSION)?;
    let (entries, pieces) = new.directory.sections();
    writer.section("entries", entries)?;
    writer.section("pieces", pieces)?;
    for (name, bytes) in Rows::SECTIONS.iter().zip(new.rows.sections()) {
        writer.section(name, bytes)?;
    }
    for (name, bytes) in GRAPH.iter().zip(graph.sections()) {
        writer.section(name, &bytes)?;
    }
    if let Some(bounds) = bounds {
        writer.section(Bounds::SECTION, bounds)?;
    }
    writer.finish()
}

/// Writes the file of a segment of another database once more: with other numbers of its series, which stand in
/// `entries`, and all else as it is. `progress` gets the bytes of each section.
pub(super) fn copy_segment<'a>(
    files: &'a Files,
    id: SegmentId,
    from: &Segment,
    entries: &[u8],
    progress: &dyn Fn(u64) -> Result<()>,
) -> Result<NewSegment<'a>> {
    let published = files.segment(&SegmentRecord::file_name(id));
    let temporary = published.with_extension("tmp");
    let storage = files.storage.as_ref();
    let copy = || -> Result<FileStamp> {
        let mut writer = SectionWriter::create(storage, &temporary, MAGIC, VERSION)?;
        writer.section("entries", entries)?;
        let names = ["pieces"].into_iter().chain(Rows::SECTIONS).chain(GRAPH);
        for name in names {
            let bytes = from.file.section(name)?;
            writer.section(name, bytes)?;
            progress(bytes.len() as u64)?;
        }
        if let Some(bounds) = from.file.section_if_there(Bounds::SECTION)? {
            writer.section(Bounds::SECTION, bounds)?;
            progress(bounds.len() as u64)?;
        }
        let stamp = writer.finish()?;
        publish(storage, &temporary, &published)?;
        Ok(stamp)
    };
    let stamp = copy().inspect_err(|_| {
        let _ = storage.remove(&temporary);
    })?;
    Ok(NewSegment {
        files,
        id,
        record: SegmentRecord {
            len: stamp.len,
            hash: stamp.hash,
            ..from.record.clone()
        },
        kept: false,
    })
}

/// A file that is not there is damage too.
fn or_missing(error: Error, path: &Path) -> Error {
    match error {
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Error::corrupt(path, "head", "the file is missing")
        }
        other => other,
    }
}

/// What can still be read of a segment file that is damaged.
pub(super) struct Remains {
    file: SectionFile,
    dim: usize,
}

impl Remains {
    /// `None` if the file's table is damaged or the file is not the one that the catalog names.
    pub(super) fn of(
        files: &Files,
        id: SegmentId,
        record: &SegmentRecord,
        dim: usize,
    ) -> Option<Self> {
        let path = files.segment(&SegmentRecord::file_name(id));
        let file = SectionFile::open(files.storage.as_ref(), &path, MAGIC, VERSION).ok()?;
        let stamp = file.stamp();
        let named = (stamp.len, stamp.hash) == (record.len, record.hash);
        named.then_some(Self { file, dim })
    }

    /// Which window each row is, if that part is whole.
    pub(super) fn directory(&self, rows: u32) -> Option<Directory<'_>> {
        let section = |name| {
            self.file.verify_section(name).ok()?;
            self.file.section(name).ok()
        };
        let directory = Directory::new(section("entries")?, section("pieces")?, rows).ok()?;
        directory.verify().ok()?;
        Some(directory)
    }

    /// The vectors, high and low parts of each row side by side, if they are whole.
    pub(super) fn vectors(&self) -> Option<impl Iterator<Item = Vec<u8>> + '_> {
        let [hi, lo, _, _] = Rows::SECTIONS;
        for name in [hi, lo] {
            self.file.verify_section(name).ok()?;
        }
        let rows = |name| Some(self.file.section(name).ok()?.chunks_exact(self.dim));
        Some(rows(hi)?.zip(rows(lo)?).map(|(hi, lo)| [hi, lo].concat()))
    }
}

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(super) id: SegmentId,
    pub(super) record: SegmentRecord,
    file: SectionFile,
    dim: usize,
}

impl Segment {
    /// Opens the file of a segment and checks that it is the one that the catalog names. Costs
    /// the same for every number of rows.
    pub(super) fn open(
        files: &Files,
        id: SegmentId,
        record: SegmentRecord,
        dim: usize,
    ) -> Result<Self> {
        let path = files.segment(&SegmentRecord::file_name(id));
        Self::open_file(files.storage.as_ref(), &path, id, record, dim)
    }

    fn open_file(
        storage: &dyn Storage,
        path: &Path,
        id: SegmentId,
        record: SegmentRecord,
        dim: usize,
    ) -> Result<Self> {
        let file =
            SectionFile::open(storage, path, MAGIC, VERSION).map_err(|e| or_missing(e, path))?;
        let stamp = file.stamp();
        if (stamp.len, stamp.hash) != (record.len, record.hash) {
            return Err(Error::corrupt(
                path,
                "table",
                format!(
                    "the catalog names a file of {} bytes with hash {:016x}, found {} bytes with {:016x}",
                    record.len, record.hash, stamp.len, stamp.hash
                ),
            ));
        }
        let segment = Self {
            id,
            record,
            file,
            dim,
        };
        segment.directory()?;
        let index = segment.index()?;
        if index.rows.len() != segment.record.rows as usize {
            return Err(Error::corrupt(
                path,
                "norms",
                format!(
                    "expected {} rows, found {}",
                    segment.record.rows,
                    index.rows.len()
                ),
            ));
        }
        Ok(segment)
    }

    pub(crate) fn directory(&self) -> Result<Directory<'_>> {
        let entries = self.file.section("entries")?;
        let pieces = self.file.section("pieces")?;
        Directory::new(entries, pieces, self.record.rows)
            .map_err(|e| Error::corrupt(self.file.path(), "entries", e))
    }

    /// The vectors and their graph.
    pub(crate) fn index(&self) -> Result<Index<'_>> {
        let path = self.file.path();
        let mut rows = Rows::new(path, self.dim, self.sections(Rows::SECTIONS)?)?;
        // Earlier programs wrote none, and small segments have none.
        if let Some(bounds) = self.file.section_if_there(Bounds::SECTION)? {
            rows = rows.with_bounds(bounds)?;
        }
        let graph = Graph::new(path, rows.len(), self.sections(GRAPH)?)?;
        Ok(Index {
            rows,
            graph: Some(graph),
        })
    }

    /// Reads the whole file and checks it against its hashes, and its content against itself.
    pub(crate) fn verify(&self) -> Result<()> {
        self.file.verify()?;
        self.directory()?
            .verify()
            .map_err(|e| Error::corrupt(self.file.path(), "pieces", e))
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    /// Opens a file of any bytes, as if the catalog named it, and reads all that a search reads.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn open_untrusted(path: &Path, dim: usize, rows: u32) -> Result<Self> {
        let storage = &crate::disk::FileSystem;
        let stamp = SectionFile::open(storage, path, MAGIC, VERSION)?.stamp();
        let record = SegmentRecord {
            len: stamp.len,
            hash: stamp.hash,
            rows,
            repaired: 0,
        };
        Self::open_file(storage, path, 1, record, dim)
    }

    fn sections<const N: usize>(&self, names: [&str; N]) -> Result<[&[u8]; N]> {
        let mut sections = [&[][..]; N];
        for (section, name) in sections.iter_mut().zip(names) {
            *section = self.file.section(name)?;
        }
        Ok(sections)
    }

    /// Bytes of the file.
    pub(super) fn len(&self) -> u64 {
        self.record.len
    }
}
